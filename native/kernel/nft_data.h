#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/json.h"
#include "kernel/options.h"

namespace cnm {

/** What a register, or a part of a key, can hold. */
struct NftType {
  const char* name;
  /** By which nft knows the type of a set's keys; 0 where no set has such. */
  uint32_t number;
  /** In bytes. */
  uint32_t size;
  /** In which order nft has its bytes: 1 as the host does, 2 as networks do, 0 where it never said. */
  uint32_t byte_order;
  /** Its constants, where those are words. */
  std::span<const Word> words{};

  /** It takes up whole registers of 32 bits, wherever there is more than one. */
  uint32_t room() const { return (size + 3) / 4 * 4; }
};

namespace nft {
extern const NftType kIpv4, kIpv6, kProtocol, kPort, kLinkName;
extern const NftType kFamily, kAddressKind, kConnectionState, kConnectionStatus;
}  // namespace nft

/** The type of a set's keys or values, by its name; null for one that we have no words for. */
const NftType* FindNftType(std::string_view name);

/** The bytes of a constant, or of several in a row. */
struct NftData {
  std::array<uint8_t, 64> bytes{};
  size_t size = 0;
};

/** Appends a constant; false where there is no room, or for one that we have no words for. */
bool AppendConstant(const NftType& type, const Json& constant, NftData& data);

}  // namespace cnm
