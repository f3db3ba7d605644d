#include "kernel/nft_command.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "kernel/nft_data.h"
#include "kernel/nft_rule.h"

namespace cnm {

namespace {

/** Messages that are longer are sent as several: an attribute ends at 64 KiB. */
constexpr size_t kFull = 48 << 10;
/** More than an element takes, with the longest name of a chain. */
constexpr size_t kElementRoom = 512;
constexpr size_t kMessageRoom = 4096;

constexpr Word kChainTypes[] = {{"filter", 0}, {"nat", 0}, {"route", 0}};
constexpr Word kHooks[] = {{"prerouting", NF_INET_PRE_ROUTING},
                           {"input", NF_INET_LOCAL_IN},
                           {"forward", NF_INET_FORWARD},
                           {"output", NF_INET_LOCAL_OUT},
                           {"postrouting", NF_INET_POST_ROUTING}};
constexpr Word kPolicies[] = {{"accept", NF_ACCEPT}, {"drop", NF_DROP}};

const Word* FindWord(std::span<const Word> words, const std::string& text) {
  const auto found = std::ranges::find_if(words, [&](const Word& word) { return text == word.name; });
  return found == words.end() ? nullptr : &*found;
}

void PutBe32(Message& message, Named attribute, uint32_t number) { message.PutU32(attribute, htonl(number)); }

/** What keys, or values, are: one type, or several in a row. */
struct Shape {
  std::vector<const NftType*> types;

  /** As nft has it: six bits for each. */
  uint32_t number() const {
    uint32_t number = 0;
    for (const NftType* type : types) number = number << 6 | type->number;
    return number;
  }
  uint32_t size() const {
    if (types.size() == 1) return types.front()->size;
    uint32_t size = 0;
    for (const NftType* type : types) size += type->room();
    return size;
  }
  uint32_t byte_order() const { return types.size() == 1 ? types.front()->byte_order : 0; }
};

bool TakeKeyShape(JsonFields& fields, Shape& shape) {
  const Json* type = fields.Take("type");
  if (!type) return false;
  if (type->Text()) {
    shape.types.push_back(FindNftType(*type->Text()));
  } else if (type->Items() && type->Items()->size() > 1) {
    for (const Json& part : *type->Items()) shape.types.push_back(part.Text() ? FindNftType(*part.Text()) : nullptr);
  }
  return !shape.types.empty() && std::ranges::find(shape.types, nullptr) == shape.types.end();
}

bool TakeValueShape(JsonFields& fields, Shape& shape) {
  std::string map;
  if (!fields.TakeText("map", map)) return false;
  shape.types.push_back(FindNftType(map));
  return shape.types.front();
}

/** What nft keeps with a set, to be able to say what it is. */
std::vector<uint8_t> UserData(const Shape& key, const Shape* value) {
  // Of libnftnl: there is no header for these in the kernel.
  enum { kKeyByteOrder, kDataByteOrder, kMergeElements, kKeyTypeOf, kDataTypeOf, kExpression, kDataInterval };
  std::vector<uint8_t> data;
  const auto put = [&](uint8_t type, const std::vector<uint8_t>& bytes) {
    data.push_back(type);
    data.push_back(static_cast<uint8_t>(bytes.size()));
    data.insert(data.end(), bytes.begin(), bytes.end());
  };
  const auto number = [](uint32_t order) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&order);
    return std::vector(bytes, bytes + sizeof order);
  };
  put(kKeyByteOrder, number(key.byte_order()));
  if (value) put(kDataByteOrder, number(value->byte_order()));
  if (key.types.size() > 1) {
    // An expression of the kind 13, a concatenation, of which no more is said.
    std::vector<uint8_t> of = {0, sizeof(uint32_t)};
    std::ranges::copy(number(13), std::back_inserter(of));
    of.insert(of.end(), {1, 0});
    put(kKeyTypeOf, of);
  }
  if (value) put(kDataInterval, number(0));
  return data;
}

/** Appends an element's key; false for one that is not of that shape. */
bool AppendKey(const Shape& shape, const Json& key, NftData& data) {
  if (shape.types.size() == 1) return AppendConstant(*shape.types.front(), key, data);
  const auto only = key.Only();
  const std::vector<Json>* parts = only && only->name == "concat" ? only->value.Items() : nullptr;
  if (!parts || parts->size() != shape.types.size()) return false;
  for (size_t i = 0; i < parts->size(); i++) {
    const size_t begin = data.size;
    if (!AppendConstant(*shape.types[i], (*parts)[i], data)) return false;
    data.size = begin + shape.types[i]->room();
    if (data.size > data.bytes.size()) return false;
  }
  return true;
}

