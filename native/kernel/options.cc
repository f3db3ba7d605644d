#include "kernel/options.h"

#include <arpa/inet.h>
#include <linux/if_link.h>

#include "kernel/link.h"

namespace cnm {

namespace {

/** One setting, put by the kind of its value. */
class Putter {
 public:
  Putter(Place& place, Message& message, const Option& option) : place_(place), message_(message), option_(option) {}

  Refused operator()(uint32_t number) {
    switch (option_.wire) {
      case Wire::kU8:
        message_.PutU8(option_.attribute, static_cast<uint8_t>(number));
        break;
      case Wire::kU16:
        message_.PutU16(option_.attribute, static_cast<uint16_t>(number));
        break;
      case Wire::kU32:
        message_.PutU32(option_.attribute, number);
        break;
      case Wire::kBe16:
        message_.PutU16(option_.attribute, htons(static_cast<uint16_t>(number)));
        break;
      case Wire::kBe32:
        message_.PutU32(option_.attribute, htonl(number));
        break;
      case Wire::kFlag:
        if (number) message_.PutFlag(option_.attribute);
        break;
    }
    return {};
  }

  Refused operator()(const Address& address) {
    message_.PutAddress(address.length == 4 ? option_.attribute : option_.other, address);
    return {};
  }

  Refused operator()(const LinkRef& link) {
    int32_t index;
    if (Refused refusal = ResolveLink(place_, link, option_.attribute.name, index)) return refusal;
    message_.PutU32(option_.attribute, static_cast<uint32_t>(index));
    return {};
  }

  Refused operator()(const PortRange& range) {
    const ifla_vxlan_port_range ports = {.low = htons(range.low), .high = htons(range.high)};
    message_.Put(option_.attribute, &ports, sizeof ports);
    return {};
  }

  Refused operator()(Inherit) {
    message_.PutFlag(option_.other);
    return {};
  }

  Refused operator()(const Flags& given) {
    const ifla_vlan_flags flags = {.flags = given.bits, .mask = given.mask};
    message_.Put(option_.attribute, &flags, sizeof flags);
    return {};
  }

  Refused operator()(const std::vector<Mapping>& mappings) {
    const Message::Nest list(message_, option_.attribute);
    for (const Mapping& mapping : mappings) {
      const ifla_vlan_qos_mapping qos = {.from = mapping.from, .to = mapping.to};
      message_.Put(CNM_NAMED(IFLA_VLAN_QOS_MAPPING), &qos, sizeof qos);
    }
    return {};
  }

  Refused operator()(const std::vector<Mac>& macs) {
    message_.PutU32(CNM_NAMED(IFLA_MACVLAN_MACADDR_MODE), MACVLAN_MACADDR_SET);
    const Message::Nest list(message_, option_.attribute);
    for (const Mac& mac : macs) message_.PutMac(CNM_NAMED(IFLA_MACVLAN_MACADDR), mac);
    return {};
  }

 private:
  Place& place_;
  Message& message_;
  const Option& option_;
};

}  // namespace

Refused PutSettings(Place& place, Message& message, const Settings& settings) {
  for (const Setting& setting : settings) {
    if (Refused refusal = std::visit(Putter(place, message, *setting.option), setting.value)) return refusal;
  }
  return {};
}

}  // namespace cnm
