#!/usr/bin/env bash
# prebuilds/linux-{x64,arm64}/libcnm.glibc.node, with libnl inside, and cnm-client, and prebuilds/source, which is that libnl's.
# Idempotent; does only what is missing and says so. Debian 12 on x64: what is made depends on its compiler and on its source of libnl.
# Installing system packages needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/common.sh

if [ "$(uname -m)" != x86_64 ]; then
  say 'prebuilds are made on x64'
  exit 1
fi
need_packages g++ make cmake binutils g++-aarch64-linux-gnu \
  dpkg-dev flex bison # libnl's source and its configure

declare -A strip=([x64]=strip [arm64]=aarch64-linux-gnu-strip)
for arch in x64 arm64; do
  addon=prebuilds/linux-$arch/libcnm.glibc.node
  stale "$addon" native CMakeLists.txt scripts/prebuild || continue
  bash scripts/prebuild/libnl.sh "$arch"
  say "building $addon (prebuildify, cmake-js)"
  stage=build/prebuild/$arch
  mkdir -p "$stage"
  # --out is a folder of its own until the binary has been looked at.
  npx --no-install prebuildify --napi --name libcnm --tag-libc --arch "$arch" --strip --strip-bin "${strip[$arch]}" \
    --cwd "$stage" --out "$stage" --node-gyp "$PWD/scripts/prebuild/cmake-js.mjs" >&2
  node scripts/prebuild/floor.mjs "$stage/$addon"
  mkdir -p "$(dirname "$addon")"
  "${strip[$arch]}" "$stage/build/Release/cnm-client"
  node scripts/prebuild/floor.mjs "$stage/build/Release/cnm-client"
  mv "$stage/build/Release/cnm-client" "prebuilds/linux-$arch/"
  mv "$stage/$addon" "$addon"
done

# Who gets the binaries gets the source of what is in them.
if stale prebuilds/source scripts/prebuild; then
  mkdir -p prebuilds/source
  cp build/libnl/libnl3_* prebuilds/source/
  touch prebuilds/source
fi
