//! A program: an image prepared for stepping.
//!
//! Preparation is linear in the image. Role numbers in code become *ports*, small dense numbers per role that lead to
//! an edge; names are only looked up for handlers and for printing. Preparation is total: what an image refers to and
//! does not have stays as a gap that the step reports.

use crate::value::{Kind, Value, show};
use std::collections::BTreeMap;
use tell_ir::image::{
    ChooseTable, CodeImage, Const, Function, Outcome, Reentrancy, Region, ScopeRow, ScopeTable, Shape,
};
use tell_ir::instr::{Instr, Reg};
use tell_ir::ty::{Type, TypeId};

/// Most roles of an image; the number after the last one stands for "no role".
const MAX_ROLES: usize = u16::MAX as usize;

/// A port that leads nowhere.
const NO_PORT: u16 = u16::MAX;

/// A prepared image. It is immutable and shared by all its sessions.
#[derive(Debug)]
pub struct Program {
    image: CodeImage,
    pub(crate) roles: Box<[RoleProgram]>,
    pub(crate) labels: Box<[Kind]>,
    pub(crate) consts: Box<[Constant]>,
    pub(crate) shapes: Box<[Build]>,
    pub(crate) ops: Box<[OpProgram]>,
    pub(crate) edges: Box<[EdgeProgram]>,
    pub(crate) registers: usize,
}

/// The code of one role.
#[derive(Debug)]
pub(crate) struct RoleProgram {
    /// Instructions whose roles are ports: of `outs` when sending, of `ins` when receiving.
    pub(crate) code: Box<[Instr]>,
    /// What each register holds.
    pub(crate) kinds: Box<[Kind]>,
    /// Where its registers start among those of the session.
    pub(crate) base: usize,
    pub(crate) outs: Box<[u32]>,
    pub(crate) ins: Box<[u32]>,
    pub(crate) chooses: Box<[Choose]>,
    pub(crate) scopes: Box<[Table]>,
    /// All edges to it, in the order of their senders.
    pub(crate) inbox: Box<[u32]>,
}

/// A prepared scope table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) scope: u32,
    pub(crate) deadline: Option<Reg>,
    rows: [Option<ScopeRow>; Outcome::ALL.len()],
}

impl Table {
    /// Where its role goes on after an outcome.
    pub(crate) fn row(&self, outcome: Outcome) -> Option<ScopeRow> {
        self.rows.get(outcome as usize).copied().flatten()
    }
}

/// A prepared `Choose` table.
#[derive(Debug)]
pub(crate) struct Choose {
    pub(crate) rows: Box<[Row]>,
    /// Edges of its partners, each once, ascending.
    pub(crate) edges: Box<[u32]>,
    /// Per edge, where its labels are in `dense`.
    labels: Box<[Labels]>,
    /// By label, 1 more than the first row that takes it; 0 if none does.
    dense: Box<[u32]>,
    /// (edge, label) to the first row that takes it, ascending.
    index: Box<[(u32, u16, u32)]>,
    /// The finals table if the session may end while this waits.
    pub(crate) finals: Option<u32>,
    /// A partner that does not exist.
    pub(crate) stranger: Option<u16>,
}

/// The labels that rows take from one edge.
#[derive(Debug)]
struct Labels {
    /// The lowest one.
    first: u16,
    /// Where it is.
    start: u32,
    /// How many places there are for it and those above; none if they are too far apart.
    count: u32,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) label: u16,
    pub(crate) dst: u16,
    pub(crate) target: u32,
    pub(crate) edge: u32,
}

#[derive(Debug)]
pub(crate) enum Constant {
    Value(Value),
    Session,
}

#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) form: Form,
    pub(crate) parts: Box<[Kind]>,
}

#[derive(Debug)]
pub(crate) enum Form {
    Product,
    Variant(u16),
    /// So many elements, all of the one kind in `parts`.
    List(u16),
    Missing,
}

