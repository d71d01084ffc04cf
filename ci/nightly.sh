#!/usr/bin/env bash
# One night, for cron and systemd: ci/nightly.sh NIGHTS [ARGUMENT...]. The arguments are those of `tflm-hil nightly`.
# TFLM_HIL_UPDATE=1 takes the newest commit of the branch first. See docs/nightly.md.
set -euo pipefail
if [ $# -lt 1 ]; then
  echo "usage: ci/nightly.sh NIGHTS [ARGUMENT...]" >&2
  exit 2
fi
# Before the folder changes.
nights=$(realpath -m -- "$1")
shift
cd "$(dirname "$0")/.."

if [ "${TFLM_HIL_UPDATE:-0}" = 1 ]; then
  # What stands still is not waited for: the night then tests what is here, and its result names the commit.
  timeout 300 git pull --quiet --ff-only || echo "no newer commit could be fetched; testing what is here" >&2
fi
make --silent .venv/ready

build=()
if command -v cmake >/dev/null && command -v arm-none-eabi-g++ >/dev/null; then
  build=(--build "make firmware")
else
  echo "no cross compiler: testing the firmware that is here" >&2
fi
exec .venv/bin/tflm-hil nightly "$nights" "${build[@]}" "$@"
