//! What the pages say is true: their programs are compiled and run, and every code has its page.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tell_compiler::refused::Construct;
use tell_ir::asm::assemble;
use tell_ir::disasm::disassemble;
use tell_ir::verify::verify;
use tell_language::diagnostic::Diagnostic;
use tell_tests::fence::{Fence, fences};
use tell_tests::flags::Flags;
use tell_tests::host::Missing;
use tell_tests::program::{check, image, rendered};
use tell_tests::run::{Setup, run};
use tell_tests::scribble::{import, sources};
use tell_tests::verdict::Verdict;
use tell_tests::{corpus, files, root, text_of};

/// Codes that no `.tell` text can show, and where they are tested instead.
const WITHOUT_PROGRAM: &[(&str, &str)] = &[
    ("E0112", "bytes that are no text: tellc"),
    ("E0113", "64 MiB of text: tests/tests/scale.rs"),
    ("E0230", "command line: tellc"),
    ("E0404", "a protocol that is too large for a page: compiler"),
    ("E0405", "a protocol that is too large for a page: tests/tests/scale.rs"),
    ("E0420", "JSON: bridge, tellc"),
    ("E0601", "an image: tests/tests/images.rs, tellc"),
    ("E0602", "an image: tests/tests/images.rs, tellc"),
    ("E0406", "command line: tellc"),
    ("E0701", "host values: tellc"),
    ("E0702", "host values: tellc"),
    ("E0703", "files: tellc"),
    ("E0704", "command line: tellc"),
    ("E0705", "JSON: bridge, tellc"),
    ("E0706", "traces: tellc"),
];

fn pages() -> Vec<PathBuf> {
    files(&root().join("docs/errors"), "md")
}

fn code_of(page: &Path) -> String {
    page.file_stem().expect("a page has a name").to_string_lossy().into_owned()
}

/// A program of a page, and what is wrong with what the page says about it.
fn complaint(fence: &Fence, code: Option<&str>) -> Option<String> {
    if fence.info.starts_with("scribble") {
        return scribble_complaint(fence, code);
    }
    if fence.info.starts_with("tellasm") {
        return text_complaint(fence, code);
    }
    let checked = check("page.tell", &fence.text);
    let found: Vec<&str> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    let shown = || rendered(&checked.diagnostics, &checked.program.files);
    match (fence.info.as_str(), code) {
        ("tell,ok", _) if found.is_empty() => None,
        ("tell,fails", Some(code)) if found == [code] => None,
        ("tell,fails", None) if !found.is_empty() => None,
        ("tell,fails", Some(code)) => Some(format!("expected exactly {code}, found {found:?}\n{}", shown())),
        ("tell,fault", _) if !checked.has_errors() => fault_complaint(fence).err(),
        _ => Some(format!("found {found:?}\n{}", shown())),
    }
}

/// The same for the text of an image: one that is read is read back, and `verifies` if the page says so.
fn text_complaint(fence: &Fence, code: Option<&str>) -> Option<String> {
    match (fence.info.as_str(), code, assemble(&fence.text)) {
        ("tellasm,ok", _, Ok(image)) => {
            (assemble(&disassemble(&image)) != Ok(image)).then(|| "read back otherwise".to_owned())
        }
        ("tellasm,verifies", _, Ok(image)) => verify(image).err().map(|error| error.to_string()),
        ("tellasm,fails", Some(code), Err(error)) if error.code == code => None,
        (info, _, Err(error)) => Some(format!("{info}, found {error}")),
        (info, _, Ok(_)) => Some(format!("{info}, but it is read")),
    }
}

