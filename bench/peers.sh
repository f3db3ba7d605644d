#!/usr/bin/env bash
# npm run bench:peers: installs what the benches compare libcnm with, from Debian. Needs root; starts no service.
set -euo pipefail

# package: what is measured
packages=(
  docker.io:dockerd                        # docker network create, connect; docker network ls
  containernetworking-plugins:bridge       # CNI
  netavark:netavark                        # Podman
  busybox-static:'what runs in containers'
)
echo "installing ${packages[*]%%:*}"
exec apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]%%:*}"
