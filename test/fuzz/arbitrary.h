#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facts/wireguard.h"
#include "facts/words.h"
#include "kernel/link_kinds.h"

namespace cnm {

/** Settings out of the fuzzer's bytes. */
class Arbitrary {
 public:
  Arbitrary(const uint8_t* data, size_t size) : data_(data, size) {}

  bool Flag() { return data_.ConsumeBool(); }
  template <typename T = uint32_t>
  T Number() {
    return data_.ConsumeIntegral<T>();
  }
  uint64_t Rate() { return data_.ConsumeIntegralInRange<uint64_t>(1, UINT64_MAX); }
  size_t Count(size_t most) { return data_.ConsumeIntegralInRange<size_t>(0, most); }
  std::string Text() { return data_.ConsumeRandomLengthString(256); }
  std::vector<uint8_t> Bytes(size_t most) { return data_.ConsumeBytes<uint8_t>(Count(most)); }
  std::vector<uint8_t> Rest() { return data_.ConsumeRemainingBytes<uint8_t>(); }

  template <typename Make>
  auto Maybe(const Make& make) -> std::optional<decltype(make())> {
    if (!Flag()) return {};
    return make();
  }
  std::optional<uint32_t> MaybeNumber() {
    return Maybe([&] { return Number(); });
  }
  template <typename Make>
  auto Some(size_t most, const Make& make) {
    std::vector<decltype(make())> all(Count(most));
    for (auto& each : all) each = make();
    return all;
  }

  cnm::Verb Verb() { return data_.PickValueInArray({Verb::kAdd, Verb::kReplace, Verb::kAppend, Verb::kDel}); }
  uint8_t Family() { return Flag() ? 6 : 4; }
  size_t Width() { return Flag() ? 16 : 4; }
  cnm::Mac Mac() { return BytesOf<6>(); }
  WireguardKey Key() { return BytesOf<32>(); }
  cnm::Address Address() {
    cnm::Address address{.length = static_cast<uint8_t>(Width()), .bytes = BytesOf<16>()};
    std::fill(address.bytes.begin() + address.length, address.bytes.end(), 0);
    return address;
  }
  std::optional<cnm::Address> MaybeAddress() {
    return Maybe([&] { return Address(); });
  }
  LinkRef Link() {
    if (Flag()) return Text();
    return Number<int32_t>();
  }
  std::optional<LinkRef> MaybeLink() {
    return Maybe([&] { return Link(); });
  }
  Packed Column(size_t count, size_t width) {
    Packed column{.bytes = data_.ConsumeBytes<uint8_t>(count * width), .width = width};
    column.bytes.resize(count * width);
    return column;
  }
  Packed MaybeColumn(size_t count, size_t width) { return Flag() ? Column(count, width) : Packed(); }

  Setting SettingOf(const Option& option) {
    switch (option.takes) {
      case Takes::kAddress:
        return {&option, Address()};
      case Takes::kLink:
        return {&option, Link()};
      case Takes::kPortRange:
        return {&option, PortRange{Number<uint16_t>(), Number<uint16_t>()}};
      case Takes::kMacs:
        return {&option, Some(300, [&] { return Mac(); })};
      case Takes::kNumberOrInherit:
        if (Flag()) return {&option, Inherit{}};
        [[fallthrough]];
      default:
        return {&option, Number()};
    }
  }
  Settings SettingsOf(std::span<const Option> options) {
    Settings settings;
    for (const Option& option : options) {
      if (Flag()) settings.push_back(SettingOf(option));
    }
    return settings;
  }

 private:
  template <size_t N>
  std::array<uint8_t, N> BytesOf() {
    std::array<uint8_t, N> bytes{};
    const auto given = data_.ConsumeBytes<uint8_t>(N);
    std::copy(given.begin(), given.end(), bytes.begin());
    return bytes;
  }

  FuzzedDataProvider data_;
};

}  // namespace cnm
