//! The complete projection: one role's behaviour by subset construction (PROJECTION §3).
//!
//! After Li, Stutz, Wies, Zufferey, *Complete Multiparty Session Type Projection with Automata* (CAV 2023),
//! extended to data. A state is a set of pairs of a node and σ, which maps the bindings the role still needs there
//! to *slots*.
//!
//! What needs no data is in [`tell_ir::implementable`], where the verifier has it from, too: the choreography in segments,
//! what a role sees of it, and the conditions. [`live`] adds what a role needs where; [`closure`] follows the steps it
//! does not see, [`offers`] groups what the nodes it can be at demand of it, [`conditions`] says whether that can be
//! carried out, [`state`] makes the states of the [`machine`]. A [`rejection`] is data: two runs; [`report`] puts it in
//! words.

mod blocks;
mod closure;
mod conditions;
mod entries;
pub(crate) mod key;
mod live;
pub mod machine;
mod offers;
mod parts;
pub(crate) mod reads;
pub mod rejection;
pub mod report;
mod starve;
mod state;

use crate::graph::{Graph, Role};
use crate::hir::Program;
use machine::Machine;
use rejection::{Rejection, Rule, Run};
use state::{Built, Checks, Construction, Failure, Unseen};
use tell_ir::implementable::endless::{Endless, endless};
use tell_ir::implementable::{Nesting, Skeleton};
use tell_language::diagnostic::{Code, Diagnostic};

/// Limits of the construction, and of what is found out about its result.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// States and members of states of one role; more is `E0404`.
    pub projection_states: usize,
    /// Configurations that are explored for the bounds of the channels when an image is made. The bounds are hints; those
    /// of a protocol that needs more stay unknown.
    pub explored_states: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { projection_states: 1_000_000, explored_states: 10_000 }
    }
}

/// The machines of all roles and the warnings about them.
pub struct Projection {
    /// One machine per role, in order.
    pub machines: Vec<Machine>,
    /// `W0401` and `W0402`, each with the role it is about.
    pub warnings: Vec<(Role, Diagnostic)>,
    /// For each `W0401`, in order: the role, and two runs, in the second of which nothing comes any more.
    pub waits: Vec<(Role, [Run; 2])>,
}

/// Most values that the roles of a choreography hold at all places together; where nothing changes, they are not counted
/// again.
const MAX_VALUES: usize = 1 << 25;

/// Most shared decisions of a pure type, and bindings carried over joins, that are tried one by one before the role goes
/// without all of them.
const MAX_UNSEEN: usize = 16;

/// Projects a choreography to all its roles.
///
/// # Errors
/// One rejection per role that cannot carry out its part.
pub fn project(program: &Program, graph: &Graph, limits: Limits) -> Result<Projection, Vec<Rejection>> {
    let skeleton = skeleton(graph);
    let mut room = MAX_VALUES;
    let mut machines = Vec::new();
    let mut warnings = Vec::new();
    let mut waits = Vec::new();
    let mut rejections = Vec::new();
    for role in roles(graph) {
        match project_role(program, graph, &skeleton, role, (limits, Checks::On), &mut room) {
            Ok((built, starves)) => {
                machines.push(built.machine);
                if let Some(runs) = built.may_wait {
                    warnings.push((role, report::may_wait(program, graph, role, &runs)));
                    waits.push((role, runs));
                }
                warnings.extend(starves.map(|node| (role, report::may_starve(graph, role, node))));
            }
            Err(rejection) => rejections.push(*rejection),
        }
    }
    // Waiting is said before starving, as the roles come.
    warnings.sort_by_key(|(_, warning)| warning.code.0);
    if rejections.is_empty() { Ok(Projection { machines, warnings, waits }) } else { Err(rejections) }
}

/// The subset machines of all roles, whether or not the choreography can be carried out: where it cannot, they have
/// states of [`machine::Kind::Mixed`]. `None` if one has too many states.
#[must_use]
pub fn subset_machines(program: &Program, graph: &Graph, limits: Limits) -> Option<Vec<Machine>> {
    let skeleton = skeleton(graph);
    let mut room = MAX_VALUES;
    let mut project = |role| project_role(program, graph, &skeleton, role, (limits, Checks::Off), &mut room).ok();
    roles(graph).map(|role| project(role).map(|(built, _)| built.machine)).collect()
}

/// Which part of which `Par` or scope each node of a choreography lies in.
pub(crate) fn nesting(graph: &Graph) -> Nesting {
    let nesting = Nesting::new(graph);
    nesting.unwrap_or_else(|found| panic!("bug: node {} {}", found.node.0, found.fault))
}

/// The segments of a choreography.
fn skeleton(graph: &Graph) -> Skeleton {
    Skeleton::new(graph, graph.roles.len(), nesting(graph))
}

/// The report of a part that may never end while something follows it, if there is one.
pub(crate) fn never_reached(graph: &Graph, nesting: Nesting) -> Option<Diagnostic> {
    let skeleton = (!nesting.is_empty()).then(|| Skeleton::new(graph, graph.roles.len(), nesting))?;
    let Endless { node, role } = endless(graph, &skeleton)?;
    let name = &graph.roles[role as usize];
    let text = format!("`{name}` may never come to what follows: it acts in a part that need not end");
    let diagnostic = Diagnostic::new(Code("E0420"), text)
        .label(graph.file, graph.node(node).span, "here")
        .help("let every branch and block be able to end, or leave out what follows");
    Some(diagnostic)
}

fn roles(graph: &Graph) -> impl Iterator<Item = Role> + use<> {
    (0..).take(graph.roles.len())
}

/// The machine of a role, and a loop in which it may starve.
fn project_role(
    program: &Program,
    graph: &Graph,
    skeleton: &Skeleton,
    role: Role,
    how: (Limits, Checks),
    room: &mut usize,
) -> Result<(Built, Option<crate::graph::NodeId>), Box<Rejection>> {
    let Some(view) = live::View::new(program, graph, skeleton, role, room) else {
        let runs = [Run::empty(graph), Run::empty(graph)];
        return Err(Box::new(Rejection { role, rule: Rule::TooManyValues, runs, overtaking: Vec::new() }));
    };
    let mut unseen = Unseen::default();
    loop {
        match Construction::new(program, graph, &view, role, how, unseen.clone()).run() {
            Ok(built) => return Ok((built, starve::starving(graph, skeleton, &view))),
            Err(Failure::Rejected(rejection)) => return Err(rejection),
            Err(Failure::Blind(_)) if unseen.blind.len() >= MAX_UNSEEN => unseen.blind.extend(skeleton.nodes()),
            Err(Failure::Blind(node)) => _ = unseen.blind.insert(node),
            Err(Failure::Blurred(..)) if unseen.blurred.len() >= MAX_UNSEEN => {
                unseen.blurred.extend(view.all_carried())
            }
            Err(Failure::Blurred(node, var)) => _ = unseen.blurred.insert((node, var)),
        }
    }
}
