#include "kernel/xfrm_state.h"

#include <arpa/inet.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/attributes.h"
#include "kernel/read_table.h"
#include "kernel/xfrm.h"

namespace cnm {

namespace {

constexpr Word kStateFlags[] = {{"noecn", XFRM_STATE_NOECN},
                                {"decap-dscp", XFRM_STATE_DECAP_DSCP},
                                {"nopmtudisc", XFRM_STATE_NOPMTUDISC},
                                {"wildrecv", XFRM_STATE_WILDRECV},
                                {"icmp", XFRM_STATE_ICMP},
                                {"af-unspec", XFRM_STATE_AF_UNSPEC},
                                {"align4", XFRM_STATE_ALIGN4},
                                {"esn", XFRM_STATE_ESN}};
constexpr Word kExtraFlags[] = {{"dont-encap-dscp", XFRM_SA_XFLAG_DONT_ENCAP_DSCP},
                                {"oseq-may-wrap", XFRM_SA_XFLAG_OSEQ_MAY_WRAP}};
/** TCP_ENCAP_ESPINTCP, which not every header for user space has. */
constexpr uint32_t kEspInTcp = 7;
constexpr Word kEncaps[] = {{"espinudp", UDP_ENCAP_ESPINUDP}, {"espintcp", kEspInTcp}};

/** The header has a bitmap of 32 packets; more come in an attribute. */
constexpr uint32_t kSmallWindow = 32;

uint16_t FamilyOf(const XfrmStateOp& op) { return op.dst.length == 16 ? AF_INET6 : AF_INET; }

bool HasLongReplay(const XfrmStateOp& op) { return HasEsn(op) || op.replay_window > kSmallWindow; }

xfrm_usersa_info StateOf(const XfrmStateOp& op) {
  xfrm_usersa_info state{};
  if (op.selector) state.sel = SelectorOf(*op.selector);
  CopyAddress(op.src, state.saddr);
  CopyAddress(op.dst, state.id.daddr);
  state.id.proto = static_cast<uint8_t>(op.proto);
  state.id.spi = htonl(op.spi);
  state.lft = LifetimeOf(op.limits);
  state.reqid = op.reqid.value_or(0);
  state.family = FamilyOf(op);
  state.mode = static_cast<uint8_t>(op.mode);
  state.replay_window = HasLongReplay(op) ? 0 : static_cast<uint8_t>(op.replay_window);
  state.flags = static_cast<uint8_t>(op.flags);
  return state;
}

/** In `Header` stand a name and how long the key is; the key stands behind it. */
template <typename Header>
void PutAlgorithm(Message& message, Named attribute, Header header, const XfrmAlgorithm& algorithm) {
  algorithm.name.copy(header.alg_name, sizeof header.alg_name - 1);
  header.alg_key_len = static_cast<uint32_t>(algorithm.key.size()) * 8;
  std::vector<uint8_t> bytes(sizeof header + algorithm.key.size());
  memcpy(bytes.data(), &header, sizeof header);
  std::copy(algorithm.key.begin(), algorithm.key.end(), bytes.begin() + sizeof header);
  message.Put(attribute, bytes.data(), bytes.size());
}

/** Such a header says how many bits of each packet tell that it is true, too. */
template <typename Header>
Header HeaderWith(uint32_t Header::*bits, const XfrmAlgorithm& algorithm) {
  Header header{};
  header.*bits = algorithm.bits.value_or(0);
  return header;
}

void PutAuth(Message& message, const XfrmAlgorithm& auth) {
  if (!auth.bits) return PutAlgorithm(message, CNM_NAMED(XFRMA_ALG_AUTH), xfrm_algo{}, auth);
  PutAlgorithm(message, CNM_NAMED(XFRMA_ALG_AUTH_TRUNC), HeaderWith(&xfrm_algo_auth::alg_trunc_len, auth), auth);
}

void PutAlgorithms(Message& message, const XfrmStateOp& op) {
  if (op.aead) {
    PutAlgorithm(message, CNM_NAMED(XFRMA_ALG_AEAD), HeaderWith(&xfrm_algo_aead::alg_icv_len, *op.aead), *op.aead);
  }
  if (op.auth) PutAuth(message, *op.auth);
  if (op.enc) PutAlgorithm(message, CNM_NAMED(XFRMA_ALG_CRYPT), xfrm_algo{}, *op.enc);
  if (op.comp) {
    const XfrmAlgorithm comp{.name = *op.comp, .key = {}, .bits = {}};
    PutAlgorithm(message, CNM_NAMED(XFRMA_ALG_COMP), xfrm_algo{}, comp);
  }
}

void PutLongReplay(Message& message, uint32_t window) {
  xfrm_replay_state_esn replay{};
  replay.bmp_len = (window + 31) / 32;
  replay.replay_window = window;
  std::vector<uint8_t> bytes(sizeof replay + replay.bmp_len * sizeof(uint32_t));
  memcpy(bytes.data(), &replay, sizeof replay);
  message.Put(CNM_NAMED(XFRMA_REPLAY_ESN_VAL), bytes.data(), bytes.size());
}

void PutEncap(Message& message, const XfrmEncap& encap) {
  xfrm_encap_tmpl tmpl{};
  tmpl.encap_type = static_cast<uint16_t>(encap.type);
  tmpl.encap_sport = htons(static_cast<uint16_t>(encap.sport));
  tmpl.encap_dport = htons(static_cast<uint16_t>(encap.dport));
  message.Put(CNM_NAMED(XFRMA_ENCAP), &tmpl, sizeof tmpl);
}

Refused Add(Socket& socket, const XfrmStateOp& op) {
  Message message(CNM_NAMED(XFRM_MSG_NEWSA), 0, StateOf(op));
  PutAlgorithms(message, op);
  if (HasLongReplay(op)) PutLongReplay(message, op.replay_window);
  PutMark(message, op.mark, op.mask);
  if (op.output_mark) {
    message.PutU32(CNM_NAMED(XFRMA_SET_MARK), *op.output_mark);
    message.PutU32(CNM_NAMED(XFRMA_SET_MARK_MASK), op.output_mask);
  }
  if (op.if_id) message.PutU32(CNM_NAMED(XFRMA_IF_ID), *op.if_id);
  if (op.extra_flags) message.PutU32(CNM_NAMED(XFRMA_SA_EXTRA_FLAGS), op.extra_flags);
  if (op.encap) PutEncap(message, *op.encap);
  return socket.Ask(message);
}

Refused Delete(Socket& socket, const XfrmStateOp& op) {
  xfrm_usersa_id id{};
  CopyAddress(op.dst, id.daddr);
  id.spi = htonl(op.spi);
  id.family = FamilyOf(op);
  id.proto = static_cast<uint8_t>(op.proto);
  Message message(CNM_NAMED(XFRM_MSG_DELSA), 0, id);
  PutMark(message, op.mark, op.mask);
  return socket.Ask(message);
}

/** The kernel's own update keeps the keys. It looks for the old one last: who is told EEXIST could be added. */
Refused Replace(Socket& socket, const XfrmStateOp& op) {
  Refused refusal = Add(socket, op);
  if (!refusal || refusal->error != -EEXIST || Delete(socket, op)) return refusal;
  return Add(socket, op);
}

std::string HexOf(const char* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < size; i++) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    hex.append({kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return hex;
}

/** Null when there is none. `key` stays empty where keys are not asked for. */
template <typename Header>
const Header* DecodeAlgorithm(const Attributes& attributes, int type, bool keys, std::string& name, std::string& key) {
  const auto [data, size] = attributes.Raw(type);
  if (size < static_cast<int>(sizeof(Header))) return nullptr;
  const auto* header = static_cast<const Header*>(data);
  name.assign(header->alg_name, strnlen(header->alg_name, sizeof header->alg_name));
  const size_t behind = static_cast<size_t>(size) - sizeof(Header);
  if (keys) key = HexOf(header->alg_key, std::min<size_t>(behind, (header->alg_key_len + 7) / 8));
  return header;
}

void DecodeAlgorithms(const Attributes& attributes, bool keys, XfrmStateRow& row) {
  const auto* aead = DecodeAlgorithm<xfrm_algo_aead>(attributes, XFRMA_ALG_AEAD, keys, row.aead, row.aead_key);
  if (aead) row.aead_icv = aead->alg_icv_len;
  const auto* auth = DecodeAlgorithm<xfrm_algo_auth>(attributes, XFRMA_ALG_AUTH_TRUNC, keys, row.auth, row.auth_key);
  if (auth) row.auth_trunc = auth->alg_trunc_len;
  DecodeAlgorithm<xfrm_algo>(attributes, XFRMA_ALG_CRYPT, keys, row.enc, row.enc_key);
  std::string none;
  DecodeAlgorithm<xfrm_algo>(attributes, XFRMA_ALG_COMP, false, row.comp, none);
}

void DecodeReplay(const Attributes& attributes, XfrmStateRow& row) {
  const auto [data, size] = attributes.Raw(XFRMA_REPLAY_ESN_VAL);
  if (size < static_cast<int>(sizeof(xfrm_replay_state_esn))) {
    const auto replay = attributes.Struct<xfrm_replay_state>(XFRMA_REPLAY_VAL);
    row.oseq = replay.oseq;
    row.seq = replay.seq;
    return;
  }
  const auto& replay = *static_cast<const xfrm_replay_state_esn*>(data);
  row.replay_window = replay.replay_window;
  row.oseq = uint64_t{replay.oseq_hi} << 32 | replay.oseq;
  row.seq = uint64_t{replay.seq_hi} << 32 | replay.seq;
}

XfrmStateRow RowOf(const xfrm_usersa_info& state, const Attributes& attributes, bool keys) {
  XfrmStateRow row;
  row.family = VersionOf(state.family);
  row.src = BytesOf(state.saddr);
  row.dst = BytesOf(state.id.daddr);
  row.proto = state.id.proto;
  row.spi = ntohl(state.id.spi);
  row.mode = state.mode;
  row.reqid = state.reqid;
  const xfrm_mark mark = MarkIn(attributes);
  row.mark = mark.v;
  row.mask = mark.m;
  row.output_mark = attributes.U32(XFRMA_SET_MARK);
  row.output_mask = attributes.U32(XFRMA_SET_MARK_MASK);
  row.if_id = attributes.U32(XFRMA_IF_ID);
  row.flags = state.flags;
  row.extra_flags = attributes.U32(XFRMA_SA_EXTRA_FLAGS);
  row.replay_window = state.replay_window;
  DecodeReplay(attributes, row);
  row.bytes = state.curlft.bytes;
  row.packets = state.curlft.packets;
  const auto encap = attributes.Struct<xfrm_encap_tmpl>(XFRMA_ENCAP);
  row.encap = encap.encap_type;
  row.encap_sport = ntohs(encap.encap_sport);
  row.encap_dport = ntohs(encap.encap_dport);
  DecodeAlgorithms(attributes, keys, row);
  return row;
}

}  // namespace

size_t MostXfrmName() { return sizeof(xfrm_algo{}.alg_name) - 1; }

uint32_t MostXfrmReplayWindow() { return XFRMA_REPLAY_ESN_MAX; }

bool HasEsn(const XfrmStateOp& op) { return op.flags & XFRM_STATE_ESN; }

std::span<const Word> XfrmStateFlags() { return kStateFlags; }

std::span<const Word> XfrmStateExtraFlags() { return kExtraFlags; }

std::span<const Word> XfrmEncaps() { return kEncaps; }

Refused ApplyXfrmState(Place& place, const XfrmStateOp& op) {
  Socket* socket;
  if (Refused refusal = place.Xfrm(socket)) return refusal;
  if (op.verb == Verb::kDel) return Delete(*socket, op);
  return op.verb == Verb::kAdd ? Add(*socket, op) : Replace(*socket, op);
}

Table<XfrmStateRow> DumpXfrmStates(Place& place, const Filter& filter) {
  Message message(CNM_NAMED(XFRM_MSG_GETSA), NLM_F_DUMP, xfrm_usersa_id{});
  return ReadTable<XfrmStateRow>(place, &Place::DumpXfrm, message,
                                 [&](const nlmsghdr* reply, Columns<XfrmStateRow>& columns) {
                                   const auto state = HeaderIn<xfrm_usersa_info>(reply);
                                   if (state) columns.Add(RowOf(*state, Attributes(reply, sizeof *state), filter.keys));
                                 });
}

}  // namespace cnm
