#include "kernel/nft_element.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <array>

namespace cnm {

namespace {

constexpr Named kRequest = {.value = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, .name = "nft"};

}  // namespace

Refused GetNftElement(Place& place, const NftGetOp& op) {
  Socket* socket;
  if (Refused refusal = place.Netfilter(socket)) return refusal;
  Message message(kRequest, 0, nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
  message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_TABLE), op.table);
  message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_SET), op.set);
  std::array<char, IFNAMSIZ> key{};
  op.ifname.copy(key.data(), key.size() - 1);
  {
    const Message::Nest elements(message, Nested(CNM_NAMED(NFTA_SET_ELEM_LIST_ELEMENTS)));
    const Message::Nest element(message, Nested(CNM_NAMED(NFTA_LIST_ELEM)));
    const Message::Nest data(message, Nested(CNM_NAMED(NFTA_SET_ELEM_KEY)));
    message.Put(CNM_NAMED(NFTA_DATA_VALUE), key.data(), key.size());
  }
  return socket->Ask(message);
}

}  // namespace cnm
