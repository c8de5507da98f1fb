//! Names of the arms of decisions.

use crate::graph::{Graph, NodeId, NodeKind, PatternRef};
use crate::hir::{PatternKind, Program, variants};
use crate::ways;
use tell_ir::image::Const;

/// A name for each arm of a `Choice` or `Case`, all different.
pub(crate) fn arm_names(program: &Program, graph: &Graph, node: NodeId, count: usize) -> Vec<String> {
    let mut names = names_as_written(program, graph, node, count);
    for index in 1..names.len() {
        if names[..index].contains(&names[index]) {
            names[index] = format!("{}{}", names[index], index + 1);
        }
    }
    names
}

fn names_as_written(program: &Program, graph: &Graph, node: NodeId, count: usize) -> Vec<String> {
    match &graph.node(node).kind {
        NodeKind::Choice { arms, .. } => {
            arms.iter().map(|arm| arm.name.map_or(String::new(), |name| program.text(name).to_owned())).collect()
        }
        NodeKind::Case { arms, .. } if arms.iter().all(|arm| arm.pattern.is_some()) => {
            arms.iter().map(|arm| pattern_name(program, graph, arm.pattern.expect("all arms have patterns"))).collect()
        }
        _ if count == 2 => vec!["then".into(), "else".into()],
        _ => (1..=count).map(|index| format!("arm{index}")).collect(),
    }
}

/// What an arm matches, by its outermost constructor.
fn pattern_name(program: &Program, graph: &Graph, at: PatternRef) -> String {
    let pattern = ways::pattern(program, graph, at).expect("only checked protocols are lowered");
    match &pattern.kind {
        PatternKind::Variant(tag, _) => {
            let all = variants(program, pattern.ty).unwrap_or_default();
            all.into_iter().nth(usize::from(*tag)).map_or_else(String::new, |(name, _)| name)
        }
        PatternKind::Const(Const::Bool(value)) => if *value { "then" } else { "else" }.to_owned(),
        PatternKind::Const(Const::Int(value)) => value.to_string(),
        PatternKind::Const(Const::Str(value)) => format!("{value:?}"),
        PatternKind::Const(_) | PatternKind::Product(_) | PatternKind::List(_) => "(…)".into(),
        PatternKind::Wildcard | PatternKind::Bind(_) => "_".into(),
    }
}
