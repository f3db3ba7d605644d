#!/usr/bin/env bash
# boot.sh [COMMAND...]: runs COMMAND, of words without blanks, or a shell, in user-mode Linux on this machine's files, which it
# can't change; it has tmpfs on /run. COMMAND's words go to stdout, the kernel's to stderr. Ends when COMMAND does; needs root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
guest=$(readlink -f "$here/../guest")
build=$(readlink -m "$here/../../build/uml")
source "$here/../../scripts/common.sh"

if stale "$build/xstate.so" "$here/xstate.c"; then
  mkdir -p "$build"
  gcc -shared -fPIC -O2 -o "$build/xstate.so" "$here/xstate.c" -ldl
fi
terminals=(con=null con0=null,fd:2 ssl=null ssl0=null,fd:1) output=/dev/ttyS0
if [ $# = 0 ]; then terminals=(con=null con0=fd:0,fd:1 ssl=null) output=/dev/tty0; fi
# It has its memory in a file, and is quick when that is on a tmpfs. Its processes wait for one another at each system call: on one
# processor that takes a third less of it.
exec taskset -c "$(awk '{ print $39 }' /proc/self/stat)" "$guest/confine.sh" env TMPDIR=/dev/shm LD_PRELOAD="$build/xstate.so" \
  linux.uml mem=768M root=/dev/root rootfstype=hostfs rootflags=/ ro init="$guest/init.sh" "${terminals[@]}" console=tty0 quiet \
  uml_dir=/dev/shm/ umid=guest OUTPUT=$output MODULES=/usr/lib/uml/modules CNM_GUEST=uml -- "$@"
