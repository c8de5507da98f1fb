//! Every rule of the verifier keeps some harm away: without it, there is an image that does it.

#![allow(clippy::disallowed_methods, reason = "a test writes docs/robustness.md when asked to")]

use tell_ir::verify::{RULES, verify};
use tell_tests::campaign::{Size, image::examples};
use tell_tests::knockout::observe::harms;
use tell_tests::knockout::{campaign, rows, surgery};
use tell_tests::program::build;
use tell_tests::verifier::{Verdict, verdict};
use tell_tests::{files, root, text_of};

#[test]
fn every_rule_has_a_row() {
    let rows: Vec<String> = rows().into_iter().map(|row| row.rule).collect();
    let rules: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rows, rules);
}

#[test]
fn every_row_is_as_it_says() {
    let report = campaign(Size::Full);
    report.expect_none();
    assert!(report.of("form only") <= 6, "{report}: more rules that are a matter of form");
}

/// The reference verifier names all rules that are broken. Here it looks at code and tables (not V6); it has no budgets
/// (V9), and would follow all branches of V8.2.
#[test]
fn no_row_breaks_another_rule() {
    let is_looked_at = |rule: &str| !rule.starts_with("V6") && !rule.starts_with("V9");
    for row in rows().into_iter().filter(|row| row.rule != "V8.2" && !row.rule.starts_with("V9")) {
        let told = [Some(&*row.rule), row.also.as_deref()];
        let rules = RULES.iter().map(|rule| rule.0).filter(|rule| is_looked_at(rule) && told.contains(&Some(rule)));
        let expected = match rules.collect::<Vec<_>>() {
            none if none.is_empty() => Verdict::Accepted,
            rules => Verdict::Refused(rules),
        };
        assert_eq!(verdict(&row.broken), expected, "{}", row.place);
    }
}

#[test]
fn what_the_compiler_makes_does_no_harm() {
    let runtime = files(&root().join("tests/corpus/runtime"), "tell").into_iter().filter_map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some((name.clone(), build(&name, &text_of(&path)).ok()?))
    });
    let all: Vec<_> = examples().into_iter().chain(runtime).collect();
    assert!(all.len() > 50, "{} programs", all.len());
    for (name, image) in all {
        let harms = harms(&image);
        assert!(harms.is_empty(), "{name}: {harms:?}");
    }
}

#[test]
fn images_that_are_too_large_are_good_when_they_are_small() {
    for image in surgery::small() {
        let protocol = image.protocol.clone();
        assert_eq!(verify(image).map(|_| ()), Ok(()), "{protocol}");
    }
}

/// The page with these rows in place of its own, which begin with the name of a rule.
fn with_rows(page: &str, rows: &[String]) -> String {
    let is_row = |line: &&str| line.starts_with("| V");
    let before: Vec<&str> = page.lines().take_while(|line| !is_row(line)).collect();
    let after = page.lines().skip(before.len()).skip_while(is_row);
    before.iter().copied().chain(rows.iter().map(String::as_str)).chain(after).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_page_has_the_table() {
    let path = root().join("docs/robustness.md");
    let rows: Vec<String> = rows().iter().map(tell_tests::knockout::Row::line).collect();
    let page = with_rows(&text_of(&path), &rows);
    if std::env::var_os("TELL_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    assert!(
        text_of(&path) == page,
        "docs/robustness.md is old: run TELL_BLESS=1 cargo test -p tell-tests --test knockout"
    );
}
