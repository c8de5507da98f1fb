//! Every character at every lexical position (QUALITY, G5): what may not stand in a text is refused where it stands,
//! everything else that is refused has its place too.

use tell_language::diagnostic::Diagnostic;
use tell_language::span::FileId;
use tell_language::token::{Lexed, lex};

/// A position: what stands before the character and behind it, and whether any visible character may stand there.
const POSITIONS: [(&str, &str, &str, bool); 11] = [
    ("at the start", "", "protocol P(A, B) =\n", false),
    ("at the start of a line", "protocol P(A, B) =\n", "  A -> B : M\n", false),
    ("between tokens", "protocol P(A, B) =\n  A ", " -> B : M\n", false),
    ("within a name", "protocol P(A, B) =\n  Al", "ice -> B : M\n", false),
    ("within a number", "protocol P(A, B) =\n  n := 1", "2\n", false),
    ("within an operator", "protocol P(A, B) =\n  A -", "> B : M\n", false),
    ("in a string", "protocol P(A, B) =\n  assert x \"a", "b\"\n", true),
    ("in a line comment", "-- a", "b\nprotocol P(A, B) =\n", true),
    ("in a doc comment", "--| a", "b\nprotocol P(A, B) =\n", true),
    ("in a block comment", "{- a", "b -}\nprotocol P(A, B) =\n", true),
    ("at the end", "protocol P(A, B) =\n  A -> B : M\n", "", false),
];

/// NUL, zero-width characters, invisible operators and bidirectional controls (Unicode 15: UAX #9, table 3, and the
/// chart General Punctuation).
fn is_hidden(c: char) -> bool {
    let bidi = ['\u{061C}', '\u{200E}', '\u{200F}'].contains(&c)
        || ('\u{202A}'..='\u{202E}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c);
    let zero_width = ['\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{FEFF}', '\u{180E}'].contains(&c);
    let invisible_operator = ('\u{2061}'..='\u{2064}').contains(&c);
    c == '\0' || bidi || zero_width || invisible_operator
}

fn places(found: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    found.iter().map(|one| (one.code.0, one.labels[0].span.start, one.labels[0].span.end)).collect()
}

#[test]
fn hidden_characters_are_refused_everywhere_and_no_others_in_texts_and_comments() {
    let mut text = String::new();
    let mut refused = 0u32;
    for (position, before, after, is_free) in POSITIONS {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            text.clear();
            text.push_str(before);
            text.push(c);
            text.push_str(after);
            let Lexed { diagnostics, .. } = lex(FileId(0), &text);
            let at = u32::try_from(before.len()).expect("a short text");
            let own = ("E0101", at, at + u32::try_from(c.len_utf8()).expect("at most four"));
            let is_mark = c == '\u{FEFF}' && before.is_empty();
            if is_hidden(c) && !is_mark {
                refused += 1;
                assert!(places(&diagnostics).contains(&own), "{c:?} {position}: {diagnostics:?}");
            } else if is_free && !"\"\\\n\r-}{".contains(c) {
                assert_eq!(places(&diagnostics), [], "{c:?} {position}");
            }
            for one in &diagnostics {
                assert!(text.get(one.labels[0].span.range()).is_some(), "{c:?} {position}: {one:?}");
                assert!(one.help.is_some(), "{c:?} {position}: {one:?}");
            }
        }
    }
    assert_eq!(refused, 11 * 23 - 1, "the byte order mark at the start is no mistake");
}

#[test]
fn an_escape_writes_what_may_not_stand_in_the_text() {
    let text = "protocol P(A, B) =\n  assert x \"\\u{200D}\\u{202E}\"\n";
    assert_eq!(places(&lex(FileId(0), text).diagnostics), []);
}
