//! The rules of ARCHITECTURE.md that a compiler does not check: directions, doors, bans, names and sizes.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tell_tests::verdict::Verdict;
use tell_tests::{files, root, text_of};

const PACKAGES: [&str; 8] = ["language", "ir", "compiler", "vm", "stdlib", "bridge", "tellc", "tests"];

/// Which package may use which others of ours; nothing else.
const DIRECTION: &[(&str, &[&str])] = &[
    ("tell-language", &[]),
    ("tell-ir", &[]),
    ("tell-compiler", &["tell-language", "tell-ir"]),
    ("tell-vm", &["tell-ir"]),
    ("tell-stdlib", &["tell-vm"]),
    ("tell-bridge", &["tell-ir", "tell-compiler", "tell-vm"]),
    ("tellc", &["tell-language", "tell-ir", "tell-compiler", "tell-vm", "tell-stdlib", "tell-bridge"]),
    ("tell-tests", &["tell-language", "tell-ir", "tell-compiler", "tell-vm", "tell-stdlib", "tell-bridge"]),
];

/// A package from outside, and the files that may name it. Everybody else goes through them.
const DOORS: &[(&str, &[&str])] = &[
    ("logos", &["language/src/token"]),
    ("lalrpop", &["language/build.rs"]),
    ("lalrpop_util", &["language/src/parse"]),
    ("ariadne", &["language/src/render.rs"]),
    ("bincode", &["ir/src/codec"]),
    ("blake3", &["ir/src/hash.rs"]),
    ("json_event_parser", &["bridge/src/json.rs"]),
    ("clap", &["tellc/"]),
    ("notify", &["tellc/src/watch.rs"]),
    ("toml", &["tellc/src/manifest.rs"]),
    ("serde", &["ir/", "bridge/", "tellc/"]),
    ("serde_json", &["bridge/", "tellc/", "tests/"]),
    ("datatest_stable", &["tests/"]),
    ("cargo_metadata", &["tests/"]),
];

/// Where instructions may be written down.
const INSTRUCTIONS: &[&str] = &[
    "ir/",
    "compiler/src/emit",
    "vm/src/kernel",
    "vm/src/tests",
    "vm/benches/",
    "stdlib/src/tests",
    "tests/tests/images.rs",
    "tests/src/knockout/work.rs",
    "tests/src/pieces",
    "tests/src/verifier",
    "tests/tests/verifier",
];

/// What the sources of packages without outside world do not contain.
const BANNED: &[(&str, &str)] = &[
    ("std::time", "no clock"),
    ("std::env", "no environment"),
    ("std::fs", "no files"),
    ("std::net", "no network"),
    ("std::process", "no processes"),
    ("std::thread", "no threads"),
    ("Mutex", "no locks"),
    ("RwLock", "no locks"),
    ("Atomic", "no atomics but Arc"),
    ("unsafe", "no unsafe code"),
    ("rand::", "no randomness"),
    ("println!", "no output"),
    ("eprintln!", "no output"),
    ("std::collections::HashMap", "no hash order that differs between runs"),
    ("std::collections::HashSet", "no hash order that differs between runs"),
];

/// Files that may hash with a random state, because they never go through what they hashed.
const HASHED: &[(&str, &str)] = &[
    ("ir/src/verify/table.rs", "membership only, of data chosen by an attacker"),
    ("bridge/src/import.rs", "membership only, of data chosen by an attacker"),
];

/// Packages the bans are for, and the files in them that are not part of the product.
const PURE: [&str; 6] = ["language", "ir", "compiler", "vm", "stdlib", "bridge"];

/// Names that say nothing.
const NO_NAMES: [&str; 7] = ["mod", "utils", "util", "helpers", "types", "manager", "common"];

/// Most lines of a file without a reason, and with one.
const LONG: usize = 600;
const TOO_LONG: usize = 1000;

/// Files with more than [`LONG`] lines.
const LONG_FILES: &[(&str, &str)] = &[
    ("compiler/src/hir.rs", "the one tree between checking and lowering: a struct per form"),
    ("language/src/token.rs", "the token table: one line per word"),
];

/// All Rust files of all packages, as `package/…` and text.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let name = |path: &PathBuf| {
        let path = path.strip_prefix(&root).expect("it is below the root");
        path.to_string_lossy().into_owned()
    };
    let folders = PACKAGES.iter().flat_map(|package| files(&root.join(package), "rs"));
    folders.map(|path| (name(&path), text_of(&path))).collect()
}

