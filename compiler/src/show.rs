//! What each stage made, as text for people (`tellc show --stage …`) and for snapshots.

use crate::graph::{Action, CaseOn, GVar, Graph, NodeId, NodeKind, Outcome, Renamed};
use crate::hir::{Fun, FunBody, FunCode, Program, Protocol, Use};
use crate::pipeline::Checked;
use crate::project::machine::{Kind, Machine, Site, Step, Value};
use std::fmt::Write;
use tell_language::symbol::Symbol;

/// Names of the stages this module shows, in order.
pub const STAGES: [&str; 4] = ["resolve", "check", "lower", "project"];

/// The result of a stage; `None` for a name that is not in [`STAGES`].
#[must_use]
pub fn stage(checked: &Checked, stage: &str) -> Option<String> {
    let mut out = String::new();
    match stage {
        "resolve" => declarations(&checked.program, &mut out),
        "check" => {
            let program = &checked.program;
            program.funs.iter().for_each(|fun| function(program, fun, &mut out));
            program.protocols.iter().for_each(|protocol| bindings(program, protocol, &mut out));
        }
        "lower" => checked.projected.iter().for_each(|projected| graph(&checked.program, &projected.graph, &mut out)),
        "project" => {
            for projected in &checked.projected {
                for machine in &projected.projection.machines {
                    self::machine(&checked.program, &projected.graph, machine, &mut out);
                }
            }
        }
        _ => return None,
    }
    Some(out)
}

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => { writeln!($out, $($text)*).expect("writing to a String cannot fail") };
}

fn declarations(program: &Program, out: &mut String) {
    for union in &program.unions {
        let variants: Vec<String> = union
            .variants
            .iter()
            .map(|(name, args)| match args.as_slice() {
                [] => program.text(*name).to_owned(),
                args => format!("{}({})", program.text(*name), types(program, args)),
            })
            .collect();
        line!(out, "type {} = {}", program.text(union.name), variants.join(" | "));
    }
    for opaque in &program.opaques {
        line!(out, "type {}", program.text(opaque.name));
    }
    for effect in &program.effects {
        line!(out, "effect {}", effect.full_name);
        for op in &effect.ops {
            let meta = op.meta;
            line!(
                out,
                "  {} {} : ({}) -> {} {{ class : {}, progress : {}, region : {}, agreement_use : {}, reentrancy : {} }}",
                meta.modality.text(),
                program.text(op.name),
                types(program, &op.params),
                program.show_type(op.result),
                meta.class.text(),
                if meta.may_block { "may_block" } else { "immediate" },
                meta.region.text(),
                meta.agreement.text(),
                meta.reentrancy.text()
            );
        }
    }
    for fun in program.funs.iter().filter(|fun| matches!(fun.code, FunCode::Local { .. })) {
        line!(out, "{}", signature(program, fun));
    }
    for protocol in &program.protocols {
        header(program, protocol, out);
    }
}

/// The header of a function.
fn signature(program: &Program, fun: &Fun) -> String {
    let show = |ty| program.show_type_in(ty, &fun.type_vars);
    let params: Vec<String> =
        fun.params.iter().map(|(name, _, ty)| format!("{} : {}", program.text(*name), show(*ty))).collect();
    let uses = row(program, &fun.uses, &fun.type_vars);
    format!("fun {}({}) : {}{uses}", program.text(fun.name), params.join(", "), show(fun.result))
}

/// ` uses E, F(T)`, or nothing.
fn row(program: &Program, uses: &[Use], type_vars: &[Symbol]) -> String {
    let instance = |used: &Use| {
        let args: Vec<String> = used.args.iter().map(|arg| program.show_type_in(*arg, type_vars)).collect();
        let name = &program.effects[used.effect.index()].full_name;
        if args.is_empty() { name.clone() } else { format!("{name}({})", args.join(", ")) }
    };
    let uses: Vec<String> = uses.iter().map(instance).collect();
    if uses.is_empty() { String::new() } else { format!(" uses {}", uses.join(", ")) }
}

/// Every binding of a function with its type and place.
fn function(program: &Program, fun: &Fun, out: &mut String) {
    let FunCode::Local { body, .. } = &fun.code else { return };
    line!(out, "{}", signature(program, fun));
    let Some(FunBody { body, .. }) = body.as_deref() else { return line!(out, "  (has errors)") };
    let file = program.modules[fun.module].file;
    for (index, var) in body.vars.iter().enumerate() {
        let (row, column) = program.files.line_column(file, var.span.start);
        let ty = program.show_type_in(var.ty, &fun.type_vars);
        line!(out, "  {}#{index} : {ty}  -- {row}:{column}", program.text(var.name));
    }
}

