#!/usr/bin/env bash
# Builds the picotool that Debian 13 packages into the user's cache. Debian 13's own binary needs a newer libc than
# Debian 12's; where `apt install picotool` brings 2.1.1 or newer, that does as well. Needs no root.
set -euo pipefail
version=2.1.1
suite=trixie

cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in /*) ;; *) cache=$HOME/.cache ;; esac
target=$cache/tflm-hil/picotool-$version
if [ -x "$target/picotool" ]; then
  echo "picotool $version is in $target"
  exit 0
fi

missing=()
command -v cmake >/dev/null || missing+=(cmake)
command -v make >/dev/null || missing+=(make)
command -v g++ >/dev/null || missing+=(g++)
command -v xz >/dev/null || missing+=(xz-utils)
[ -e /usr/include/libusb-1.0/libusb.h ] || missing+=(libusb-1.0-0-dev)
if [ ${#missing[@]} -gt 0 ]; then
  echo "picotool cannot be built yet: apt install ${missing[*]}" >&2
  exit 1
fi

# It shares headers with the pico-sdk, and demands one of its own age.
sdk=${PICO_SDK_PATH:-$cache/tflm-hil/sources/pico-sdk-$version/pico-sdk}
if [ ! -e "$sdk/pico_sdk_init.cmake" ]; then
  "$(dirname "$0")/pico_sdk.sh"
fi

# The package site is the one that this computer uses already; only the suite is another, and only for this package.
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
if [ -z "$site" ]; then
  echo "no Debian package site is configured on this computer; run apt-get update, or install picotool $version" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$work/sources.list"
private=(
  -qq
  -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=-
  -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
  -o APT::Sandbox::User=
)
apt-get "${private[@]}" update
# The authors' own source; Debian's additions are about packaging it.
(cd "$work" && apt-get "${private[@]}" source --tar-only picotool)
archive=("$work"/picotool_"$version"*.orig.tar.xz)
if [ ! -e "${archive[0]}" ]; then
  echo "picotool of $suite is not $version: $(cd "$work" && echo picotool_*)" >&2
  exit 1
fi
tar -x -f "${archive[0]}" -C "$work/source" --strip-components=1
# A program for RP2350's permissions, which Debian leaves out as it comes as a binary; only `otp permissions` runs it.
program=$work/source/xip_ram_perms/xip_ram_perms.elf
[ -e "$program" ] || echo "left out" >"$program"

log=$work/log
if ! {
  cmake -S "$work/source" -B "$work/build" -D PICO_SDK_PATH="$sdk" -D CMAKE_BUILD_TYPE=Release &&
    cmake --build "$work/build" --parallel "$(nproc)"
} >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
# One that was built without libusb knows no device.
if ! "$work/build/picotool" help load | grep -q -- --bus; then
  echo "this picotool was built without libusb" >&2
  exit 1
fi
mkdir -p "$(dirname "$target")"
# In one step: an interrupted run leaves nothing that looks complete.
rm -rf "$target.new"
mkdir "$target.new"
cp "$work/build/picotool" "$target.new/"
rm -rf "$target"
mv "$target.new" "$target"
echo "$("$target/picotool" version) is in $target"
