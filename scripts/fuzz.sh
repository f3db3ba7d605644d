#!/usr/bin/env bash
# fuzz.sh [SECONDS]: native/kernel with AddressSanitizer and UndefinedBehaviorSanitizer: its own tests, and libFuzzer on each parser of
# what the kernel says, and on what we ask it, so long each (20), beginning with what a real kernel said, and rules of ours
# (test/fuzz/seeds). In build/fuzz, where what was found stays. fuzz.sh record writes the former anew.
# Says what it installs; installing, and a namespace to work in, need root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/common.sh

seconds=${1:-20}
stage=$PWD/build/fuzz
seeds=$PWD/test/fuzz/seeds
need_packages clang-14 libclang-rt-14-dev cmake make pkg-config libnl-3-dev doctest-dev
if stale "$stage/built" native/kernel native/facts test/fuzz test/native CMakeLists.txt; then
  say 'building (clang)'
  cmake -S . -B "$stage" -DCMAKE_CXX_COMPILER=clang++-14 -DCNM_SANITIZE=address,undefined,fuzzer-no-link \
    -DCNM_FUZZERS=ON -DCNM_NATIVE_TESTS=ON -DCNM_UNITY=ON >/dev/null
  cmake --build "$stage" --parallel "$(nproc)" --target kernel-tests fuzzers >&2
  touch "$stage/built"
fi

if [ "$seconds" = record ]; then
  rm -rf "$seeds"/{columns,extack,subscription,tables}
  cmake --build "$stage" --target fuzz-record >&2
  exec "$stage/fuzz-record" "$seeds"
fi
export UBSAN_OPTIONS=print_stacktrace=1
say 'the tests of native/kernel'
"$stage/kernel-tests" --no-intro --no-version
for target in columns extack nft ops rows subscription tables; do
  say "$target"
  mkdir -p "$stage/corpus/$target"
  folders=("$stage/corpus/$target")
  if [ -d "$seeds/$target" ]; then folders+=("$seeds/$target"); fi
  # Of its namespace nothing may be left, whatever it asks for.
  unshare -n "$stage/fuzz-$target" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -print_funcs=0 -verbosity=0 \
    -artifact_prefix="$stage/$target-" "${folders[@]}"
done
