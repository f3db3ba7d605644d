#!/usr/bin/env bash
# Makes this checkout ready to run: system packages, npm packages, native build, library build. Idempotent; does only what
# is missing and says so. Debian 12 or Ubuntu, Node 20.17 or newer. Installing system packages needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/common.sh

# package: what it is for
packages=(
  g++:build make:build cmake:build pkg-config:build
  libnl-3-dev:build              # netlink messages
  libnftables1:run               # firewall
  nftables:test iproute2:test iputils-ping:test tcpdump:test
  zsh:test fish:test             # shell completion
  procps:test netbase:test       # sysctl; names of protocols in nft's listings
  conntrack:test tcpdump:test    # connections; frames
  ethtool:test                   # what a link computes by itself
  netsniff-ng:test ipv6toolkit:test # announcements as they are printed: mausezahn, na6
  util-linux:run                 # nsenter
  python3:test                   # a plugin that somebody else has written
  docker.io:test busybox-static:test # what Docker does, told the same
  systemd:test curl:test         # the units
  etcd-server:test openssl:test  # the store of a swarm, and certificates for it
  doctest-dev:test               # test/native
  user-mode-linux:test qemu-system-x86:test kmod:test # kernels of our own
  dnsmasq-base:test              # a DHCP server
  clang-format:lint
)

need_packages "${packages[@]%%:*}"

if stale node_modules/.package-lock.json package-lock.json; then
  # What any of them would compile is prebuilt, or not used here.
  say 'installing npm packages (npm ci)'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

if stale build/Release/cnm.node native test/native CMakeLists.txt; then
  say 'building the native addon, the client and their tests (cmake-js)'
  npx --no-install cmake-js configure --CDCNM_NATIVE_TESTS=ON --CDCNM_UNITY=ON --log-level error >&2
  npx --no-install cmake-js build --log-level error >&2
  touch build/Release/cnm.node
fi

if stale dist/esm/lib/index.js lib binding binding.d.ts scripts/build-lib.mjs tsconfig.json; then
  say 'building the library (tsc)'
  npm run --silent build:lib >&2
fi

# What qemu boots in tests.
bash test/qemu/kernel.sh
