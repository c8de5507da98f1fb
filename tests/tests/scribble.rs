//! `tellc import`: what Scribble and nuScr protocols become, and what is said of those that become nothing.
//!
//! `tests/corpus/scribble/*.scr` and `*.nuscr` begin with verdicts (`//! expect: …`); `NAME.json` beside one is the
//! same choreography, written by hand as a global type (PROJECTION §1), and has to have the same local types.

#![allow(clippy::disallowed_methods, reason = "tests measure time")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use tell_bridge::import::json_to_global;
use tell_compiler::erase::local_type;
use tell_compiler::pipeline::{self, Checked};
use tell_compiler::project::Limits;
use tell_compiler::scribble as language;
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::Label;
use tell_language::diagnostic::Diagnostic;
use tell_language::span::{FileId, Files};
use tell_language::token::{KEYWORDS, SOFT_WORDS};
use tell_tests::numbers::Numbers;
use tell_tests::program::{check, codes, rendered, round_trip};
use tell_tests::scribble::{import, import_file, sources};
use tell_tests::text_of;
use tell_tests::verdict::Verdict;

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn imported(text: &str) -> String {
    match import("test.scr", text) {
        Ok(imported) => imported.text,
        Err(errors) => panic!("{errors:?}\n{text}"),
    }
}

// ---- verdicts

/// Codes of what was found: with places in the Scribble text, without places in the `.tell` text.
fn found(path: &Path) -> Vec<String> {
    let text = text_of(path);
    let mut files = Files::default();
    files.add(name_of(path), text.as_str());
    match import_file(path) {
        Err(errors) => {
            assert!(errors.iter().all(|error| error.help.is_some()), "{}: no help", path.display());
            codes(&errors, &files)
        }
        Ok(imported) => {
            let checked = check("imported.tell", &imported.text);
            checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0.to_owned()).collect()
        }
    }
}

