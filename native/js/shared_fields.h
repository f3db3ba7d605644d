#pragma once

#include <optional>
#include <span>

#include "facts/words.h"
#include "js/fields.h"
#include "kernel/options.h"

namespace cnm {

// Fields as many ops have them.

/** An optional number up to `max`. */
void ReadNumber(Fields& fields, const char* key, uint32_t max, std::optional<uint32_t>& out);

/** False when it is absent. */
void ReadFlag(Fields& fields, const char* key, bool& out);

/** One of `words`, if it is there. */
void ReadOptionalWord(Fields& fields, const char* key, std::span<const Word> words, std::optional<uint32_t>& out);

/** An optional link, by its name or ifindex. */
void ReadOptionalLink(Fields& fields, const char* key, std::optional<LinkRef>& link);

/** The optional fields 'mark' and, beside it, 'mask'. */
void ReadMark(Fields& fields, std::optional<uint32_t>& mark, uint32_t& mask);

/** The optional field 'weight' of a next hop among others. */
void ReadWeight(Fields& fields, std::optional<uint32_t>& weight);

/** The bytes that an address of the field 'family' has. */
size_t ReadFamily(Fields& fields);

/** An optional address of a family, by the bytes that it has. */
void ReadAddress(Fields& fields, const char* key, size_t length, std::optional<Address>& address);

/** The optional next hop of a route whose addresses have `length` bytes: that of an IPv4 route can be of IPv6. */
void ReadVia(Fields& fields, size_t length, std::optional<Address>& via);

/** The field 'prefix', as `address` can have it. */
void ReadPrefix(Fields& fields, const Address& address, uint8_t& prefix);

/** '10.0.0.0/8', if it is there, as {address, prefix}. */
void ReadPrefixed(Fields& fields, const char* key, size_t length, std::optional<Address>& address, uint8_t& prefix);

}  // namespace cnm
