//! Types as people read them: sorts, global and local types.
//!
//! Session types are printed one action per line; what follows an action stands below it at the same depth, so a
//! long chain stays flat. Only branches go deeper. Nothing here recurses, and indentation stops growing at a limit,
//! so the text is linear in the type.

use crate::global::{GlobalId, GlobalNode, GlobalType};
use crate::local::{LocalId, LocalNode, LocalType};
use crate::sort::{Label, Sort};
use std::fmt;

/// Deepest indentation, in levels of two columns.
pub const MAX_INDENT: usize = 32;

impl fmt::Display for Sort {
    /// In Tell's notation; a pair nested to the right is a tuple.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        enum Piece<'a> {
            Text(&'static str),
            Sort(&'a Sort),
            /// The right half of a pair: a pair there continues the tuple.
            Rest(&'a Sort),
        }
        let mut stack = vec![Piece::Sort(self)];
        while let Some(piece) = stack.pop() {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Rest(Sort::Prod(left, right)) => {
                    stack.extend([Piece::Rest(right), Piece::Text(", "), Piece::Sort(left)]);
                }
                Piece::Sort(Sort::Prod(left, right)) => {
                    f.write_str("(")?;
                    stack.extend([Piece::Text(")"), Piece::Rest(right), Piece::Text(", "), Piece::Sort(left)]);
                }
                Piece::Sort(simple) | Piece::Rest(simple) => match simple {
                    Sort::Unit => f.write_str("Unit")?,
                    Sort::Nat => f.write_str("Nat")?,
                    Sort::Int => f.write_str("Int")?,
                    Sort::Bool => f.write_str("Bool")?,
                    Sort::String => f.write_str("String")?,
                    Sort::Bytes => f.write_str("Bytes")?,
                    Sort::Real => f.write_str("Real")?,
                    Sort::Vector(length) => write!(f, "Vector {length}")?,
                    Sort::Named(name) => f.write_str(name)?,
                    Sort::Prod(..) => {}
                },
            }
        }
        Ok(())
    }
}

impl fmt::Display for Label {
    /// `Title(String)`; a label without payload is its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sort {
            Sort::Unit => f.write_str(&self.name),
            pair @ Sort::Prod(..) => write!(f, "{}{pair}", self.name),
            sort => write!(f, "{}({sort})", self.name),
        }
    }
}

/// A line, or a subterm still to be printed, and its depth.
enum Line<Id> {
    Text(String, usize),
    Term(Id, usize),
}

/// Prints lines from a stack until it is empty; `expand` gives a term's own line and what is below it, in order.
fn lines<Id: Copy>(
    f: &mut fmt::Formatter<'_>,
    root: Id,
    expand: impl Fn(Id, usize, &mut Vec<Line<Id>>),
) -> fmt::Result {
    let mut stack = vec![Line::Term(root, 0)];
    let mut below = Vec::new();
    let mut first = true;
    while let Some(line) = stack.pop() {
        match line {
            Line::Text(text, depth) => {
                if !std::mem::take(&mut first) {
                    f.write_str("\n")?;
                }
                write!(f, "{:indent$}{text}", "", indent = 2 * depth.min(MAX_INDENT))?;
            }
            Line::Term(id, depth) => {
                expand(id, depth, &mut below);
                stack.extend(below.drain(..).rev());
            }
        }
    }
    Ok(())
}

/// A head, its alternatives one level deeper with what follows them another, and the closing brace.
fn alternatives<Id>(head: String, depth: usize, rows: impl Iterator<Item = (String, Id)>, out: &mut Vec<Line<Id>>) {
    out.push(Line::Text(format!("{head}{{"), depth));
    for (row, then) in rows {
        out.push(Line::Text(format!("{row}."), depth + 1));
        out.push(Line::Term(then, depth + 2));
    }
    out.push(Line::Text("}".to_owned(), depth));
}

