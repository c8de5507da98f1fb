//! Functions beyond what one file of the corpus can show: other modules, what is not executable yet, and limits.

use std::fmt::Write;
use tell_compiler::pipeline;
use tell_compiler::project::Limits;
use tell_compiler::show;
use tell_compiler::sources::{NoModule, Source, Sources, Wanted, of_library};
use tell_ir::verify::verify;
use tell_tests::flags::Flags;
use tell_tests::program::{build, check, codes, image, rendered};
use tell_tests::run::{Setup, run};

/// The standard library with one module more.
struct WithShapes;

impl Sources for WithShapes {
    fn own_name(&self, _: Option<&str>) -> Option<String> {
        None
    }

    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule> {
        let shapes = "module shapes\nimport std.state exposing (State)\nfun area(a : Int, b : Int) : Int = scaled(a * b)\n\
                      fun scaled(n : Int) : Int = n * 2\nfun remembered(key : K) : Maybe V uses State(K, V) =\n  \
                      let found = do State.get(key)\n  result found\n";
        of_library(&[("shapes", shapes)], wanted.name).or_else(|_| tell_tests::program::Std.module(wanted))
    }
}

#[test]
fn functions_are_imported_exposed_or_by_path() {
    let text = "import shapes as S exposing (area)\nimport std.state exposing (State)\n\
                protocol Areas(A, B) uses State(String, Int) =\n  do State.put(\"n\", 5) at A\n  \
                A -> B : Area(a : Int = area(2, 3), b : Int = S.scaled(4), c : Maybe Int = S.remembered(\"n\"))\n";
    let checked = pipeline::check("areas.tell", text, &WithShapes, Limits::default());
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked.diagnostics, &checked.program.files));
    let ran = run(image(&checked).expect("it builds"), &Flags::default(), Setup::default()).expect("it verifies");
    let finals = ran.finals();
    for expected in ["B.a = 12", "B.b = 8", "B.c = Just(5)"] {
        assert!(finals.iter().any(|found| found == expected), "{finals:?}");
    }
}

#[test]
fn functions_of_a_module_that_are_not_exposed_are_not_there() {
    let text = "import shapes exposing (area)\nprotocol Areas(A, B) =\n  A -> B : Area(a : Int = area(2, scaled(3)))\n";
    let checked = pipeline::check("areas.tell", text, &WithShapes, Limits::default());
    assert_eq!(codes(&checked.diagnostics, &checked.program.files), ["E0209 @ 3:35"]);
}

const CAUGHT: &str = "effect Try\n  catch : (Fn(A) -> Result String A, A) -> Result String A\n\
                      fun half(n : Int) : Result String Int = if n % 2 == 0 then Ok(n / 2) else Err(\"odd\")\n\
                      protocol Caught(A, B) uses Try =\n  let n at A = do Try.catch(half, 8)\n  A -> B : Half(n)\n";

#[test]
fn a_function_that_is_passed_is_checked_and_refused_by_build() {
    let checked = check("caught.tell", CAUGHT);
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked.diagnostics, &checked.program.files));
    let refused = image(&checked).expect_err("no instruction passes a function");
    assert!(refused.contains("E0901") && refused.contains("function type"), "{refused}");
}

#[test]
fn an_operation_that_takes_a_function_may_be_declared_and_not_performed() {
    let text = CAUGHT.replace("let n at A = do Try.catch(half, 8)", "let n at A = half(8)");
    build("caught.tell", &text).expect("nothing is passed");
}

#[test]
fn what_is_not_called_is_not_in_the_image() {
    let body = "protocol P(A, B) =\n  A -> B : M(n : Int = 1)\n";
    let with = format!("fun unused(n : Int) : Int = n * n * n\n{body}");
    let (mut one, mut other) = (build("p.tell", body).expect("ok"), build("p.tell", &with).expect("ok"));
    (one.debug, other.debug) = (None, None);
    assert_eq!(one, other);
}

#[test]
fn the_stages_show_functions() {
    let text = "fun first(xs : List T, other : T) : T = case head(xs) of | Just(x) => x | Nothing => other\n\
                protocol P(A, B) =\n  A -> B : M(n : Int = first([], 1))\n";
    let checked = check("first.tell", text);
    let resolved = show::stage(&checked, "resolve").expect("a stage");
    assert!(resolved.contains("fun first(xs : List T, other : T) : T\n"), "{resolved}");
    let bindings = show::stage(&checked, "check").expect("a stage");
    assert!(bindings.contains("  x#3 : T  -- 1:65\n"), "{bindings}");
}

/// Functions `f0` to `f{count - 1}`, each made of the one before it, and a protocol that calls the last one.
fn chain(count: usize, part: impl Fn(&str) -> String) -> String {
    let mut text = String::from("fun f0(n : Int) : Int = n + 1\n");
    for index in 1..count {
        let body = part(&format!("f{}", index - 1));
        writeln!(text, "fun f{index}(n : Int) : Int = {body}").expect("writing to a String succeeds");
    }
    let last = count - 1;
    writeln!(text, "protocol P(A, B) =\n  A -> B : M(n : Int = f{last}(0))").expect("writing to a String succeeds");
    text
}

#[test]
fn a_chain_of_calls_nests_up_to_a_limit() {
    let long = chain(190, |before| format!("{before}(n)"));
    verify(build("chain.tell", &long).expect("it is short enough")).expect("it verifies");
    let checked = check("chain.tell", &chain(10_000, |before| format!("{before}(n)")));
    let found = codes(&checked.diagnostics, &checked.program.files);
    assert!(!found.is_empty() && found.len() < 100 && found.iter().all(|code| code.starts_with("E0405")), "{found:?}");
}

#[test]
fn calls_that_double_are_refused_by_name() {
    let checked = check("doubled.tell", &chain(60, |before| format!("{before}(n) + {before}(n)")));
    let found = codes(&checked.diagnostics, &checked.program.files);
    assert!(!found.is_empty() && found.iter().all(|code| code.starts_with("E0405")), "{found:?}");
    let shown = rendered(&checked.diagnostics, &checked.program.files);
    assert!(shown.contains("when its calls are written out"), "{shown}");
}

#[test]
fn many_calls_of_large_functions_are_refused_when_built() {
    let mut text = chain(14, |before| format!("{before}(n) + {before}(n)"));
    for _ in 0..60 {
        text.push_str("  A -> B : M(n : Int = f13(0))\n");
    }
    let checked = check("many.tell", &text);
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked.diagnostics, &checked.program.files));
    let refused = image(&checked).expect_err("there is a limit");
    assert!(refused.contains("E0405"), "{refused}");
}

#[test]
fn types_that_nest_too_deep_in_a_generic_function_are_refused() {
    let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
    let text = format!(
        "fun depth(x : T) : Int =\n  let xs = {}\n  result length(xs)\n\
         protocol P(A, B) =\n  A -> B : M(n : Int = depth({}))\n",
        nested(140, "x"),
        nested(140, "1"),
    );
    let checked = check("deep.tell", &text);
    assert!(checked.diagnostics.is_empty(), "{}", rendered(&checked.diagnostics, &checked.program.files));
    let refused = image(&checked).expect_err("there is a limit");
    assert!(refused.contains("E0405") && refused.contains("nests too deep"), "{refused}");
}
