#!/usr/bin/env bash
# systemd.sh CONTROL-GROUPS: becomes a real systemd for an island, as the manager of a user's services, who is root; systemctl(1)
# finds it where it finds that of any host. It has no units but those that somebody puts into /etc/systemd/system, which is empty, and
# targets for them.
set -euo pipefail

units=/run/units
own=/run/home/.config/systemd/user
mkdir -p /run/systemd/system "$units" "$own"
mount -t tmpfs tmpfs /etc/systemd/system
for target in basic sockets network multi-user shutdown exit; do printf '[Unit]\nDefaultDependencies=no\n' >"$units/$target.target"; done

# Below the island's own, which end with it.
for hierarchy in /sys/fs/cgroup/*/; do
  [ ! -e "$hierarchy/cgroup.procs" ] || { mkdir -p "$hierarchy/$1/systemd" && echo $$ >"$hierarchy/$1/systemd/cgroup.procs"; } 2>/dev/null || true
done

export XDG_RUNTIME_DIR=/run HOME=/run/home SYSTEMD_UNIT_PATH=$own:/etc/systemd/system:$units
exec /lib/systemd/systemd --user --unit=multi-user.target