#[test]
fn every_file_is_as_its_verdict_says() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for path in &sources {
        let verdict =
            Verdict::of_scribble(&text_of(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        accepted += usize::from(verdict.is_accepted());
        let found = found(path);
        let agrees = found.len() == verdict.diagnostics.len()
            && found.iter().zip(&verdict.diagnostics).all(|(found, expected)| match expected.at {
                Some(_) => *found == expected.to_string(),
                None => found.split(' ').next() == Some(&expected.code),
            });
        if !agrees {
            let expected: Vec<String> = verdict.diagnostics.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted >= 25, "{accepted} files are accepted");
}

#[test]
fn imported_text_is_read_and_printed_as_itself() {
    for path in sources() {
        if let Ok(imported) = import_file(&path) {
            round_trip(&imported.text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(import_file(&path).expect("it was imported"), imported, "the same text twice");
        }
    }
}

#[test]
fn notes_are_in_text_order_and_have_places() {
    for path in sources() {
        let Ok(imported) = import_file(&path) else { continue };
        let text = text_of(&path);
        assert!(imported.notes.is_sorted_by_key(|note| note.span.start), "{}", path.display());
        assert!(imported.notes.iter().all(|note| text.get(note.span.range()).is_some_and(|at| !at.is_empty())));
    }
}

// ---- the same choreography, written in JSON

/// A row of a state: whether it sends, partner, label and sort, and what follows.
type Row = (bool, String, String, LocalId);

/// A local type with its binders.
struct Local {
    ty: LocalType,
    binders: BTreeMap<String, LocalId>,
}

impl Local {
    fn new(ty: LocalType) -> Self {
        let mut binders = BTreeMap::new();
        for (index, node) in (0..).zip(&ty.nodes) {
            if let LocalNode::Rec(name, _) = node {
                let other = binders.insert(name.clone(), LocalId(index));
                assert!(other.is_none(), "`{name}` is bound twice");
            }
        }
        Self { ty, binders }
    }

    /// The rows of the state, sorted. An arm of a choice that starts with a choice of the same role is part of it.
    fn rows(&self, id: LocalId) -> Vec<Row> {
        let row = |sends: bool, partner: &String, label: &Label, next: LocalId| {
            (sends, partner.clone(), format!("{}({})", label.name, label.sort), next)
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            match self.ty.node(id) {
                LocalNode::Rec(_, body) => todo.push(*body),
                LocalNode::Var(name) => todo.push(self.binders[name]),
                LocalNode::Case(arms) => todo.extend(arms.iter().map(|(_, arm)| *arm)),
                LocalNode::End => {}
                LocalNode::Send(to, all) => rows.extend(all.iter().map(|(label, next)| row(true, to, label, *next))),
                LocalNode::Recv(from, all) => {
                    rows.extend(all.iter().map(|(label, next)| row(false, from, label, *next)));
                }
                LocalNode::SendAny(all) => {
                    rows.extend(all.iter().map(|(to, label, next)| row(true, to, label, *next)));
                }
                LocalNode::RecvAny(all) => {
                    rows.extend(all.iter().map(|(from, label, next)| row(false, from, label, *next)));
                }
                other @ (LocalNode::Par { .. } | LocalNode::Timed { .. }) => panic!("Scribble has no {other:?}"),
            }
        }
        rows.sort();
        rows
    }
}

/// Whether two local types are bisimilar; else what differs.
fn same(a: &Local, b: &Local) -> Result<(), String> {
    let mut assumed = BTreeSet::new();
    let mut todo = vec![(a.ty.root, b.ty.root)];
    while let Some(pair) = todo.pop() {
        if !assumed.insert(pair) {
            continue;
        }
        let (left, right) = (a.rows(pair.0), b.rows(pair.1));
        let shown = |rows: &[Row]| -> Vec<String> {
            rows.iter()
                .map(|(sends, partner, label, _)| format!("{partner}{}{label}", if *sends { '!' } else { '?' }))
                .collect()
        };
        if shown(&left) != shown(&right) {
            return Err(format!("{:?} is not {:?}", shown(&left), shown(&right)));
        }
        todo.extend(left.iter().zip(&right).map(|(left, right)| (left.3, right.3)));
    }
    Ok(())
}

/// The local types of the first protocol, by role.
fn locals(checked: &Checked) -> BTreeMap<String, Local> {
    assert!(!checked.has_errors(), "{}", rendered(&checked.diagnostics, &checked.program.files));
    let first = &checked.projected[0];
    let machines = first.graph.roles.iter().zip(&first.projection.machines);
    machines
        .map(|(role, machine)| {
            (role.clone(), Local::new(local_type(&checked.program, &first.graph, machine).expect("it is small")))
        })
        .collect()
}

#[test]
fn imported_protocols_are_the_global_types_written_by_hand() {
    let mut compared = 0;
    for path in sources() {
        let json = path.with_extension("json");
        if !json.exists() {
            continue;
        }
        let global = json_to_global(&text_of(&json)).unwrap_or_else(|error| panic!("{}: {error}", json.display()));
        let by_hand = locals(&pipeline::check_global("by_hand", "", &global, &[], Limits::default()));
        let imported = import_file(&path).expect("it is imported").text;
        let imported = locals(&check("imported.tell", &imported));
        assert_eq!(by_hand.keys().collect::<Vec<_>>(), imported.keys().collect::<Vec<_>>(), "{}", path.display());
        for (role, local) in &imported {
            same(local, &by_hand[role]).unwrap_or_else(|error| panic!("{} at {role}: {error}", path.display()));
        }
        compared += 1;
    }
    assert!(compared >= 12, "{compared} files were compared");
}

#[test]
fn the_comparison_sees_a_difference() {
    let local = |text: &str| locals(&check("one.tell", text)).remove("A").expect("A has a local type");
    let looped = local("protocol P(A, B) =\n  rec X\n    A -> B : m\n    continue X\n");
    let unrolled = local("protocol P(A, B) =\n  A -> B : m\n  rec X\n    A -> B : m\n    A -> B : m\n    continue X\n");
    assert_eq!(same(&looped, &unrolled), Ok(()));
    let once = local("protocol P(A, B) =\n  A -> B : m\n");
    let with_payload = local("protocol P(A, B) =\n  rec X\n    A -> B : m of Int\n    continue X\n");
    assert!(same(&looped, &once).is_err() && same(&looped, &with_payload).is_err());
}

// ---- what is written

#[test]
fn one_protocol_is_written_with_those_it_uses() {
    let text = "global protocol A(role X, role Y) { do B(X, Y); }
        aux global protocol B(role X, role Y) { m(T) from X to Y; }
        global protocol c(role loop, role Y) { m() from loop to Y; }";
    let module = language::read(FileId(0), text).expect("it is well-formed");
    assert_eq!(module.protocols(), ["A", "B", "c"]);
    let only = |name| language::write(&module, "x.scr", Some(name)).expect("it is small");
    let heads = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("protocol")).map(str::to_owned).collect()
    };
    assert_eq!(heads(&only("B").text), ["protocol B(X, Y) ="]);
    assert_eq!(heads(&only("A").text), ["protocol A(X, Y) =", "protocol B(X, Y) ="]);
    assert_eq!(only("A").notes, []);
    assert_eq!(heads(&only("c").text), ["protocol C(loop_, Y) ="]);
    assert_eq!(only("c").notes.len(), 2);
}

#[test]
fn auxiliary_protocols_come_last() {
    let text = "aux global protocol B(role X, role Y) { m() from X to Y; } protocol A(role X, role Y) { do B(Y, X); }";
    let imported = imported(text);
    assert!(imported.find("protocol A(") < imported.find("protocol B("), "{imported}");
}

#[test]
fn the_comment_cannot_be_left() {
    let text = "global protocol P(role A, role B) { m() from A to B; }";
    let imported = import("a\n`{-\u{202e}.scr", text).expect("it is well-formed").text;
    assert!(imported.starts_with("-- Imported from `a?`{-?.scr` by"), "{imported}");
    assert!(check("imported.tell", &imported).diagnostics.is_empty());
}

#[test]
fn every_word_of_tell_can_be_a_name() {
    let scribble = ["at", "choice", "continue", "do", "from", "global", "or", "protocol", "rec", "role"];
    for word in
        KEYWORDS.iter().chain(SOFT_WORDS).chain(&["session", "Session", "Int", "Host", "_", "0", "a'", "X", "P"])
    {
        if scribble.contains(word) {
            continue;
        }
        let text = format!(
            "data <x> \"x\" from \"x\" as {word}; global protocol {word}(role {word}, role other) {{
               rec {word} {{ choice at {word} {{ {word}({word}: {word}) from {word} to other; continue {word}; }}
               or {{ more({word}) from {word} to other; do {word}({word}, other); }} }} }}"
        );
        let imported = imported(&text);
        let checked = check("imported.tell", &imported);
        assert!(
            checked.diagnostics.is_empty(),
            "{imported}\n{}",
            rendered(&checked.diagnostics, &checked.program.files)
        );
        round_trip(&imported).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn sends_that_are_equal_in_scribble_are_equal_in_tell() {
    // C does not know the branch: what it sends must not depend on which names it holds there.
    let text = "global protocol P(role A, role B, role C) {
        choice at A { left() from A to B; x(v: int) from B to C; } or { right() from A to B; x(w: int) from B to C; }
        y(v: int) from C to B; }";
    let checked = check("imported.tell", &imported(text));
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked.diagnostics, &checked.program.files));
}

