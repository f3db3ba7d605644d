#!/usr/bin/env bash
# tidy.sh [FILE...]: clang-tidy, as .clang-tidy says, on those files of native/, or on all. Says what it installs; installing
# needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/common.sh

bash scripts/setup.sh
need_packages clang-tidy-14
files=("$@")
[ $# -gt 0 ] || mapfile -t files < <(find native/addon.cc native/client native/js native/kernel -name '*.cc' | sort)
# It counts what it did not say, too.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build --quiet 2> >(grep -v 'warnings\? \(and .* \)\?generated' >&2)
