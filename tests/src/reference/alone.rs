//! What a role does alone: local actions, decisions, and what it puts into a message.

use super::Session;
use crate::evaluate::{Evaluated, Evaluation, Names, assert, first_match};
use tell_compiler::graph::{Action, CaseOn, ExprRef, GVar, Graph, Guard, NodeKind};
use tell_compiler::hir::{Body, Pattern, Program, Var};
use tell_compiler::project::machine::{Rows, Site, UNKNOWN};
use tell_vm::{Fault, Value};

/// An evaluation in a state: with the role's bindings there.
pub(super) struct Here<'e, 'p> {
    evaluation: Evaluation<'e, 'p>,
    program: &'p Program,
    graph: &'p Graph,
    env: &'e [(GVar, u32)],
    slots: &'e [Value],
}

impl<'p> Here<'_, 'p> {
    fn body(&self, instance: u32) -> &'p Body {
        let protocol = self.program.protocol(self.graph.instances[instance as usize].protocol);
        protocol.body.as_ref().expect("only checked protocols are lowered")
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, at: ExprRef) -> Evaluated {
        let first = self.graph.instances[at.instance as usize].vars;
        let known = self.env.iter().filter(|(var, slot)| *slot != UNKNOWN && var.0 >= first);
        let values = known.map(|(var, slot)| (Var(var.0 - first), self.slots[*slot as usize].clone()));
        self.evaluation.expr(&mut Names::of_protocol(self.body(at.instance), values), at.expr)
    }

    fn operation(&mut self, op: u32, args: &[ExprRef]) -> Evaluated {
        let args = args.iter().map(|arg| self.value(*arg)).collect::<Evaluated<_>>()?;
        let op = &self.graph.ops[op as usize];
        let types = &mut self.evaluation.types;
        let signature = (types.each(&op.params, &[]), types.of(op.result, &[]));
        let request = types.request((op.effect, op.op as usize), signature, args);
        self.evaluation.perform(request)
    }

    /// Which of several names the host chooses.
    fn chosen(&mut self, names: &[&str]) -> Evaluated<usize> {
        let names = Value::list(names.iter().copied().map(Value::text).collect()).expect("names are short");
        let request = self.evaluation.types.host(names, None);
        let index = self.evaluation.perform(request)?.as_int().and_then(|index| usize::try_from(index).ok());
        Ok(index.expect("the answer is among what was offered"))
    }
}

