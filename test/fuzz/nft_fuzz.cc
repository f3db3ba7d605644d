// Commands of libnftables' JSON, as a user may give them: have we words for them?

#include <cstdlib>
#include <string>

#include "kernel/nft_batch.h"

using namespace cnm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string commands(reinterpret_cast<const char*>(data), size);
  // What is no document of libnftables' is none of ours.
  if (NftBatch::Of(commands) && commands.find("\"nftables\"") == std::string::npos) abort();
  return 0;
}
