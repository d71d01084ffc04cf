#!/usr/bin/env bash
# Brings the pico-sdk that Debian 13 packages into the user's source cache, where the firmware's CMake finds it.
# For an older Debian; on Debian 13, `apt install pico-sdk-source` does the same for all users. Needs no root.
set -euo pipefail
version=2.1.1
suite=trixie
packages=(pico-sdk-source tinyusb-source)

cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in /*) ;; *) cache=$HOME/.cache ;; esac
target=$cache/tflm-hil/sources/pico-sdk-$version
if [ -e "$target/pico-sdk/pico_sdk_init.cmake" ]; then
  echo "pico-sdk $version is in $target"
  exit 0
fi

# The package site is the one that this computer uses already; only the suite is another, and only for these packages.
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
if [ -z "$site" ]; then
  echo "no Debian package site is configured on this computer; run apt-get update, or set PICO_SDK_PATH" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/tree"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$work/sources.list"
private=(
  -qq
  -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=-
  -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
  -o APT::Sandbox::User=
)
apt-get "${private[@]}" update
(cd "$work" && apt-get "${private[@]}" download "${packages[@]}")
for package in "$work"/*.deb; do
  dpkg -x "$package" "$work/tree"
done
if [ ! -e "$work/tree/usr/src/pico-sdk/lib/tinyusb/src/tusb.h" ]; then
  echo "${packages[*]} of $suite hold no usr/src/pico-sdk with lib/tinyusb; set PICO_SDK_PATH to one of your own" >&2
  exit 1
fi
mkdir -p "$(dirname "$target")"
# In one step: an interrupted run leaves nothing that looks complete.
rm -rf "$target.new"
cp -a "$work/tree/usr/src" "$target.new"
rm -rf "$target"
mv "$target.new" "$target"
echo "pico-sdk $version is in $target"
