#!/usr/bin/env bash
# kernel.sh: fetches Debian's cloud kernel from where apt gets its packages, and makes of it what boot.sh boots, in build/qemu/kernel.
# It is not installed. Does only what is missing.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
source scripts/common.sh

stage=$PWD/build/qemu/kernel
! stale "$stage/initrd" test/qemu/kernel.sh || {
  say "fetching Debian's cloud kernel"
  rm -rf "$stage"
  mkdir -p "$stage/initramfs"/{bin,lib,dev,new}
  cd "$stage"
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  # Whoever runs apt-get as root in a folder of root's is warned that _apt can't write there.
  apt-get download -qq "$package" 2> >(grep -v 'Download is performed unsandboxed' >&2)
  dpkg-deb -x ./*.deb .
  rm ./*.deb
  version=$(ls lib/modules)
  depmod -b . "$version"
  mv "boot/vmlinuz-$version" vmlinuz
  rm -r boot usr

  cd initramfs
  cp "$(command -v busybox)" bin/busybox
  # Those that it needs to see this machine's files, in order.
  modprobe -d .. -S "$version" -a --show-depends virtio_pci virtiofs virtio_console | awk '/^insmod/ && !seen[$2]++ { print $2 }' |
    while read -r module; do
      cp "$module" lib/
      echo "/lib/$(basename "$module")" >>modules
    done
  cat >init <<'INIT'
#!/bin/busybox sh
busybox=/bin/busybox
$busybox mount -t devtmpfs devtmpfs /dev
for module in $($busybox cat /modules); do $busybox insmod "$module"; done
$busybox mount -t virtiofs -o ro root /new || $busybox poweroff -f
$busybox mount --move /dev /new/dev
exec $busybox switch_root /new "$INIT" "$@"
INIT
  chmod +x init
  busybox find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >../initrd
}
