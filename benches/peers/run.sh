#!/bin/sh
# Prints the table of the front end in docs/performance.md, with the machine, the day and the commit.
set -eu
cd "$(dirname "$0")"
cargo build --release --locked --quiet
lscpu | sed -n 's/^Model name: *//p'
echo "$(nproc) cores, $(rustc --version), $(date +%F), commit $(git rev-parse --short HEAD)"
echo
./target/release/tell-peers
