//! Machines to a code image.
//!
//! [`tables`] collects what all roles share; [`function`] writes the code of one role, [`decision`] and [`message`] that
//! of its states, [`parts`] that of branches and scopes, [`expr`] and [`pattern`] that of expressions and patterns, [`call`]
//! writes functions out, [`frame`] gives out registers, [`jumps`] shortens what came out. [`choreography`] says what the
//! machines are projections of.

mod call;
mod choreography;
mod decision;
mod expr;
mod frame;
mod function;
mod jumps;
mod message;
mod parts;
mod pattern;
mod tables;

use crate::explore::EdgeBound;
use crate::graph::{CaseOn, Graph, NodeKind};
use crate::hir::Program;
use crate::project::machine::{self, Kind, Machine, Step};
use tables::Tables;
use tell_ir::image::{CodeImage, Debug, Edge, MAX_REGISTERS, Outcome, Role};
use tell_ir::machine::{LocalMachine, State, StateId, Transition};
use tell_ir::verify::MAX_TYPE_DEPTH;
use tell_language::diagnostic::{Code, Diagnostic};

/// Most entries of a table that instructions address with 16 bits.
const MAX_ENTRIES: usize = u16::MAX as usize;

/// The image of a projected choreography.
///
/// # Errors
/// `E0405` if a role needs more registers, or the image more labels or operations, than instructions can address.
pub fn emit(
    program: &Program,
    graph: &Graph,
    machines: &[Machine],
    channels: &[EdgeBound],
) -> Result<CodeImage, Box<Diagnostic>> {
    if let Some(refused) = refused(graph, machines) {
        return Err(Box::new(refused));
    }
    let mut tables = Tables::new(program, graph);
    let mut functions = Vec::new();
    let mut roles = Vec::new();
    let mut spans = Vec::new();
    for (machine, name) in machines.iter().zip(&graph.roles) {
        let emitted = function::emit(&mut tables, machine);
        if emitted.function.regs.len() > MAX_REGISTERS {
            let text = format!("`{name}` needs {} registers", emitted.function.regs.len());
            return Err(too_many(
                graph,
                text,
                format!("a role has at most {MAX_REGISTERS}"),
                "keep fewer names in scope at once",
            ));
        }
        if tables.inlined > call::MAX_INLINED {
            let text = "the calls of functions in this protocol are too large when they are written out".to_owned();
            let label = format!("more than {} expressions in all", call::MAX_INLINED);
            return Err(too_many(graph, text, label, "call large functions in fewer places"));
        }
        roles.push(Role { name: name.clone(), params: emitted.params });
        functions.push(emitted.function);
        spans.push(emitted.spans);
    }
    if tables.type_depth() > MAX_TYPE_DEPTH {
        let text = "a type nests too deep where a generic function is called".to_owned();
        let label = format!("at most {MAX_TYPE_DEPTH} levels are possible");
        return Err(too_many(graph, text, label, "name a part of the type with `type … = | …`"));
    }
    let numbers = choreography::Numbers::new(graph);
    let choreography = numbers.choreography(&mut tables, machines);
    let machines: Vec<LocalMachine> = machines.iter().map(|machine| erase(&mut tables, &numbers, machine)).collect();
    let debug = Debug { file: program.files.get(graph.file).name.clone(), spans };
    let image = CodeImage {
        protocol: graph.name.clone(),
        roles,
        edges: edges(&machines, channels),
        machines,
        choreography,
        functions,
        debug: Some(debug),
        ..tables.into_image()
    };
    for (count, what) in
        [(image.labels.len(), "labels"), (image.ops.len(), "operations"), (image.shapes.len(), "shapes")]
    {
        if count > MAX_ENTRIES {
            return Err(too_many(
                graph,
                format!("this protocol has {count} {what}"),
                format!("an image holds at most {MAX_ENTRIES}"),
                "split the protocol",
            ));
        }
    }
    Ok(image)
}

/// The choreography of a graph in an image without code and machines, whether or not it can be carried out.
#[must_use]
pub fn without_machines(program: &Program, graph: &Graph) -> CodeImage {
    let mut tables = Tables::new(program, graph);
    let choreography = choreography::Numbers::new(graph).choreography(&mut tables, &[]);
    let roles = graph.roles.iter().map(|name| Role { name: name.clone(), params: Vec::new() }).collect();
    CodeImage { protocol: graph.name.clone(), roles, choreography, ..tables.into_image() }
}

