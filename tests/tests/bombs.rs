//! Texts that are made to hurt (QUALITY G4): very deep, very wide, very many paths, very many mistakes.
//!
//! Each is accepted, or refused by the limit or the mistake that is named beside it. How long it took and the most
//! memory so far are printed and not asserted; the goal is 2 s and 512 MB each in a release build.
//! The test threads have small stacks, so recursion on the input would overflow here. `scale` has what has to be
//! linear.

#![allow(clippy::disallowed_methods, reason = "the time is printed, and nothing depends on it")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;
use tell_tests::program::check;

/// Levels of a deep text.
const DEEP: usize = 100_000;

/// Parts of a wide text.
const WIDE: usize = 100_000;

/// Parts of a wide text where work still grows with the square of it, or takes seconds.
const SLOW: usize = 20_000;

/// Bytes of a long token.
const LONG: usize = 10 << 20;

/// The codes that a text gets, each once, in order.
fn codes(name: &str, text: &str) -> Vec<&'static str> {
    let start = Instant::now();
    let checked = check("bomb.tell", text);
    let count = checked.diagnostics.len();
    let codes: BTreeSet<&str> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    drop(checked);
    let (ms, kb) = (start.elapsed().as_millis(), text.len() >> 10);
    println!("{ms:>6} ms {:>6} MB {kb:>6} KB {count:>4} × {codes:?}  {name}", peak());
    assert!(count <= 1_000, "{name}: {count} diagnostics");
    codes.into_iter().collect()
}

/// The most memory this process has had, in MB, where the system tells.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() >> 10
}

/// Asserts what a text gets: codes separated by spaces.
#[track_caller]
fn gets(name: &str, text: &str, expected: &str) {
    assert_eq!(codes(name, text).join(" "), expected, "{name}");
}

/// `before`, then `part` for each number, then `after`.
fn wide(before: &str, count: usize, part: impl Fn(usize, &mut String), after: &str) -> String {
    let mut text = before.to_owned();
    (0..count).for_each(|index| part(index, &mut text));
    text + after
}

/// The same with `#` in `part` as the number.
fn numbered(before: &str, count: usize, part: &str, after: &str) -> String {
    let pieces: Vec<&str> = part.split('#').collect();
    let write = |index: usize, text: &mut String| {
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                write!(text, "{index}").expect("writing to a String succeeds");
            }
            text.push_str(piece);
        }
    };
    wide(before, count, write, after)
}

/// What stands before, in each level, innermost, behind each level, and at the end.
type Level = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PROTOCOL: &str = "protocol P(A, B) =\n  ";
const VALUE: &str = "protocol P(A, B) =\n  A -> B : L(x : Int = ";
const HANDLER: &str = "effect E\n  f : Int -> Int\nhandler h for E\n  f(x) => ";

