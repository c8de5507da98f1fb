//! Prints how many megabytes per second are lexed, laid out and parsed: `cargo bench -p tell-language`.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tell_language::layout::layout;
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::lex;

/// Least bytes of the text that is measured.
const SIZE: usize = 1 << 20;
/// Runs of which the best counts.
const RUNS: usize = 15;

fn main() {
    let mut text = String::from("import std.log\n");
    for number in 0.. {
        if text.len() >= SIZE {
            break;
        }
        text.push_str(&protocol(number));
    }
    let lexemes = lex(FileId(0), &text).lexemes;
    println!("{} bytes, {} tokens", text.len(), lexemes.len());
    report("lex", &text, || drop(black_box(lex(FileId(0), &text))));
    report("layout", &text, || drop(black_box(layout(FileId(0), &text, &lexemes))));
    report("lex + layout + parse", &text, || {
        let parsed = parse(FileId(0), &text, &mut Interner::default());
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        black_box(parsed);
    });
}

/// A protocol like those people write.
fn protocol(number: usize) -> String {
    format!(
        "
--| Two buyers share the cost of a book.
protocol TwoBuyer{number}(Alice, Bob, Seller; budget : Int at Bob) uses Catalog, State(String, Int) =
  Alice -> Seller : Title(title : String = \"book {number}\")
  observe let price at Seller = observe Catalog.price(title)
  Seller -> Alice : Quote(price)
  Alice -> Bob : Share(share : Int = price / 2 + {number})
  choice Bob at
    | Accept when (share <= budget && not (share == 0)) =>
        Bob ->* : Accept
        loop while (share > 0) by Bob
          Bob -> Seller : Pay(amount : Int = min(share, 10))
    | Refuse => Bob ->* : Refuse
  if share > 100 at Bob then
    Bob -> Alice : Thanks -- in words
  else
    Bob -> Alice : Bye
"
    )
}

fn report(what: &str, text: &str, run: impl Fn()) {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    let bytes = u32::try_from(text.len()).expect("a text of one megabyte");
    println!("{what:<22} {:>8.1} MB/s", f64::from(bytes) / best.as_secs_f64() / 1e6);
}
