#include "kernel/nft_rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "kernel/nft_data.h"
#include "kernel/nft_source.h"

namespace cnm {

namespace {

using Kind = NftSource::Kind;

std::optional<uint8_t> FamilyOf(const std::string& name) {
  if (name == "ip") return NFPROTO_IPV4;
  if (name == "ip6") return NFPROTO_IPV6;
  return {};
}

/** Registers are numbered from here on, of 32 bits each; the kernel numbers those of 128 bits apart. */
constexpr uint32_t kFirst = NFT_REG32_00;
constexpr uint32_t kSecond = NFT_REG32_04;
constexpr uint32_t kRegisters = 16;

/** Puts where a packet goes, {"jump": {"target": ...}} say, as the data that is open. */
bool PutVerdictData(const Json& verdict, Message& message) {
  constexpr Word kVerdicts[] = {{"accept", NF_ACCEPT},
                                {"drop", NF_DROP},
                                {"return", static_cast<uint32_t>(NFT_RETURN)},
                                {"jump", static_cast<uint32_t>(NFT_JUMP)}};
  const auto only = verdict.Only();
  if (!only) return false;
  const auto* const found = std::ranges::find_if(kVerdicts, [&](const Word& word) { return only->name == word.name; });
  if (found == std::end(kVerdicts)) return false;
  const Message::Nest nest(message, Nested(CNM_NAMED(NFTA_DATA_VERDICT)));
  message.PutU32(CNM_NAMED(NFTA_VERDICT_CODE), htonl(found->value));
  if (found->value != static_cast<uint32_t>(NFT_JUMP)) return only->value.IsNull();
  JsonFields fields(only->value);
  std::string chain;
  if (!fields.TakeText("target", chain) || !fields.AllTaken()) return false;
  message.PutName(CNM_NAMED(NFTA_VERDICT_CHAIN), chain);
  return true;
}

/** Turns statements into the kernel's expressions, in the order and with the registers that nft has for them. */
class Writer {
 public:
  explicit Writer(Message& message) : message_(message) {}

  bool Put(const Json& statement) {
    const auto only = statement.Only();
    if (!only) return false;
    const auto& [kind, what] = *only;
    if (kind == "match") return PutMatch(what);
    if (kind == "masquerade") return PutMasquerade(what);
    if (kind == "snat") return PutSourceNat(what);
    if (kind == "dnat") return PutDestinationNat(what);
    return PutVerdict(statement);
  }

 private:
  template <typename Fill>
  void Expression(const char* name, const Fill& fill) {
    const Message::Nest expression(message_, Nested(CNM_NAMED(NFTA_LIST_ELEM)));
    message_.PutName(CNM_NAMED(NFTA_EXPR_NAME), name);
    const Message::Nest data(message_, Nested(CNM_NAMED(NFTA_EXPR_DATA)));
    fill();
  }

  void PutNumber(Named attribute, uint32_t number) { message_.PutU32(attribute, htonl(number)); }

  void PutValue(Named attribute, const void* bytes, size_t size) {
    const Message::Nest data(message_, Nested(attribute));
    message_.Put(CNM_NAMED(NFTA_DATA_VALUE), bytes, size);
  }

  void Load(const NftSource& source, uint32_t to, uint32_t size) {
    switch (source.kind) {
      case Kind::kMeta:
        return Expression("meta", [&] {
          PutNumber(CNM_NAMED(NFTA_META_KEY), source.key);
          PutNumber(CNM_NAMED(NFTA_META_DREG), to);
        });
      case Kind::kConnection:
        return Expression("ct", [&] {
          PutNumber(CNM_NAMED(NFTA_CT_KEY), source.key);
          PutNumber(CNM_NAMED(NFTA_CT_DREG), to);
        });
      case Kind::kPayload:
        return Expression("payload", [&] {
          PutNumber(CNM_NAMED(NFTA_PAYLOAD_DREG), to);
          PutNumber(CNM_NAMED(NFTA_PAYLOAD_BASE), source.key);
          PutNumber(CNM_NAMED(NFTA_PAYLOAD_OFFSET), source.offset);
          PutNumber(CNM_NAMED(NFTA_PAYLOAD_LEN), size);
        });
      case Kind::kRoute:
        return Expression("fib", [&] {
          PutNumber(CNM_NAMED(NFTA_FIB_FLAGS), NFTA_FIB_F_DADDR);
          PutNumber(CNM_NAMED(NFTA_FIB_RESULT), source.key);
          PutNumber(CNM_NAMED(NFTA_FIB_DREG), to);
        });
    }
  }

