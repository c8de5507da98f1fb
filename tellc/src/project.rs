//! `tellc project`: the local type of every role.

use crate::args::Project;
use crate::compile::{check_global, check_program, no_protocol, protocols, unknown, without_errors, written_out};
use crate::input::{Input, read};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use std::fmt::Write;
use tell_bridge::export::local_to_json;
use tell_compiler::dot::dot;
use tell_compiler::erase::{expanded_size, local_type};
use tell_compiler::explore::Bounds;
use tell_compiler::graph::Graph;
use tell_compiler::hir::ProtocolId;
use tell_compiler::pipeline::{Checked, Projected, lower_and_project};
use tell_compiler::project::Limits;
use tell_compiler::rung::Rung;
use tell_ir::local::LocalType;

/// Projects a program or a global type.
///
/// # Errors
/// What is wrong with it; with `--json` that is part of the result.
pub(crate) fn project(args: &Project, output: &Output) -> Result<Exit, Trouble> {
    match (local_types(args, output), args.json) {
        (Ok(text), _) => {
            output.bytes(text.as_bytes())?;
            Ok(Exit::Ok)
        }
        (Err(Trouble::Report(report)), true) => {
            output.refusal(&report.diagnostics, &report.files)?;
            Ok(report.exit)
        }
        (Err(trouble), _) => Err(trouble),
    }
}

fn local_types(args: &Project, output: &Output) -> Result<String, Trouble> {
    let checked = match read(&args.source)? {
        Input::Program { name, text } => check_program(&name, &text, &args.sizes)?,
        Input::Global { name, text } => check_global(&name, &text, &args.sizes)?,
        Input::Image { name, .. } => {
            let text = format!("`{name}` is an image: `tellc show {name}` shows the automata of its roles");
            return Err(Trouble::usage(text));
        }
    };
    let checked = if args.json { errors_stop(checked)? } else { without_errors(checked, output)? };
    let own;
    let projected = match find(&checked, args.protocol.as_deref()) {
        Some(projected) => projected,
        None => {
            own = project_callee(&checked, args.protocol.as_deref())?;
            &own
        }
    };
    let graph = &projected.graph;
    if let Some(role) = &args.role
        && !graph.roles.contains(role)
    {
        let names: Vec<&str> = graph.roles.iter().map(String::as_str).collect();
        return Err(Trouble::plain(unknown("role", role, &names)));
    }
    let wanted = |name: &str| args.role.as_ref().is_none_or(|role| role == name);
    if args.dot {
        let machines = projected.projection.machines.iter();
        let machines: Vec<_> = machines.filter(|machine| wanted(&graph.roles[machine.role as usize])).collect();
        return Ok(dot(graph, &machines));
    }
    let mut roles = Vec::new();
    let rungs = projected.rungs(&checked.program, Limits::default());
    for ((name, machine), needed) in graph.roles.iter().zip(&projected.projection.machines).zip(&rungs) {
        if wanted(name) {
            let local = local_type(&checked.program, graph, machine);
            let size = local.as_ref().map(|local| expanded_size(&local.nodes, local.root.0));
            written_out(&checked, graph, &format!("local type of `{name}`"), size)?;
            let local = local.expect("what has no size is not written out");
            roles.push(Shown { name, rung: needed.rung, local });
        }
    }
    let highest = rungs.iter().map(|needed| needed.rung).max().unwrap_or(Rung::Plain);
    if !args.json {
        return Ok(as_text(graph, highest, &roles));
    }
    let bound = projected.explore(&checked.program, Bounds::default()).queue_bound;
    Ok(as_json(projected, &roles, bound))
}

/// A role, as it is printed.
struct Shown<'a> {
    name: &'a str,
    rung: Rung,
    local: LocalType,
}

/// As [`without_errors`], without printing the warnings.
///
/// # Errors
/// The errors.
pub(crate) fn errors_stop(checked: Checked) -> Result<Checked, Trouble> {
    if checked.has_errors() {
        return Err(Trouble::report(checked.diagnostics, checked.program.files));
    }
    Ok(checked)
}

/// The projection that was made with the check: that of the name, or the first.
pub(crate) fn find<'a>(checked: &'a Checked, protocol: Option<&str>) -> Option<&'a Projected> {
    match protocol {
        None => checked.projected.first(),
        Some(name) => checked.projected.iter().find(|projected| projected.graph.name == name),
    }
}

/// A protocol that others call was not projected with the check.
///
/// # Errors
/// `E0704`, or what is wrong with it.
pub(crate) fn project_callee(checked: &Checked, protocol: Option<&str>) -> Result<Projected, Trouble> {
    let program = &checked.program;
    let mut ids = (0..).map(ProtocolId).zip(&program.protocols);
    let found = ids
        .find(|(_, known)| known.parent.is_none() && known.module == 0 && Some(program.text(known.name)) == protocol);
    let Some((id, _)) = found else { return Err(no_protocol(protocol, &protocols(checked))) };
    let failed = |diagnostics| Trouble::report(diagnostics, program.files.clone());
    lower_and_project(program, id, Limits::default()).map_err(failed)
}

fn as_text(graph: &Graph, rung: Rung, roles: &[Shown<'_>]) -> String {
    let mut out = format!("protocol {} ({rung})\n", graph.name);
    for Shown { name, rung, local } in roles {
        writeln!(out, "\nrole {name} ({rung})").expect("writing to a String succeeds");
        for line in local.to_string().lines() {
            writeln!(out, "  {line}").expect("writing to a String succeeds");
        }
    }
    out
}

/// The object of `docs/schema/project.json`. Local types nest deeper than serde_json likes, so it is put together here.
fn as_json(projected: &Projected, roles: &[Shown<'_>], queue_bound: Option<u32>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = format!("{{\"ok\":true,\"protocol\":{},\"roles\":{{", quoted(&projected.graph.name));
    for (index, Shown { name, rung, local }) in roles.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let warnings: Vec<String> = warnings(projected, name).map(quoted).collect();
        let (name, local, warnings) = (quoted(name), local_to_json(local), warnings.join(","));
        write!(out, "{comma}{name}:{{\"rung\":\"{rung}\",\"local\":{local},\"warnings\":[{warnings}]}}")
            .expect("writing to a String succeeds");
    }
    let bound = queue_bound.map_or_else(|| "null".to_owned(), |bound| bound.to_string());
    writeln!(out, "}},\"queue_bound\":{bound}}}").expect("writing to a String succeeds");
    out
}

/// Codes of the warnings about a role.
fn warnings<'a>(projected: &'a Projected, role: &str) -> impl Iterator<Item = &'a str> {
    let roles = &projected.graph.roles;
    let about = move |index: u32| roles[index as usize] == role;
    projected.projection.warnings.iter().filter(move |(index, _)| about(*index)).map(|(_, warning)| warning.code.0)
}