/// What only pure types can say: nothing in the image stands for it.
fn refused(graph: &Graph, machines: &[Machine]) -> Option<Diagnostic> {
    let states = machines.iter().flat_map(|machine| &machine.states);
    let unknown = |name: &String| Outcome::ALL.iter().all(|(known, _)| known != name);
    let (what, node) = states
        .filter_map(|state| match &state.kind {
            Kind::Case { site, .. } => match &graph.node(site.node).kind {
                NodeKind::Case { on: CaseOn::Opaque, .. } => Some(("a decision nobody can evaluate", site.node)),
                _ => None,
            },
            Kind::Scope(scope) if scope.outcomes.iter().any(|(name, _)| unknown(name)) => {
                Some(("an outcome of that name", scope.site.node))
            }
            _ => None,
        })
        .next()?;
    let diagnostic = Diagnostic::new(Code("E0901"), format!("{what} is not executable"))
        .label(graph.file, graph.node(node).span.head(1), "not executable")
        .help("it can be checked and projected; `tellc explain E0901` lists what this version executes");
    Some(diagnostic)
}

fn too_many(graph: &Graph, text: String, label: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code("E0405"), text).label(graph.file, graph.span, label).help(help))
}

/// The machine without data, as the image carries it; states keep their numbers.
fn erase(tables: &mut Tables<'_>, numbers: &choreography::Numbers<'_>, machine: &Machine) -> LocalMachine {
    let done = parts::done_states(machine);
    let target = |step: &Step| StateId(step.target.0);
    let states = (0..).map(machine::StateId).zip(&machine.states);
    let states = states.map(|(id, state)| match &state.kind {
        // In a part that never ends it waits for what takes it out.
        Kind::End { .. } if state.inside.is_some() => State::Recv { rows: Vec::new(), may_end: true },
        Kind::End { .. } => State::End,
        Kind::Mixed { .. } => panic!("bug: a rejected choreography is not emitted"),
        Kind::Par { branches, then, .. } => {
            State::Par { branches: branches.iter().map(target).collect(), then: target(then) }
        }
        Kind::Scope(scope) => State::Scope {
            scope: tables.scope(machine.role, scope),
            body: target(&scope.body),
            rows: parts::outcomes(scope)
                .into_iter()
                .map(|(outcome, block)| {
                    (
                        outcome,
                        block.map_or_else(|| parts::done_state(&done, id), |block| target(&scope.outcomes[block].1)),
                    )
                })
                .collect(),
            then: target(&scope.then),
        },
        Kind::Join { .. } => State::Join,
        Kind::Local { .. } | Kind::Decide { .. } | Kind::Case { .. } => {
            State::Tau(state.kind.steps().into_iter().map(target).collect())
        }
        Kind::Send { sends: rows } => State::Send(rows.iter().map(|row| transition(tables, machine, row)).collect()),
        Kind::Recv { rows, finals } => State::Recv {
            rows: rows.iter().map(|row| transition(tables, machine, row)).collect(),
            may_end: finals.is_some(),
        },
    });
    LocalMachine {
        states: states.chain(done.iter().map(|_| State::Join)).collect(),
        entries: numbers.entries(machine, &done),
        decisions: numbers.places(&machine.decisions),
    }
}

fn transition(tables: &mut Tables<'_>, machine: &Machine, (site, step): &(machine::Site, Step)) -> Transition {
    let NodeKind::Comm { from, to, branches } = &tables.graph.node(site.node).kind else {
        panic!("bug: a row is a message")
    };
    let partner = if *from == machine.role { *to } else { *from };
    let label = tables.label(branches[site.branch as usize].label);
    Transition { partner: index(partner), label, target: StateId(step.target.0) }
}

/// Ordered role pairs that carry messages.
fn edges(machines: &[LocalMachine], channels: &[EdgeBound]) -> Vec<Edge> {
    let bound = |from: u16, to: u16| {
        let known = channels.iter().find(|channel| (index(channel.from), index(channel.to)) == (from, to))?;
        known.bound
    };
    let mut edges = Vec::new();
    for (from, machine) in (0..).zip(machines) {
        for state in &machine.states {
            if let State::Send(rows) = state {
                edges.extend(rows.iter().map(|row| (from, row.partner)));
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges.into_iter().map(|(from, to)| Edge { from, to, bound: bound(from, to), lossy: false }).collect()
}

/// An index that instructions hold in 16 bits; tables are checked against [`MAX_ENTRIES`] at the end.
fn index(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}
