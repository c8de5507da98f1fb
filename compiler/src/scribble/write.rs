//! Protocols to `.tell` text.

use super::name::{Distinct, Kind, Names, carried, renamed, spelled};
use super::payload::{Shape, Shapes};
use super::{Arg, Block, Imported, Message, Module, Name, Note, Protocol, Stmt, too_large};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_language::diagnostic::Diagnostic;
use tell_language::parse::MAX_BYTES;

/// The `.tell` text of the protocols, or of the one of that name and those it uses. `source` is named in a comment.
///
/// # Errors
/// `E0113` if the text is larger than what `tellc` reads.
pub fn write(module: &Module<'_>, source: &str, protocol: Option<&str>) -> Result<Imported, Box<Diagnostic>> {
    let mut notes = Vec::new();
    let chosen = choose(module, protocol);
    let names = Names::new(module, &chosen, &mut notes);
    let shapes = Shapes::new(&chosen, &names, &mut notes);
    let places = chosen.iter().map(|protocol| protocol.name.text).zip(0..).collect();
    let (names, shapes) = (&names, &shapes);
    let mut writer =
        Writer { chosen: &chosen, places, names, shapes, out: String::new(), notes, current: 0, open: Vec::new() };
    writer.header(source);
    for index in 0..chosen.len() {
        writer.protocol(index);
        if writer.is_full() {
            let message = format!("the imported text would be larger than {} MiB", MAX_BYTES >> 20);
            return Err(Box::new(too_large(module.file, message)));
        }
    }
    let mut notes = writer.notes;
    notes.sort_by_key(|note| note.span);
    Ok(Imported { text: writer.out, notes })
}

/// The protocols that are written: first the one that is asked for, else those that are not auxiliary.
fn choose<'m, 't>(module: &'m Module<'t>, protocol: Option<&str>) -> Vec<&'m Protocol<'t>> {
    let all = || module.protocols.iter();
    let Some(first) = protocol.and_then(|name| all().position(|protocol| protocol.name.text == name)) else {
        let (aux, main): (Vec<_>, Vec<_>) = all().partition(|protocol| protocol.is_aux);
        return [main, aux].concat();
    };
    let places: FxHashMap<&str, usize> = all().map(|protocol| protocol.name.text).zip(0..).collect();
    let mut reached = FxHashSet::default();
    let mut todo = vec![first];
    while let Some(index) = todo.pop() {
        if reached.insert(index) {
            callees(&module.protocols[index].body, &mut |name| todo.push(places[name.text]));
        }
    }
    let used = (0..).zip(all()).filter(|(index, _)| *index != first && reached.contains(index));
    std::iter::once(&module.protocols[first]).chain(used.map(|(_, protocol)| protocol)).collect()
}

fn callees<'t>(block: &Block<'t>, found: &mut dyn FnMut(Name<'t>)) {
    for stmt in block {
        match stmt {
            Stmt::Do { protocol, .. } => found(*protocol),
            Stmt::Choice { arms, .. } => arms.iter().for_each(|arm| callees(arm, found)),
            Stmt::Rec { body, .. } => callees(body, found),
            Stmt::Message(_) | Stmt::Continue(_) => {}
        }
    }
}

struct Writer<'w, 't> {
    chosen: &'w [&'w Protocol<'t>],
    /// Their indices.
    places: FxHashMap<&'t str, usize>,
    names: &'w Names<'t>,
    shapes: &'w Shapes,
    out: String,
    notes: Vec<Note>,
    /// The protocol being written.
    current: usize,
    /// Recursions around the statement, and what they are called.
    open: Vec<(&'t str, String)>,
}

impl<'t> Writer<'_, 't> {
    // ---- lines