/// Alternatives of one kind of action; a single one continues at the same depth.
fn actions<Id>(head: &str, depth: usize, mut rows: Vec<(String, Id)>, out: &mut Vec<Line<Id>>) {
    if rows.len() == 1 {
        out.extend(
            rows.pop()
                .into_iter()
                .flat_map(|(row, then)| [Line::Text(format!("{row}."), depth), Line::Term(then, depth)]),
        );
    } else {
        alternatives(head.to_owned(), depth, rows.into_iter(), out);
    }
}

impl fmt::Display for LocalType {
    /// `Seller!Title(String).` and below it what follows; `+{…}` is a choice of sends, `&{…}` of receives.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, self.root, |id: LocalId, depth, out| match self.node(id) {
            LocalNode::End => out.push(Line::Text("end".to_owned(), depth)),
            LocalNode::Var(name) => out.push(Line::Text(name.clone(), depth)),
            LocalNode::Rec(name, body) => {
                out.push(Line::Text(format!("rec {name}."), depth));
                out.push(Line::Term(*body, depth));
            }
            LocalNode::Send(partner, branches) => {
                let row = |(label, then): &(Label, LocalId)| (format!("{partner}!{label}"), *then);
                actions("+", depth, branches.iter().map(row).collect(), out);
            }
            LocalNode::Recv(partner, branches) => {
                let row = |(label, then): &(Label, LocalId)| (format!("{partner}?{label}"), *then);
                actions("&", depth, branches.iter().map(row).collect(), out);
            }
            LocalNode::SendAny(branches) => {
                let row = |(partner, label, then): &(String, Label, LocalId)| (format!("{partner}!{label}"), *then);
                actions("+", depth, branches.iter().map(row).collect(), out);
            }
            LocalNode::RecvAny(branches) => {
                let row = |(partner, label, then): &(String, Label, LocalId)| (format!("{partner}?{label}"), *then);
                actions("&", depth, branches.iter().map(row).collect(), out);
            }
            LocalNode::Case(branches) => alternatives("case ".to_owned(), depth, branches.iter().cloned(), out),
            LocalNode::Par { branches, then } => par(branches, *then, depth, out),
            LocalNode::Timed { owner, body, outcomes, then } => timed(owner, *body, outcomes, *then, depth, out),
        })
    }
}

/// Branches side by side.
fn par<Id: Copy>(branches: &[Id], then: Id, depth: usize, out: &mut Vec<Line<Id>>) {
    out.push(Line::Text("par {".to_owned(), depth));
    for (index, &branch) in branches.iter().enumerate() {
        if index > 0 {
            out.push(Line::Text("} and {".to_owned(), depth));
        }
        out.push(Line::Term(branch, depth + 1));
    }
    out.push(Line::Text("}.".to_owned(), depth));
    out.push(Line::Term(then, depth));
}

/// A scope with outcomes.
fn timed<Id: Copy>(owner: &str, body: Id, outcomes: &[(String, Id)], then: Id, depth: usize, out: &mut Vec<Line<Id>>) {
    out.push(Line::Text(format!("timed {owner} {{"), depth));
    out.push(Line::Term(body, depth + 1));
    for (outcome, block) in outcomes {
        out.push(Line::Text(format!("}} on {outcome} {{"), depth));
        out.push(Line::Term(*block, depth + 1));
    }
    out.push(Line::Text("}.".to_owned(), depth));
    out.push(Line::Term(then, depth));
}

impl fmt::Display for GlobalType {
    /// `Buyer -> Seller : Title(String).` and below it what follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, self.root, |id, depth, out| self.expand(id, depth, out))
    }
}

