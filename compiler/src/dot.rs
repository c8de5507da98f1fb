//! The machines of a protocol as a picture: a Graphviz digraph, one cluster per role.

use crate::graph::{Graph, NodeKind};
use crate::project::machine::{Kind, Machine, Site, StateId};
use std::fmt::Write;

/// The text of the digraph. `roles` are indices of machines.
#[must_use]
pub fn dot(graph: &Graph, machines: &[&Machine]) -> String {
    let mut out = format!("digraph {} {{\n  rankdir=TB;\n  node [shape=circle, label=\"\"];\n", quoted(&graph.name));
    for machine in machines {
        let role = machine.role;
        let name = quoted(&graph.roles[role as usize]);
        out.push_str(&format!("  subgraph cluster_{role} {{\n    label={name};\n"));
        for (index, state) in machine.states.iter().enumerate() {
            let shape = match &state.kind {
                Kind::End { .. } | Kind::Join { .. } => " [shape=doublecircle]",
                Kind::Recv { finals: Some(_), .. } => " [shape=doublecircle, style=dashed]",
                _ => "",
            };
            let start = if index == 0 { " [style=bold]" } else { "" };
            writeln!(out, "    r{role}s{index}{shape}{start};").expect("writing to a String succeeds");
            for (label, target) in edges(graph, machine, &state.kind) {
                let StateId(target) = target;
                writeln!(out, "    r{role}s{index} -> r{role}s{target} [label={}];", quoted(&label))
                    .expect("writing to a String succeeds");
            }
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// What leads from a state where.
fn edges(graph: &Graph, machine: &Machine, kind: &Kind) -> Vec<(String, StateId)> {
    let message = |site: &Site| {
        let NodeKind::Comm { from, to, branches } = &graph.node(site.node).kind else { return "τ".to_owned() };
        let label = &graph.labels[branches[site.branch as usize].label as usize].name;
        let (partner, sign) = if *from == machine.role { (to, '!') } else { (from, '?') };
        format!("{}{sign}{label}", graph.roles[*partner as usize])
    };
    match kind {
        Kind::End { .. } | Kind::Join { .. } => Vec::new(),
        Kind::Local { .. } | Kind::Decide { .. } | Kind::Case { .. } => {
            kind.steps().into_iter().map(|step| ("τ".to_owned(), step.target)).collect()
        }
        Kind::Send { sends: rows } | Kind::Recv { rows, .. } | Kind::Mixed { actions: rows, .. } => {
            rows.iter().map(|(site, step)| (message(site), step.target)).collect()
        }
        Kind::Par { branches, then, .. } => {
            let branches = branches.iter().map(|branch| ("par".to_owned(), branch.target));
            branches.chain([("join".to_owned(), then.target)]).collect()
        }
        Kind::Scope(scope) => {
            let blocks = scope.outcomes.iter().map(|(name, block)| (format!("on {name}"), block.target));
            let body = [("enter".to_owned(), scope.body.target)];
            body.into_iter().chain(blocks).chain([("leave".to_owned(), scope.then.target)]).collect()
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