#[derive(Debug)]
pub(crate) struct OpProgram {
    pub(crate) params: Box<[Kind]>,
    pub(crate) result: Kind,
    pub(crate) exclusive: Exclusive,
    /// Whether the answer is an index into the list that is the first argument.
    pub(crate) chooses: bool,
    /// Whether it concerns the session only, so that a speculation may perform it.
    pub(crate) is_local: bool,
}

/// What may not be outstanding when an operation is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exclusive {
    Nothing,
    Operation,
    /// Any operation of the same effect; the session is one fragment.
    Effect,
}

#[derive(Debug)]
pub(crate) struct EdgeProgram {
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) bound: Option<u32>,
    pub(crate) lossy: bool,
}

impl Choose {
    /// The first row that takes `label` from the edge at place `at` of `edges`.
    #[inline]
    pub(crate) fn find(&self, at: usize, label: u16) -> Option<u32> {
        let labels = self.labels.get(at)?;
        if labels.count == 0 {
            return self.search(at, label);
        }
        let above = u32::from(label.checked_sub(labels.first)?);
        let place = (above < labels.count).then_some(labels.start + above)?;
        self.dense.get(place as usize)?.checked_sub(1)
    }

    fn search(&self, at: usize, label: u16) -> Option<u32> {
        let edge = self.edges.get(at)?;
        let at = self.index.binary_search_by(|row| (row.0, row.1).cmp(&(*edge, label))).ok()?;
        Some(self.index[at].2)
    }
}

impl Program {
    /// Prepares an image. Machines only take verified ones; this door is for tests of the kernel itself.
    #[doc(hidden)]
    #[must_use]
    pub fn prepare(image: CodeImage) -> Self {
        let count = image.roles.len().min(MAX_ROLES);
        let numbers = edge_numbers(&image, count);
        let empty = Function::default();
        let mut registers = 0;
        let roles = (0..count)
            .map(|role| {
                let function = image.functions.get(role).unwrap_or(&empty);
                let base = registers;
                registers += function.regs.len();
                prepare_role(u16::try_from(role).unwrap_or(NO_PORT), function, base, &numbers, &image.types)
            })
            .collect();
        let kinds = |types: &[TypeId]| types.iter().map(|ty| Kind::of(*ty, &image.types)).collect();
        let labels = image.labels.iter().map(|label| Kind::of(label.payload, &image.types)).collect();
        let ops = image.ops.iter().map(|op| OpProgram {
            params: kinds(&op.params),
            result: Kind::of(op.result, &image.types),
            exclusive: match op.meta.reentrancy {
                Reentrancy::Allow => Exclusive::Nothing,
                Reentrancy::RejectSameOperation => Exclusive::Operation,
                Reentrancy::RejectSameFragment => Exclusive::Effect,
            },
            is_local: op.meta.region == Region::Session
                && image.effects.get(usize::from(op.effect)).is_some_and(|effect| effect.name != "Host"),
            chooses: op.name == "choose" && image.effects.get(usize::from(op.effect)).is_some_and(|e| e.name == "Host"),
        });
        Self {
            roles,
            labels,
            ops: ops.collect(),
            consts: image.consts.iter().map(prepare_const).collect(),
            shapes: image.shapes.iter().map(|shape| prepare_shape(shape, &image.types)).collect(),
            edges: numbers
                .iter()
                .map(|((from, to), (_, bound, lossy))| EdgeProgram {
                    from: *from,
                    to: *to,
                    bound: *bound,
                    lossy: *lossy,
                })
                .collect(),
            registers,
            image,
        }
    }

    /// The image it was made from.
    #[must_use]
    pub const fn image(&self) -> &CodeImage {
        &self.image
    }

    /// Name of a role.
    #[must_use]
    pub fn role_name(&self, role: u16) -> &str {
        self.image.roles.get(usize::from(role)).map_or("?", |role| &role.name)
    }

