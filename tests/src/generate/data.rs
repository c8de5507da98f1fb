//! Values of all kinds: texts, lists, records, durations, and calls of functions on them.

use super::Body;
use super::expression::{Expr, From};
use super::scope::Ty;

impl Body<'_> {
    /// One of these types, or, where there is everything, another one.
    pub(super) fn ty_among(&mut self, types: &[Ty]) -> Ty {
        if self.is_full() && self.percent(40) {
            return *self.numbers().pick(&[Ty::Text, Ty::List, Ty::Point, Ty::Time]);
        }
        *self.numbers().pick(types)
    }

    /// A text, list, record or duration.
    pub(super) fn data(&mut self, role: usize, ty: Ty) -> Expr {
        let known = self.name_of(role, ty, From::All);
        match (ty, known) {
            (Ty::Text, Some(name)) if self.percent(50) => self.text_of(name),
            (Ty::Text, _) => self.shown(role),
            (Ty::List, Some(name)) => self.list_of(role, name),
            (Ty::Point, Some(name)) if self.percent(30) => {
                let text = format!("(case {name} of | {{ x = 0 }} => {name} | {{ x, y }} => {{ x = x % 7, y = y }})");
                Expr { text, names: vec![name] }
            }
            (Ty::Point, _) => {
                let (x, y) = (self.int(role, From::All), self.expr(role, Ty::Shape));
                Expr { text: format!("{{ x = {}, y = {} }}", x.text, y.text), names: [x.names, y.names].concat() }
            }
            (Ty::Time, Some(name)) if self.percent(50) => Expr { text: format!("{name} + 1ms"), names: vec![name] },
            (Ty::Time, _) => Expr::plain(format!("{}ms", self.numbers().below(20))),
            _ => {
                let (a, b) = (self.int(role, From::All), self.int(role, From::All));
                Expr { text: format!("[{}, {}]", a.text, b.text), names: [a.names, b.names].concat() }
            }
        }
    }

    fn text_of(&mut self, name: String) -> Expr {
        let text = match self.numbers().below(5) {
            0 => format!("{name} ++ \"-\""),
            1 => format!("upper({name})"),
            2 => format!("join(split({name}, \"1\"), \"|\")"),
            3 => format!("told({name})"),
            _ => format!("(if {name} < \"m\" then {name} else lower({name}))"),
        };
        Expr { text, names: vec![name] }
    }

    /// A value of any type as a text.
    fn shown(&mut self, role: usize) -> Expr {
        let types = [Ty::Int, Ty::Bool, Ty::Shape, Ty::Maybe, Ty::List, Ty::Point, Ty::Time];
        let ty = *self.numbers().pick(&types);
        let Some(name) = self.name_of(role, ty, From::All) else { return Expr::plain("\"none\"") };
        let text = match self.numbers().below(4) {
            0 => format!("told({name})"),
            1 => format!("to_string(boxed({name}))"),
            2 => format!("to_string((1, {name}))"),
            _ => format!("to_string({name})"),
        };
        Expr { text, names: vec![name] }
    }

    fn list_of(&mut self, role: usize, name: String) -> Expr {
        let item = self.int(role, From::All);
        let (text, names) = match self.numbers().below(7) {
            0 => (format!("tail({name})"), vec![]),
            1 => (format!("reverse({name})"), vec![]),
            2 => (format!("append({name}, {})", item.text), item.names),
            3 => (format!("(case {name} of | [] => [1] | [a] => [a, a] | other => other)"), vec![]),
            4 => (format!("[{}] ++ tail({name})", item.text), item.names),
            5 => {
                (format!("keys(remove(insert(insert(empty_map(), {}, {name}), 3, {name}), 4))", item.text), item.names)
            }
            _ => (name.clone(), vec![]),
        };
        Expr { text, names: [vec![name], names].concat() }
    }

    /// A number out of another value, or a function's.
    pub(super) fn number_of_data(&mut self, role: usize, from: From) -> Option<Expr> {
        let ty = *self.numbers().pick(&[Ty::Shape, Ty::Maybe, Ty::List, Ty::Point, Ty::Text, Ty::Int]);
        let name = self.name_of(role, ty, from)?;
        let text = match ty {
            Ty::Shape => format!("(case {name} of | Dot => 0 | Line(a) => a | Box(a, b) => (a + b) % 97)"),
            Ty::Maybe => format!("(case {name} of | Just(a) => a | Nothing => 9)"),
            Ty::List if self.percent(30) => format!("first_or({name}, 3)"),
            Ty::List if self.percent(50) => format!("(case {name} of | [a, _] => a | [] => 0 | _ => length({name}))"),
            Ty::List => format!("(case get({name}, 1) of | Just(a) => a | Nothing => 4)"),
            Ty::Point if self.percent(50) => format!("{name}.x"),
            Ty::Point => format!("(case {name} of | {{ x = 1 }} => 5 | {{ y = Line(a) }} => a | {{ x, y = _ }} => x)"),
            Ty::Text if self.percent(50) => format!("string_length({name})"),
            Ty::Text => format!("(case parse_int({name}) of | Just(a) => a % 97 | Nothing => 8)"),
            Ty::Int if self.percent(20) => {
                format!(
                    "(case lookup(insert(insert(empty_map(), 3, 1), {name}, 5), 3) of | Just(a) => a | Nothing => 2)"
                )
            }
            Ty::Int | Ty::Bool | Ty::Time => return self.called(false, name),
        };
        Some(Expr { text, names: vec![name] })
    }

    /// A call of a function that performs operations, or of one that does not.
    pub(super) fn called(&mut self, performs: bool, name: String) -> Option<Expr> {
        let fitting = self.shared.functions.iter().filter(|one| one.performs == performs);
        let fitting: Vec<String> = fitting.map(|one| one.name.clone()).collect();
        let literal = self.numbers().below(10);
        let function = if fitting.is_empty() { return None } else { self.numbers().pick(&fitting) };
        let text = format!("{function}({name}, {literal}) % 97");
        self.shared.features.effectful |= performs;
        Some(Expr { text: format!("({text})"), names: vec![name] })
    }
}
