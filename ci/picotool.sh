#!/usr/bin/env bash
# Builds the picotool that Debian 13 packages into the user's cache. Debian 13's own binary needs a newer libc than
# Debian 12's; where `apt install picotool` brings 2.1.1 or newer, that does as well. Needs no root.
set -euo pipefail
. "$(dirname "$0")/newer_debian.sh"
version=2.1.1

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

begin_packages deb-src "install picotool $version"
mkdir "$work/source"
# The authors' own source; Debian's additions are about packaging it.
(cd "$work" && "${apt[@]}" source --tar-only picotool)
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
mkdir "$work/result"
cp "$work/build/picotool" "$work/result/"
keep "$work/result" "$target"
echo "$("$target/picotool" version) is in $target"
