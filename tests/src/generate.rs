//! Well-formed choreographies as text, a function of a seed.
//!
//! Every program is meant to be accepted, to project, and to end without a fault when branches are chosen at random.
//! How that is achieved: inside an arm only roles that already know about it act; each other participant is informed
//! by somebody who knows, early or late ([`statement`]); names and labels are fresh; numbers stay small; loops count
//! or leave by chance. [`Features`] says what a program contains, so that a test can assert what its cases cover.
//!
//! [`program`] keeps to messages, decisions, loops and calls. [`full`] has everything that is executed: branches side by
//! side and scopes with outcomes ([`part`]), functions ([`function`]), values of all kinds ([`data`]), time, and
//! operations that fail. Its programs may end in a fault.

mod branching;
mod data;
mod expression;
mod function;
mod looping;
mod part;
mod scope;
mod statement;

use crate::numbers::Numbers;
use scope::{Scopes, Ty};

/// A generated program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its text.
    pub text: String,
    /// What is in it.
    pub features: Features,
}

/// What a program contains.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    /// Roles of the main protocol.
    pub roles: usize,
    /// Somewhere a role learns of a branch from somebody else than its decider, or after other communications.
    pub informed_late: bool,
    /// There is a `rec` with a `continue`.
    pub recursion: bool,
    /// There is a `loop`.
    pub loops: bool,
    /// A statement follows a `choice`, `rec` or `loop` in its block.
    pub after_compound: bool,
    /// A role passes on a value it received.
    pub passed_on: bool,
    /// There is a `call`.
    pub calls: bool,
    /// A role acts in two branches of a `par`.
    pub branches: bool,
    /// There is a scope with outcomes.
    pub scopes: bool,
    /// There is a scope or `par` in another one.
    pub nested_parts: bool,
    /// A function is called that performs operations.
    pub effectful: bool,
}

/// The program of a seed.
#[must_use]
pub fn program(seed: u64) -> Program {
    generate(seed, Range::Plain)
}

/// The program of a seed, with everything that is executed.
#[must_use]
pub fn full(seed: u64) -> Program {
    generate(seed, Range::Full)
}

/// What programs are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Range {
    #[default]
    Plain,
    Full,
}

