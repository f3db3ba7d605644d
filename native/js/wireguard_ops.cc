#include "js/wireguard_ops.h"

#include <algorithm>
#include <string>

#include "js/errors.h"
#include "js/link_ops.h"
#include "js/shared_fields.h"

namespace cnm {

namespace {

void ReadKey(Fields& fields, const char* key, WireguardKey& out) {
  std::vector<uint8_t> bytes;
  fields.Required(key, bytes);
  if (fields.ok() && bytes.size() != out.size()) return fields.Fail(key, std::to_string(out.size()) + " bytes");
  std::ranges::copy(bytes, out.begin());
}

void ReadPort(Fields& fields, const char* key, uint16_t& port) {
  std::optional<uint32_t> read;
  ReadNumber(fields, key, UINT16_MAX, read);
  if (!read || *read == 0) fields.Fail(key, "a port");
  port = static_cast<uint16_t>(read.value_or(0));
}

/** `read` gets each object of an array. */
template <typename Item, typename ReadItem>
void ReadList(Fields& fields, const char* key, std::vector<Item>& items, const ReadItem& read) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok()) return;
  if (!value.IsArray()) return fields.Fail(key, "an array");
  const auto array = value.As<Napi::Array>();
  items.resize(array.Length());
  for (uint32_t i = 0; i < items.size(); i++) {
    Fields item(array.Get(i), fields.Name(key) + "[" + std::to_string(i) + "]");
    read(item, items[i]);
    if (!CanGoOn(value.Env())) return;
  }
}

void ReadAllowedIp(Fields& fields, AllowedIp& allowed) {
  fields.Required("address", allowed.address);
  ReadPrefix(fields, allowed.address, allowed.prefix);
}

void ReadPeer(Fields& fields, WireguardPeer& peer) {
  ReadKey(fields, "publicKey", peer.public_key);
  fields.Required("endpoint", peer.endpoint);
  ReadPort(fields, "port", peer.port);
  ReadList(fields, "allowedIps", peer.allowed_ips, ReadAllowedIp);
}

}  // namespace

void ReadWireguardSync(Fields& fields, WireguardSync& sync) {
  ReadLink(fields, "link", sync.link);
  ReadKey(fields, "privateKey", sync.private_key);
  ReadPort(fields, "listenPort", sync.listen_port);
  ReadList(fields, "peers", sync.peers, ReadPeer);
}

}  // namespace cnm