impl GlobalType {
    fn expand(&self, id: GlobalId, depth: usize, out: &mut Vec<Line<GlobalId>>) {
        match self.node(id) {
            GlobalNode::End => out.push(Line::Text("end".to_owned(), depth)),
            GlobalNode::Var(name) => out.push(Line::Text(name.clone(), depth)),
            GlobalNode::Rec(name, body) => {
                out.push(Line::Text(format!("rec {name}."), depth));
                out.push(Line::Term(*body, depth));
            }
            GlobalNode::Comm { sender, receiver, branches } => {
                let pair = format!("{} -> {}", self.role(*sender), self.role(*receiver));
                if let [(label, then)] = branches.as_slice() {
                    out.push(Line::Text(format!("{pair} : {label}."), depth));
                    out.push(Line::Term(*then, depth));
                } else {
                    let rows = branches.iter().map(|(label, then)| (label.to_string(), *then));
                    alternatives(format!("{pair} "), depth, rows, out);
                }
            }
            GlobalNode::Choice { decider, branches } => {
                let decider = self.role(*decider);
                let rows = branches
                    .iter()
                    .map(|(receiver, label, then)| (format!("{decider} -> {} : {label}", self.role(*receiver)), *then));
                alternatives(format!("choice {decider} "), depth, rows, out);
            }
            GlobalNode::Case { deciders, branches } => {
                let deciders: Vec<_> = deciders.iter().map(|&role| self.role(role)).collect();
                alternatives(format!("case {} ", deciders.join(", ")), depth, branches.iter().cloned(), out);
            }
            GlobalNode::Par { branches, then } => par(branches, *then, depth, out),
            GlobalNode::Timed { owner, body, outcomes, then } => {
                timed(self.role(*owner), *body, outcomes, *then, depth, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, sort: Sort) -> Label {
        Label { name: name.to_owned(), sort }
    }

    #[test]
    fn local_types_read_top_down() {
        let pair =
            Sort::Prod(Box::new(Sort::Int), Box::new(Sort::Prod(Box::new(Sort::Nat), Box::new(Sort::Vector(3)))));
        let ty = LocalType {
            nodes: vec![
                LocalNode::End,
                LocalNode::Var("X".to_owned()),
                LocalNode::Send("Seller".to_owned(), vec![(label("More", pair), LocalId(1))]),
                LocalNode::Recv(
                    "Seller".to_owned(),
                    vec![(label("Yes", Sort::Int), LocalId(2)), (label("No", Sort::Unit), LocalId(0))],
                ),
                LocalNode::Send("Seller".to_owned(), vec![(label("Title", Sort::String), LocalId(3))]),
                LocalNode::Rec("X".to_owned(), LocalId(4)),
            ],
            root: LocalId(5),
        };
        let expected = "rec X.\nSeller!Title(String).\n&{\n  Seller?Yes(Int).\n    Seller!More(Int, Nat, Vector 3).\n    \
                        X\n  Seller?No.\n    end\n}";
        assert_eq!(ty.to_string(), expected);
    }

    #[test]
    fn global_types_read_top_down() {
        let ty = GlobalType {
            roles: vec!["A".to_owned(), "B".to_owned(), "C".to_owned()],
            nodes: vec![
                GlobalNode::End,
                GlobalNode::Comm { sender: 0, receiver: 1, branches: vec![(label("L", Sort::Unit), GlobalId(0))] },
                GlobalNode::Choice {
                    decider: 0,
                    branches: vec![
                        (1, label("M", Sort::Int), GlobalId(0)),
                        (2, label("N", Sort::Named("Order".to_owned())), GlobalId(0)),
                    ],
                },
                GlobalNode::Par { branches: vec![GlobalId(0), GlobalId(1)], then: GlobalId(2) },
                GlobalNode::Timed {
                    owner: 2,
                    body: GlobalId(3),
                    outcomes: vec![("timeout".to_owned(), GlobalId(0))],
                    then: GlobalId(0),
                },
            ],
            root: GlobalId(4),
        };
        let expected = "timed C {\n  par {\n    end\n  } and {\n    A -> B : L.\n    end\n  }.\n  choice A {\n    \
                        A -> B : M(Int).\n      end\n    A -> C : N(Order).\n      end\n  }\n} on timeout {\n  end\n}.\nend";
        assert_eq!(ty.to_string(), expected);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_messages_is_printed_flat() {
        let mut nodes = vec![LocalNode::End];
        for index in 0..100_000 {
            nodes.push(LocalNode::Send("B".to_owned(), vec![(label("L", Sort::Unit), LocalId(index))]));
        }
        let text = LocalType { nodes, root: LocalId(100_000) }.to_string();
        assert_eq!(text.len(), 100_000 * "B!L.\n".len() + "end".len());
    }
}
