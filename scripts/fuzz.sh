#!/usr/bin/env bash
# fuzz.sh [SECONDS]: libFuzzer on each parser of what the kernel says, so long each (20). In build/fuzz, where what was found
# stays. Says what it installs; installing needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/common.sh

seconds=${1:-20}
stage=$PWD/build/fuzz
need_packages clang-14 libclang-rt-14-dev cmake make pkg-config libnl-3-dev
if stale "$stage/built" native/kernel native/facts test/fuzz CMakeLists.txt; then
  say 'building (clang)'
  cmake -S . -B "$stage" -DCMAKE_CXX_COMPILER=clang++-14 -DCNM_SANITIZE=address,undefined,fuzzer-no-link -DCNM_FUZZERS=ON >/dev/null
  cmake --build "$stage" --parallel --target fuzz-columns fuzz-extack fuzz-rows >&2
  touch "$stage/built"
fi
for target in columns extack rows; do
  say "$target"
  mkdir -p "$stage/corpus/$target"
  "$stage/fuzz-$target" -max_total_time="$seconds" -max_len=512 -print_final_stats=1 -print_funcs=0 -verbosity=0 \
    -artifact_prefix="$stage/$target-" "$stage/corpus/$target"
done