/// One construct nested in itself.
const LEVELS: &[Level] = &[
    (PROTOCOL, "par | ", "A -> B : L", " | B -> A : M", ""),
    (PROTOCOL, "par | A -> B : L | ", "B -> A : M", "", ""),
    (PROTOCOL, "par | { ", "A -> B : L", " } | B -> A : M", ""),
    (PROTOCOL, "timeout 5s A at { ", "A -> B : L", " } on timeout => {}", ""),
    (PROTOCOL, "timeout 5s A at { A -> B : L } on timeout => ", "A -> B : L", "", ""),
    (PROTOCOL, "attempt A at { A -> B : L } on fail e => { ", "A -> B : L", " }", ""),
    (PROTOCOL, "attempt A at { A -> B : L } on fail e => {} on done => ", "A -> B : L", "", ""),
    ("protocol P(A, W[2]) =\n  ", "for i in W { ", "A -> W[i] : L", " }", ""),
    ("protocol P(A, W[2]) =\n  ", "for i in 0..1 { ", "A -> W[i] : L", " }", ""),
    ("protocol P(W[3]) =\n  W[", "(", "0", ")", "] -> W[1] : L"),
    ("protocol P(W[3]) =\n  W[0] -> W[", "1 + ", "0", "", "] : L"),
    (PROTOCOL, "A handles E with h { ", "A -> B : L", " }", ""),
    (HANDLER, "if true then ", "resume x", "", ""),
    (HANDLER, "resume (", "x", ")", ""),
    (HANDLER, "case x of | 0 => ", "resume x", "", ""),
    (PROTOCOL, "fragment F { ", "A -> B : L", " }", ""),
    (PROTOCOL, "guest runtime G { ", "A -> B : L", " }", ""),
    (PROTOCOL, "loop forever { ", "A -> B : L", " }", ""),
    (PROTOCOL, "loop while (true) by A { ", "A -> B : L", " }", ""),
    (PROTOCOL, "loop decide by A { ", "A -> B : L", " }", ""),
    (PROTOCOL, "choice A at | L => { ", "A -> B : L", " }", ""),
    (PROTOCOL, "choice A at | L => A -> B : L | R => ", "A -> B : R", "", ""),
    ("protocol P(A, B) =\n  choice A at | L when ", "not (", "true", ")", " => A -> B : L"),
    ("protocol P(A, B) =\n  loop while ", "(", "true", ")", " { A -> B : L }"),
    ("protocol P(A, B) =\n  loop while \"", "not ", "true", "", "\" { A -> B : L }"),
    ("protocol P(A, B) =\n  let x at A = case 1 of | ", "{ a = ", "_", " }", " => 1"),
    ("protocol P(A, B) =\n  let x at A = case 1 of | ", "(1, ", "_", ")", " => 1"),
    ("protocol P(A, B) =\n  call P(A, B; ", "[", "", "]", ")"),
    ("protocol P(A, B) =\n  do E.f(", "g(", "1", ")", ")"),
    ("protocol P(A, B) =\n  A { priority : ", "(", "low", ")", " } -> B : L"),
    ("fun f() : Int = ", "if true then 1 else ", "1", "", ""),
    ("fun f() : Int =\n  ", "if true then { ", "result 1", " }", ""),
    ("type alias T = ", "Fn(", "Int", ") -> Int", ""),
    ("type alias T = ", "Maybe (", "Int", ")", ""),
    ("type alias T = ", "(Int, ", "Int", ")", ""),
    ("type alias T = ", "{ a : ", "Int", " }", ""),
    ("type alias T = ", "Map Int (", "Int", ")", ""),
    ("type U = | C(", "Maybe (", "Int", ")", ")"),
    ("effect E\n  f : ", "List (", "Int", ")", " -> Int"),
    ("operation f(x : ", "List (", "Int", ")", ") at A = {}"),
    ("agreement_profile Q rule ", "f(", "1", ")", ""),
    ("profile Q fairness ", "[", "1", "]", ""),
    ("protocol P(A, B) uses E(", "E(", "Int", ")", ") =\n  A -> B : L"),
    (VALUE, "1 ++ ", "1", "", ")"),
    (VALUE, "(1, ", "1", ")", ")"),
    (VALUE, "f({ a = [", "1", "] })", ")"),
    (VALUE, "case 1 of | 1 => (", "1", ") | _ => 1", ")"),
    (VALUE, "if true then (", "1", ") else 1", ")"),
    (VALUE, "{ a = ", "1", " }", ")"),
];

