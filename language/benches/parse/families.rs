//! The texts that are measured: each family repeats one part of a program until the text is long enough.

use std::fmt::Write as _;

/// A kind of text.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// Appends the part with that number.
    part: fn(&mut String, usize),
}

/// All families.
pub(crate) const FAMILIES: &[Family] = &[
    Family { name: "mix", part: two_buyer },
    Family { name: "deep", part: deep },
    Family { name: "expressions", part: expressions },
    Family { name: "declarations", part: declarations },
    Family { name: "comments", part: comments },
    Family { name: "messages", part: messages },
    Family { name: "everything", part: everything },
];

/// A text of at least `size` bytes.
pub(crate) fn text(family: &Family, size: usize) -> String {
    let mut text = String::from("import std.log\n");
    let mut number = 0;
    while text.len() < size {
        (family.part)(&mut text, number);
        number += 1;
    }
    text
}

/// A protocol with that many blocks inside each other, in braces.
pub(crate) fn nested_blocks(depth: usize) -> String {
    format!("protocol P(A, B) =\n  {}A -> B : M{}\n", "rec X { ".repeat(depth), " }".repeat(depth))
}

/// A protocol like those people write.
fn two_buyer(text: &mut String, number: usize) {
    let _ = write!(
        text,
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
    );
}

/// Sixty loops inside each other.
fn deep(text: &mut String, number: usize) {
    let _ = writeln!(text, "protocol Deep{number}(A, B) =");
    for depth in 1..60 {
        let space = " ".repeat(depth);
        let _ = write!(text, "{space}A -> B : Step{depth}\n{space}loop decide by A\n");
    }
    let _ = writeln!(text, "{}B -> A : Last", " ".repeat(60));
}

/// Functions of long expressions.
fn expressions(text: &mut String, number: usize) {
    let _ = write!(text, "fun f{number}(x : Int, y : Int, s : String) : Int = x");
    for term in 0..30 {
        let _ = write!(text, " + {term} * (y - x / {number}) % max(x, -y + length(s ++ \"a\"))");
    }
    text.push('\n');
}

/// Types, effects and functions.
fn declarations(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "type Shape{number} = | Circle(Int) | Square(Int, Int) | Empty
type alias Table{number} = Map String (List Int)
effect Store{number}(K, V)
  authoritative read : K -> Maybe V
  observe size : Unit -> Int {{ class : pure }}
  command write : (K, V) -> Unit
fun area{number}(s : Shape{number}) : Int = case s of
  | Circle(r) => 3 * r * r
  | Square(w, h) => if w > h then w * h else h * w
  | Empty => 0
"
    );
}

/// More comment than program.
fn comments(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "
-- ---------------------------------------------------------------------------------------------------------
-- Part {number}: the two of them greet each other, which takes two messages and no more than that. Nothing
-- else happens here, and whoever reads this has read it before.
{{- A block comment {{- with another one inside -}}
   that goes on for some lines,
   as they do. -}}
--| Documentation of the protocol.
protocol Greet{number}(A, B) =
  A -> B : Hello -- the first one
  B -> A : Hello -- the answer
"
    );
}

/// Nothing but messages.
fn messages(text: &mut String, number: usize) {
    let _ = writeln!(text, "protocol Chain{number}(Client, Server) =");
    for step in 0..50 {
        let _ = writeln!(text, "  Client -> Server : Request{step}(key, value)\n  Server -> Client : Answer{step}");
    }
}

/// Parts side by side, scopes, families of roles, handlers, steps.
fn everything(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "
handler memory{number}(limit : Int) for State(String, Int) uses Log(String)
  var table : Map String Int = empty()
  get(k) => resume lookup(table, k)
  put(k, v) =>
    do Log.write(k)
    table := insert(table, k, v)
    resume ()
  return x => result (x, table)
protocol All{number}(A, B, W[4]; n : Int at A) uses Clock, Log(String) =
  var total at A : Int = 0
  for i in W
    A -> W[i] : Ask(ask : Int = i * 10)
    W[i] -> A : Answer(answer : Int = ask)
    total := total + answer
  par
    | timeout 5s A at
        A -> B : X(x : Int = n + 1)
        do Clock.sleep(10s) at B
      on timeout =>
        A -> B : Late
    | A -> W[0] : Go
      W[0] -> A : Done
  A handles State(String, Int) with memory{number}(10) as r
    let old at A : Maybe Int = do State.get(\"k\")
    case old at A of
      | Just(v) => A -> B : Some(v)
      | Nothing => A -> B : None of String as reason
  assert total >= 0 at A \"never negative\"
  let y at A = if total > 3 then {{ a = 1, b = [1, 2, 3] }} else {{ a = 2, b = [] }}
  rec Again
    choice A at
      | More =>
          A {{ priority : high }} -> B : More
          continue Again
      | Stop => A ->* : Stop
"
    );
}