// ---- limits

#[test]
fn the_deepest_nesting_is_accepted_by_tell() {
    let choices = |depth: usize| {
        let (open, close) =
            ("choice at A { m() from A to B; ".repeat(depth), "} or { n() from A to B; } ".repeat(depth));
        format!("global protocol P(role A, role B) {{ {open} {close} }}")
    };
    assert!(check("imported.tell", &imported(&choices(99))).diagnostics.is_empty());
    let errors = import("deep.scr", &choices(100)).expect_err("it is too deep");
    assert_eq!(errors.iter().map(|error| error.code.0).collect::<Vec<_>>(), ["E0106"]);
    let errors = import("deep.scr", &choices(100_000)).expect_err("it is too deep");
    assert_eq!(errors[0].code.0, "E0106");
}

#[test]
fn a_large_file_takes_time_proportional_to_its_size() {
    let mut messages = String::new();
    for index in 0..20_000 {
        writeln!(messages, "{{ m{index}(x{index}: T{index}, x'_: int) from A to B; }} or").expect("memory is enough");
    }
    let texts = [
        format!("global protocol P(role A, role B) {{ choice at A {messages} {{ last() from A to B; }} }}"),
        format!("global protocol P(role A, role B) {{ {} }}", "m(a: int, b: T) from A to B;\n".repeat(40_000)),
        format!(
            "global protocol P(role A, role B) {{ choice at A {} {{ }} }}",
            "{ x() from A to B; } or\n".repeat(40_000)
        ),
        (0..40_000).map(|index| format!("global protocol P{index}(role A, role B) {{ do P0(B, A); }}\n")).collect(),
        (0..40_000).map(|index| format!("global protocol P{index}(role A, role B) {{ do Q(B, A); }}\n")).collect(),
        "global protocol P(role A, role B) { par }\n".repeat(30_000),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        match import("large.scr", &text) {
            Ok(imported) => assert!(imported.text.len() < 4 * text.len()),
            Err(errors) => assert!(errors.iter().all(|error| matches!(error.code.0, "E0802" | "E0804"))),
        }
        let taken = start.elapsed();
        assert!(taken.as_secs() < 5, "{} bytes took {taken:?}: {}…", text.len(), &text[..60]);
    }
}

