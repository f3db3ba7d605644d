#pragma once

#include <linux/xfrm.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "facts/xfrm.h"
#include "kernel/attributes.h"
#include "kernel/message.h"
#include "kernel/options.h"

namespace cnm {

// What policies and states of IPsec have in common.

void CopyAddress(const std::optional<Address>& address, xfrm_address_t& out);
std::array<uint8_t, 16> BytesOf(const xfrm_address_t& address);

xfrm_selector SelectorOf(const XfrmSelector& selector);
/** What is not said has no limit. */
xfrm_lifetime_cfg LifetimeOf(const XfrmLimits& limits);

/** Nothing without a mark. */
void PutMark(Message& message, const std::optional<uint32_t>& mark, uint32_t mask);
xfrm_mark MarkIn(const Attributes& attributes);

// What ip calls them, with their numbers: IPPROTO_* of packets, those with ports, IPPROTO_* of what is done to packets,
// and XFRM_MODE_*.
std::span<const Word> XfrmProtocols();
bool HasXfrmPorts(uint32_t protocol);
std::span<const Word> XfrmTransforms();
std::span<const Word> XfrmModes();

}  // namespace cnm