    /// Name of a label.
    #[must_use]
    pub fn label_name(&self, label: u16) -> &str {
        self.image.labels.get(usize::from(label)).map_or("?", |label| &label.name)
    }

    /// Name of a guard layer.
    #[must_use]
    pub fn layer_name(&self, layer: u16) -> &str {
        self.image.resources.layers.get(usize::from(layer)).map_or("?", |layer| &layer.name)
    }

    /// Name of a fact.
    #[must_use]
    pub fn fact_name(&self, fact: u16) -> &str {
        self.image.resources.facts.get(usize::from(fact)).map_or("?", |fact| &fact.name)
    }

    /// Names of an operation's effect and of the operation.
    #[must_use]
    pub fn op_names(&self, op: u16) -> (&str, &str) {
        let Some(op) = self.image.ops.get(usize::from(op)) else { return ("?", "?") };
        (self.image.effects.get(usize::from(op.effect)).map_or("?", |effect| &effect.name), &op.name)
    }

    /// Whether the instruction at `pc` sends or takes a message.
    pub(crate) fn communicates(&self, role: u16, pc: u32) -> bool {
        let role = self.roles.get(usize::from(role));
        let instr = role.and_then(|role| role.code.get(pc as usize));
        instr.is_some_and(|instr| partner(instr).is_some() || matches!(instr, Instr::Choose { .. }))
    }

    /// Byte range of an instruction in the source.
    #[must_use]
    pub fn span(&self, role: u16, pc: u32) -> Option<(u32, u32)> {
        let spans = self.image.debug.as_ref()?.spans.get(usize::from(role))?;
        let after = spans.partition_point(|span| span.0 <= pc);
        spans.get(after.checked_sub(1)?).map(|span| (span.1, span.2))
    }

    /// The arguments of an event, `(1, "a")`.
    pub(crate) fn show_arguments(&self, op: u16, value: &Value) -> String {
        let Some(op) = self.image.ops.get(usize::from(op)) else { return String::new() };
        let types = &self.image.types;
        let shown: Vec<String> = match (op.params.as_slice(), value.as_product()) {
            ([], _) => Vec::new(),
            ([one], _) => vec![show(value, *one, types)],
            (params, Some(values)) => params.iter().zip(values).map(|(ty, value)| show(value, *ty, types)).collect(),
            (_, None) => Vec::new(),
        };
        format!("({})", shown.join(", "))
    }
}

/// The role an instruction names.
enum Partner {
    To(u16),
    From(u16),
}

const fn partner(instr: &Instr) -> Option<Partner> {
    match *instr {
        Instr::Send { to, .. } | Instr::Offer { to, .. } | Instr::Transfer { to, .. } => Some(Partner::To(to)),
        Instr::Receive { from, .. } => Some(Partner::From(from)),
        Instr::Choose { .. }
        | Instr::Perform { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Switch { .. }
        | Instr::Branch { .. }
        | Instr::Jump { .. }
        | Instr::Yield
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Tag { .. }
        | Instr::Check { .. } => None,
    }
}

/// The instruction with a port in place of the role it names.
const fn with_port(mut instr: Instr, port: u16) -> Instr {
    if let Instr::Send { to: role, .. }
    | Instr::Offer { to: role, .. }
    | Instr::Transfer { to: role, .. }
    | Instr::Receive { from: role, .. } = &mut instr
    {
        *role = port;
    }
    instr
}

/// Number and bound of every edge the image or its code mentions, and whether it is lossy, ascending by roles.
type EdgeNumbers = BTreeMap<(u16, u16), (u32, Option<u32>, bool)>;

fn edge_numbers(image: &CodeImage, roles: usize) -> EdgeNumbers {
    let mut edges = EdgeNumbers::new();
    let mut add = |from: u16, to: u16, bound: Option<u32>, lossy: bool| {
        if usize::from(from.max(to)) < roles {
            let entry = edges.entry((from, to)).or_insert((0, None, false));
            (entry.1, entry.2) = (entry.1.or(bound), entry.2 | lossy);
        }
    };
    for edge in &image.edges {
        add(edge.from, edge.to, edge.bound, edge.lossy);
    }
    for (role, function) in image.functions.iter().enumerate().take(roles) {
        let Ok(role) = u16::try_from(role) else { break };
        for instr in &function.code {
            match partner(instr) {
                Some(Partner::To(to)) => add(role, to, None, false),
                Some(Partner::From(from)) => add(from, role, None, false),
                None => {}
            }
        }
        for row in function.chooses.iter().flat_map(|table| &table.rows) {
            add(row.partner, role, None, false);
        }
    }
    for (number, edge) in (0..).zip(edges.values_mut()) {
        edge.0 = number;
    }
    edges
}

/// Ports of one direction: the partners used, in order of first use.
struct Ports<'a> {
    by_role: BTreeMap<u16, u16>,
    edges: Vec<u32>,
    number: &'a dyn Fn(u16) -> Option<u32>,
}

