//! What the projection promises, asked of one global type: [`examine`]. The tests and campaigns run it over seeds.
//!
//! ```text
//! accepted ──► the explorer finds no problem; who may wait for ever is warned about, and nobody else
//! rejected ──► every rejection is shown by a run of the subset machines; the structural projection rejects it, too
//! structural projection to all roles ──► accepted, and each type is a subtype of the machine's
//! ```

use crate::globals::shrink;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use tell_compiler::erase::local_type;
use tell_compiler::explore::{Bounds, Exploration, Refutation, diagram, explore, refute, sentence};
use tell_compiler::graph::{Graph, NodeKind, Role};
use tell_compiler::hir::Program;
use tell_compiler::import::import;
use tell_compiler::project::rejection::{self, Rejection};
use tell_compiler::project::{Limits, Projection, project, subset_machines};
use tell_compiler::structural::{Rule, project_tree};
use tell_compiler::subtype::{Answer, sync_subtype};
use tell_ir::global::{GlobalNode, GlobalType};
use tell_ir::local::LocalType;

/// How far one type is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Of the exploration of an accepted type.
    pub explore: Bounds,
    /// Configurations explored behind each word that may show a rejection.
    pub refute: usize,
}

impl Effort {
    /// A few hundred configurations.
    pub const SMALL: Self = Self { explore: Bounds { states: 400, queue: 3 }, refute: 20 };
    /// As many as `tellc` looks at.
    pub const LARGE: Self = Self { explore: Bounds { states: 100_000, queue: 8 }, refute: 2_000 };
}

/// What was found, by name; a disagreement is kept with the smallest type that shows it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
    /// What must not happen.
    pub wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// How often something was found.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.wrong.extend(other.wrong);
    }

    /// One line per entry.
    #[must_use]
    pub fn shown(&self) -> String {
        self.counts.iter().fold(String::new(), |mut text, (what, count)| {
            writeln!(text, "{count:>9} {what}").expect("writing to a String succeeds");
            text
        })
    }
}

/// Examines the types of some seeds on two threads.
///
/// # Panics
/// If examining one panics.
#[must_use]
pub fn examine_all(seeds: Range<u64>, make: impl Fn(u64) -> GlobalType + Sync, effort: fn(u64) -> Effort) -> Tally {
    const THREADS: u64 = 2;
    let work = |thread: u64| {
        let mut tally = Tally::default();
        for seed in seeds.clone().filter(|seed| seed % THREADS == thread) {
            let global = make(seed);
            if let Err(complaint) = examine(&global, effort(seed), &mut tally) {
                let small = shrink(&global, &|small| is_wrong(small, effort(seed)));
                tally.wrong.push(format!("seed {seed}: {complaint}\n{global}\nsmaller: {small}\n"));
            }
        }
        tally
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().fold(Tally::default(), |mut all, thread| {
            all.add(thread.join().expect("examining a type does not panic"));
            all
        })
    })
}

/// Whether a type breaks a promise.
#[must_use]
pub fn is_wrong(global: &GlobalType, effort: Effort) -> bool {
    examine(global, effort, &mut Tally::default()).is_err()
}

/// The rule of the first rejection of a well-formed type; `None` if it projects.
///
/// # Panics
/// If the type is ill-formed.
#[must_use]
pub fn rejected_by(global: &GlobalType) -> Option<rejection::Rule> {
    let mut program = Program::default();
    let file = program.files.add("generated.json", "");
    let graph = import(&mut program, file, "Generated", global, &[]).expect("the type is well-formed");
    project(&program, &graph, Limits::default()).err().map(|rejections| rejections[0].rule)
}

