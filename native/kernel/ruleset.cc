#include "kernel/ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "kernel/attributes.h"
#include "kernel/nft.h"
#include "kernel/options.h"

namespace cnm {

namespace {

constexpr Word kFamilies[] = {{"inet", NFPROTO_INET}, {"ip", NFPROTO_IPV4},       {"ip6", NFPROTO_IPV6},
                              {"arp", NFPROTO_ARP},   {"netdev", NFPROTO_NETDEV}, {"bridge", NFPROTO_BRIDGE}};

std::string FamilyOf(const nfgenmsg& header) {
  const auto* found = std::ranges::find(kFamilies, header.nfgen_family, &Word::value);
  return found == std::end(kFamilies) ? "" : std::string(found->name);
}

std::string SetOf(int type, const Attributes& attributes) {
  switch (type) {
    case NFT_MSG_NEWSET:
    case NFT_MSG_DELSET:
      return attributes.Text(NFTA_SET_NAME);
    case NFT_MSG_NEWSETELEM:
    case NFT_MSG_DELSETELEM:
      return attributes.Text(NFTA_SET_ELEM_LIST_SET);
    default:
      return "";
  }
}

/** What the kernel calls a set that is written out in a rule: whoever is told of the rule knows of it. */
bool IsAnonymous(const std::string& set) { return set.starts_with("__"); }

/** The chain of a rule, the set of elements. All else belongs to its table as a whole. */
std::string PartOf(int type, const Attributes& attributes) {
  switch (type) {
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      return attributes.Text(NFTA_RULE_CHAIN);
    case NFT_MSG_NEWSETELEM:
    case NFT_MSG_DELSETELEM:
      return SetOf(type, attributes);
    default:
      return "";
  }
}

}  // namespace

bool IsOfRuleset(const nlmsghdr* message) { return NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES; }

bool TakeRulesetMessage(const nlmsghdr* message, RulesetChange& transaction) {
  const auto header = HeaderIn<nfgenmsg>(message);
  if (!header) return false;
  const Attributes attributes(message, sizeof *header);
  const int type = NFNL_MSG_TYPE(message->nlmsg_type);
  if (type == NFT_MSG_NEWGEN) {
    transaction.pid = ntohl(attributes.U32(NFTA_GEN_PROC_PID));
    transaction.process = attributes.Text(NFTA_GEN_PROC_NAME);
    transaction.own = transaction.process == NftThreadName();
    return true;
  }
  if (IsAnonymous(SetOf(type, attributes))) return false;
  // Whatever a message is about, its first attribute is the name of the table.
  const std::string table = FamilyOf(*header) + " " + attributes.Text(NFTA_TABLE_NAME);
  const std::string part = PartOf(type, attributes);
  transaction.touched.insert(part.empty() ? table : table + " " + part);
  return false;
}

}  // namespace cnm