impl Ports<'_> {
    fn port(&mut self, partner: u16) -> u16 {
        let Some(edge) = (self.number)(partner) else { return NO_PORT };
        *self.by_role.entry(partner).or_insert_with(|| {
            self.edges.push(edge);
            u16::try_from(self.edges.len() - 1).unwrap_or(NO_PORT)
        })
    }
}

fn prepare_role(role: u16, function: &Function, base: usize, numbers: &EdgeNumbers, types: &[Type]) -> RoleProgram {
    let number_out = |to| numbers.get(&(role, to)).map(|edge| edge.0);
    let number_in = |from| numbers.get(&(from, role)).map(|edge| edge.0);
    let mut outs = Ports { by_role: BTreeMap::new(), edges: Vec::new(), number: &number_out };
    let mut ins = Ports { by_role: BTreeMap::new(), edges: Vec::new(), number: &number_in };
    let code = function.code.iter().map(|instr| match partner(instr) {
        Some(Partner::To(to)) => with_port(*instr, outs.port(to)),
        Some(Partner::From(from)) => with_port(*instr, ins.port(from)),
        None => *instr,
    });
    let code = code.collect();
    RoleProgram {
        code,
        kinds: function.regs.iter().map(|ty| Kind::of(*ty, types)).collect(),
        base,
        outs: outs.edges.into(),
        ins: ins.edges.into(),
        chooses: function.chooses.iter().map(|table| prepare_choose(table, &number_in)).collect(),
        scopes: function.scopes.iter().map(prepare_table).collect(),
        inbox: numbers.iter().filter(|((_, to), _)| *to == role).map(|(_, edge)| edge.0).collect(),
    }
}

fn prepare_table(table: &ScopeTable) -> Table {
    let mut rows = [None; Outcome::ALL.len()];
    for row in &table.rows {
        rows[row.outcome as usize].get_or_insert(*row);
    }
    Table { scope: table.scope, deadline: table.deadline, rows }
}

fn prepare_choose(table: &ChooseTable, number: &dyn Fn(u16) -> Option<u32>) -> Choose {
    let mut stranger = None;
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        match number(row.partner) {
            Some(edge) => rows.push(Row { label: row.label, dst: row.dst, target: row.target, edge }),
            None => stranger = stranger.or(Some(row.partner)),
        }
    }
    let mut index: Vec<_> = (0..).zip(&rows).map(|(at, row)| (row.edge, row.label, at)).collect();
    index.sort_unstable();
    index.dedup_by(|later, first| (later.0, later.1) == (first.0, first.1));
    let (mut edges, mut labels, mut dense) = (Vec::new(), Vec::new(), Vec::new());
    for rows in index.chunk_by(|a, b| a.0 == b.0) {
        edges.push(rows[0].0);
        labels.push(spread(rows, &mut dense));
    }
    let (edges, labels, dense) = (edges.into(), labels.into(), dense.into());
    Choose { rows: rows.into(), edges, labels, dense, index: index.into(), finals: table.finals, stranger }
}

