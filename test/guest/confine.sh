#!/usr/bin/env bash
# confine.sh COMMAND...: runs COMMAND where it can read this machine's files and change none: all is read-only but /dev/shm
# and /run, which are new. It has no network, and ends with whoever started it, as does all that it starts. Needs root.
set -euo pipefail

if [ "${CNM_CONFINED-}" != "$$" ]; then
  exec setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc \
    sh -c 'export CNM_CONFINED=$$; exec "$@"' sh "$(readlink -f "$0")" "$@"
fi
unset CNM_CONFINED
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
while read -r target; do
  case $target in /proc | /proc/* | /dev/shm | /run) continue ;; esac
  # Those that others lie on top of can't be reached, nor changed.
  mount -o remount,bind,ro "$target" 2>/dev/null || true
done < <(findmnt --raw --noheadings --output TARGET | while read -r line; do printf '%b\n' "$line"; done)
for folder in / "$PWD" /etc /tmp; do
  if [ -w "$folder" ]; then echo "confine.sh: $folder could be written" >&2 && exit 1; fi
done
# Not in place of this shell: whoever comes first in a PID namespace is told of orphans, and is sent no signal that it does not await.
# A guest's clock goes on while it waits for a processor: with as little as anybody has, deadlines inside pass before anything is done.
nice -n -5 "$@"
