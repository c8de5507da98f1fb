#!/bin/sh
# Prints the tables of docs/performance.md that compare: the machine (our side, then its peers) and the front end with its
# peers; with the processor, the day and the commit. With a word, only that one: `run.sh machine`, `run.sh frontend`.
# Erlang and Lua are programs: Debian has them as `erlang-base` and `lua5.4`. What is missing is said, here and in the table.
set -eu
cd "$(dirname "$0")"
cargo build --release --locked --quiet
for program in erl erlc lua5.4; do
    command -v "$program" >/dev/null || echo "MISSING PEER: there is no \`$program\`; its rows are left out" >&2
done
lscpu | sed -n 's/^Model name: *//p'
echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $(rustc --version), $(date +%F), commit $(git rev-parse --short HEAD)"
if [ "${1:-machine}" = machine ]; then
    printf '\nThe machine\n\n'
    (cd ../.. && cargo bench --quiet --locked -p tell-vm --bench machine)
    printf '\nThe machine beside its peers\n\n'
    ./target/release/machine
fi
if [ "${1:-frontend}" = frontend ]; then
    printf '\nThe front end beside its peers\n\n'
    ./target/release/tell-peers
fi