fn header(program: &Program, protocol: &Protocol, out: &mut String) {
    let roles: Vec<&str> = protocol.roles.iter().map(|(name, _)| program.text(*name)).collect();
    let params: Vec<String> = protocol
        .params
        .iter()
        .map(|param| {
            format!("{} : {} at {}", program.text(param.name), program.show_type(param.ty), roles[param.role.index()])
        })
        .collect();
    let params = if params.is_empty() { String::new() } else { format!("; {}", params.join(", ")) };
    let uses = row(program, &protocol.uses, &[]);
    line!(out, "protocol {}({}{params}){uses}", program.text(protocol.name), roles.join(", "));
}

fn types(program: &Program, types: &[crate::ty::Ty]) -> String {
    types.iter().map(|ty| program.show_type(*ty)).collect::<Vec<_>>().join(", ")
}

/// Every binding with its type and place, and who holds what at the end.
fn bindings(program: &Program, protocol: &Protocol, out: &mut String) {
    header(program, protocol, out);
    let Some(body) = &protocol.body else { return line!(out, "  (has errors)") };
    for (index, var) in body.vars.iter().enumerate() {
        let (row, column) = program.files.line_column(protocol.file, var.span.start);
        line!(out, "  {}#{index} : {}  -- {row}:{column}", program.text(var.name), program.show_type(var.ty));
    }
    for (role, name, var) in &body.finals {
        line!(
            out,
            "  at the end {} holds {}#{}",
            program.text(protocol.roles[role.index()].0),
            program.text(*name),
            var.0
        );
    }
}

/// The choreography graph, a line per node that can be reached.
fn graph(program: &Program, graph: &Graph, out: &mut String) {
    line!(out, "choreography {}, roles {}", graph.name, graph.roles.join(", "));
    let mut seen = vec![false; graph.nodes.len()];
    let mut todo = vec![graph.start];
    while let Some(id) = todo.pop() {
        if std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        line!(out, "  n{}: {}", id.0, node(program, graph, id));
        let mut next = graph.successors(id);
        next.reverse();
        todo.extend(next);
    }
}

fn node(program: &Program, graph: &Graph, id: NodeId) -> String {
    let role = |role: u32| graph.roles[role as usize].as_str();
    let var = |var: GVar| variable(program, graph, var);
    match &graph.node(id).kind {
        NodeKind::End { .. } => "end".into(),
        NodeKind::Comm { from, to, branches } => {
            let branches: Vec<String> = branches
                .iter()
                .map(|branch| {
                    let label = &graph.labels[branch.label as usize];
                    format!("{}({}) then n{}", label.name, types(program, &label.fields), branch.cont.0)
                })
                .collect();
            format!("{} -> {} : {}", role(*from), role(*to), branches.join(" | "))
        }
        NodeKind::Choice { decider, arms } => {
            let arms: Vec<String> = arms
                .iter()
                .map(|arm| {
                    let name = arm.name.map_or("", |name| program.text(name));
                    let guard = if arm.guard.is_some() { " when …" } else { "" };
                    format!("{name}{guard} then n{}", arm.cont.0)
                })
                .collect();
            format!("choice {} | {}", role(*decider), arms.join(" | "))
        }
        NodeKind::Case { deciders, on, arms } => {
            let deciders: Vec<&str> = deciders.iter().map(|decider| role(*decider)).collect();
            let on = match on {
                CaseOn::Expr(_) => "a value".to_owned(),
                CaseOn::Counter(counter) | CaseOn::Start { counter, .. } => var(*counter),
                CaseOn::Opaque => "(unknown)".to_owned(),
            };
            let arms: Vec<String> = arms.iter().map(|arm| format!("n{}", arm.cont.0)).collect();
            format!("case of {on} by {} | {}", deciders.join(", "), arms.join(" | "))
        }
        NodeKind::Local { role: own, action, cont } => {
            let action = match action {
                Action::Let { var: bound, .. } => format!("let {}", var(*bound)),
                Action::Assert { .. } => "assert".into(),
                Action::Perform { op, bind, .. } => {
                    let op = &graph.ops[*op as usize];
                    let effect = &program.effects[op.effect.index()];
                    let bound = bind.map_or(String::new(), |bound| format!("{} = ", var(bound)));
                    format!("{bound}perform {}.{}", effect.full_name, program.text(effect.ops[op.op as usize].name))
                }
            };
            format!("{} : {action} then n{}", role(*own), cont.0)
        }
        NodeKind::Rename { pairs, cont } => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(to, from)| match from {
                    Renamed::Var(from) => format!("{} is {}", var(*to), var(*from)),
                    Renamed::Int(value) => format!("{} is {value}", var(*to)),
                })
                .collect();
            format!("{} then n{}", if pairs.is_empty() { "head".into() } else { pairs.join(", ") }, cont.0)
        }
        NodeKind::Par { branches, then } => {
            let branches: Vec<String> = branches.iter().map(|branch| format!("n{}", branch.0)).collect();
            format!("par | {} then n{}", branches.join(" | "), then.0)
        }
        NodeKind::Timed { .. } => scope(program, graph, id),
        NodeKind::Join { of } => format!("join of n{}", of.0),
    }
}