/// The same for a Scribble text: what is imported has no mistakes either.
fn scribble_complaint(fence: &Fence, code: Option<&str>) -> Option<String> {
    let codes = |diagnostics: &[Diagnostic]| -> Vec<&str> { diagnostics.iter().map(|found| found.code.0).collect() };
    match (fence.info.as_str(), code, import("page.scr", &fence.text)) {
        ("scribble,ok", _, Ok(imported)) => {
            let checked = check("page.tell", &imported.text);
            let shown = || rendered(&checked.diagnostics, &checked.program.files);
            (!checked.diagnostics.is_empty()).then(shown)
        }
        ("scribble,fails", Some(code), Err(errors)) if codes(&errors) == [code] => None,
        (info, _, Err(errors)) => Some(format!("{info}, found {:?}", codes(&errors))),
        (info, _, Ok(_)) => Some(format!("{info}, but it is imported")),
    }
}

fn fault_complaint(fence: &Fence) -> Result<(), String> {
    let verdict = Verdict::of_page(&fence.text)?;
    let flags = Flags::parse(verdict.run.as_deref().unwrap_or(""), Path::new("."))?;
    let setup = Setup { missing: Missing::MakesUp, ..Setup::default() };
    let ran = run(image(&check("page.tell", &fence.text))?, &flags, setup)?;
    if ran.fault().is_some() && ran.fault() == verdict.fault.as_deref() { Ok(()) } else { Err(ran.ending()) }
}

/// Fails with everything that was found.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints\n\n{}", complaints.len(), complaints.join("\n\n"));
}

fn complaints(path: &Path, code: Option<&str>) -> Vec<String> {
    let programs = fences(&text_of(path))
        .into_iter()
        .filter(|fence| fence.info.starts_with("tell") || fence.info.starts_with("scribble"))
        .filter(|fence| !fence.is_in_group);
    programs
        .filter_map(|fence| Some(format!("{}:{}: {}", path.display(), fence.line, complaint(&fence, code)?)))
        .collect()
}

#[test]
fn programs_on_error_pages_are_as_they_say() {
    let all: Vec<String> = pages().iter().flat_map(|page| complaints(page, Some(&code_of(page)))).collect();
    none(&all);
}

#[test]
fn programs_on_other_pages_are_as_they_say() {
    let others = [
        "docs/language.md",
        "docs/projection.md",
        "docs/assembler.md",
        "README.md",
        "DESIGN.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
    ];
    none(&others.map(|page| complaints(&root().join(page), None)).concat());
}

/// A program of a page and the report printed below it, and how the report differs from what the compiler prints.
fn misprint(program: &Fence, report: &Fence) -> Option<String> {
    let Some(name) = report.text.split_once("[ ").and_then(|(_, place)| place.split(':').next()) else {
        return Some(format!("line {}: it names no file", report.line));
    };
    let checked = check(name, &program.text);
    let shown = rendered(&checked.diagnostics, &checked.program.files);
    let lines =
        |text: &str| -> Vec<String> { text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect() };
    (lines(&shown) != lines(&report.text)).then(|| format!("line {}: it prints\n{shown}", report.line))
}

#[test]
fn reports_on_the_page_about_projection_are_what_the_compiler_prints() {
    let fences = fences(&text_of(&root().join("docs/projection.md")));
    let is_report = |fence: &Fence| fence.info == "text" && fence.text.starts_with(['e', 'w']);
    let reports: Vec<_> = fences.windows(2).filter(|pair| is_report(&pair[1])).collect();
    assert_eq!(reports.len(), fences.iter().filter(|fence| fence.info == "tell,fails").count(), "one for each program");
    none(&reports.iter().filter_map(|pair| misprint(&pair[0], &pair[1])).collect::<Vec<_>>());
}

#[test]
fn every_error_page_shows_its_error() {
    let without: BTreeMap<&str, &str> = WITHOUT_PROGRAM.iter().copied().collect();
    let shows = |page: &PathBuf| fences(&text_of(page)).iter().any(|fence| fence.info.ends_with(",fails"));
    let pages = pages();
    let silent: Vec<String> = pages
        .iter()
        .filter(|page| !code_of(page).starts_with('F') && !shows(page))
        .map(|page| code_of(page))
        .filter(|code| !without.contains_key(code.as_str()))
        .collect();
    assert_eq!(silent, Vec::<String>::new(), "pages without a failing program");
}

