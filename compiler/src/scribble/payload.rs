//! Which messages carry their fields under names.
//!
//! A field with a name is asked for by that name and may be passed on, so names are kept. But Tell compares sends with
//! the names of their fields (PROJECTION §3), and a name may not be taken twice at its sender (`E0312`), where Scribble
//! gives neither a meaning. So a label either has the same names everywhere and none of them clashes, or it has none.

use super::name::{Names, carried, field};
use super::{Block, Message, Name, Note, Protocol, Stmt};
use rustc_hash::{FxHashMap, FxHashSet};

/// How the fields of a label are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Names of the fields.
    pub(super) names: Vec<Option<String>>,
    /// Whether one `->*` sends it to all others.
    pub(super) to_all: bool,
}

impl Shape {
    fn without_names(fields: usize) -> Self {
        Self { names: vec![None; fields], to_all: false }
    }
}

/// The shapes of all messages.
pub(super) struct Shapes(FxHashMap<String, Shape>);

impl Shapes {
    /// Looks at all messages, and notes which lose their names.
    pub(super) fn new<'t>(chosen: &[&Protocol<'t>], names: &Names<'t>, notes: &mut Vec<Note>) -> Self {
        let held = FxHashSet::default();
        let mut walk = Walk { names, notes, shapes: FxHashMap::default(), held, order: Vec::new() };
        for protocol in chosen {
            walk.held.clear();
            walk.order.clear();
            walk.block(protocol, &protocol.body);
        }
        Self(walk.shapes)
    }

    /// The shape of a message.
    pub(super) fn of<'t>(&self, message: &Message<'t>, names: &Names<'t>) -> &Shape {
        self.0.get(&signature(message, names)).expect("all messages of the module have a shape")
    }
}

struct Walk<'w, 't> {
    names: &'w Names<'t>,
    notes: &'w mut Vec<Note>,
    shapes: FxHashMap<String, Shape>,
    /// Which role may hold which field; more than it does is safe.
    held: FxHashSet<(&'t str, String)>,
    /// The same, as it came.
    order: Vec<(&'t str, String)>,
}

impl<'t> Walk<'_, 't> {
    fn block(&mut self, protocol: &Protocol<'t>, block: &Block<'t>) {
        for stmt in block {
            match stmt {
                Stmt::Message(message) => self.message(protocol, message),
                Stmt::Rec { body, .. } => self.block(protocol, body),
                Stmt::Choice { arms, .. } => self.arms(protocol, arms),
                Stmt::Continue(_) | Stmt::Do { .. } => {}
            }
        }
    }

    /// Names of an arm are not seen in the others, but behind the choice.
    fn arms(&mut self, protocol: &Protocol<'t>, arms: &[Block<'t>]) {
        let before = self.order.len();
        let mut bound = Vec::new();
        for arm in arms {
            self.block(protocol, arm);
            for one in self.order.drain(before..) {
                self.held.remove(&one);
                bound.push(one);
            }
        }
        bound.into_iter().for_each(|one| self.bind(one));
    }

    fn bind(&mut self, one: (&'t str, String)) {
        if self.held.insert(one.clone()) {
            self.order.push(one);
        }
    }

    fn message(&mut self, protocol: &Protocol<'t>, message: &Message<'t>) {
        let shape = wanted(protocol, message);
        let signature = signature(message, self.names);
        let known = self.shapes.get(&signature).cloned();
        let problem = match &known {
            Some(known) if *known == Shape::without_names(shape.names.len()) => None,
            Some(known) if *known != shape => Some("it is not sent with the same names everywhere".to_owned()),
            _ => self.clash(message.from, &shape),
        };
        for role in [message.from].iter().chain(&message.to) {
            shape.names.iter().flatten().for_each(|name| self.bind((role.text, name.clone())));
        }
        if let Some(problem) = problem {
            let label = self.names.label(message);
            let text = format!("the fields of `{label}` have no names: {problem}");
            self.notes.push(Note { span: message.span, text });
            self.shapes.insert(signature, Shape::without_names(shape.names.len()));
        } else if known.is_none() {
            self.shapes.insert(signature, shape);
        }
    }

    fn clash(&self, from: Name<'t>, shape: &Shape) -> Option<String> {
        let mut seen = FxHashSet::default();
        let names = || shape.names.iter().flatten();
        if let Some(twice) = names().find(|name| !seen.insert(*name)) {
            return Some(format!("two of them are called `{twice}`"));
        }
        let held = names().find(|name| self.held.contains(&(from.text, (*name).clone())))?;
        Some(format!("`{}` already holds a `{held}`", from.text))
    }
}

/// The shape that a message would have if it were the only one of its label.
fn wanted(protocol: &Protocol<'_>, message: &Message<'_>) -> Shape {
    let fields = carried(&message.payload);
    let others = protocol.roles.iter().filter(|role| role.text != message.from.text).map(|role| role.text);
    let several = message.to.len() > 1;
    let to_all = several && message.to.iter().map(|to| to.text).eq(others);
    let count = fields.len();
    // One value for several receivers needs a name to be passed on by.
    let base = message.label.map_or("value", |label| label.text);
    let made = |index: usize| if count == 1 { field(base) } else { field(&format!("{base}_{index}")) };
    let names = (1..).zip(fields).map(|(index, payload)| match payload.name {
        Some(name) => Some(field(name.text)),
        None => (several && !to_all).then(|| made(index)),
    });
    Shape { names: names.collect(), to_all }
}

/// Label and types.
fn signature<'t>(message: &Message<'t>, names: &Names<'t>) -> String {
    let types: Vec<&str> = carried(&message.payload).iter().map(|payload| names.ty(payload)).collect();
    format!("{}({})", names.label(message), types.join(","))
}