/// Examines one type.
///
/// # Errors
/// The first promise that is broken.
pub fn examine(global: &GlobalType, effort: Effort, tally: &mut Tally) -> Result<(), String> {
    let mut program = Program::default();
    let file = program.files.add("generated.json", "");
    let Ok(graph) = import(&mut program, file, "Generated", global, &[]) else {
        tally.count("ill-formed");
        return Ok(());
    };
    let structural: Result<Vec<LocalType>, _> =
        roles(&graph).map(|role| project_tree(global, role, Rule::Full)).collect();
    match project(&program, &graph, Limits::default()) {
        Ok(projection) => {
            tally.count("accepted");
            let found = explore(&program, &graph, &projection.machines, effort.explore);
            explores_clean(&graph, &projection, &found, tally)?;
            structural.map_or(Ok(()), |types| are_subtypes(&program, &graph, &projection, &types, tally))
        }
        Err(_) if structural.is_ok() => Err("the structural projection accepts, the complete one rejects".into()),
        Err(rejections) => {
            tally.count("rejected");
            are_refuted((&program, &graph, global), &rejections, effort, tally)
        }
    }
}

fn roles(graph: &Graph) -> impl Iterator<Item = Role> + use<> {
    (0..).take(graph.roles.len())
}

fn explores_clean(
    graph: &Graph,
    projection: &Projection,
    found: &Exploration,
    tally: &mut Tally,
) -> Result<(), String> {
    if let Some(problem) = &found.problem {
        return Err(format!("accepted, but:\n{}{}", diagram(graph, &problem.run), sentence(graph, problem)));
    }
    if !found.complete {
        return Ok(());
    }
    tally.count("accepted, explored completely");
    let warned: Vec<Role> =
        projection.warnings.iter().filter(|(_, warning)| warning.code.0 == "W0401").map(|(role, _)| *role).collect();
    // The explorer asks whether the role moves again at all; one that waits in a branch of a `par` may, elsewhere.
    let has_par = graph.nodes.iter().any(|node| matches!(node.kind, NodeKind::Par { .. }));
    let agree = warned == found.may_wait || has_par && found.may_wait.iter().all(|role| warned.contains(role));
    if !agree {
        return Err(format!("W0401 is about {warned:?}, {:?} may wait", found.may_wait));
    }
    if !warned.is_empty() {
        tally.count("accepted, somebody may wait for ever");
    }
    Ok(())
}

fn are_subtypes(
    program: &Program,
    graph: &Graph,
    projection: &Projection,
    structural: &[LocalType],
    tally: &mut Tally,
) -> Result<(), String> {
    tally.count("accepted, structural projection, too");
    for (machine, first) in projection.machines.iter().zip(structural) {
        let second = local_type(program, graph, machine).ok_or("a local type is too large")?;
        match sync_subtype(first, &second) {
            Ok(Answer::Yes(_)) => {}
            other => {
                let name = &graph.roles[machine.role as usize];
                return Err(format!("`{name}`: structural {first}\n  complete {second}\n  {other:?}"));
            }
        }
    }
    Ok(())
}

fn are_refuted(
    (program, graph, global): (&Program, &Graph, &GlobalType),
    rejections: &[Rejection],
    effort: Effort,
    tally: &mut Tally,
) -> Result<(), String> {
    let is_core = !global.nodes.iter().any(|node| matches!(node, GlobalNode::Par { .. }));
    let machines = subset_machines(program, graph, Limits::default()).ok_or("no subset machines")?;
    let bounds = Bounds { states: effort.refute, ..effort.explore };
    for rejection in rejections {
        let shown = refute(program, graph, &machines, rejection, bounds);
        let how = match &shown {
            Ok(Refutation::Stuck(problem)) => {
                let kind = format!("{:?}", problem.kind);
                kind.split(' ').next().unwrap_or_default().to_lowercase()
            }
            Ok(Refutation::Outside(_)) => "outside".to_owned(),
            Err(open) => format!("{open:?}"),
        };
        let core = if is_core { "core" } else { "par" };
        tally.count(format!("{core} rejection by {:?}: {how}", rejection.rule));
        if is_core && shown.is_err() {
            let name = &graph.roles[rejection.role as usize];
            return Err(format!("`{name}` is rejected by {:?}, no run shows it", rejection.rule));
        }
    }
    Ok(())
}
