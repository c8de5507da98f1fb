//! Programs of several modules: which names are seen, and what is wrong between files.

use crate::pipeline::{Checked, check};
use crate::project::Limits;
use crate::sources::{NoModule, Source, Sources, Wanted};

/// Modules by name; the user's file is `main`.
struct Texts<'a>(&'a [(&'a str, &'a str)]);

impl Sources for Texts<'_> {
    fn own_name(&self, _: Option<&str>) -> Option<String> {
        Some("main".to_owned())
    }

    fn module(&self, wanted: &Wanted<'_>) -> Result<Source, NoModule> {
        let name = wanted.name.to_owned();
        let file = format!("{}.tell", name.replace('.', "/"));
        let known = self.0.iter().map(|(known, _)| (*known).to_owned()).collect();
        let text = self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        let Some(text) = text else { return Err(NoModule::Unknown { looked: vec![file], known }) };
        Ok(Source { line: name.clone(), module: name, file, text })
    }
}

/// Checks `main` with the other modules.
fn checked(modules: &[(&str, &str)]) -> Checked {
    let main = modules.iter().find(|(name, _)| *name == "main").expect("there is a main file").1;
    check("main.tell", main, &Texts(modules), Limits::default())
}

/// `file:line code`, for each diagnostic.
fn found(modules: &[(&str, &str)]) -> Vec<String> {
    let Checked { program, diagnostics, .. } = checked(modules);
    let place = |diagnostic: &tell_language::diagnostic::Diagnostic| {
        let (file, span) = diagnostic.position();
        let (line, _) = program.files.line_column(file, span.start);
        format!("{}:{line} {}", program.files.get(file).name, diagnostic.code.0)
    };
    diagnostics.iter().map(place).collect()
}

const TYPES: &str = "module shop.types
type Order = | Book(String) | Pen
type alias Price = Int
effect Catalog
  observe price : Order -> Price
protocol Ask(A, B; order : Order at A) uses Catalog =
  A -> B : Ask(order)
  observe let cost at B = observe Catalog.price(order)
  B -> A : Cost(cost)
";

const USER: &str = "import shop.types as T exposing (Order, Catalog)
protocol Main(X, Y; order : Order at X) uses Catalog =
  X -> Y : Hello(price : T.Price)
  let pen at X = T.Pen
  X -> Y : Item(pen)
  case pen of
    | T.Pen => X -> Y : IsPen
    | T.Book(title) => X -> Y : IsBook
  call T.Ask(X, Y; order)
  call shop.types.Ask(X, Y; order)
";

#[test]
fn all_kinds_of_names_come_from_other_modules() {
    let checked = checked(&[("main", USER), ("shop.types", TYPES)]);
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked.protocols(), ["Main"]);
    let names: Vec<&str> = checked.program.effects.iter().map(|effect| effect.full_name.as_str()).collect();
    assert_eq!(names, ["shop.types.Catalog"]);
}

#[test]
fn a_name_that_is_not_exposed_needs_its_module() {
    let main = "import shop.types as T exposing (Catalog)\nprotocol M(A, B) uses Catalog =\n  A -> B : M(x : Order)\n";
    assert_eq!(found(&[("main", main), ("shop.types", TYPES)]), ["main.tell:3 E0201"]);
    let main = "import shop.types as T\nprotocol M(A, B; x : T.Order at A) uses Catalog =\n  A -> B : M(x)\n";
    assert_eq!(found(&[("main", main), ("shop.types", TYPES)]), ["main.tell:2 E0203"]);
    let main = "import shop.types as T\nprotocol M(A, B; x : T.Order at A) uses T.Catalog =\n  call Ask(A, B; x)\n";
    assert_eq!(found(&[("main", main), ("shop.types", TYPES)]), ["main.tell:3 E0205"]);
}

#[test]
fn what_a_module_imports_is_not_its_own() {
    let middle = "import shop.types exposing (Order)\ntype alias Basket = List Order\n";
    let main = "import middle as M\nprotocol P(A, B) =\n  A -> B : X(b : M.Basket)\n  A -> B : Y(o : M.Order)\n";
    let modules = [("main", main), ("middle", middle), ("shop.types", TYPES)];
    assert_eq!(found(&modules), ["main.tell:4 E0201"]);
    let main = "import middle exposing (Order)\nprotocol P(A, B) =\n  A -> B : Y(o : Order)\n";
    assert_eq!(found(&[("main", main), modules[1], modules[2]]), ["main.tell:1 E0208"]);
}

