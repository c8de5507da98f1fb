//! `tellc check --explore`: what happens when all roles run together.

use crate::outcome::Trouble;
use crate::output::Output;
use std::fmt::Write;
use tell_compiler::explore::{Bounds, Exploration, Refutation, Termination, diagram, refute, sentence};
use tell_compiler::graph::Graph;
use tell_compiler::pipeline::{Checked, Rejected};
use tell_compiler::project::rejection::Rejection;
use tell_compiler::project::{Limits, subset_machines};

/// Explores every protocol that was projected, and prints a line or two on each. For one that cannot be projected it
/// draws what happens if the roles run as if they could tell their runs apart.
///
/// # Errors
/// Those of standard output; `bug: …` if an accepted protocol goes wrong.
pub(crate) fn explore(checked: &Checked, output: &Output) -> Result<(), Trouble> {
    for Rejected { graph, rejections } in &checked.rejected {
        let Some(machines) = subset_machines(&checked.program, graph, Limits::default()) else { continue };
        for rejection in rejections {
            if let Ok(found) = refute(&checked.program, graph, &machines, rejection, Bounds::default()) {
                output.text(&refuted(graph, rejection, &found))?;
            }
        }
    }
    for projected in &checked.projected {
        let found = projected.explore(&checked.program, Bounds::default());
        output.text(&summary(&projected.graph, &found))?;
        if let Some(problem) = &found.problem {
            let (drawn, said) = (diagram(&projected.graph, &problem.run), sentence(&projected.graph, problem));
            output.text(&drawn)?;
            panic!("bug: `{}` was accepted, but {said}", projected.graph.name);
        }
    }
    Ok(())
}

/// A run in which the role takes one of its runs for another, and what comes of it.
fn refuted(graph: &Graph, rejection: &Rejection, found: &Refutation) -> String {
    let role = &graph.roles[rejection.role as usize];
    let end = match found {
        Refutation::Stuck(problem) => sentence(graph, problem),
        Refutation::Outside(_) => format!("`{}` has no run that goes like this", graph.name),
    };
    format!("{}: `{role}` takes one run for another\n{}{end}\n\n", graph.name, diagram(graph, found.run()))
}

fn summary(graph: &Graph, found: &Exploration) -> String {
    let mut text = format!("{}: {} configurations", graph.name, found.states);
    // What was not visited may hold anything.
    let so_far = if found.complete { "" } else { " so far" };
    if !found.complete {
        text.push_str(" (not all: a limit was reached)");
    }
    if found.problem.is_none() {
        write!(text, ", no deadlock, no message is lost or unexpected{so_far}").expect("writing to a String succeeds");
        if found.complete {
            write!(text, "; {}", ends(found.termination)).expect("writing to a String succeeds");
        }
    }
    text.push('\n');
    let longest = match found.queue_bound {
        Some(bound) if found.complete => format!("queues hold at most {bound}"),
        Some(bound) => format!("queues held at most {bound} so far"),
        None => "queues".to_owned(),
    };
    let edges = found.edges.iter().map(|edge| {
        let [from, to] = [edge.from, edge.to].map(|role| graph.roles[role as usize].as_str());
        let bound = edge.bound.map_or("?".to_owned(), |bound| bound.to_string());
        format!("{from} -> {to} {bound}")
    });
    let edges: Vec<String> = edges.collect();
    if !edges.is_empty() {
        writeln!(text, "  {longest}: {}", edges.join(", ")).expect("writing to a String succeeds");
    }
    if !found.may_wait.is_empty() {
        let roles: Vec<&str> = found.may_wait.iter().map(|role| graph.roles[*role as usize].as_str()).collect();
        writeln!(text, "  may wait for ever: {}", roles.join(", ")).expect("writing to a String succeeds");
    }
    text
}

fn ends(termination: Termination) -> String {
    match termination {
        Termination::Always => "every run ends".into(),
        Termination::Possible => "an end can always be reached".into(),
        Termination::Partial(count) => format!("from {count} configurations no end can be reached"),
        Termination::Never => "no run ends".into(),
        Termination::Unknown => "whether runs end is not known".into(),
    }
}
