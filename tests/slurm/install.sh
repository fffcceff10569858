#!/usr/bin/env bash
# Make sure that SLURM's programs are on this host: Debian's packages, where they are missing.
# Says why not, with exit status 1, where that cannot be. No service is started.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive

for program in slurmctld slurmd munged srun; do
  command -v "$program" >/dev/null || missing=yes
done
[[ -n ${missing:-} ]] || exit 0

no() { echo "No SLURM on this host, its tests are left out: $1" >&2; exit 1; }
command -v apt-get >/dev/null || no "there is no apt-get to install it with."
[[ $(id -u) == 0 ]] || no "only root can install it."

policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm "$policy"' EXIT
fi
log=$(mktemp)
{ apt-get update -qq &&
  apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge
} >"$log" 2>&1 </dev/null || no "apt-get failed ($(tail -n 1 "$log"))."
rm "$log"