  void Compare(nft_cmp_ops how, const void* bytes, size_t size) {
    Expression("cmp", [&] {
      PutNumber(CNM_NAMED(NFTA_CMP_SREG), kFirst);
      PutNumber(CNM_NAMED(NFTA_CMP_OP), how);
      PutValue(CNM_NAMED(NFTA_CMP_DATA), bytes, size);
    });
  }

  /** Keeps the bits of a register that are in `mask`. */
  void Mask(const void* mask, size_t size, uint32_t at = kFirst) {
    const NftData none;
    Expression("bitwise", [&] {
      PutNumber(CNM_NAMED(NFTA_BITWISE_SREG), at);
      PutNumber(CNM_NAMED(NFTA_BITWISE_DREG), at);
      PutNumber(CNM_NAMED(NFTA_BITWISE_LEN), static_cast<uint32_t>(size));
      PutValue(CNM_NAMED(NFTA_BITWISE_MASK), mask, size);
      PutValue(CNM_NAMED(NFTA_BITWISE_XOR), none.bytes.data(), size);
    });
  }

  /** Sees to it that only packets come this far that have what is looked at next. */
  bool Meet(const NftSources& sources) {
    for (const auto& [source, _] : sources) {
      if (source->family == 0 || source->family == family_) continue;
      if (family_ != 0) return false;
      family_ = source->family;
      Load(kNftFamily, kFirst, sizeof family_);
      Compare(NFT_CMP_EQ, &family_, sizeof family_);
    }
    return true;
  }

  /** Loads what a set is asked for; false when there are not as many registers. */
  bool LoadKey(const NftSources& key, uint32_t to) {
    for (const auto& [source, mask] : key) {
      if (to + source->type->room() / 4 > kFirst + kRegisters) return false;
      Load(*source, to, source->type->size);
      if (mask) Mask(mask->bytes.data(), mask->size, to);
      to += source->type->room() / 4;
    }
    return true;
  }

  void LookUp(const std::string& set, uint32_t key, std::optional<uint32_t> to, bool inverted = false) {
    Expression("lookup", [&] {
      PutNumber(CNM_NAMED(NFTA_LOOKUP_SREG), key);
      if (to) PutNumber(CNM_NAMED(NFTA_LOOKUP_DREG), *to);
      message_.PutName(CNM_NAMED(NFTA_LOOKUP_SET), set);
      if (inverted) PutNumber(CNM_NAMED(NFTA_LOOKUP_FLAGS), NFT_LOOKUP_F_INV);
    });
  }

  bool PutMatch(const Json& match) {
    JsonFields fields(match);
    std::string op;
    const Json* left = fields.Take("left");
    const Json* right = fields.Take("right");
    if (!fields.TakeText("op", op) || !left || !right || !fields.AllTaken()) return false;
    const NftSources sources = SourcesOf(*left);
    if (sources.empty() || !Meet(sources)) return false;
    const bool plain = sources.size() == 1 && !sources.front().mask;
    if (op == "in") return plain && PutBits(*sources.front().source, *right);
    if (op != "==" && op != "!=") return false;
    if (const auto set = SetNamedIn(*right)) {
      if (!LoadKey(sources, kFirst)) return false;
      LookUp(*set, kFirst, {}, op == "!=");
      return true;
    }
    return plain && PutEqual(*sources.front().source, *right, op == "==" ? NFT_CMP_EQ : NFT_CMP_NEQ);
  }

  /** One of the bits is set. */
  bool PutBits(const NftSource& source, const Json& bits) {
    if (source.kind != Kind::kConnection || !bits.Items() || bits.Items()->empty()) return false;
    NftData all;
    for (const Json& bit : *bits.Items()) {
      NftData one;
      if (!AppendConstant(*source.type, bit, one)) return false;
      for (size_t i = 0; i < one.size; i++) all.bytes[i] |= one.bytes[i];
      all.size = one.size;
    }
    const NftData none;
    Load(source, kFirst, source.type->size);
    Mask(all.bytes.data(), all.size);
    Compare(NFT_CMP_NEQ, none.bytes.data(), all.size);
    return true;
  }

  bool PutEqual(const NftSource& source, const Json& right, nft_cmp_ops how) {
    if (source.kind == Kind::kConnection) return false;
    const auto only = right.Only();
    if (only && only->name == "prefix") return source.family != 0 && PutPrefix(source, only->value, how);
    NftData data;
    if (!AppendConstant(*source.type, right, data)) return false;
    if (source.type == &nft::kFamily) {
      // What libnftables makes of one that says it twice, or two things, is its own affair.
      if (family_ != 0 || how != NFT_CMP_EQ) return false;
      family_ = data.bytes[0];
    }
    Load(source, kFirst, source.type->size);
    Compare(how, data.bytes.data(), data.size);
    return true;
  }