#[test]
fn every_code_has_a_file_in_the_corpus() {
    let without: BTreeMap<&str, &str> = WITHOUT_PROGRAM.iter().copied().collect();
    let tell = corpus();
    let tell = tell.iter().map(|file| Verdict::of_corpus(&text_of(file)));
    let scribble = sources();
    let scribble = scribble.iter().map(|file| Verdict::of_scribble(&text_of(file)));
    let expected: BTreeSet<String> = tell
        .chain(scribble)
        .flat_map(|verdict| verdict.expect("a verdict").diagnostics)
        .map(|expected| expected.code)
        .chain(package_codes())
        .chain(text_codes())
        .collect();
    let missing: Vec<String> = pages()
        .iter()
        .map(|page| code_of(page))
        .filter(|code| !code.starts_with('F') && !without.contains_key(code.as_str()) && !expected.contains(code))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "codes without a corpus file");
}

#[test]
fn the_page_of_refused_constructs_lists_them_all() {
    let page = text_of(&root().join("docs/errors/E0901.md"));
    let listed: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("* ")).collect();
    let all: Vec<&str> = Construct::ALL.iter().map(|construct| construct.text()).collect();
    assert_eq!(listed, all);
}

/// The codes that the packages of the corpus expect.
fn package_codes() -> Vec<String> {
    let cases = std::fs::read_dir(root().join("tests/corpus/packages")).expect("it can be read");
    let verdicts = cases.map(|case| text_of(&case.expect("it can be read").path().join("expect")));
    verdicts.flat_map(|text| text.lines().map(|line| line[..5].to_owned()).collect::<Vec<_>>()).collect()
}

/// The codes that the texts of images in the corpus expect.
fn text_codes() -> impl Iterator<Item = String> {
    let texts = files(&root().join("tests/corpus/asm"), "tellasm").into_iter().map(|file| text_of(&file));
    texts.filter_map(|text| Some(text.lines().next()?.strip_prefix("-- expect: ")?.get(..5)?.to_owned()))
}

/// The codes that stand in the sources as string literals.
fn codes_in_sources() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for package in ["language", "ir", "compiler", "vm", "stdlib", "bridge", "tellc"] {
        for file in files(&root().join(package).join("src"), "rs") {
            for piece in text_of(&file).split('"').skip(1) {
                let is_code = piece.len() == 5
                    && piece.starts_with(['E', 'W', 'F'])
                    && piece[1..].bytes().all(|byte| byte.is_ascii_digit());
                if is_code {
                    found.insert(piece.to_owned(), file.clone());
                }
            }
        }
    }
    found
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let in_sources = codes_in_sources();
    let pages: BTreeSet<String> = pages().iter().map(|page| code_of(page)).collect();
    let without_page: Vec<_> = in_sources.iter().filter(|(code, _)| !pages.contains(*code)).collect();
    assert!(without_page.is_empty(), "codes without a page: {without_page:?}");
    let unused: Vec<_> =
        pages.iter().filter(|code| !code.starts_with('F') && !in_sources.contains_key(*code)).collect();
    assert!(unused.is_empty(), "pages of codes that nothing reports: {unused:?}");
}

#[test]
fn every_fault_has_a_page() {
    let in_machine: BTreeSet<String> = text_of(&root().join("vm/src/fault.rs"))
        .split('"')
        .filter(|piece| piece.starts_with("vm.fault."))
        .map(str::to_owned)
        .collect();
    let on_pages: BTreeSet<String> = pages()
        .iter()
        .filter(|page| code_of(page).starts_with('F'))
        .map(|page| {
            let text = text_of(page);
            let title = text.lines().next().unwrap_or_default();
            title.split('`').find(|piece| piece.starts_with("vm.fault.")).unwrap_or(title).to_owned()
        })
        .collect();
    assert_eq!(in_machine, on_pages);
}
