#pragma once

#include "facts/vlan.h"
#include "facts/vni.h"
#include "js/fields.h"

namespace cnm {

// Networks inside a link: VLANs of a bridge, and VNIs of a vxlan.

void ReadVni(Fields& fields, Verb verb, VniOp& op);
void ReadVlan(Fields& fields, Verb verb, VlanOp& op);

}  // namespace cnm
