#!/usr/bin/env bash
# sanitize.sh address|thread [brief]: builds the addon and its native tests to find errors, and runs tests with them:
# AddressSanitizer with UndefinedBehaviorSanitizer, or ThreadSanitizer; brief: native/kernel and a short soak only. In
# build/address, build/thread; the build that is used stays as it is. Says what it installs; installing needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/common.sh

sanitizer=$1 extent=${2:-whole}
stage=$PWD/build/$sanitizer
case $sanitizer in
  address) flags=address,undefined library=libasan.so may_grow=64 ;;
  # It remembers every address that was ever used, for as long as the process lives.
  thread) flags=thread library=libtsan.so may_grow=256 ;;
  *) say "$sanitizer: address or thread" && exit 2 ;;
esac

bash scripts/setup.sh
need_packages patchelf
if stale "$stage/built" native test/native CMakeLists.txt; then
  say "building with -fsanitize=$flags (cmake-js)"
  cmake_js=(npx --no-install cmake-js --out "$stage/build" --log-level error)
  "${cmake_js[@]}" configure "--CDCNM_SANITIZE=$flags" --CDCNM_NATIVE_TESTS=ON --CDCNM_UNITY=ON >&2
  "${cmake_js[@]}" build >&2
  touch "$stage/built"
fi

# The sanitizer has to be loaded before all else, but in Node.js alone: ip, which tests call, has errors of its own.
if stale "$stage/node" "$(node -p process.execPath)"; then
  cp "$(node -p process.execPath)" "$stage/node"
  patchelf --add-needed "$(patchelf --print-soname "$(g++ -print-file-name=$library)")" "$stage/node"
  touch "$stage/node"
fi
export PATH=$stage:$PATH

export UBSAN_OPTIONS=print_stacktrace=1
say 'native/kernel without Node'
"$stage/build/kernel-tests" --no-intro --no-version

# Node.js itself was not built like this: what it leaves at its end, and what its own threads do, is not ours. What was freed
# is kept only for a while, or the soak takes it for a leak.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8 TSAN_OPTIONS=ignore_noninstrumented_modules=1
# Where node-gyp-build looks for libcnm's addon first.
export LIBCNM_PREBUILD=$stage
soak() {
  say "the addon in $2 workers for $1 s"
  # AddressSanitizer keeps the stack of each allocation for ever, and with JavaScript in them no two are alike.
  ASAN_OPTIONS=$ASAN_OPTIONS:malloc_context_size=2 node test/soak/soak.mjs "$@" "$may_grow"
}
if [ "$extent" = brief ]; then
  soak 8 8
  exit
fi
say 'the addon in Node.js'
node node_modules/vitest/vitest.mjs run --testTimeout=600000 --hookTimeout=600000 test/kernel test/life
soak 60 24