    fn line(&mut self, columns: usize, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', columns));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Whether more would be thrown away.
    const fn is_full(&self) -> bool {
        self.out.len() > MAX_BYTES
    }

    // ---- declarations

    fn header(&mut self, source: &str) {
        let is_plain = |c: char| c.is_alphanumeric() || c == ' ' || c.is_ascii_graphic();
        let source: String = source.chars().map(|c| if is_plain(c) { c } else { '?' }).collect();
        self.line(0, &format!("-- Imported from `{source}` by `tellc import`."));
        let names = self.names;
        if !names.declared.is_empty() {
            self.out.push('\n');
            names.declared.iter().for_each(|ty| self.line(0, &format!("type {ty}")));
        }
    }

    fn protocol(&mut self, index: usize) {
        self.current = index;
        let protocol = self.chosen[index];
        let roles: Vec<&str> = protocol.roles.iter().map(|role| self.role(*role)).collect();
        let head = format!("protocol {}({}) =", self.names.protocols.get(protocol.name.text), roles.join(", "));
        self.out.push('\n');
        self.headed(0, 2, &head, &protocol.body);
    }

    fn role(&self, role: Name<'t>) -> &str {
        self.names.roles[self.current].get(role.text)
    }

    // ---- statements

    /// A line with a block below it.
    fn headed(&mut self, columns: usize, deeper: usize, head: &str, block: &Block<'t>) {
        if block.is_empty() {
            return self.line(columns, &format!("{head} {{}}"));
        }
        self.line(columns, head);
        self.block(columns + deeper, block);
    }

    fn block(&mut self, columns: usize, block: &Block<'t>) {
        for stmt in block {
            if self.is_full() {
                return;
            }
            self.stmt(columns, stmt);
        }
    }

    fn stmt(&mut self, columns: usize, stmt: &Stmt<'t>) {
        match stmt {
            Stmt::Choice { decider, arms } => {
                let head = format!("choice {} at", self.role(*decider));
                self.line(columns, &head);
                self.arms(columns + 2, arms);
            }
            Stmt::Rec { name, body } => {
                let label = self.recursion(*name);
                let head = format!("rec {label}");
                self.open.push((name.text, label));
                self.headed(columns, 2, &head, body);
                self.open.pop();
            }
            simple => {
                for line in self.simple(simple) {
                    self.line(columns, &line);
                }
            }
        }
    }

    /// The arms, named after what they start with.
    fn arms(&mut self, columns: usize, arms: &[Block<'t>]) {
        let mut names = Distinct::default();
        for arm in arms {
            let head = format!("| {} =>", names.name(self.arm_name(arm)));
            let one_line = match arm.as_slice() {
                [simple @ (Stmt::Message(_) | Stmt::Continue(_) | Stmt::Do { .. })] => self.simple(simple),
                _ => Vec::new(),
            };
            match one_line.as_slice() {
                [line] => self.line(columns, &format!("{head} {line}")),
                _ => self.headed(columns, 4, &head, arm),
            }
        }
    }

    fn arm_name(&self, arm: &Block<'t>) -> String {
        let mut block = arm;
        loop {
            match block.first() {
                None => return "Otherwise".to_owned(),
                Some(Stmt::Message(message)) => return self.names.label(message).to_owned(),
                Some(Stmt::Do { protocol, .. }) => return self.names.protocols.get(protocol.text).to_owned(),
                Some(Stmt::Continue(name)) => return self.open_name(*name),
                Some(Stmt::Choice { arms, .. }) => block = &arms[0],
                Some(Stmt::Rec { body, .. }) => block = body,
            }
        }
    }

    /// A name for a recursion that none around it has (`E0412`).
    fn recursion(&mut self, name: Name<'t>) -> String {
        let wanted = spelled(Kind::Recursion, name.text);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let is_new = |label: &String| self.open.iter().all(|(_, open)| open != label);
        let label = std::iter::once(wanted.clone()).chain(numbered).find(is_new).expect("few recursions are open");
        if label != name.text {
            self.notes.push(renamed(Kind::Recursion, name, &label));
        }
        label
    }

    fn open_name(&self, name: Name<'t>) -> String {
        match self.open.iter().rev().find(|(source, _)| *source == name.text) {
            Some((_, label)) => label.clone(),
            // An arm that starts with a `rec` is named before that is written.
            None => spelled(Kind::Recursion, name.text),
        }
    }

    /// The lines of a statement without blocks.
    fn simple(&self, stmt: &Stmt<'t>) -> Vec<String> {
        match stmt {
            Stmt::Message(message) => self.message(message),
            Stmt::Continue(name) => vec![format!("continue {}", self.open_name(*name))],
            Stmt::Do { protocol, args } => vec![self.call(*protocol, args)],
            Stmt::Choice { .. } | Stmt::Rec { .. } => Vec::new(),
        }
    }

    /// One line per receiver; the first one has the values, which the others are sent, too.
    fn message(&self, message: &Message<'t>) -> Vec<String> {
        let label = self.names.label(message);
        let from = self.role(message.from);
        let shape = self.shapes.of(message, self.names);
        let payload = self.payload(message, shape);
        if shape.to_all {
            return vec![format!("{from} ->* : {label}{payload}")];
        }
        let known: Vec<&str> = shape.names.iter().flatten().map(String::as_str).collect();
        let again = match known.as_slice() {
            names if !names.is_empty() && names.len() == shape.names.len() => format!("({})", names.join(", ")),
            _ => payload.clone(),
        };
        let payloads = std::iter::once(&payload).chain(std::iter::repeat(&again));
        message
            .to
            .iter()
            .zip(payloads)
            .map(|(to, payload)| format!("{from} -> {} : {label}{payload}", self.role(*to)))
            .collect()
    }

    fn payload(&self, message: &Message<'t>, shape: &Shape) -> String {
        let fields: Vec<String> = carried(&message.payload)
            .iter()
            .zip(&shape.names)
            .map(|(payload, name)| match name {
                Some(name) => format!("{name} : {}", self.names.ty(payload)),
                None => self.names.ty(payload).to_owned(),
            })
            .collect();
        match (fields.as_slice(), shape.names.first()) {
            ([], _) => String::new(),
            ([only], Some(None)) => format!(" of {only}"),
            (all, _) => format!("({})", all.join(", ")),
        }
    }

    fn call(&self, protocol: Name<'t>, args: &[Arg<'t>]) -> String {
        let name = self.names.protocols.get(protocol.text);
        let parameters = &self.chosen[self.places[protocol.text]].roles;
        let positions: FxHashMap<&str, usize> = parameters.iter().map(|role| role.text).zip(0..).collect();
        let mut roles = vec![""; parameters.len()];
        for (index, arg) in args.iter().enumerate() {
            let position = arg.parameter.map_or(index, |parameter| positions[parameter.text]);
            roles[position] = self.role(arg.role);
        }
        format!("call {name}({})", roles.join(", "))
    }
}
