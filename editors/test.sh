#!/usr/bin/env bash
# Tests everything in `editors/`: the tree-sitter grammar, the TextMate grammar and the extension for Visual Studio Code,
# the files for Neovim and Helix, the picture. Prints what it counted, and SKIP where a tool cannot be had.
#
# Needs cargo, a C compiler and the crates.io registry; node and the npm registry; and, if they are there, nvim and hx.
# TELLC and TREE_SITTER name programs that are built already. The first run builds tree-sitter's program (two minutes).
set -euo pipefail
cd "$(dirname "$0")"
editors=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

CLI_VERSION=0.27.1
ABI=14 # the newest that Neovim 0.7 to 0.10 read

step() { printf '\n-- %s (%ss)\n' "$1" "$SECONDS"; }
skip() { printf '\nSKIP: %s; skipped: %s\n\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }

texts=$(find ../tests/corpus ../examples ../stdlib/tell ../language/tests/samples tests/inputs -name '*.tell' | wc -l)

step "the compiler, whose lexer, layout and parser are the reference"
if [ -z "${TELLC:-}" ]; then
    (cd .. && cargo build --quiet --package tellc)
    TELLC=$(cd .. && cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/tellc
fi
export TELLC TELL_SHOWN=$scratch/shown.json

step "tree-sitter"
# Finds or builds tree-sitter's program. The package on npm fetches it from GitHub, that on crates.io needs the registry only.
tree_sitter() {
    for program in "${TREE_SITTER:-}" "$editors/.tools/bin/tree-sitter" tree-sitter; do
        if has "$program" && [ "$("$program" --version | cut -d' ' -f2)" = "$CLI_VERSION" ]; then
            command -v "$program"
            return
        fi
    done
    cargo install --quiet --locked --no-default-features --root "$editors/.tools" --version "$CLI_VERSION" tree-sitter-cli \
        >&2 && echo "$editors/.tools/bin/tree-sitter"
}
if has node && has cc && TREE_SITTER=$(tree_sitter); then
    export TREE_SITTER TELL_PARSER=$scratch/tell.so TELL_LEAVES=$scratch/leaves.json TREE_SITTER_LIBDIR=$scratch
    (
        cd tree-sitter-tell
        "$TREE_SITTER" generate --abi "$ABI"
        "$TREE_SITTER" build --output "$TELL_PARSER" .
        "$TREE_SITTER" test | tail -n 2 | head -n 1
        # changed texts are parsed anew in part; the result is that of parsing them from the start
        TREE_SITTER_SEED=1 "$TREE_SITTER" fuzz --iterations 20 >"$scratch/fuzz" || { tail -n 60 "$scratch/fuzz"; exit 1; }
    )
    node tests/tree_sitter.mjs
else
    skip "node, a C compiler or tree-sitter-cli $CLI_VERSION from crates.io is missing" \
        "the tree-sitter grammar and its queries over $texts texts, and all editors that use it"
    TREE_SITTER=
fi

step "Visual Studio Code"
if has node && has npm && (cd vscode && npm ci --no-fund --no-audit --loglevel=error); then
    (
        cd vscode
        npm run --silent test
        rm -f ./*.vsix
        npm run --silent package >"$scratch/package" || { cat "$scratch/package"; exit 1; }
        echo "ok   package: $(ls ./*.vsix), $(wc -c <"$(ls ./*.vsix)") bytes"
    )
    node screenshot.mjs examples/two_buyer.tell "$scratch/highlight.png" | sed "s|^[^:]*|ok   picture|"
else
    skip "node, npm or the npm registry is missing" \
        "the TextMate grammar over $texts texts, indentation, snippets, the package, the picture"
fi

step "Neovim"
if has nvim && [ -n "$TREE_SITTER" ]; then
    mkdir -p "$scratch/nvim/parser"
    cp "$TELL_PARSER" "$scratch/nvim/parser/tell.so"
    for file in examples/two_buyer.tell editors/tests/inputs/{authority,layout,scopes}.tell; do
        counted=$(cd .. && timeout 60 nvim --headless --clean --cmd "set rtp^=$scratch/nvim,editors/neovim" "$file" \
            -S editors/neovim/test.lua 2>&1) || { echo "FAIL Neovim: $file"; echo "$counted"; exit 1; }
        echo "ok   $(nvim --version | head -n 1): $file, $counted"
    done
else
    skip "nvim is missing (apt-get install neovim)" "4 files opened: filetype, indentation, parser, 5 queries each"
fi

step "Helix"
if has hx && [ -n "$TREE_SITTER" ]; then
    mkdir -p "$scratch/config/helix/runtime/queries"
    sed "s|/path/to/tell|$(dirname "$editors")|" helix/languages.toml >"$scratch/config/helix/languages.toml"
    cp -r tree-sitter-tell/queries "$scratch/config/helix/runtime/queries/tell"
    (
        export XDG_CONFIG_HOME=$scratch/config
        hx --grammar build >"$scratch/helix" 2>&1 || { cat "$scratch/helix"; exit 1; }
        hx --health tell | tee "$scratch/helix"
        ! grep -q '✘.*\(parser\|queries\)\|\(parser\|queries\).*✘' "$scratch/helix"
    )
else
    skip "hx is missing (Debian has no package of Helix)" "hx --health tell"
fi

printf '\neditors: done in %ss\n' "$SECONDS"
