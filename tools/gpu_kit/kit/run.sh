#!/usr/bin/env bash
# All checks and measurements on this machine's GPU, a line for each, in less than nine minutes: bash run.sh [--device cpu] [--minutes N]
cd "$(dirname "$0")" && tar -xf kit.tar.xz && exec python3 -u run.py "$@"
