//! One corpus, many observations: each test here looks at one file in one way.
//!
//! Verdicts are hand-written in the files and nothing changes them. Snapshots are in `tests/snapshots`, named
//! `stage@folder__file.tell.snap`; [`BLESS`] accepts what changed. A test is filtered by its path:
//! `cargo test -p tell-tests --test corpus -- two_buyer`.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::fmt;
use std::path::Path;
use tell_compiler::show;
use tell_ir::asm::assemble;
use tell_ir::codec;
use tell_ir::disasm::disassemble;
use tell_ir::image::CodeImage;
use tell_ir::verify::{VerifyError, verify};
use tell_language::dump::ast_dump;
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_tests::account::{self, name_of};
use tell_tests::flags::Flags;
use tell_tests::host::Missing;
use tell_tests::program::{check, codes, image, refused, rendered, round_trip};
use tell_tests::run::{Ran, Setup, run};
use tell_tests::text_of;
use tell_tests::verdict::{Expected, Verdict};

type Test = datatest_stable::Result<()>;

/// A message that is reported as it is, with its line breaks.
struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Fails with a message.
fn fail<T>(message: impl Into<String>) -> datatest_stable::Result<T> {
    Err(Box::new(Failure(message.into())))
}

/// What accepts changed snapshots (`.cargo/config.toml`; `INSTA_UPDATE=always` on this test).
const BLESS: &str = "cargo bless";

datatest_stable::harness! {
    { test = verdict, root = "corpus", pattern = r"^(?!packages/).*\.tell$" },
    { test = verdict, root = "../examples", pattern = r"\.tell$" },
    { test = assembled, root = "corpus/asm", pattern = r"\.tellasm$" },
    { test = prints_as_itself, root = "corpus", pattern = r"^(?!packages/).*\.tell$" },
    { test = prints_as_itself, root = "../examples", pattern = r"\.tell$" },
    { test = runs, root = "corpus", pattern = r"^(?!packages/).*\.tell$" },
    { test = runs, root = "../examples", pattern = r"\.tell$" },
    { test = snapshot_of_diagnostics, root = "corpus/errors", pattern = r"\.tell$" },
    { test = snapshot_of_tree, root = "corpus/syntax", pattern = r"\.tell$" },
    { test = snapshot_of_trace, root = "corpus/runtime", pattern = r"\.tell$" },
    { test = snapshot_of_trace, root = "../examples", pattern = r"\.tell$" },
    { test = snapshots_of_stages, root = "../examples", pattern = r"\.tell$" },
    { test = snapshots_of_stages, root = "corpus/protocols", pattern = r"^(matrix_[a-z_]+_arm|informed_late|informed_by_different_partners|not_informed_but_equal|knows_more|join_binding|mutual_tail_calls|two_decided_loops|effects_in_order|case_on_many_types)\.tell$" },
}

/// Exactly the diagnostics of the verdict, in its order, at its places.
fn verdict(path: &Path) -> Test {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text)?;
    let checked = check(&name_of(path), &text);
    let found = codes(&checked.diagnostics, &checked.program.files);
    agrees(&verdict.diagnostics, &found)
        .or_else(|text| fail(format!("{text}\n{}", rendered(&checked.diagnostics, &checked.program.files))))?;
    have_help(&checked.diagnostics)
}

/// Whether exactly what is expected was found, in its order, at its places.
fn agrees(expected: &[Expected], found: &[String]) -> Result<(), String> {
    let fits = |(found, expected): (&String, &Expected)| {
        let code = found.split(' ').next();
        if expected.at.is_some() { *found == expected.to_string() } else { code == Some(&*expected.code) }
    };
    if found.len() == expected.len() && found.iter().zip(expected).all(fits) {
        return Ok(());
    }
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    Err(format!("expected [{}], found [{}]", expected.join(", "), found.join(", ")))
}

/// Every error says what to do.
fn have_help(diagnostics: &[tell_language::diagnostic::Diagnostic]) -> Test {
    match diagnostics.iter().find(|diagnostic| diagnostic.help.is_none()) {
        Some(diagnostic) => fail(format!("{} has no help line: {}", diagnostic.code.0, diagnostic.message)),
        None => Ok(()),
    }
}

/// Printing the tree and parsing that gives the tree.
fn prints_as_itself(path: &Path) -> Test {
    let text = text_of(path);
    if Verdict::of_corpus(&text)?.is_accepted() {
        round_trip(&text).or_else(fail)?;
    }
    Ok(())
}

/// The text of an image has the verdict of its first line: `ok`, a rule and its place, or a code and its place. What is
/// read is written and read back.
fn assembled(path: &Path) -> Test {
    let text = text_of(path);
    let Some(expected) = text.lines().next().and_then(|line| line.strip_prefix("-- expect: ")) else {
        return fail("the first line is `-- expect: …`");
    };
    let found = match assemble(&text) {
        Err(error) if error.help.is_empty() => return fail(format!("{error} has no help")),
        Err(error) => format!("{} @ {}:{}", error.code, error.line, error.column),
        Ok(image) => {
            if assemble(&disassemble(&image)).as_ref() != Ok(&image) {
                return fail(format!("it is read back as another:\n{}", disassemble(&image)));
            }
            verify(image).map_or_else(|error| rule_and_place(&error), |_| "ok".to_owned())
        }
    };
    if found == expected {
        Ok(())
    } else {
        fail(format!("expected {expected}, found {found}: {:?}", assemble(&text).err()))
    }
}

