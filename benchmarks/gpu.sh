#!/usr/bin/env bash
# Checks both stages of the utterance model on a machine that has PyTorch with CUDA but no network:
#
#     bash benchmarks/gpu.sh [options of benchmarks/gpu.py]
#
# The results are benchmarks/results/gpu.md and gpu.json, or lie in the folder of --output; 1 is
# returned where CPU and GPU differ by more than rounding. It takes a few minutes.
#
# The machine needs Python 3.12 with torch, numpy, scipy, h5py, pandas, safetensors, tqdm and PyYAML.
# The other packages come as wheels (39 MB) in benchmarks/wheels, or in the folder WHEELS. Fetch them
# where there is a network, from the repository's folder:
#
#     pip download --no-deps --only-binary=:all: --python-version 3.12 \
#         --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
#         --constraint constraints.txt --dest benchmarks/wheels \
#         av pydantic pydantic-core annotated-types typing-inspection typing-extensions
set -euo pipefail
cd "$(dirname "$0")/.."
wheels=${WHEELS:-benchmarks/wheels}
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
python3 -m pip install --quiet --no-index --no-deps --no-compile --disable-pip-version-check \
    --target "$packages" "$wheels"/*.whl
PYTHONPATH="$PWD/src:$packages" python3 benchmarks/gpu.py "$@"