#[test]
fn no_construct_can_be_nested_without_limit() {
    let mut found = Vec::new();
    for (before, open, inner, close, after) in LEVELS {
        let text = format!("{before}{}{inner}{}{after}\n", open.repeat(DEEP), close.repeat(DEEP));
        let codes = codes(&format!("{} {open}", before.lines().last().unwrap_or_default()), &text);
        if codes.first() != Some(&"E0106") {
            found.push(format!("{before:?} {open:?}: {codes:?}"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn paths_of_a_hundred_thousand_names() {
    let (path, protocol) = ("a.".repeat(WIDE), "protocol P(A, B) =\n  A -> B : L");
    gets("module", &format!("module {path}a\n{protocol}\n"), "");
    gets("import", &format!("import {path}a\n{protocol}\n"), "E0207");
    gets("type", &format!("{protocol} of {path}T\n"), "W0203");
    gets("pattern", &format!("{protocol}(x : Int = case 1 of | {path}B => 1)\n"), "E0206");
    gets("field", &format!("{protocol}(x : Int = {path}a)\n"), "E0106");
    let brackets = format!("{}true{}", "(".repeat(DEEP), ")".repeat(DEEP));
    gets("brackets that mean nothing", &format!("{protocol}\n  loop while \"{brackets}\" {{ A -> B : L }}\n"), "W0302");
    gets("arrows", &format!("type alias T = {}Int\n{protocol}\n", "Int -> ".repeat(WIDE)), "E0102");
}

#[test]
fn tokens_of_ten_megabytes() {
    let name = "x".repeat(LONG);
    gets("role", &format!("protocol P({name}, B) =\n  {name} -> B : L\n"), "");
    gets("label", &format!("protocol P(A, B) =\n  A -> B : {name}\n"), "");
    gets("unknown name", &format!("protocol P(A, B) =\n  A -> B : L({name})\n"), "E0209");
    gets("unknown role", &format!("protocol P(A, B) =\n  A -> B{name} : L\n"), "E0202");
    gets("unknown type", &format!("protocol P(A, B) =\n  A -> B : L(x : T{name})\n"), "E0201");
    gets("string", &format!("protocol P(A, B) =\n  A -> B : L(x : String = \"{name}\")\n"), "");
    gets("escapes", &format!("protocol P(A, B) =\n  A -> B : L(x : String = \"{}\")\n", "\\n".repeat(LONG / 2)), "");
    gets(
        "bad escapes",
        &format!("protocol P(A, B) =\n  A -> B : L(x : String = \"{}\")\n", "\\q".repeat(LONG / 2)),
        "E0110",
    );
    gets("open string", &format!("protocol P(A, B) =\n  A -> B : L(x : String = \"{name}"), "E0103 E0109");
    gets("line comment", &format!("--{name}\nprotocol P(A, B) =\n  A -> B : L\n"), "");
    gets("block comment", &format!("{{-{name}-}}\nprotocol P(A, B) =\n  A -> B : L\n"), "");
    gets("nested comment", &format!("{}{}\n", "{-".repeat(LONG / 4), "-}".repeat(LONG / 4)), "");
    gets("open comment", &"{-".repeat(LONG / 2), "E0104");
    gets("documentation", &format!("{}protocol P(A, B) =\n  A -> B : L\n", "--| a\n".repeat(LONG / 6)), "");
    gets("integer", &format!("protocol P(A, B) =\n  A -> B : L(x : Int = {})\n", "1".repeat(LONG)), "E0105");
    gets("zeros", &format!("protocol P(A, B) =\n  A -> B : L(x : Int = {}1)\n", "0".repeat(LONG)), "");
    gets("duration", &format!("protocol P(A, B) =\n  A -> B : L(x : Duration = {}s)\n", "1".repeat(LONG)), "E0105");
    gets("spaces", &format!("protocol P(A, B) =\n  A -> B : {}L\n", " ".repeat(LONG)), "");
    gets("empty lines", &format!("protocol P(A, B) =\n{}  A -> B : L\n", "\n".repeat(LONG)), "");
    gets("tabs", &format!("protocol P(A, B) =\n{}A -> B : L\n", "\t".repeat(LONG)), "E0107");
    gets("one line", &format!("protocol P(A, B) = {{ {} }}\n", "A -> B : L; ".repeat(LONG / 12)), "");
}

#[test]
fn a_million_mistakes() {
    let count = 1_000_000;
    gets("stray characters", &"$ ".repeat(count), "E0101");
    gets("stray characters on lines", &"$\n".repeat(count / 10), "E0101");
    gets("forbidden characters", &"\u{202e}".repeat(count), "E0101");
    gets("open strings", &"\"\n".repeat(count / 10), "E0103");
    gets("closing brackets", &")".repeat(count), "E0109");
    gets("brackets that do not match", &"(]".repeat(count), "E0109");
    gets("arrows", &"-> ".repeat(count), "E0102");
    gets("lines that are nothing", &"=> =>\n".repeat(count), "E0102");
    gets("declarations that are nothing", &"protocol\n".repeat(count), "E0102");
    gets("statements that are nothing", &format!("protocol P(A, B) =\n{}", "  A -> -> :\n".repeat(count)), "E0102");
    gets(
        "arms that are nothing",
        &format!("protocol P(A, B) =\n  choice A at\n{}", "    | |\n".repeat(count)),
        "E0102",
    );
    gets("tabs", &format!("protocol P(A, B) =\n{}", "\tA -> B : L\n".repeat(count)), "E0107");
    gets(
        "dedents",
        &format!("protocol P(A, B) =\n{}", "      A -> B : L\n    A -> B : M\n".repeat(count / 2)),
        "E0108",
    );
    gets("numbers", &numbered("protocol P(A, B) =\n", count / 10, "  A -> B : L(x : Int = 0x#g)\n", ""), "E0105");
    gets("roles", &numbered("protocol P(A, B) =\n", count / 10, "  A -> B# : L\n", ""), "E0202");
    gets("names", &numbered("protocol P(A, B) =\n", count / 10, "  A -> B : L(x#)\n", ""), "E0209");
    gets("types", &numbered("protocol P(A, B) =\n", count / 10, "  A -> B : L of T#\n", ""), "E0201");
    gets("mismatches", &numbered("protocol P(A, B) =\n", count / 10, "  A -> B : L(x# : Int = true)\n", ""), "E0301");
    gets("declarations twice", &"type T\n".repeat(count / 10), "E0210");
    gets("imports", &numbered("", WIDE, "import m#\n", "protocol P(A, B) =\n  A -> B : L\n"), "E0207");
}

/// What is declared very often.
#[test]
fn a_hundred_thousand_declarations() {
    let end = "protocol P(A, B) =\n  A -> B : L\n";
    gets("types", &numbered("", WIDE, "type T#\n", end), "");
    gets("aliases", &numbered("type alias T0 = Int\n", WIDE, "type alias A# = T0\n", end), "");
    gets("a chain of aliases", &numbered("", SLOW, "type alias A# = B\n", end), "E0201");
    gets("effects", &numbered("", WIDE, "effect E#\n  f : Int -> Int\n", end), "");
    gets("operations", &numbered("effect E\n", SLOW, "  f# : Int -> Int\n", end), "");
    gets("cases of a union", &numbered("type U =\n", WIDE, "  | C#\n", end), "E0405");
    gets("fields of a constructor", &format!("type U = | C({})\n{end}", "Int, ".repeat(WIDE)), "E0405");
    gets("functions", &numbered("", WIDE, "fun f#() : Int = 1\n", end), "");
    gets(
        "parameters of a function",
        &numbered("fun f(", SLOW, "x# : Int, ", ") : Int = 1\nprotocol P(A, B) =\n  A -> B : L\n"),
        "",
    );
    gets(
        "fields of a record type",
        &numbered("type alias R = { ", SLOW, "f# : Int, ", "}\nprotocol P(A, B) =\n  A -> B : L\n"),
        "E0405",
    );
    gets("protocols", &numbered(end, SLOW, "protocol P#(A, B) =\n  A -> B : L\n", ""), "");
    gets(
        "local protocols",
        &numbered("protocol P(A, B) =\n  A -> B : L\nwhere\n", SLOW, "  protocol P#(A, B) =\n    A -> B : L\n", ""),
        "",
    );
    gets("imports of one module", &numbered("", WIDE, "import std.console as C#\n", end), "E0210");
    gets(
        "exposed names",
        &numbered("import std.console exposing (", WIDE, "N#, ", ")\nprotocol P(A, B) =\n  A -> B : L\n"),
        "E0208",
    );
    gets(
        "effects in `uses`",
        &numbered("effect E\n  f : Int -> Int\nprotocol P(A, B) uses E", WIDE, ", E", " =\n  A -> B : L\n"),
        "E0503",
    );
    gets(
        "metadata",
        &numbered(
            "effect E\n  f : Int -> Int { ",
            WIDE,
            "class : best_effort, ",
            "}\nprotocol P(A, B) =\n  A -> B : L\n",
        ),
        "E0212",
    );
}

/// What a protocol has very many of.
#[test]
fn a_hundred_thousand_parts_of_a_protocol() {
    let head = "protocol P(A, B) =\n";
    gets("roles", &numbered("protocol P(", WIDE, "R#, ", ") =\n  R0 -> R1 : L\n"), "E0405");
    gets("roles that act", &numbered("protocol P(", 9_000, "R#, ", ") =\n  R0 ->* : L\n"), "");
    gets("parameters", &numbered("protocol P(A, B; ", SLOW, "x# : Int at A, ", ") =\n  A -> B : L\n"), "E0405");
    gets("messages", &format!("{head}{}", "  A -> B : L\n".repeat(WIDE)), "");
    gets("labels", &numbered(head, WIDE, "  A -> B : L#\n", ""), "");
    gets("branches", &numbered("protocol P(A, B) =\n  choice A at\n", WIDE, "    | L# => A -> B : L#\n", ""), "");
    gets(
        "guarded branches",
        &numbered(
            "protocol P(A, B; n : Int at A) =\n  choice A at\n",
            WIDE,
            "    | L# when (n == #) => A -> B : L#\n",
            "    | Z => A -> B : Z\n",
        ),
        "",
    );
    gets(
        "equal labels",
        &numbered("protocol P(A, B) =\n  choice A at\n", WIDE, "    | L# => A -> B : L\n", ""),
        "E0418",
    );
    gets(
        "equal branches",
        &format!("protocol P(A, B) =\n  choice A at\n{}", "    | L => A -> B : L\n".repeat(WIDE)),
        "E0214",
    );
    gets(
        "arms",
        &numbered(
            "protocol P(A, B; n : Int at A) =\n  A -> B : S(n)\n  case n of\n",
            WIDE,
            "    | # => A -> B : L#\n",
            "    | _ => A -> B : Z\n",
        ),
        "",
    );
    gets("branches of a par", &format!("{head}  par\n    | A -> B : L\n{}", "    | {}\n".repeat(5_000)), "");
    gets("overlapping branches of a par", &format!("{head}  par\n{}", "    | A -> B : L\n".repeat(WIDE)), "E0422");
    gets(
        "outcomes",
        &format!("{head}  timeout 5s A at\n    A -> B : L\n{}", "  on timeout => A -> B : M\n".repeat(WIDE)),
        "E0424",
    );
}

/// What its statements have very many of.
#[test]
fn a_hundred_thousand_parts_of_statements() {
    let head = "protocol P(A, B) =\n";
    gets("fields of a message", &numbered("protocol P(A, B) =\n  A -> B : L(", WIDE, "x# : Int = #, ", ")\n"), "E0405");
    gets(
        "fields of a record",
        &numbered("protocol P(A, B) =\n  let r at A = { ", WIDE, "f# = #, ", "}\n  A -> B : L(r)\n"),
        "E0405",
    );
    gets("items of a list", &numbered("protocol P(A, B) =\n  A -> B : L(x : List Int = [", WIDE, "#, ", "])\n"), "");
    gets(
        "items of a tuple",
        &numbered("protocol P(A, B) =\n  let t at A = (", WIDE, "#, ", ")\n  A -> B : L(t)\n"),
        "E0405",
    );
    gets("arguments", &numbered("protocol P(A, B) =\n  A -> B : L(x : Int = max(", WIDE, "#, ", "))\n"), "E0405");
    gets("roles of a call", &format!("{head}  call P({})\n", "A, ".repeat(WIDE)), "E0419");
    gets("cells", &numbered(head, 4_000, "  var x# at A : Int = 0\n", "  A -> B : L\n"), "");
    gets(
        "assignments",
        &numbered("protocol P(A, B) =\n  var x at A : Int = 0\n", WIDE, "  x := x + 1\n", "  A -> B : L(x)\n"),
        "",
    );
    gets("assertions", &format!("{head}{}  A -> B : L\n", "  assert true at A\n".repeat(WIDE)), "");
    gets(
        "names bound by a pattern",
        &numbered(
            "protocol P(A, B; l : List Int at A) =\n  let x at A = case l of | [",
            SLOW,
            "y#, ",
            "] => y0 | _ => 0\n  A -> B : L(x)\n",
        ),
        "E0307",
    );
    gets(
        "entries of an annotation",
        &format!("protocol P(A, B) =\n  A {{ {}}} -> B : L\n", "priority : low, ".repeat(WIDE)),
        "E0212",
    );
    gets(
        "scopes in a row",
        &format!("{head}{}", "  attempt A at\n    A -> B : L\n  on fail e => {}\n".repeat(10_000)),
        "",
    );
}

/// Few characters that stand for very much.
#[test]
fn numbers_that_are_large() {
    gets("rounds", "protocol P(A, B) =\n  loop repeat 1000000000\n    A -> B : L\n", "");
    gets(
        "nested rounds",
        "protocol P(A, B) =\n  loop repeat 1000000000\n    loop repeat 1000000000\n      A -> B : L\n",
        "E0413",
    );
    gets("family", "protocol P(A, W[1000000000]) =\n  A -> W[*] : L\n", "E0405");
    gets("size behind 2^32", "protocol P(A, W[4294967297]) =\n  A -> W[*] : L\n", "E0405");
    gets("index", "protocol P(A, W[3]) =\n  A -> W[1000000000] : L\n", "E0233");
    gets("range", "protocol P(A, W[3]) =\n  A -> W[0..1000000000] : L\n", "E0233");
    gets("for", "protocol P(A, B) =\n  for i in 0..1000000000\n    A -> B : L\n", "E0233");
    gets(
        "for that ends before it begins",
        "protocol P(A, W[3]) =\n  for i in 9223372036854775807..0\n    A -> W[i] : L\n  A -> W[0] : M\n",
        "E0233",
    );
    gets("deadline", "protocol P(A, B) =\n  timeout 2562047h A at\n    A -> B : L\n  on timeout => {}\n", "");
}

/// Texts with 2^n ways through them.
#[test]
fn paths_that_double() {
    let start = "protocol P(A, B; n : Int at A) =\n  A -> B : S(n)\n";
    gets("ifs in a row", &numbered(start, 10_000, "  if n > # then A -> B : Y# else B -> A : N#\n", ""), "");
    gets(
        "choices in a row",
        &numbered(start, 10_000, "  choice A at\n    | Y => A -> B : Y#\n    | N => A -> B : N#\n", ""),
        "",
    );
    gets(
        "unequal choices",
        &numbered(
            start,
            2_000,
            "  choice A at\n    | Y => A -> B : Y#\n    | N =>\n      A -> B : N#\n      B -> A : M#\n",
            "",
        ),
        "",
    );
    gets("pars in a row", &format!("{start}{}", "  par\n    | A -> B : L\n    | B -> A : M\n".repeat(5_000)), "");
    gets(
        "unseen ifs in a row",
        &numbered(
            "protocol P(A, B, C; n : Int at A) =\n  A -> B : S(n)\n",
            500,
            "  if n > # then A -> B : Y# else B -> A : N#\n",
            "  B -> C : End\n",
        ),
        "",
    );
    let nested = |open: &str, inner: &str| -> String {
        let mut text = start.to_owned();
        for level in 0..60 {
            writeln!(text, "{}{}", "  ".repeat(level + 1), open.replace('#', &level.to_string()))
                .expect("writing to a String succeeds");
        }
        text + &"  ".repeat(61) + inner + "\n"
    };
    gets("nested ifs", &nested("if n > # then", "A -> B : L"), "");
    gets("nested loops", &nested("loop repeat n", "A -> B : L"), "E0413");
    let calls = |body: &str| numbered("protocol P(A, B) =\n  call P0(A, B)\n", 60, &body.replace('%', "\u{1}"), "");
    let doubled = calls("protocol P#(A, B) =\n  call P%(A, B)\n  call P%(A, B)\n");
    let mut text = String::new();
    for (index, line) in doubled.split("protocol ").skip(1).enumerate() {
        text += &format!("protocol {}", line.replace('\u{1}', &index.to_string()));
    }
    gets("calls", &(text + "protocol P60(A, B) =\n  A -> B : L\n"), "E0405");
}