/// `V3.1, role A, instruction 2`
fn rule_and_place(error: &VerifyError) -> String {
    let role = error.role.iter().map(|role| format!(", role {role}"));
    let pc = error.pc.iter().map(|pc| format!(", instruction {pc}"));
    std::iter::once(error.rule.to_owned()).chain(role).chain(pc).collect()
}

/// Accepted programs build, verify, survive their file format and their text, run as the verdict says, and run so again.
fn runs(path: &Path) -> Test {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text)?;
    if !verdict.is_accepted() {
        return Ok(());
    }
    let checked = check(&name_of(path), &text);
    if checked.protocols().is_empty() {
        return Ok(());
    }
    if !verdict.build.is_empty() {
        return agrees(&verdict.build, &refused(&checked)).or_else(fail);
    }
    let built = image(&checked).or_else(fail)?;
    let bytes = codec::encode(&built);
    if codec::decode(&bytes).map_err(|error| error.to_string())? != built {
        return fail("the image is not what its file decodes to");
    }
    let text_of_image = disassemble(&built);
    match assemble(&text_of_image) {
        Err(error) => return fail(format!("the text of the image is not read: {error}\n{text_of_image}")),
        Ok(read) if read != (CodeImage { debug: None, ..built.clone() }) => {
            return fail(format!("the text of the image is read as another:\n{text_of_image}"));
        }
        Ok(_) => {}
    }
    let again = image(&check(&name_of(path), &text))?;
    if codec::encode(&again) != bytes {
        return fail("the same text gives other bytes");
    }
    let flags = Flags::parse(verdict.run.as_deref().unwrap_or(""), path.parent().unwrap_or(path))?;
    let setup = match verdict.run {
        Some(_) => Setup::default(),
        None => Setup { missing: Missing::MakesUp, max_steps: 20_000, ..Setup::default() },
    };
    let ran = run(built.clone(), &flags, setup).or_else(fail)?;
    as_expected(&ran, &verdict)?;
    if run(built.clone(), &flags, setup)? != ran {
        return fail("a second run has another trace");
    }
    let tight = run(built, &flags, Setup { edge_capacity: 1, ..setup })?;
    if ran.report.is_some() && (tight.ending(), tight.finals()) != (ran.ending(), ran.finals()) {
        return fail(format!("with edges of capacity 1 it ends otherwise: {}", tight.ending()));
    }
    Ok(())
}

fn as_expected(ran: &Ran, verdict: &Verdict) -> Test {
    let ending = ran.ending();
    match (&verdict.fault, &verdict.run) {
        (Some(fault), _) if ran.fault() == Some(fault) => {}
        (Some(fault), _) => return fail(format!("expected {fault}, found: {ending}\n{}", ran.trace())),
        (None, Some(_)) if ran.is_closed() => {}
        (None, None) if ran.fault() == Some("vm.fault.no_open_branch") && warns_of_no_branch(verdict) => {}
        // without a run line a program need not terminate
        (None, None) if ran.is_closed() || ran.report.is_none() && ran.end == tell_vm::RunEnd::StepLimit => {}
        (None, _) => return fail(format!("expected a good end, found: {ending}\n{}", ran.trace())),
    }
    let finals = ran.finals();
    for expected in &verdict.finals {
        let line = format!("{}.{} = {}", expected.role, expected.name, expected.value);
        if !finals.contains(&line) {
            return fail(format!("expected `{line}`, found:\n{}", finals.join("\n")));
        }
    }
    Ok(())
}

fn warns_of_no_branch(verdict: &Verdict) -> bool {
    verdict.diagnostics.iter().any(|expected| expected.code == "W0303")
}

fn snapshot_of_diagnostics(path: &Path) -> Test {
    let text = text_of(path);
    let checked = check(&name_of(path), &text);
    snapshot("check", path, &text, &rendered(&checked.diagnostics, &checked.program.files))
}

fn snapshot_of_tree(path: &Path) -> Test {
    let text = text_of(path);
    let mut names = Interner::default();
    let parsed = parse(FileId(0), &text, &mut names);
    snapshot("parse", path, &text, &ast_dump(&parsed.ast, &names))
}

fn snapshot_of_trace(path: &Path) -> Test {
    snapshot("trace", path, &text_of(path), &account::of(path)?)
}

/// Machines and code.
fn snapshots_of_stages(path: &Path) -> Test {
    let text = text_of(path);
    let checked = check(&name_of(path), &text);
    let projected = show::stage(&checked, "project").ok_or("`project` is a stage")?;
    snapshot("project", path, &text, &projected)?;
    snapshot("emit", path, &text, &disassemble(&image(&checked)?))
}

/// Compares source, rule, result with the snapshot.
fn snapshot(stage: &str, path: &Path, text: &str, result: &str) -> Test {
    let name = format!("{stage}@{}", name_of(path).replace('/', "__"));
    let body = format!("{}\n{}\n{}", text.trim_end(), "─".repeat(80), result.trim_end());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let compare = || settings.bind(|| insta::assert_snapshot!(name.clone(), body));
    let compared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare));
    compared.or_else(|_| fail(format!("`{name}` changed; if that is right: {BLESS} -- {}", name_of(path))))
}
