#!/usr/bin/env bash
# The C libraries of Debian 11 (glibc 2.31), the oldest system that the package is for: build/prebuild/bullseye. Idempotent;
# this machine's own lists and libraries stay as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/common.sh

stage=$PWD/build/prebuild/bullseye
stale "$stage/root" scripts/prebuild/bullseye.sh || exit 0
say 'fetching the C libraries of Debian 11'
rm -rf "$stage"
mkdir -p "$stage/lists/partial" "$stage/cache/archives/partial" "$stage/debs"
cd "$stage"
apt-get indextargets --format 'deb $(REPO_URI) bullseye main' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' | sort -u >sources.list
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$stage/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$stage/lists"
  -o "Dir::Cache=$stage/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
"${apt[@]}" update
(cd debs && "${apt[@]}" download libc6 libgcc-s1 libstdc++6)
for deb in debs/*.deb; do dpkg-deb -x "$deb" root; done
rm -r root/usr/share
ln -sf ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 root/lib64/ld-linux-x86-64.so.2
touch root
