#include "js/packed.h"

namespace cnm {

void ReadColumn(Fields& fields, const char* key, size_t width, size_t count, Packed& column) {
  std::optional<Packed> read;
  fields.Optional(key, read);
  if (!read) return;
  column = std::move(*read);
  column.width = width;
  if (column.bytes.size() != count * width) {
    fields.Fail(key, std::to_string(width) + " bytes for each of " + std::to_string(count) + " rows");
  }
}

void ReadFirstColumn(Fields& fields, const char* key, size_t width, size_t& count, Packed& column) {
  fields.Required(key, column);
  column.width = width;
  count = column.bytes.size() / width;
  if (column.bytes.size() % width != 0) fields.Fail(key, std::to_string(width) + " bytes for each row");
}

}  // namespace cnm
