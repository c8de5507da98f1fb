//! Broken programs: every corpus and example file with tokens deleted, doubled, swapped or replaced.
//!
//! Whatever comes out: no stage panics, every diagnostic has a place in the user's file and a help line, and what is
//! accepted has an image that the verifier accepts.

use tell_compiler::erase;
use tell_compiler::pipeline::Checked;
use tell_ir::verify::verify;
use tell_tests::numbers::Numbers;
use tell_tests::program::{check, image};
use tell_tests::{files, root, text_of};

const MUTANTS: usize = 20_000;

/// Words, runs of spaces, and single other characters: pieces that make up the text when joined.
fn pieces(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        ' ' => 0,
        c if c.is_alphanumeric() || c == '_' => 1,
        _ => 2,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous = None;
    for (at, c) in text.char_indices() {
        let own = class(c);
        if at > start && (previous != Some(own) || own == 2) {
            pieces.push(&text[start..at]);
            start = at;
        }
        previous = Some(own);
    }
    pieces.push(&text[start..]);
    pieces
}

fn mutate<'a>(pieces: &mut Vec<&'a str>, words: &[&'a str], numbers: &mut Numbers) {
    let (at, other) = (numbers.below(pieces.len()), numbers.below(pieces.len()));
    match numbers.below(4) {
        0 => {
            pieces.remove(at);
        }
        1 => pieces.insert(at, pieces[at]),
        2 => pieces.swap(at, other),
        _ => pieces[at] = words[numbers.below(words.len())],
    }
}

fn is_refused_by_name(reports: &str) -> bool {
    let mut codes = reports.lines().filter_map(|line| line.strip_prefix("error[")?.split(']').next());
    codes.all(|code| matches!(code, "E0901" | "E0230"))
}

fn look_at(checked: &Checked) {
    for diagnostic in &checked.diagnostics {
        let code = diagnostic.code.0;
        assert!(diagnostic.help.is_some(), "{code} has no help: {}", diagnostic.message);
        let label = diagnostic.labels.first().unwrap_or_else(|| panic!("{code} has no place: {}", diagnostic.message));
        assert_eq!(label.file.0, 0, "{code} is not in the user's file");
        let text = &checked.program.files.get(label.file).text;
        assert!(text.get(label.span.range()).is_some(), "{code} has a place outside the text");
    }
    for projected in &checked.projected {
        for machine in &projected.projection.machines {
            let Some(local) = erase::local_type(&checked.program, &projected.graph, machine) else { continue };
            assert!(erase::expanded_size(&local.nodes, local.root.0) > 0);
        }
    }
    if !checked.has_errors() && !checked.protocols().is_empty() {
        match image(checked) {
            Ok(image) => _ = verify(image).unwrap_or_else(|error| panic!("accepted, but the image is not: {error}")),
            // What is checked and not executed yet is refused by name, and by nothing else.
            Err(error) => assert!(is_refused_by_name(&error), "accepted, but not emitted: {error}"),
        }
    }
}

#[test]
fn broken_programs_get_diagnostics_and_nothing_else() {
    let mut paths = tell_tests::corpus();
    paths.extend(files(&root().join("examples"), "tell"));
    let texts: Vec<String> =
        paths.iter().map(|path| String::from_utf8_lossy(text_of(path).as_bytes()).into_owned()).collect();
    let programs: Vec<Vec<&str>> = texts.iter().map(|text| pieces(text)).collect();
    let words: Vec<&str> = programs.iter().flatten().copied().filter(|piece| *piece != "\n").collect();
    let mut numbers = Numbers::new(2);
    let (mut accepted, mut rejected, mut reports) = (0, 0, 0);
    for _ in 0..MUTANTS {
        let chosen = numbers.below(programs.len());
        let mut mutant = programs[chosen].clone();
        for _ in 0..=numbers.below(2) {
            mutate(&mut mutant, &words, &mut numbers);
        }
        let text = mutant.concat();
        let looked = std::panic::catch_unwind(|| {
            let checked = check("mutant.tell", &text);
            look_at(&checked);
            (checked.has_errors(), checked.diagnostics.len())
        });
        match looked {
            Ok((false, _)) => accepted += 1,
            Ok((true, count)) => {
                rejected += 1;
                reports += count;
            }
            Err(_) => panic!("a mutant of {}:\n{text}", paths[chosen].display()),
        }
    }
    println!("{accepted} accepted, {rejected} rejected with {reports} reports");
    assert!(accepted > MUTANTS / 20 && rejected > MUTANTS / 2, "the mutants are not a mix");
}
