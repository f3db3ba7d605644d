# Sourced by the scripts beside it, after they went to the top of the checkout.

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

# Installs those of the named system packages that are not there. Needs root only then.
need_packages() {
  local name missing=()
  for name; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing system packages: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    say "this needs root: apt-get install --no-install-recommends ${missing[*]}"
    return 1
  fi
  # apt waits for whoever installs, but not for whoever reads lists.
  (
    flock 9
    DEBIAN_FRONTEND=noninteractive apt-get update -qq -o DPkg::Lock::Timeout=300
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
  ) 9>/run/lock/cnm-packages
}

# Something changed since the stamp was set, or it never was.
stale() {
  local stamp=$1
  shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit)" ]
}
