#!/usr/bin/env bash
# Make sure that the programs which some tests use are on this host: Debian's packages, where they
# are missing. Says why not, with exit status 1, where that cannot be; the tests are then skipped.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

missing=()
for program in chromium ffmpeg; do
  command -v "$program" >/dev/null || missing+=("$program")
done
((${#missing[@]})) || exit 0

no() { echo "No ${missing[*]} on this host, their tests are left out: $1" >&2; exit 1; }
command -v apt-get >/dev/null || no "there is no apt-get to install them with."
[[ $(id -u) == 0 ]] || no "only root can install them."

log=$(mktemp)
trap 'rm "$log"' EXIT
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"
} >"$log" 2>&1 </dev/null || no "apt-get failed ($(tail -n 1 "$log"))."
