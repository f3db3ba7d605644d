// The first byte says which table is asked for; what follows is the datagram with which the kernel answers.

#include "place.h"
#include "readers.h"

using namespace cnm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Script script({{Bytes(data + 1, data + size)}});
  kReaders[data[0] % std::size(kReaders)].read(OwnPlace());
  return 0;
}
