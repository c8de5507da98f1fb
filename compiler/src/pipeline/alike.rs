//! What is found of many roles of one family at one place is said once.

use crate::graph::{Graph, Role};
use crate::hir::Program;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use tell_language::diagnostic::Diagnostic;

/// Most roles that a note names.
const MAX_NAMED: usize = 4;

/// What was found of roles, in order; of the roles of a family with the same code and place only the first, with a note
/// about the others.
pub(super) fn once_per_family(program: &Program, graph: &Graph, found: Vec<(Role, Diagnostic)>) -> Vec<Diagnostic> {
    let mut kept: IndexMap<_, (Diagnostic, Vec<Role>), FxBuildHasher> = IndexMap::default();
    for (index, (role, diagnostic)) in found.into_iter().enumerate() {
        // What is no role of a family is like nothing else.
        let alike = family(program, graph, role).ok_or(index);
        let key = (alike, diagnostic.code, diagnostic.position());
        match kept.entry(key) {
            indexmap::map::Entry::Occupied(first) => first.into_mut().1.push(role),
            indexmap::map::Entry::Vacant(place) => _ = place.insert((diagnostic, Vec::new())),
        }
    }
    kept.into_values()
        .map(|(diagnostic, others)| match others.as_slice() {
            [] => diagnostic,
            others => diagnostic.note(format!("the same holds for {}", names(graph, others))),
        })
        .collect()
}

/// The family of a role of the protocol itself.
fn family(program: &Program, graph: &Graph, role: Role) -> Option<usize> {
    let protocol = program.protocol(graph.instances.first()?.protocol);
    let member = protocol.members.partition_point(|member| member.first <= role).checked_sub(1)?;
    protocol.members[member].count.map(|_| member)
}

fn names(graph: &Graph, roles: &[Role]) -> String {
    let shown = if roles.len() > MAX_NAMED { MAX_NAMED - 1 } else { roles.len() };
    let mut names: Vec<String> =
        roles[..shown].iter().map(|role| format!("`{}`", graph.roles[*role as usize])).collect();
    if shown < roles.len() {
        names.push(format!("{} others", roles.len() - shown));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
