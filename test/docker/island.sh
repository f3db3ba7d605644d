#!/usr/bin/env bash
# island.sh CONTROL-GROUPS: the first process of a host that nobody else sees. Prints where the namespace of its LAN peer is, and
# ends, and all with it, when standard input does. Nothing there has a name outside, so nothing stays behind, whoever is killed.
set -euo pipefail

# A sysfs of this namespace, with the control groups that Docker wants in it; /run, where all state is, in memory.
mount --rbind /sys/fs/cgroup /mnt
mount -t sysfs sysfs /sys
mount --rbind /mnt /sys/fs/cgroup
umount -l /mnt
mount -t tmpfs tmpfs /run

unshare --net sh -c 'echo /proc/$$/ns/net; exec sleep infinity' &
disown
cat >/dev/null

# Control groups alone outlive their processes, which take a moment to end.
kill -KILL -1
for _ in {1..1000}; do
  find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + 2>/dev/null && break
  sleep 0.01
done