/// Lines with their numbers, without comments and without this file's own tables.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines());
    lines.map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// Whether `word` stands in a line on its own, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part) && word.ends_with(is_part);
        !before && !after
    })
}

#[track_caller]
fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

fn packages() -> Vec<Package> {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata works").packages
}

#[test]
fn packages_depend_in_one_direction() {
    let packages = packages();
    let ours: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    let allowed: BTreeMap<&str, &[&str]> = DIRECTION.iter().copied().collect();
    let listed: BTreeSet<String> = allowed.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(ours, listed, "the packages of the workspace");
    let mut found = Vec::new();
    for package in &packages {
        for dependency in package.dependencies.iter().filter(|dependency| ours.contains(&dependency.name)) {
            let is_allowed = allowed[package.name.as_str()].contains(&dependency.name.as_str());
            if !is_allowed || dependency.kind == DependencyKind::Build {
                found.push(format!("{} -> {} ({})", package.name, dependency.name, dependency.kind));
            }
        }
    }
    none("dependencies that ARCHITECTURE.md does not allow", &found);
}

#[test]
fn each_foreign_package_has_one_door() {
    let mut found = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| file != "tests/tests/tidy.rs") {
        for (package, doors) in DOORS.iter().filter(|(_, doors)| !doors.iter().any(|door| file.starts_with(door))) {
            let path = format!("{package}::");
            let uses = code(text).find(|(_, line)| has_word(line, &path));
            found.extend(uses.map(|(line, _)| format!("{file}:{line} names {package}; only {doors:?} may")));
        }
    }
    none("packages behind the wrong door", &found);
}

#[test]
fn foreign_packages_are_declared_where_their_door_is() {
    let mut found = Vec::new();
    for package in packages() {
        let folder = package.manifest_path.parent().and_then(|path| path.file_name()).unwrap_or_default().to_owned();
        for dependency in &package.dependencies {
            let name = dependency.name.replace('-', "_");
            let Some((_, doors)) = DOORS.iter().find(|(door, _)| *door == name) else { continue };
            if !doors.iter().any(|door| door.split('/').next() == Some(&folder)) {
                found.push(format!("{folder} depends on {name}"));
            }
        }
    }
    none("dependencies without a door in their package", &found);
}

#[test]
fn instructions_are_written_in_few_places() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        if !INSTRUCTIONS.iter().any(|place| file.starts_with(place)) && file != "tests/tests/tidy.rs" {
            let uses = code(&text).find(|(_, line)| has_word(line, "Instr::"));
            found.extend(uses.map(|(line, _)| format!("{file}:{line}")));
        }
    }
    none("`Instr::` outside ir, compiler/src/emit and vm/src/kernel", &found);
}

#[test]
fn later_stages_do_not_see_the_syntax_tree() {
    let early = ["compiler/src/resolve", "compiler/src/check", "compiler/src/hir", "compiler/src/error.rs"];
    let mut found = Vec::new();
    for (file, text) in sources() {
        if file.starts_with("compiler/src/") && !early.iter().any(|place| file.starts_with(place)) {
            let uses = code(&text).find(|(_, line)| has_word(line, "tell_language::ast"));
            found.extend(uses.map(|(line, _)| format!("{file}:{line}")));
        }
    }
    none("`tell_language::ast` behind resolve and check", &found);
}

#[test]
fn packages_without_outside_world_have_none() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        let package = PURE.iter().find(|package| file.starts_with(&format!("{package}/src/")));
        if package.is_none() || file.contains("/tests") || file.ends_with("fuzz.rs") {
            continue;
        }
        // tests at the end of a file may do what they like
        let product = text.split("\nmod tests {").next().unwrap_or_default();
        for (line, content) in code(product) {
            let excused = |word: &str| HASHED.iter().any(|(place, _)| *place == file) && word.contains("Hash");
            let banned = BANNED.iter().filter(|(word, _)| has_word(content, word) && !excused(word));
            found.extend(banned.map(|(word, reason)| format!("{file}:{line}: `{word}` ({reason})")));
        }
    }
    none("what a pure package does not contain", &found);
}