#[test]
fn two_meanings_of_one_name_are_told() {
    let other = "type Order\n";
    let main = "import shop.types exposing (Order)\nimport other exposing (Order)\nprotocol P(A, B) =\n  A -> B : Y(o : Order)\n";
    assert_eq!(found(&[("main", main), ("shop.types", TYPES), ("other", other)]), ["main.tell:2 E0210"]);
    let main = "import other exposing (Order)\ntype Order\nprotocol P(A, B) =\n  A -> B : Y(o : Order)\n";
    assert_eq!(found(&[("main", main), ("other", other)]), ["main.tell:1 E0210"]);
}

#[test]
fn a_cycle_is_told_as_its_way() {
    let modules = [
        ("main", "import a\nprotocol P(A, B) =\n  A -> B : Y(o : a.T)\n"),
        ("a", "import b\ntype T = | T(b.T)\n"),
        ("b", "import a\ntype T = | T(a.T)\n"),
    ];
    assert_eq!(found(&modules), ["a.tell:1 E0261"]);
    assert!(checked(&modules).diagnostics[0].message.ends_with("a → b → a"));
    let own =
        [("main", "import a\nimport main\ntype U = | U(a.T, main.U)\n"), ("a", "import main\ntype T = | T(main.U)\n")];
    assert_eq!(found(&own), ["main.tell:1 E0261", "main.tell:2 E0261"]);
    let messages: Vec<String> = checked(&own).diagnostics.into_iter().map(|found| found.message).collect();
    assert!(messages[0].ends_with("main → a → main") && messages[1].ends_with("main → main"), "{messages:?}");
}

#[test]
fn mistakes_are_reported_in_their_own_file_and_only_there() {
    let unclear = "protocol Unclear(A, B, C) =
  choice A at
    | Yes =>
        A -> B : Yes
        B -> C : More
    | No => A -> B : No
  C -> B : End
";
    let main = "import unclear exposing (Unclear)\nprotocol P(A, B, C) =\n  A -> B : Start\n  call Unclear(A, B, C)\n";
    assert_eq!(found(&[("main", main), ("unclear", unclear)]), ["unclear.tell:2 E0401"]);
    let mistyped = "protocol Unclear(A, B, C) =\n  A -> B : X(n : Int = \"\")\n  B -> C : Y\n";
    assert_eq!(found(&[("main", main), ("unclear", mistyped)]), ["unclear.tell:2 E0301"]);
    let unread = "protocol Unclear(A, B, C) =\n  A -> : X\n  B -> C : Y\n";
    assert_eq!(found(&[("main", main), ("unclear", unread)]), ["unclear.tell:2 E0102"]);
    let unused = "import shop.types as T exposing (Order)\nprotocol Unclear(A, B, C) =\n  A -> B : X\n  B -> C : Y\n";
    let modules = [("main", main), ("unclear", unused), ("shop.types", TYPES)];
    assert_eq!(found(&modules), ["unclear.tell:1 W0202"]);
}

#[test]
fn a_call_of_another_file_is_where_its_steps_stand() {
    let one = "protocol One(A, B) =\n  choice A at\n    | Yes => A -> B : Yes\n    | No => A -> B : No\n";
    let main = "import one exposing (One)\nprotocol P(A, B, C) =\n  call One(A, B)\n  choice B at\n    | Left => B -> A : Left\n    | Right =>\n        B -> A : Right\n        B -> C : Right\n";
    let checked = checked(&[("main", main), ("one", one)]);
    let graph = &checked.projected[0].graph;
    let text = &checked.program.files.get(graph.file).text;
    let starts = |node: &crate::graph::Node| text[node.span.range()].split(' ').next().unwrap_or_default().to_owned();
    let starts: std::collections::BTreeSet<String> = graph.nodes.iter().map(starts).collect();
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    assert_eq!(starts, ["B", "P", "call", "choice"], "statements, and the name of the protocol");
}

#[test]
fn the_module_line_says_where_the_file_is() {
    let main = "module mian\nimport other\nprotocol P(A, B) =\n  A -> B : M(x : other.T)\n";
    let other = "module othr\ntype T\n";
    let modules = [("main", main), ("other", other)];
    assert_eq!(found(&modules), ["main.tell:1 E0260", "other.tell:1 E0260"]);
    assert_eq!(checked(&modules).diagnostics[0].fixes[0].replacement, "main");
    assert_eq!(found(&[("main", "module std.main\ntype T\n")]), ["main.tell:1 E0260"]);
}

#[test]
fn an_unknown_module_is_told_with_what_was_looked_for() {
    let checked = checked(&[("main", "import shop.typs exposing (Order)\n"), ("shop.types", TYPES)]);
    let [diagnostic] = &checked.diagnostics[..] else { panic!("{:?}", checked.diagnostics) };
    assert_eq!(diagnostic.code.0, "E0207");
    assert_eq!(diagnostic.notes, ["there is no file `shop/typs.tell`"]);
    assert_eq!(diagnostic.help.as_deref(), Some("did you mean `shop.types`?"));
}
