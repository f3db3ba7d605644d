#!/usr/bin/env bash
# Formats native/ and its tests as .clang-format says; --check only complains.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
if [ "${1-}" = --check ]; then mode=(--dry-run -Werror); fi
find native test/native test/fuzz -name '*.h' -o -name '*.cc' | sort | xargs clang-format "${mode[@]}"