fn variable(program: &Program, graph: &Graph, var: GVar) -> String {
    format!("{}#{}", program.text(graph.vars[var.0 as usize].name), var.0)
}

fn scope(program: &Program, graph: &Graph, id: NodeId) -> String {
    let NodeKind::Timed { owner, deadline, body, outcomes, then } = &graph.node(id).kind else { return String::new() };
    let outcome = |outcome: &Outcome| {
        let bind = outcome.bind.map_or(String::new(), |bind| format!(" {}", variable(program, graph, bind)));
        format!("{}{bind} n{}", outcome.name, outcome.cont.0)
    };
    let outcomes: Vec<String> = outcomes.iter().map(outcome).collect();
    let until = if deadline.is_some() { " until …" } else { "" };
    let owner = &graph.roles[*owner as usize];
    format!("scope of {owner}{until}, body n{} | {} then n{}", body.0, outcomes.join(" | "), then.0)
}

/// A role's machine, a line per state.
pub fn machine(program: &Program, graph: &Graph, machine: &Machine, out: &mut String) {
    let start: Vec<String> = machine.start.iter().map(|value| self::value(program, graph, value)).collect();
    line!(out, "machine {}, starts with ({})", graph.roles[machine.role as usize], start.join(", "));
    for (index, state) in machine.states.iter().enumerate() {
        line!(out, "  s{index}, {} values", state.slots);
        let step = |step: &Step| {
            let values: Vec<String> = step.values.iter().map(|value| self::value(program, graph, value)).collect();
            format!("s{}({})", step.target.0, values.join(", "))
        };
        match &state.kind {
            Kind::End { finals } => {
                let finals: Vec<String> =
                    finals.iter().map(|(name, slot)| format!("{} = ${slot}", program.text(*name))).collect();
                line!(out, "    end {}", finals.join(", "));
            }
            Kind::Local { site, step: next, .. } => line!(out, "    {} then {}", action(graph, site), step(next)),
            Kind::Decide { site, steps } | Kind::Case { site, steps } => {
                line!(out, "    {}", action(graph, site));
                steps.iter().for_each(|next| line!(out, "    | {}", step(next)));
            }
            Kind::Join { carried } => {
                let carried: Vec<String> =
                    carried.iter().map(|(index, slot)| format!("carried {index} is ${slot}")).collect();
                line!(out, "    join {}", carried.join(", "));
            }
            Kind::Mixed { actions, .. } => {
                actions
                    .iter()
                    .for_each(|(site, next)| line!(out, "    {} or then {}", action(graph, site), step(next)));
            }
            Kind::Par { branches, then, .. } => {
                branches.iter().for_each(|branch| line!(out, "    par {}", step(branch)));
                line!(out, "    then {}", step(then));
            }
            Kind::Scope(scope) => {
                line!(out, "    scope of {} {}", graph.roles[scope.owner as usize], step(&scope.body));
                scope.outcomes.iter().for_each(|(name, block)| line!(out, "    on {name} {}", step(block)));
                line!(out, "    then {}", step(&scope.then));
            }
            Kind::Send { sends } => {
                sends.iter().for_each(|(site, next)| line!(out, "    {} then {}", action(graph, site), step(next)))
            }
            Kind::Recv { rows, finals } => {
                rows.iter().for_each(|(site, next)| line!(out, "    {} then {}", action(graph, site), step(next)));
                if finals.is_some() {
                    line!(out, "    or the session ends");
                }
            }
        }
    }
}

fn value(program: &Program, graph: &Graph, value: Value) -> String {
    match value {
        Value::Slot(slot) => format!("${slot}"),
        Value::Bound(index) => format!("new {index}"),
        Value::Int(value) => value.to_string(),
        Value::Carried(index) => format!("carried {index}"),
        Value::Cell(index) => format!("cell {index}"),
        Value::Param(var) => program.text(graph.vars[var.0 as usize].name).to_owned(),
    }
}

fn action(graph: &Graph, site: &Site) -> String {
    match &graph.node(site.node).kind {
        NodeKind::Comm { from, to, branches } => {
            let label = &graph.labels[branches[site.branch as usize].label as usize].name;
            format!("{} -> {} : {label}", graph.roles[*from as usize], graph.roles[*to as usize])
        }
        NodeKind::Choice { .. } => "choose".into(),
        NodeKind::Case { .. } => "case".into(),
        NodeKind::Local { action: Action::Let { .. }, .. } => "let".into(),
        NodeKind::Local { action: Action::Assert { .. }, .. } => "assert".into(),
        NodeKind::Local { action: Action::Perform { .. }, .. } => "perform".into(),
        NodeKind::End { .. } | NodeKind::Rename { .. } => String::new(),
        NodeKind::Par { .. } | NodeKind::Timed { .. } | NodeKind::Join { .. } => String::new(),
    }
}
