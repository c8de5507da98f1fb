//! Every rule of the verifier keeps some harm away: without it, there is an image that does it.

use tell_ir::verify::RULES;
use tell_tests::knockout::rows;

#[test]
fn every_rule_has_a_row() {
    let rows: Vec<String> = rows().into_iter().map(|row| row.rule).collect();
    let rules: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rows, rules);
}

#[test]
fn every_row_is_as_it_says() {
    let mut wrong = Vec::new();
    for row in rows() {
        if let Err(why) = row.judge() {
            wrong.push(format!("{}: {why}", row.rule));
        }
    }
    assert!(wrong.is_empty(), "{} rows are not as they say:\n{}", wrong.len(), wrong.join("\n"));
}