fn generate(seed: u64, range: Range) -> Program {
    let mut numbers = Numbers::new(seed);
    let roles = *numbers.pick(&[2, 3, 3, 4, 4, 5, 5, 6]);
    let budget = 6 + numbers.below(18);
    let features = Features { roles, ..Features::default() };
    let mut shared = Shared { range, numbers, features, ..Shared::default() };
    let mut text = String::from(PRELUDE);
    if range == Range::Full {
        text.push_str(FULL_PRELUDE);
        shared.write_functions();
        shared.functions.iter().for_each(|function| text.push_str(&function.text));
    }
    let names = (0..roles).map(|role| ROLES[role].to_owned()).collect();
    let main = Body::new(&mut shared, names, Kind::Main, budget).protocol("Main");
    text.push_str(&main);
    if !shared.callees.is_empty() {
        text.push_str("where\n");
        for callee in &shared.callees {
            for line in callee.text.lines() {
                text.push_str("  ");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Program { text, features: shared.features }
}

const ROLES: [&str; 6] = ["Ann", "Ben", "Cat", "Dan", "Eve", "Fay"];

const PRELUDE: &str = "import std.random exposing (Random)
type Shape = | Dot | Line(Int) | Box(Int, Int)
";

const FULL_PRELUDE: &str = "import std.clock exposing (Clock)
type alias Point = { x : Int, y : Shape }
effect Desk
  ask : Int -> Int
  authoritative find : Int -> Maybe Int
fun told(it : T) : String = to_string(it) ++ \".\"
fun boxed(it : T) : List T = [it, it]
fun first_or(all : List T, other : T) : T = case head(all) of | Just(it) => it | Nothing => other
";

/// What all protocols of a program share.
#[derive(Default)]
struct Shared {
    range: Range,
    functions: Vec<function::Function>,
    numbers: Numbers,
    features: Features,
    next_name: u32,
    next_label: u32,
    callees: Vec<Callee>,
}

/// A protocol that can be called.
#[derive(Clone)]
struct Callee {
    name: String,
    roles: usize,
    /// Roles of its parameters, which are numbers.
    params: Vec<usize>,
    text: String,
}

/// Which protocol a body is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Main,
    Callee,
}

/// The body of a protocol that is being written.
struct Body<'a> {
    shared: &'a mut Shared,
    names: Vec<String>,
    kind: Kind,
    scopes: Scopes,
    /// Statements that may still be written.
    budget: usize,
    /// Blocks around the current statement.
    depth: usize,
    /// Loops around it; a called protocol counts as one, since it may be called again.
    loops: usize,
    /// What the `par`s and scopes around it allow.
    within: part::Within,
    lines: Vec<String>,
}

impl<'a> Body<'a> {
    fn new(shared: &'a mut Shared, names: Vec<String>, kind: Kind, budget: usize) -> Self {
        let scopes = Scopes::new(names.len());
        let loops = usize::from(kind == Kind::Callee);
        Self {
            shared,
            names,
            kind,
            scopes,
            budget,
            depth: 0,
            loops,
            within: part::Within::default(),
            lines: Vec::new(),
        }
    }

    /// The whole protocol.
    fn protocol(mut self, name: &str) -> String {
        let params = self.params();
        self.finish(name, &params)
    }

    fn params(&mut self) -> Vec<(String, usize)> {
        let count = self.numbers().below(4);
        let mut params = Vec::new();
        for _ in 0..count {
            let (role, name) = (self.any_role(), self.fresh_name());
            self.scopes.bind_fresh(&[role], &name, Ty::Int);
            params.push((name, role));
        }
        params
    }

    fn finish(mut self, name: &str, params: &[(String, usize)]) -> String {
        let everyone: Vec<usize> = (0..self.names.len()).collect();
        self.top(&everyone);
        if self.lines.is_empty() {
            self.line(&format!("{} -> {} : Only", self.names[0], self.names[1]));
        }
        let params: Vec<String> =
            params.iter().map(|(param, role)| format!("{param} : Int at {}", self.names[*role])).collect();
        let params = if params.is_empty() { String::new() } else { format!("; {}", params.join(", ")) };
        let uses = if self.is_full() { "Random, Clock, Desk" } else { "Random" };
        format!("protocol {name}({}{params}) uses {uses} =\n{}\n", self.names.join(", "), self.lines.join("\n"))
    }

    fn is_full(&self) -> bool {
        self.shared.range == Range::Full
    }

    const fn numbers(&mut self) -> &mut Numbers {
        &mut self.shared.numbers
    }

    const fn percent(&mut self, share: usize) -> bool {
        self.shared.numbers.percent(share)
    }

    fn any_role(&mut self) -> usize {
        let count = self.names.len();
        self.numbers().below(count)
    }

    fn fresh_name(&mut self) -> String {
        self.shared.next_name += 1;
        format!("x{}", self.shared.next_name)
    }

    fn fresh_label(&mut self) -> String {
        self.shared.next_label += 1;
        format!("L{}", self.shared.next_label)
    }

    fn line(&mut self, text: &str) {
        self.lines.push(format!("{}{text}", "  ".repeat(self.depth + 1)));
    }

    /// Writes a block: what is bound in it ends with it. Gives the scopes at its end.
    fn block(&mut self, write: impl FnOnce(&mut Self)) -> Scopes {
        self.depth += 1;
        let scopes = self.scopes.clone();
        let before = self.lines.len();
        write(self);
        if self.lines.len() == before {
            self.line("{}");
        }
        self.depth -= 1;
        std::mem::replace(&mut self.scopes, scopes)
    }
}
