//! The grammars in `editors/` know every word of the lexer. What they make of the words is tested by `editors/test.sh`,
//! which needs node; this needs nothing.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::BTreeSet;

use serde_json::Value;
use tell_language::token::{KEYWORDS, SOFT_WORDS};
use tell_tests::{root, text_of};

fn editor_file(path: &str) -> String {
    text_of(&root().join("editors").join(path))
}

/// Words in `text`.
fn words_of(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}

/// What stands between two `quote`s on one line of `text`.
fn quoted(text: &str, quote: char) -> BTreeSet<&str> {
    text.lines().flat_map(|line| line.split(quote).skip(1).step_by(2)).collect()
}

fn missing(words: &[&'static str], found: &BTreeSet<&str>) -> Vec<&'static str> {
    words.iter().copied().filter(|word| !found.contains(word)).collect()
}

/// All regular expressions of a TextMate grammar, one per line; `\b` and other escapes become blanks.
fn expressions(rule: &Value, out: &mut String) {
    match rule {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str().filter(|_| matches!(key.as_str(), "match" | "begin" | "end")) {
                    Some(expression) => {
                        let mut characters = expression.chars();
                        while let Some(c) = characters.next() {
                            let escaped = c == '\\' && characters.next().is_some();
                            out.push(if escaped { ' ' } else { c });
                        }
                        out.push('\n');
                    }
                    None => expressions(value, out),
                }
            }
        }
        Value::Array(rules) => rules.iter().for_each(|rule| expressions(rule, out)),
        _ => {}
    }
}

#[test]
fn the_textmate_grammar_knows_every_word() {
    let grammar =
        serde_json::from_str(&editor_file("vscode/syntaxes/tell.tmLanguage.json")).expect("the grammar is JSON");
    let mut patterns = String::new();
    expressions(&grammar, &mut patterns);
    let found = words_of(&patterns);
    assert_eq!(missing(KEYWORDS, &found), [""; 0], "hard keywords missing in the TextMate grammar");
    assert_eq!(missing(SOFT_WORDS, &found), [""; 0], "soft words missing in the TextMate grammar");
}

#[test]
fn the_tree_sitter_grammar_knows_every_word_and_no_other_hard_one() {
    let grammar = editor_file("tree-sitter-tell/grammar.js");
    let table = |name: &str| {
        let (_, rest) = grammar.split_once(&format!("const {name} = [")).expect("the grammar has this table");
        rest.split_once(']').expect("the table ends").0
    };
    let sorted = |words: &[&'static str]| words.iter().copied().collect::<BTreeSet<&str>>();
    assert_eq!(quoted(table("HARD_WORDS"), '\''), sorted(KEYWORDS), "HARD_WORDS of the tree-sitter grammar");
    let soft: BTreeSet<&str> = sorted(SOFT_WORDS).into_iter().filter(|word| *word != "as").collect();
    assert_eq!(quoted(table("SOFT_WORDS"), '\''), soft, "SOFT_WORDS of the tree-sitter grammar, without `as`");
    let (_, rules) = grammar.split_once("rules: {").expect("the grammar has rules");
    let found = quoted(rules, '\'');
    assert_eq!(missing(KEYWORDS, &found), [""; 0], "hard keywords in no rule of the tree-sitter grammar");
    assert_eq!(missing(SOFT_WORDS, &found), [""; 0], "soft words in no rule of the tree-sitter grammar");
}

#[test]
fn the_highlight_queries_know_every_word() {
    let queries = editor_file("tree-sitter-tell/queries/highlights.scm");
    let found = quoted(&queries, '"');
    // `true` and `false` are the node `boolean`
    assert!(queries.contains("(boolean)"), "booleans are highlighted");
    let not_highlighted = |words| -> Vec<&str> {
        missing(words, &found).into_iter().filter(|word| !matches!(*word, "true" | "false")).collect()
    };
    assert_eq!(not_highlighted(KEYWORDS), [""; 0], "hard keywords missing in highlights.scm");
    assert_eq!(not_highlighted(SOFT_WORDS), [""; 0], "soft words missing in highlights.scm");
}