/// Makes the rows of one edge, ascending by label, a table by label, unless that had many more places than rows.
fn spread(rows: &[(u32, u16, u32)], dense: &mut Vec<u32>) -> Labels {
    let (first, last) = (rows[0].1, rows[rows.len() - 1].1);
    let (start, count) = (dense.len(), usize::from(last - first) + 1);
    if count > 4 * rows.len() + 16 {
        return Labels { first, start: 0, count: 0 };
    }
    dense.resize(start + count, 0);
    for (_, label, row) in rows {
        dense[start + usize::from(label - first)] = row + 1;
    }
    Labels { first, start: start as u32, count: count as u32 }
}

fn prepare_const(constant: &Const) -> Constant {
    Constant::Value(match constant {
        Const::Unit => Value::Unit,
        Const::Bool(b) => Value::Bool(*b),
        Const::Int(n) => Value::Int(*n),
        Const::Duration(n) => Value::Duration(*n),
        Const::Str(text) => Value::text(text.as_str()),
        Const::Session => return Constant::Session,
    })
}

fn prepare_shape(shape: &Shape, types: &[Type]) -> Build {
    let kinds = |parts: &mut dyn Iterator<Item = TypeId>| parts.map(|ty| Kind::of(ty, types)).collect();
    let ty = |id: &TypeId| types.get(id.0 as usize);
    let missing = Build { form: Form::Missing, parts: Box::default() };
    match shape {
        Shape::Product(id) => match ty(id) {
            Some(Type::Tuple(parts)) => Build { form: Form::Product, parts: kinds(&mut parts.iter().copied()) },
            Some(Type::Record(fields)) => Build { form: Form::Product, parts: kinds(&mut fields.iter().map(|f| f.1)) },
            _ => missing,
        },
        Shape::Variant(id, tag) => match ty(id).and_then(|ty| crate::value::conform::variant(ty, *tag)) {
            Some(params) => Build { form: Form::Variant(*tag), parts: kinds(&mut params.iter().copied()) },
            None => missing,
        },
        Shape::List(id, count) => match ty(id) {
            Some(Type::List(item)) => Build { form: Form::List(*count), parts: kinds(&mut std::iter::once(*item)) },
            _ => missing,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tell_ir::image::ChooseRow;

    #[test]
    fn rows_are_found_by_label_whether_labels_are_close_or_not() {
        let row = |partner, label, target| ChooseRow { partner, label, dst: 0, target };
        let close = (0..64).map(|label| row(1, 1000 + label, u32::from(label)));
        let holes = (0..20).map(|label| row(2, 3 * label, 100 + u32::from(label)));
        let apart = [7, u16::MAX, 0, 30_000].map(|label| row(3, label, u32::from(label)));
        let twice = [row(4, 5, 0), row(1, 1003, 1), row(4, 5, 2)];
        let rows: Vec<ChooseRow> = close.chain(holes).chain(apart).chain(twice).collect();
        let choose = prepare_choose(&ChooseTable { rows, finals: None }, &|partner| Some(u32::from(partner)));
        assert_eq!(&*choose.edges, [1, 2, 3, 4]);
        assert!(choose.labels[2].count == 0 && choose.labels.iter().filter(|labels| labels.count > 0).count() == 3);
        assert!(choose.dense.len() < 200, "{}", choose.dense.len());
        for at in 0..5 {
            for label in 0..=u16::MAX {
                let first = choose.rows.iter().position(|row| row.edge == at as u32 + 1 && row.label == label);
                assert_eq!(choose.find(at, label).map(|row| row as usize), first, "{at} {label}");
            }
        }
    }
}