  /** Whole bytes are compared as they are; of others the rest is masked. */
  bool PutPrefix(const NftSource& source, const Json& prefix, nft_cmp_ops how) {
    JsonFields fields(prefix);
    const Json* address = fields.Take("addr");
    const Json* length = fields.Take("len");
    NftData data;
    if (!address || !length || !length->Number() || !fields.AllTaken()) return false;
    if (!AppendConstant(*source.type, *address, data)) return false;
    const int64_t bits = *length->Number();
    if (bits < 1 || bits > static_cast<int64_t>(data.size) * 8) return false;
    NftData mask;
    for (int64_t bit = 0; bit < bits; bit++) mask.bytes[bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
    for (size_t i = 0; i < data.size; i++) {
      if (data.bytes[i] & ~mask.bytes[i]) return false;
    }
    const size_t size = bits % 8 == 0 ? static_cast<size_t>(bits) / 8 : data.size;
    Load(source, kFirst, static_cast<uint32_t>(size));
    if (bits % 8 != 0) Mask(mask.bytes.data(), size);
    Compare(how, data.bytes.data(), size);
    return true;
  }

  bool PutMasquerade(const Json& what) {
    if (!what.IsNull()) return false;
    Expression("masq", [] {});
    return true;
  }

  bool PutSourceNat(const Json& what) {
    JsonFields fields(what);
    std::string family;
    const Json* address = fields.Take("addr");
    if (!fields.TakeText("family", family) || !address || !fields.AllTaken()) return false;
    if (FamilyOf(family) != family_ || !PutMapped(*address, kFirst)) return false;
    PutNat(NFT_NAT_SNAT, false);
    return true;
  }

  /** To what two maps say, the address and the port. */
  bool PutDestinationNat(const Json& what) {
    JsonFields fields(what);
    std::string family;
    const Json* address = fields.Take("addr");
    const Json* port = fields.Take("port");
    if (!fields.TakeText("family", family) || !address || !port || !fields.AllTaken()) return false;
    if (FamilyOf(family) != family_ || !PutMapped(*address, kFirst) || !PutMapped(*port, kSecond)) return false;
    PutNat(NFT_NAT_DNAT, true);
    return true;
  }

  /** What the map says takes the place of what it was asked for. */
  bool PutMapped(const Json& expression, uint32_t to) {
    const auto only = expression.Only();
    if (!only || only->name != "map") return false;
    const auto lookup = LookupOf(only->value);
    if (!lookup || !Meet(lookup->key) || !LoadKey(lookup->key, to)) return false;
    LookUp(lookup->set, to, to);
    return true;
  }

  void PutNat(nft_nat_types type, bool port) {
    Expression("nat", [&] {
      PutNumber(CNM_NAMED(NFTA_NAT_TYPE), type);
      PutNumber(CNM_NAMED(NFTA_NAT_FAMILY), family_);
      PutNumber(CNM_NAMED(NFTA_NAT_REG_ADDR_MIN), kFirst);
      if (!port) return;
      PutNumber(CNM_NAMED(NFTA_NAT_REG_PROTO_MIN), kSecond);
      PutNumber(CNM_NAMED(NFTA_NAT_FLAGS), NF_NAT_RANGE_PROTO_SPECIFIED);
    });
  }

  bool PutVerdict(const Json& verdict) {
    bool known = false;
    Expression("immediate", [&] {
      PutNumber(CNM_NAMED(NFTA_IMMEDIATE_DREG), NFT_REG_VERDICT);
      const Message::Nest data(message_, Nested(CNM_NAMED(NFTA_IMMEDIATE_DATA)));
      known = PutVerdictData(verdict, message_);
    });
    return known;
  }

  Message& message_;
  /** Of all packets that come this far; 0: any. */
  uint8_t family_ = 0;
};

}  // namespace

bool PutNftRule(const Json& statements, Message& message) {
  if (!statements.Items() || statements.Items()->empty()) return false;
  const Message::Nest expressions(message, Nested(CNM_NAMED(NFTA_RULE_EXPRESSIONS)));
  Writer writer(message);
  return std::ranges::all_of(*statements.Items(), [&](const Json& statement) { return writer.Put(statement); });
}

}  // namespace cnm
