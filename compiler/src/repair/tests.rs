//! Where repairs stand in the text, and which ones are chosen.

use crate::pipeline::{applied, check};
use crate::project::Limits;
use crate::sources::NoSources;

/// The text after the fixes of its first diagnostic, which leave nothing to report.
fn repaired(text: &str) -> String {
    let checked = check("test.tell", text, &NoSources, Limits::default());
    let first = checked.diagnostics.first().expect("something is wrong");
    let repaired = applied(text, &first.fixes);
    let again = check("test.tell", &repaired, &NoSources, Limits::default());
    assert!(again.diagnostics.is_empty(), "{first:?}\n{repaired}\n{:?}", again.diagnostics);
    repaired
}

/// The text that lines are added to: `+` before a line that is missing.
fn adds(lines: &[&str]) {
    let before: Vec<&str> = lines.iter().filter(|line| !line.starts_with('+')).copied().collect();
    let after: Vec<String> = lines.iter().map(|line| line.replacen('+', " ", 1)).collect();
    assert_eq!(repaired(&before.join("\n")), after.join("\n"));
}

#[test]
fn a_message_at_the_end_of_a_branch_stands_in_the_branch() {
    adds(&[
        "protocol P(Client, A, B) =",
        "  choice Client at",
        "    | UseA =>",
        "        Client -> A : Get",
        "        A -> Client : Page",
        "    | UseB =>",
        "        Client -> B : Get",
        "        B -> Client : Page",
        "+       Client -> A : UseB",
        "  A -> B : Sync",
    ]);
}

#[test]
fn what_is_told_after_a_counted_loop_stands_behind_it() {
    for rounds in ["n", "n * 2"] {
        let head = format!("  loop repeat {rounds}");
        adds(&[
            "protocol P(A, B, C; n : Int at A) =",
            "  A -> B : Start(n)",
            &head,
            "    A -> B : Item",
            "    B -> C : Copy",
            "+ B -> C : Done",
            "  C -> A : Total",
        ]);
    }
}

#[test]
fn a_comment_stays_with_its_line() {
    adds(&[
        "protocol P(A, B, C) =",
        "  choice A at",
        "    | L =>",
        "        A -> B : L -- B knows",
        "+       B -> C : L",
        "        -- C does not",
        "        C -> B : X",
        "    | R =>",
        "        A -> B : R",
        "        B -> C : Y",
    ]);
}

#[test]
fn a_missing_else_is_added() {
    adds(&[
        "protocol P(A, B, C; n : Int at A) =",
        "  A -> B : Value(n)",
        "  if n > 0 then",
        "    A -> C : More",
        "+ else",
        "+   A -> C : No",
        "  A -> B : End",
    ]);
}

#[test]
fn an_empty_block_is_filled() {
    let text = "protocol P(A, B, C; n : Int at A) =\n  A -> B : Value(n)\n  case n of\n    | 0 => A -> C : Nothing\n    | _ => { }\n";
    assert_eq!(repaired(text), text.replace("{ }", "A -> C : Other"));
}

#[test]
fn statements_in_braces_are_separated() {
    let text = "protocol P(A, B, C) =\n  choice A at\n    | L => { A -> B : L; C -> B : X }\n    | R => { A -> B : R; B -> C : Y }\n";
    assert_eq!(repaired(text), text.replace("C -> B", "B -> C : L; C -> B"));
}

#[test]
fn a_message_that_looks_the_same_in_two_branches_is_renamed_after_its_branch() {
    let text = |label: &str| {
        format!(
            "protocol P(A, B, C) =\n  choice A at\n    | Left =>\n        A -> B : Left\n        B -> C : Left\n        C -> A : Ok\n    | Right =>\n        A -> B : Right\n        B -> C : {label}\n        C -> B : Ok\n"
        )
    };
    assert_eq!(repaired(&text("Left")), text("Right"));
}

#[test]
fn a_role_is_told_by_whom_it_hears_already() {
    adds(&[
        "protocol Job(User, Master, Worker) =",
        "  Master -> Worker : Work",
        "  choice User at",
        "    | Wait =>",
        "        User -> Master : Wait",
        "+       Master -> Worker : Wait",
        "        Worker -> Master : Result",
        "    | Cancel =>",
        "        User -> Master : Cancel",
        "        Master -> Worker : Stop",
    ]);
}

#[test]
fn the_fixes_of_several_edits_are_in_the_order_of_the_text() {
    let text = "protocol P(A, B, C) =\n  choice A at\n    | R =>\n        A -> B : R\n    | L =>\n        A -> B : L\n        C -> B : X\n";
    let checked = check("test.tell", text, &NoSources, Limits::default());
    let starts: Vec<u32> = checked.diagnostics[0].fixes.iter().map(|fix| fix.span.start).collect();
    assert!(starts.len() == 2 && starts.is_sorted(), "{starts:?}");
    let help = checked.diagnostics[0].help.as_deref();
    assert_eq!(help, Some("add the line `A -> C : R` before line 4 and `A -> C : L` before line 6"));
}
