//! Keywords and the words that only some rules read as words.

use std::fmt::Write as _;

use tell_language::parse::{Parsed, parse};
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::{KEYWORDS, SOFT_WORDS, Token, lex};

fn parsed(text: &str) -> Parsed {
    parse(FileId(0), text, &mut Interner::default())
}

#[track_caller]
fn accepts(text: &str) -> Parsed {
    let parsed = parsed(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed
}

#[test]
fn keywords_and_soft_words_have_tokens() {
    for word in KEYWORDS.iter().chain(SOFT_WORDS) {
        let lexed = lex(FileId(0), word);
        assert_eq!(lexed.lexemes.len(), 1, "{word}");
        assert!(lexed.lexemes[0].token.is_word() && lexed.lexemes[0].token != Token::Ident, "{word}");
    }
    assert_eq!(lex(FileId(0), "supply").lexemes[0].token, Token::Ident);
}

#[test]
fn keywords_are_no_names() {
    for word in KEYWORDS {
        let text = format!("protocol P(A, B) =\n  let {word} = 1\n");
        let parsed = parsed(&text);
        assert_eq!(parsed.diagnostics.len(), 1, "{word}");
        assert!(parsed.diagnostics[0].help.as_deref().is_some_and(|help| help.contains("keyword")), "{word}");
    }
}

#[test]
fn any_word_is_a_field_or_an_operation() {
    for word in KEYWORDS.iter().chain(SOFT_WORDS) {
        accepts(&format!(
            "effect E\n  {word} : Int -> Int\n  command {word} : Int -> Int {{ {word} : {word} }}\n\
             type alias R = {{ {word} : Int }}\n\
             protocol P(A, B) =\n  let x = do E.{word}(r.{word})\n  let y = {{ {word} = 1 }}\n"
        ));
    }
}

#[test]
fn soft_words_are_roles_labels_variables() {
    for word in SOFT_WORDS.iter().chain(&["done", "cancel", "callee", "from", "work", "abort"]) {
        accepts(&format!(
            "protocol P({word}, B; {word} : Int at B) =\n  {word} -> B : {word}({word})\n  {word} ->* : {word}\n  \
             {word} := {word} + 1\n  B -> {word} : {word}({word} : Int = {word}({word}))\n  \
             let {word} = {word}.{word}\n  rec {word}\n    continue {word}\n  {word} {{ priority : high }} -> B : M\n  \
             loop while {word} by {word}\n    {word} -> B : M\n  choice {word} at\n    | {word} => {word} -> B : M\n"
        ));
    }
}

#[test]
fn words_where_their_rule_expects_them() {
    let mut text = String::from("protocol P(A, B) =\n");
    for stmt in [
        "begin op(1)",
        "await op",
        "resolve op as Timeout(x)",
        "invalidate op",
        "publish x as Fact",
        "materialize p from Fact",
        "dependent work w required for op",
        "handoff op to B with r",
        "let r = transfer Session from A to B",
        "let begin = begin + 1",
        "let t = begin op(1)",
    ] {
        let _ = writeln!(text, "  {stmt}");
    }
    accepts(&text);
    let parsed = parsed("protocol P(A, B) =\n  materialize p form Fact\n");
    assert_eq!(parsed.diagnostics[0].message, "expected `from`, found `form`");
}
