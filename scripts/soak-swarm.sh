#!/bin/bash
# scripts/soak-swarm.sh [ENDPOINTS] [SECONDS]: what can go wrong in a swarm, with so many endpoints and for so long; prints figures.
set -e
bash scripts/setup.sh
CNM_SOAK_SWARM="${1:-1000} ${2:-60}" exec npx vitest run test/soak/swarm.test.ts
