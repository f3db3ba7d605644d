#!/usr/bin/env bash
# boot.sh [COMMAND...]: runs COMMAND, of words without blanks, or a shell, under qemu in the kernel of kernel.sh, on this
# machine's files, which it can't change; it has tmpfs on /run. COMMAND's words go to stdout, the kernel's to stderr. Ends when
# COMMAND does; needs root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
guest=$(readlink -f "$here/../guest")
kernel=$(readlink -f "$here/../../build/qemu/kernel")

if [ "${1-}" != --confined ]; then
  [ -e "$kernel/initrd" ] || bash "$here/kernel.sh"
  exec "$guest/confine.sh" "$here/boot.sh" --confined "$@"
fi
shift
stage=$(mktemp -d /dev/shm/qemu-XXXXXX)
/usr/lib/qemu/virtiofsd --socket-path="$stage/files" -o source=/ -o cache=always -o sandbox=chroot >"$stage/virtiofsd" 2>&1 &
until [ -S "$stage/files" ]; do
  kill -0 $! 2>/dev/null || { cat "$stage/virtiofsd" >&2 && exit 1; }
  sleep 0.01
done
words="quiet panic=-1 console=ttyS0 INIT=$guest/init.sh PATH=$PATH OUTPUT=/dev/hvc0 MODULES=$kernel/lib/modules CNM_GUEST=qemu"
qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -display none -no-reboot \
  -object memory-backend-memfd,id=memory,size=1024M,share=on -numa node,memdev=memory \
  -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" -append "$words -- $*" -serial "file:$stage/kernel" \
  -chardev "socket,id=files,path=$stage/files" -device vhost-user-fs-pci,chardev=files,tag=root \
  -chardev stdio,id=out,signal=off -device virtio-serial-pci -device virtconsole,chardev=out || true
cat "$stage/kernel" >&2
