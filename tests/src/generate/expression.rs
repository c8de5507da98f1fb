//! Expressions that never fault: every sum and product is taken modulo 97.

use super::Body;
use super::scope::{Held, Storage, Ty};

/// An expression and the names in it.
pub(super) struct Expr {
    pub(super) text: String,
    pub(super) names: Vec<String>,
}

impl Expr {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), names: Vec::new() }
    }
}

/// Which names may occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// All that the role holds.
    All,
    /// Those that are no cells.
    Bindings,
}

impl Body<'_> {
    /// An expression of a type at a role.
    pub(super) fn expr(&mut self, role: usize, ty: Ty) -> Expr {
        match ty {
            Ty::Int if self.is_full() && self.percent(10) => {
                let name = self.name_of(role, ty, From::All);
                let called = name.and_then(|name| self.called(true, name));
                called.unwrap_or_else(|| self.int(role, From::All))
            }
            Ty::Int => self.int(role, From::All),
            Ty::Bool => self.bool(role, From::All).unwrap_or_else(|| Expr::plain("true")),
            Ty::Shape => {
                let (a, b) = (self.int(role, From::All), self.int(role, From::All));
                match self.numbers().below(3) {
                    0 => Expr::plain("Dot"),
                    1 => Expr { text: format!("Line({})", a.text), names: a.names },
                    _ => Expr { text: format!("Box({}, {})", a.text, b.text), names: [a.names, b.names].concat() },
                }
            }
            Ty::Text | Ty::List | Ty::Point | Ty::Time => self.data(role, ty),
            Ty::Maybe => {
                let a = self.int(role, From::All);
                if self.percent(30) {
                    Expr::plain("Nothing")
                } else {
                    Expr { text: format!("Just({})", a.text), names: a.names }
                }
            }
        }
    }

    /// A number.
    pub(super) fn int(&mut self, role: usize, from: From) -> Expr {
        if self.is_full()
            && self.percent(25)
            && let Some(number) = self.number_of_data(role, from)
        {
            return number;
        }
        let name = self.name_of(role, Ty::Int, from);
        let literal = self.numbers().below(10).to_string();
        let Some(name) = name else { return Expr::plain(literal) };
        match self.numbers().below(6) {
            0 => Expr::plain(literal),
            1 => Expr { text: name.clone(), names: vec![name] },
            2 => Expr { text: format!("max({name}, {literal})"), names: vec![name] },
            3 => Expr { text: format!("(if {name} > {literal} then {name} else {literal})"), names: vec![name] },
            _ => {
                let Some(other) = self.name_of(role, Ty::Int, from) else { return Expr::plain(literal) };
                let op = *self.numbers().pick(&["+", "*", "-"]);
                Expr { text: format!("({name} {op} {other} + {literal}) % 97"), names: vec![name, other] }
            }
        }
    }

    /// A condition that depends on something.
    pub(super) fn bool(&mut self, role: usize, from: From) -> Option<Expr> {
        if self.percent(25)
            && let Some(name) = self.name_of(role, Ty::Bool, from)
        {
            let text = if self.percent(30) { format!("not {name}") } else { name.clone() };
            return Some(Expr { text, names: vec![name] });
        }
        let name = self.name_of(role, Ty::Int, from)?;
        let other = self.int(role, from);
        let op = *self.numbers().pick(&["<", "<=", ">", "==", "!="]);
        Some(Expr { text: format!("{name} {op} {}", other.text), names: [vec![name], other.names].concat() })
    }

    /// A name of a type that the role holds.
    pub(super) fn name_of(&mut self, role: usize, ty: Ty, from: From) -> Option<String> {
        let fits = |held: &&Held| held.ty == ty && (from == From::All || held.storage == Storage::Binding);
        let names: Vec<String> = self.scopes.held(role).iter().filter(fits).map(|held| held.name.clone()).collect();
        if names.is_empty() { None } else { Some(self.numbers().pick(&names).clone()) }
    }
}