bool PutData(Message& message, Named attribute, const Shape& shape, const Json& value) {
  const Message::Nest nest(message, Nested(attribute));
  NftData data;
  if (!AppendKey(shape, value, data)) return false;
  message.Put(CNM_NAMED(NFTA_DATA_VALUE), data.bytes.data(), data.size);
  return true;
}

/** One command, by the object that it is about. */
class Command {
 public:
  Command(const std::string& verb, const Json& fields, uint32_t& sets, std::vector<Message>& messages)
      : verb_(verb), fields_(fields), sets_(sets), messages_(messages) {}

  bool Append(const std::string& object) {
    std::string family;
    if (!fields_.TakeText("family", family) || family != "inet") return false;
    if (object != "table" && !fields_.TakeText("table", table_)) return false;
    if (object == "table") return Table();
    if (object == "chain") return Chain();
    if (object == "set" || object == "map") return Set(object == "map");
    if (object == "element") return Elements();
    return object == "rule" && Rule();
  }

 private:
  Message& Begin(int type, int flags = 0, size_t room = kMessageRoom) {
    // What is refused is called by one name, whatever the transaction consists of.
    const Named named = {.value = NFNL_SUBSYS_NFTABLES << 8 | type, .name = "nft"};
    const nfgenmsg header = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0};
    return messages_.emplace_back(named, NLM_F_REQUEST | flags, header, room);
  }

  bool Table() {
    std::string name;
    if (!fields_.TakeText("name", name) || !fields_.AllTaken() || verb_ == "flush") return false;
    const bool add = verb_ == "add";
    Message& message = add ? Begin(NFT_MSG_NEWTABLE, NLM_F_CREATE) : Begin(NFT_MSG_DELTABLE);
    message.PutName(CNM_NAMED(NFTA_TABLE_NAME), name);
    if (add) PutBe32(message, CNM_NAMED(NFTA_TABLE_FLAGS), 0);
    return true;
  }

  bool Chain() {
    std::string name;
    if (!fields_.TakeText("name", name)) return false;
    if (verb_ == "flush") {
      Message& message = Begin(NFT_MSG_DELRULE);
      message.PutName(CNM_NAMED(NFTA_RULE_TABLE), table_);
      message.PutName(CNM_NAMED(NFTA_RULE_CHAIN), name);
      return fields_.AllTaken();
    }
    Message& message = verb_ == "add" ? Begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE) : Begin(NFT_MSG_DELCHAIN);
    message.PutName(CNM_NAMED(NFTA_CHAIN_TABLE), table_);
    message.PutName(CNM_NAMED(NFTA_CHAIN_NAME), name);
    return fields_.AllTaken() || (verb_ == "add" && BaseChain(message));
  }

  bool BaseChain(Message& message) {
    std::string type, hook, policy;
    const Json* priority = fields_.Take("prio");
    if (!fields_.TakeText("type", type) || !fields_.TakeText("hook", hook) || !fields_.TakeText("policy", policy)) {
      return false;
    }
    const Word* hooked = FindWord(kHooks, hook);
    const Word* decided = FindWord(kPolicies, policy);
    if (!hooked || !decided || !FindWord(kChainTypes, type) || !priority || !priority->Number()) return false;
    message.PutName(CNM_NAMED(NFTA_CHAIN_TYPE), type);
    PutBe32(message, CNM_NAMED(NFTA_CHAIN_POLICY), decided->value);
    const Message::Nest nest(message, Nested(CNM_NAMED(NFTA_CHAIN_HOOK)));
    PutBe32(message, CNM_NAMED(NFTA_HOOK_HOOKNUM), hooked->value);
    PutBe32(message, CNM_NAMED(NFTA_HOOK_PRIORITY), static_cast<uint32_t>(*priority->Number()));
    return fields_.AllTaken();
  }

  bool Set(bool map) {
    std::string name;
    if (!fields_.TakeText("name", name)) return false;
    if (verb_ == "flush") {
      Message& message = Begin(NFT_MSG_DELSETELEM);
      message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_TABLE), table_);
      message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_SET), name);
      return fields_.AllTaken();
    }
    const bool add = verb_ == "add";
    Message& message = add ? Begin(NFT_MSG_NEWSET, NLM_F_CREATE) : Begin(NFT_MSG_DELSET);
    message.PutName(CNM_NAMED(NFTA_SET_TABLE), table_);
    message.PutName(CNM_NAMED(NFTA_SET_NAME), name);
    return (!add || NewSet(message, map)) && fields_.AllTaken();
  }

  bool NewSet(Message& message, bool map) {
    Shape key, value;
    if (!TakeKeyShape(fields_, key) || (map && !TakeValueShape(fields_, value))) return false;
    PutBe32(message, CNM_NAMED(NFTA_SET_FLAGS), map ? NFT_SET_MAP : 0);
    PutBe32(message, CNM_NAMED(NFTA_SET_KEY_TYPE), key.number());
    PutBe32(message, CNM_NAMED(NFTA_SET_KEY_LEN), key.size());
    if (map) {
      PutBe32(message, CNM_NAMED(NFTA_SET_DATA_TYPE), value.number());
      PutBe32(message, CNM_NAMED(NFTA_SET_DATA_LEN), value.size());
    }
    PutBe32(message, CNM_NAMED(NFTA_SET_ID), ++sets_);
    const std::vector<uint8_t> kept = UserData(key, map ? &value : nullptr);
    message.Put(CNM_NAMED(NFTA_SET_USERDATA), kept.data(), kept.size());
    return true;
  }

  bool Elements() {
    std::string name;
    Shape key, value;
    const Json* given = fields_.Take("elem");
    if (!given || !given->Items() || given->Items()->empty() || verb_ == "flush") return false;
    if (!fields_.TakeText("name", name) || !TakeKeyShape(fields_, key)) return false;
    const bool map = !fields_.AllTaken();
    if (map && (!TakeValueShape(fields_, value) || !fields_.AllTaken())) return false;
    const std::vector<Json>& elements = *given->Items();
    for (size_t at = 0; at < elements.size();) {
      const size_t room = std::min(kFull, (elements.size() - at) * kElementRoom) + kMessageRoom;
      Message& message =
          verb_ == "add" ? Begin(NFT_MSG_NEWSETELEM, NLM_F_CREATE, room) : Begin(NFT_MSG_DELSETELEM, 0, room);
      message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_TABLE), table_);
      message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_SET), name);
      const Message::Nest list(message, Nested(CNM_NAMED(NFTA_SET_ELEM_LIST_ELEMENTS)));
      for (; at < elements.size() && message.size() < kFull; at++) {
        if (!Element(message, elements[at], key, map ? &value : nullptr)) return false;
      }
    }
    return true;
  }

  static bool Element(Message& message, const Json& element, const Shape& key, const Shape* value) {
    const Message::Nest nest(message, Nested(CNM_NAMED(NFTA_LIST_ELEM)));
    if (!value) return PutData(message, CNM_NAMED(NFTA_SET_ELEM_KEY), key, element);
    const std::vector<Json>* pair = element.Items();
    return pair && pair->size() == 2 && PutData(message, CNM_NAMED(NFTA_SET_ELEM_KEY), key, (*pair)[0]) &&
           PutData(message, CNM_NAMED(NFTA_SET_ELEM_DATA), *value, (*pair)[1]);
  }

  bool Rule() {
    std::string chain;
    const Json* statements = fields_.Take("expr");
    if (!fields_.TakeText("chain", chain) || !statements || verb_ != "add") return false;
    std::string comment;
    if (!fields_.AllTaken() && (!fields_.TakeText("comment", comment) || !fields_.AllTaken())) return false;
    Message& message = Begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    message.PutName(CNM_NAMED(NFTA_RULE_TABLE), table_);
    message.PutName(CNM_NAMED(NFTA_RULE_CHAIN), chain);
    return PutNftRule(*statements, message) && (comment.empty() || PutComment(message, comment));
  }

  /** The first kind of what nft keeps with a rule; it takes no more than 128 characters itself. */
  static bool PutComment(Message& message, const std::string& comment) {
    if (comment.size() > 128) return false;
    std::vector<uint8_t> data = {0, static_cast<uint8_t>(comment.size() + 1)};
    data.insert(data.end(), comment.c_str(), comment.c_str() + comment.size() + 1);
    message.Put(CNM_NAMED(NFTA_RULE_USERDATA), data.data(), data.size());
    return true;
  }

  const std::string& verb_;
  JsonFields fields_;
  std::string table_;
  uint32_t& sets_;
  std::vector<Message>& messages_;
};

}  // namespace

bool AppendNftCommand(const Json& command, uint32_t& sets, std::vector<Message>& messages) {
  const auto only = command.Only();
  const auto object = only ? only->value.Only() : std::nullopt;
  if (!object || (only->name != "add" && only->name != "delete" && only->name != "flush")) return false;
  return Command(only->name, object->value, sets, messages).Append(object->name);
}

}  // namespace cnm
