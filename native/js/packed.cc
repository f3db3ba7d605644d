#include "js/packed.h"

#include <cstring>

namespace cnm {

namespace {

Packed OneOf(const void* bytes, size_t width) {
  Packed column{.bytes = std::vector<uint8_t>(width), .width = width};
  memcpy(column.bytes.data(), bytes, width);
  return column;
}

}  // namespace

Packed One(const Mac& mac) { return OneOf(mac.data(), mac.size()); }

Packed One(const Address& address) { return OneOf(address.bytes.data(), address.length); }

Packed One(uint32_t number) { return OneOf(&number, sizeof number); }

Packed One(uint8_t number) { return OneOf(&number, sizeof number); }

void ReadFirstColumn(Fields& fields, const char* key, size_t width, size_t& count, Packed& column) {
  fields.Required(key, column);
  column.width = width;
  count = column.bytes.size() / width;
  if (column.bytes.size() % width != 0) fields.Fail(key, std::to_string(width) + " bytes for each row");
}

void ReadColumn(Fields& fields, const char* key, const char* one, size_t width, size_t count, Packed& column) {
  std::optional<Packed> read;
  fields.Optional(key, read);
  if (!read) return;
  if (column.width > 0) return fields.Fail(key, std::string("nothing, beside ") + one);
  column = std::move(*read);
  column.width = width;
  if (column.bytes.size() != count * width) {
    fields.Fail(key, std::to_string(width) + " bytes for each of " + std::to_string(count) + " rows");
  }
}

}  // namespace cnm
