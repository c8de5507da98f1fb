//! The programs that are parsed.

use std::fmt::Write as _;

#[path = "../../../language/benches/parse/families.rs"]
#[allow(dead_code, reason = "the bench of the front end uses all of it")]
mod families;

/// One protocol of messages and a choice that Tell and the reference both read.
pub fn messages(size: usize) -> String {
    let mut text = String::from("protocol Chain =\n  roles Client, Server\n");
    let mut step = 0;
    while text.len() < size {
        let _ = write!(text, "  Client -> Server : Request{step}\n  Server -> Client : Answer{step}\n");
        step += 1;
    }
    text.push_str("  choice Client at\n    | More =>\n      Client -> Server : More\n");
    text.push_str("    | Stop =>\n      Client -> Server : Stop\n");
    text
}

/// Protocols like those people write; the family `mix` of `language/benches`.
pub fn tell(size: usize) -> String {
    families::text(&families::FAMILIES[0], size)
}

/// The same story as functions of Python.
pub fn python(size: usize) -> String {
    repeat(size, |text, number| {
        let _ = write!(
            text,
            "
# Two buyers share the cost of a book.
def two_buyer{number}(alice: Role, bob: Role, seller: Role, budget: int, catalog, state: dict[str, int]) -> None:
    seller.send(alice, title=\"book {number}\")
    price = catalog.price(seller.title)
    alice.send(seller, Quote(price))
    share: int = price // 2 + {number}
    match bob.choose():
        case Accept() if share <= budget and not share == 0:
            bob.everyone(Accept())
            while share > 0:
                seller.receive(bob, Pay(amount=min(share, 10)))
        case Refuse():
            bob.everyone(Refuse())
    if share > 100:
        alice.send(bob, Thanks()) # in words
    else:
        alice.send(bob, Bye())
"
        );
    })
}

/// The same story as functions of Typst.
pub fn typst(size: usize) -> String {
    repeat(size, |text, number| {
        let _ = write!(
            text,
            "
// Two buyers share the cost of a book.
let two-buyer{number}(alice, bob, seller, budget, catalog: none, state: (:)) = {{
  (seller.send)(alice, title: \"book {number}\")
  let price = (catalog.price)(seller.title)
  (alice.send)(seller, quote(price))
  let share = price / 2 + {number}
  if share <= budget and not (share == 0) {{
    (bob.everyone)(accept())
    while share > 0 {{
      (seller.receive)(bob, pay(amount: calc.min(share, 10)))
    }}
  }} else {{ (bob.everyone)(refuse()) }}
  if share > 100 {{
    (alice.send)(bob, thanks()) // in words
  }} else {{
    (alice.send)(bob, bye())
  }}
}}
"
        );
    })
}

fn repeat(size: usize, part: impl Fn(&mut String, usize)) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < size {
        part(&mut text, number);
        number += 1;
    }
    text
}
