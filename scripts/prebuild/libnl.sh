#!/usr/bin/env bash
# libnl-3.a from Debian's source package, position-independent, for one machine (x64 or arm64): build/libnl/ARCH/lib and
# include. Idempotent; the source stays in build/libnl.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/common.sh

version=3.7.0-0.2
arch=$1
declare -A hosts=([x64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu)
host=${hosts[$arch]}
glibc=$PWD/native/portable/old-glibc.h

mkdir -p build/libnl
cd build/libnl
prefix=$PWD/$arch
if ! stale "$prefix/lib/libnl-3.a" "$glibc" "$OLDPWD/scripts/prebuild/libnl.sh"; then exit 0; fi

# Debian's archive as this machine knows it, but its sources, and without a change to the machine's own lists.
if [ ! -e "libnl3_$version.dsc" ] || [ ! -d "libnl3-${version%-*}" ]; then
  say "fetching the source of libnl3 $version"
  mkdir -p lists/partial
  apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u >sources.list
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$PWD/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$PWD/lists"
    -o APT::Sandbox::User=root)
  "${apt[@]}" update
  rm -rf "libnl3-${version%-*}"
  "${apt[@]}" source --only-source "libnl3=$version" >&2
fi

say "building libnl $version for $arch"
rm -rf "$prefix" "$arch-objects"
mkdir -p "$arch-objects"
cd "$arch-objects"
log=$PWD/build.log
{
  "../libnl3-${version%-*}/configure" "--host=$host" --disable-shared --enable-static --with-pic --disable-cli --disable-debug \
    CFLAGS="-O2 -ffunction-sections -include $glibc" &&
    # The core alone. Debian's patches are newer than the generated files, which are right as they are.
    make -j2 AUTOMAKE=: AUTOCONF=: ACLOCAL=: AUTOHEADER=: lib/libnl-3.la
} >"$log" 2>&1 || {
  tail -20 "$log" >&2
  say "libnl could not be built: $log"
  exit 1
}

mkdir -p "$prefix/include/libnl3" "$prefix/lib"
cp -r "../libnl3-${version%-*}/include/netlink" include/netlink "$prefix/include/libnl3/"
cp lib/.libs/libnl-3.a "$prefix/lib/"
