#!/usr/bin/env bash
# Run by Snakemake inside the new conda environment, from the working directory.
set -euo pipefail
pip install -c constraints.txt -e '.[workflow]'
