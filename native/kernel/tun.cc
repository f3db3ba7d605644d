#include "kernel/tun.h"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "kernel/link.h"

namespace cnm {

namespace {

constexpr Word kModes[] = {{"tun", IFF_TUN}, {"tap", IFF_TAP}};

Refused Ask(const Fd& device, Named request, unsigned long argument) {
  if (ioctl(device.get(), static_cast<unsigned long>(request.value), argument) == 0) return {};
  return Refusal{.error = -errno, .request = request.name};
}

uint32_t FlagsOf(const TunOptions& tun) {
  return tun.mode | IFF_TUN_EXCL | (tun.pi ? 0u : IFF_NO_PI) | (tun.vnet_hdr ? IFF_VNET_HDR : 0u) |
         (tun.multi_queue ? IFF_MULTI_QUEUE : 0u);
}

Refused Attach(const Fd& device, const std::string& name, const TunOptions& tun) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return Refusal{.error = -ERANGE, .request = "TUNSETIFF"};
  name.copy(request.ifr_name, name.size());
  request.ifr_flags = static_cast<short>(FlagsOf(tun));
  return Ask(device, CNM_NAMED(TUNSETIFF), reinterpret_cast<unsigned long>(&request));
}

/** Until it is to stay, the link goes with the descriptor. */
Refused Make(Place& place, const std::string& name, const TunOptions& tun) {
  Fd device;
  if (Refused refusal = place.Tun(device)) return refusal;
  if (Refused refusal = Attach(device, name, tun)) return refusal;
  if (tun.user) {
    if (Refused refusal = Ask(device, CNM_NAMED(TUNSETOWNER), *tun.user)) return refusal;
  }
  if (tun.group) {
    if (Refused refusal = Ask(device, CNM_NAMED(TUNSETGROUP), *tun.group)) return refusal;
  }
  return Ask(device, CNM_NAMED(TUNSETPERSIST), 1);
}

LinkSet SettingsOf(const LinkAdd& add) {
  LinkSet set;
  set.link = add.name;
  if (add.up) set.up = true;
  set.mac = add.mac;
  set.mtu = add.mtu;
  set.group = add.group;
  return set;
}

}  // namespace

std::span<const Word> TunModes() { return kModes; }

Refused AddTun(Place& place, const LinkAdd& add, int32_t& index) {
  if (Refused refusal = Make(place, add.name, *add.tun)) return refusal;
  // Nobody has it open any more, so it is set up without a carrier, as by ip.
  Refused refusal = SetLink(place, nullptr, SettingsOf(add));
  if (!refusal) refusal = ResolveLink(place, add.name, "", index);
  // All of it, or nothing.
  if (refusal) DelLink(place, {.link = add.name});
  return refusal;
}

}  // namespace cnm
