#!/usr/bin/env bash
# guest.sh uml|qemu [FILE...|--shell]: the tests of test/uml or test/qemu, or those of these files, or a shell in such a kernel,
# which can read this machine's files and change none.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=$1
shift
bash scripts/setup.sh
if [ "${1-}" = --shell ]; then exec "test/$kind/boot.sh"; fi
CNM_SCENARIOS="$*" exec npx --no-install vitest run "test/$kind"
