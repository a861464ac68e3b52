#!/usr/bin/env bash
# run.sh BUILD EXAMPLE: installs BUILD below a temporary folder, builds EXAMPLE against that alone, runs it, and lets
# the installed program use what it wrote.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cmake --install "$1" --prefix "$room/prefix" >/dev/null
cmake -S "$2" -B "$room/build" -G Ninja -DCMAKE_PREFIX_PATH="$room/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$room/build"
cd "$room"
build/own_model
for i in $(seq 100); do echo "0.$i,-0.$i,$((i % 2))"; done >points.csv
prefix/bin/gnomon evaluate --model-file spiral.safetensors --data points.csv
prefix/bin/gnomon machine list | grep -q aws-m7i-large
