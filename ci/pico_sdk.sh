#!/usr/bin/env bash
# Brings the pico-sdk that Debian 13 packages into the user's source cache, where the firmware's CMake finds it.
# For an older Debian; on Debian 13, `apt install pico-sdk-source` does the same for all users. Needs no root.
set -euo pipefail
. "$(dirname "$0")/newer_debian.sh"
version=2.1.1
packages=(pico-sdk-source tinyusb-source)

target=$cache/tflm-hil/sources/pico-sdk-$version
if [ -e "$target/pico-sdk/pico_sdk_init.cmake" ]; then
  echo "pico-sdk $version is in $target"
  exit 0
fi

begin_packages deb "set PICO_SDK_PATH"
mkdir "$work/tree"
(cd "$work" && "${apt[@]}" download "${packages[@]}")
for package in "$work"/*.deb; do
  dpkg -x "$package" "$work/tree"
done
if [ ! -e "$work/tree/usr/src/pico-sdk/lib/tinyusb/src/tusb.h" ]; then
  echo "${packages[*]} of $suite hold no usr/src/pico-sdk with lib/tinyusb; set PICO_SDK_PATH to one of your own" >&2
  exit 1
fi
keep "$work/tree/usr/src" "$target"
echo "pico-sdk $version is in $target"
