#pragma once

#include <memory>
#include <string>

#include "facts/outcome.h"

struct nft_ctx;

namespace cnm {

struct NftLibrary;

/** What the threads of this process are called while they change rules: by it the kernel's news of our own are told
 * apart. */
const std::string& NftThreadName();

/**
 * A libnftables context. The library is loaded from the system at first use and never shipped. It looks up link names
 * in the calling thread's namespace: call everything inside, see RunInNetns. It is not thread-safe, not even between
 * contexts, so that one lock per process stands around every call.
 */
class Nft {
 public:
  static Refused Open(std::unique_ptr<Nft>& nft);
  ~Nft();
  Nft(const Nft&) = delete;
  Nft& operator=(const Nft&) = delete;

  /** Runs `commands`, libnftables' JSON, as one transaction; `output` is what they list. Names the calling thread. */
  Refused Run(const std::string& commands, std::string& output);

 private:
  Nft(const NftLibrary& library, nft_ctx* context) : library_(library), context_(context) {}

  const NftLibrary& library_;
  nft_ctx* context_;
};

}  // namespace cnm