#[test]
fn files_say_what_they_are_for() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect();
    none("files that do not start with `//!`", &silent);
}

#[test]
fn files_have_good_names() {
    let is_bad = |name: &str| NO_NAMES.contains(&name) || name.contains("_and_");
    let bad = |file: &String| {
        let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        is_bad(&stem)
    };
    let found: Vec<String> = sources().into_iter().map(|(file, _)| file).filter(bad).collect();
    none("file names that say nothing", &found);
}

#[test]
fn files_are_not_too_long() {
    let reasons: BTreeMap<&str, &str> = LONG_FILES.iter().copied().collect();
    let mut found = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        let excused = reasons.contains_key(file.as_str());
        match lines {
            0..=LONG if excused => found.push(format!("{file} has {lines} lines and needs no reason")),
            0..=LONG => {}
            _ if lines <= TOO_LONG && excused => {}
            _ => found.push(format!("{file} has {lines} lines")),
        }
    }
    none("files over 600 lines without a reason in LONG_FILES, or over 1000", &found);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["todo!", "unimplemented!", "FIXME", "TODO", "XXX"];
    let mut found = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| file != "tests/tests/tidy.rs") {
        for (number, line) in (1..).zip(text.lines()) {
            let marked = marks.iter().filter(|mark| has_word(line, mark));
            found.extend(marked.map(|mark| format!("{file}:{number}: {mark}")));
        }
    }
    none("marks of unfinished work", &found);
}

#[test]
fn pages_stay_short() {
    let most = [("ARCHITECTURE.md", 300), ("CONTRIBUTING.md", 150)];
    let mut found = Vec::new();
    for (page, most) in most {
        let lines = text_of(&root().join(page)).lines().count();
        if lines == 0 || lines > most {
            found.push(format!("{page} has {lines} lines, at most {most} are allowed"));
        }
    }
    none("pages that are empty or too long", &found);
}

#[test]
fn versions_and_lints_stand_in_the_workspace() {
    let mut found = Vec::new();
    for package in PACKAGES {
        let text = text_of(&root().join(package).join("Cargo.toml"));
        if !text.contains("[lints]\nworkspace = true") {
            found.push(format!("{package} does not take the lints of the workspace"));
        }
        let mut in_dependencies = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
                found.push(format!("{package}: `{line}` has a version of its own"));
            }
        }
    }
    none("manifests", &found);
}

#[test]
fn the_corpus_is_complete() {
    let corpus = root().join("tests/corpus");
    let verdicts: Vec<(PathBuf, Verdict)> = tell_tests::corpus()
        .into_iter()
        .map(|path| {
            let verdict = Verdict::of_corpus(&text_of(&path)).expect("a verdict");
            (path, verdict)
        })
        .collect();
    let ok = verdicts.iter().filter(|(_, verdict)| verdict.diagnostics.is_empty()).count();
    assert!(ok >= 60, "{ok} files that are accepted, at least 60 are wanted");
    let constructs: BTreeSet<String> = verdicts
        .iter()
        .filter_map(|(path, _)| {
            let stem = path.file_stem()?.to_string_lossy().into_owned();
            let rest = stem.strip_prefix("matrix_")?.to_owned();
            CONTEXTS.iter().find_map(|context| rest.strip_suffix(&format!("_{context}")).map(str::to_owned))
        })
        .collect();
    let missing: Vec<String> = constructs
        .iter()
        .flat_map(|construct| {
            CONTEXTS.iter().map(move |context| format!("protocols/matrix_{construct}_{context}.tell"))
        })
        .filter(|file| !corpus.join(file).exists())
        .collect();
    assert!(constructs.len() >= 14, "the constructs of the matrix: {constructs:?}");
    none("cells of the matrix construct × context", &missing);
}

#[test]
fn every_snapshot_is_of_a_file() {
    let gone: Vec<String> = files(&root().join("tests/snapshots"), "snap")
        .iter()
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .filter(|name| {
            let file = name.split('@').nth(1).unwrap_or_default().replacen("__", "/", 1);
            let folder = if file.starts_with("examples/") { root() } else { root().join("tests/corpus") };
            !folder.join(file).exists()
        })
        .collect();
    none("snapshots of files that are gone", &gone);
}

const CONTEXTS: [&str; 5] = ["top", "arm", "loop", "after_join", "callee"];
