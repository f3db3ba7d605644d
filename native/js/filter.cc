#include "js/filter.h"

#include <algorithm>
#include <string_view>

#include "js/fields.h"
#include "js/shared_fields.h"
#include "kernel/route.h"

namespace cnm {

namespace {

void ReadFamily(Fields& fields, std::optional<uint8_t>& family) {
  std::optional<uint32_t> read;
  fields.Optional("family", read);
  if (!read) return;
  if (*read != 4 && *read != 6) fields.Fail("family", "4 or 6");
  family = static_cast<uint8_t>(*read);
}

}  // namespace

bool ReadFilter(const Napi::Value& value, std::initializer_list<const char*> known, Filter& filter) {
  if (value.IsUndefined()) return true;
  Fields fields(value, "filter");
  for (const std::string& name : fields.Names()) {
    const bool takes = std::ranges::find(known, std::string_view(name)) != known.end();
    if (!takes) fields.Fail(name.c_str(), "nothing: this table has no such filter");
  }
  ReadOptionalLink(fields, "link", filter.link);
  ReadOptionalLink(fields, "master", filter.master);
  ReadFamily(fields, filter.family);
  fields.Optional("table", filter.table);
  if (filter.table == 0u) fields.Fail("table", "an integer from 1 to 4294967295");
  ReadOptionalWord(fields, "type", RouteTypes(), filter.type);
  ReadFlag(fields, "proxy", filter.proxy);
  ReadFlag(fields, "keys", filter.keys);
  return fields.ok();
}

}  // namespace cnm
