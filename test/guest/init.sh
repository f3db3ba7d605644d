#!/bin/sh
# The first process of a guest: makes a system of the machine's files, then runs the command it is given, whose words go to
# the terminal $OUTPUT, or a shell, and stops the kernel. Modules are those in $MODULES.
# That of this machine could be longer than a kernel's command line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
grep -q ' /dev devtmpfs' /proc/mounts || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /run/tmp /run/modules/lib
export TMPDIR=/run/tmp HOME=/run/tmp

# The kernel asks for modules where they are, not where the machine has its own.
ln -s "$MODULES" /run/modules/lib/modules
printf '#!/bin/sh\nexec modprobe -d /run/modules "$@"\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
# It comes with the first socket, and settings of namespaces are set before there is one.
modprobe -d /run/modules -q ipv6 || true
ip link set lo up

if [ $# -gt 0 ]; then
  "$@" </dev/null >"$OUTPUT" 2>&1
else
  setsid -c sh <"$OUTPUT" >"$OUTPUT" 2>&1
fi
busybox poweroff -f