#[test]
fn a_file_that_would_become_too_large_is_refused() {
    let deep = "rec X { ".repeat(190);
    let text = format!(
        "global protocol P(role A, role B) {{ {deep} {} {} }}",
        "m from A to B; ".repeat(300_000),
        "}".repeat(190)
    );
    let errors = import("large.scr", &text).expect_err("its indentation alone is larger");
    assert_eq!(errors[0].code.0, "E0113");
}

// ---- broken files

/// The tokens of a text, with the space behind them.
fn tokens(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut starts: Vec<usize> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if !(c.is_whitespace() || is_part(c) && is_part(before)) {
            starts.push(at);
        }
        before = c;
    }
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn look_at(text: &str, errors: &[Diagnostic]) {
    assert!(!errors.is_empty());
    for error in errors {
        assert!(error.help.is_some() && error.is_error(), "{error:?}");
        let label = error.labels.first().unwrap_or_else(|| panic!("no place: {error:?}"));
        assert!(text.get(label.span.range()).is_some(), "{error:?}");
    }
}

#[test]
fn broken_files_get_diagnostics_and_nothing_else() {
    let texts: Vec<String> = sources().iter().map(|path| text_of(path)).collect();
    let texts: Vec<Vec<&str>> = texts.iter().map(|text| tokens(text)).collect();
    let words: Vec<&str> = texts.iter().flatten().copied().collect();
    let mut numbers = Numbers::new(8);
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..6_000 {
        let mut mutant = numbers.pick(&texts).clone();
        let (at, other) = (numbers.below(mutant.len()), numbers.below(mutant.len()));
        match numbers.below(4) {
            0 => drop(mutant.remove(at)),
            1 => mutant.insert(at, mutant[at]),
            2 => mutant.swap(at, other),
            _ => mutant[at] = words[numbers.below(words.len())],
        }
        let text = mutant.concat();
        match import("mutant.scr", &text) {
            Err(errors) => {
                look_at(&text, &errors);
                rejected += 1;
            }
            Ok(imported) => {
                round_trip(&imported.text).unwrap_or_else(|error| panic!("{error}\n{text}"));
                accepted += 1;
            }
        }
    }
    assert!(accepted > 600 && rejected > 2_000, "the mutants are not a mix: {accepted} accepted, {rejected} rejected");
}

#[test]
fn any_text_gets_an_answer() {
    let pieces = [
        "(*",
        "*)",
        "(*)",
        "/*",
        "*/",
        "//",
        "\"",
        "{",
        "}",
        "é",
        "\u{202e}",
        "\n",
        "global protocol P(role A)",
        ";",
        "'",
        "@",
        "\0",
    ];
    let mut numbers = Numbers::new(9);
    for _ in 0..5_000 {
        let text: String = (0..numbers.below(12)).map(|_| *numbers.pick(&pieces)).collect();
        if let Err(errors) = import("any.scr", &text) {
            look_at(&text, &errors);
        }
    }
}