impl<'p> Session<'p> {
    pub(super) fn here<'e>(&'e mut self, who: usize, site: &'e Site) -> Here<'e, 'p> {
        let (program, line) = (self.setup.program, &self.lines[who]);
        let evaluation = Evaluation { program, types: &mut self.handlers.types, answers: line.answers.iter() };
        Here { evaluation, program, graph: self.setup.graph, env: &site.env, slots: &line.slots }
    }

    /// What a local action binds.
    pub(super) fn action(&mut self, who: usize, site: &Site) -> Evaluated {
        let NodeKind::Local { action, .. } = &self.setup.graph.node(site.node).kind else {
            panic!("bug: a local action")
        };
        let program = self.setup.program;
        let mut here = self.here(who, site);
        match action {
            Action::Let { value, .. } => here.value(*value),
            Action::Assert { cond, text } => assert(program, &here.value(*cond)?, *text).map(|()| Value::Unit),
            Action::Perform { op, args, .. } => here.operation(*op, args),
        }
    }

    /// The arm a role chooses and the evidence of its guard: the first one that is open; else, of those without a guard,
    /// the only one, or the one that the host chooses.
    pub(super) fn choice(&mut self, who: usize, site: &Site) -> Evaluated<(usize, Vec<Value>)> {
        let NodeKind::Choice { arms, .. } = &self.setup.graph.node(site.node).kind else { panic!("bug: a choice") };
        let program = self.setup.program;
        let mut here = self.here(who, site);
        for (index, arm) in arms.iter().enumerate() {
            match &arm.guard {
                None => {}
                Some(Guard::Expr(guard)) => {
                    if here.value(*guard)? == Value::Bool(true) {
                        return Ok((index, Vec::new()));
                    }
                }
                Some(Guard::Check { op, args, .. }) => {
                    if let Some((1, content)) = here.operation(*op, args)?.as_variant() {
                        return Ok((index, content.to_vec()));
                    }
                }
            }
        }
        let open: Vec<usize> = (0..arms.len()).filter(|index| arms[*index].guard.is_none()).collect();
        let name = |index: &usize| arms[*index].name.map_or("", |name| program.text(name));
        let names: Vec<&str> = open.iter().map(name).collect();
        match open.as_slice() {
            [] => Err(Fault::NoOpenBranch { text: "no branch of this choice is open".to_owned() }.into()),
            [only] => Ok((*only, Vec::new())),
            _ => Ok((open[here.chosen(&names)?], Vec::new())),
        }
    }

    /// The arm of a shared decision and what it binds: the counter, counted down, or the variables of its pattern.
    pub(super) fn case(&mut self, who: usize, site: &Site) -> Evaluated<(usize, Vec<Value>)> {
        let NodeKind::Case { on, arms, .. } = &self.setup.graph.node(site.node).kind else { panic!("bug: a case") };
        let mut here = self.here(who, site);
        let value = match on {
            CaseOn::Expr(value) | CaseOn::Start { count: value, .. } => here.value(*value)?,
            CaseOn::Counter(counter) => {
                let (_, slot) = here.env.iter().find(|(var, _)| var == counter).expect("a decider holds the counter");
                here.slots[*slot as usize].clone()
            }
            CaseOn::Opaque => panic!("bug: nobody can evaluate an unnamed decision"),
        };
        let pattern = |arm: &tell_compiler::graph::CaseArm| -> Option<&'p Pattern> {
            let at = arm.pattern?;
            Some(&here.body(at.instance).patterns[at.pattern as usize])
        };
        let patterns: Vec<&Pattern> = arms.iter().filter_map(pattern).collect();
        Ok(match (on, &value) {
            (CaseOn::Expr(_), Value::Bool(goes_on)) if patterns.is_empty() => (usize::from(!goes_on), Vec::new()),
            (CaseOn::Expr(_), _) => {
                let (arm, bound) = first_match(&value, patterns);
                (arm, bound.into_iter().map(|(_, value)| value).collect())
            }
            (_, Value::Int(left @ 1..)) => (0, vec![Value::Int(left - 1)]),
            (_, _) => (1, Vec::new()),
        })
    }

    /// Which of several messages a role sends, and the values of its fields.
    pub(super) fn payload(&mut self, who: usize, sends: &Rows) -> Evaluated<(usize, Vec<Value>)> {
        let (program, graph) = (self.setup.program, self.setup.graph);
        let labels = sends.iter().map(|(site, _)| &*graph.labels[self.message(site).1.label as usize].name);
        let labels: Vec<&str> = labels.collect();
        let mut here = self.here(who, &sends[0].0);
        let row = if labels.len() == 1 { 0 } else { here.chosen(&labels)? };
        here.env = &sends[row].0.env;
        let NodeKind::Comm { branches, .. } = &graph.node(sends[row].0.node).kind else { panic!("bug: a message") };
        let branch = &branches[sends[row].0.branch as usize];
        let label = &graph.labels[branch.label as usize];
        let values = branch.fields.iter().zip(&label.fields).map(|(field, ty)| match field.source {
            Some(value) => here.value(value),
            None => {
                let name = field.name.map_or(&*label.name, |name| program.text(name));
                let request = here.evaluation.types.host(Value::text(name), Some(*ty));
                here.evaluation.perform(request)
            }
        });
        Ok((row, values.collect::<Evaluated<_>>()?))
    }
}
