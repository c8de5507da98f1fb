//! What a role does alone in a state: local actions, decisions, what it puts into a message, and what the slots of the
//! next state hold.

use super::{Evaluated, Evaluation, assert, first_match, tuple};
use std::collections::BTreeMap;
use tell_compiler::graph::{Action, Arm, Branch, CaseArm, CaseOn, GVar, Graph, Guard, NodeKind, Role};
use tell_compiler::hir::Pattern;
use tell_compiler::project::machine::{Kind, Machine, Rows, Site, State, Value as Origin, Values};
use tell_vm::{Fault, Value};

/// The edge and the branch of a message.
pub(crate) fn message<'p>(graph: &'p Graph, site: &Site) -> ((Role, Role), &'p Branch) {
    match &graph.node(site.node).kind {
        NodeKind::Comm { from, to, branches } => ((*from, *to), &branches[site.branch as usize]),
        _ => panic!("bug: a message"),
    }
}

/// Whether the role comes to a state by its own choice.
pub(crate) fn is_chosen(machine: &Machine, state: u32) -> bool {
    let leads_there = |from: &State| match &from.kind {
        Kind::Decide { steps, .. } => steps.iter().any(|step| step.target.0 == state),
        _ => false,
    };
    machine.states.iter().any(leads_there)
}

/// Where the values for the slots of the next state come from.
pub(crate) struct Sources<'s> {
    /// What the state does.
    pub(crate) kind: &'s Kind,
    pub(crate) slots: &'s [Value],
    pub(crate) bound: &'s [Value],
    pub(crate) carried: &'s BTreeMap<u32, Value>,
    pub(crate) cell: &'s dyn Fn(GVar) -> Value,
}

impl Sources<'_> {
    /// The values.
    pub(crate) fn of(&self, values: &Values) -> Vec<Value> {
        let value = |value| match (value, self.kind) {
            (Origin::Slot(slot), _) => self.slots[slot as usize].clone(),
            (Origin::Bound(index), _) => self.bound[index as usize].clone(),
            (Origin::Carried(number), _) => self.carried[&number].clone(),
            (Origin::Int(value), _) => Value::Int(value),
            (Origin::Cell(index), Kind::Scope(scope)) => (self.cell)(scope.cells[index as usize].0),
            (Origin::Param(_) | Origin::Cell(_), _) => panic!("bug: a value of another step"),
        };
        values.iter().map(value).collect()
    }
}

/// The values for the slots of the first state.
pub(crate) fn first_slots(values: &Values, params: &BTreeMap<GVar, &Value>) -> Vec<Value> {
    let value = |value| match value {
        Origin::Param(var) => params[&var].clone(),
        Origin::Int(value) => Value::Int(value),
        _ => panic!("bug: a first state has parameters and numbers"),
    };
    values.iter().map(value).collect()
}

impl<'e> Evaluation<'e, '_> {
    /// What a local action binds.
    pub(crate) fn action(&mut self, site: &Site) -> Evaluated {
        let NodeKind::Local { action, .. } = &self.graph.node(site.node).kind else { panic!("bug: a local action") };
        match action {
            Action::Let { value, .. } => self.value(*value),
            Action::Assert { cond, text } => assert(self.program, &self.value(*cond)?, *text).map(|()| Value::Unit),
            Action::Perform { op, args, .. } => self.operation(*op, args),
        }
    }

    /// The arm that a role goes on with, and what that binds.
    pub(crate) fn decision(&mut self, site: &Site) -> Evaluated<(usize, Vec<Value>)> {
        match &self.graph.node(site.node).kind {
            NodeKind::Choice { arms, .. } => self.choice(arms),
            NodeKind::Case { on, arms, .. } => self.case(on, arms),
            _ => panic!("bug: a decision"),
        }
    }

    /// The arm that a role chooses, and the evidence of its guard: the first one whose guard is open; else, of those
    /// without a guard, the only one, or the one that the host chooses.
    fn choice(&mut self, arms: &[Arm]) -> Evaluated<(usize, Vec<Value>)> {
        for (index, arm) in arms.iter().enumerate() {
            if let Some(evidence) = self.open(arm)? {
                return Ok((index, evidence));
            }
        }
        let open: Vec<usize> = (0..arms.len()).filter(|index| arms[*index].guard.is_none()).collect();
        let name = |index: &usize| arms[*index].name.map_or("", |name| self.program.text(name));
        let names: Vec<&str> = open.iter().map(name).collect();
        match open.as_slice() {
            [] => Err(Fault::NoOpenBranch { text: "no branch of this choice is open".to_owned() }.into()),
            [only] => Ok((*only, Vec::new())),
            _ => Ok((open[self.chosen(&names)?], Vec::new())),
        }
    }

    /// The evidence of a guard that is open.
    fn open(&mut self, arm: &Arm) -> Evaluated<Option<Vec<Value>>> {
        Ok(match &arm.guard {
            None => None,
            Some(Guard::Expr(guard)) => (self.value(*guard)? == Value::Bool(true)).then(Vec::new),
            Some(Guard::Check { op, args, .. }) => match self.operation(*op, args)?.as_variant() {
                Some((1, content)) => Some(content.to_vec()),
                _ => None,
            },
        })
    }

    /// The arm of a shared decision and what it binds: the counter, counted down, or the variables of its pattern.
    fn case(&mut self, on: &CaseOn, arms: &[CaseArm]) -> Evaluated<(usize, Vec<Value>)> {
        let value = match on {
            CaseOn::Expr(value) | CaseOn::Start { count: value, .. } => self.value(*value)?,
            CaseOn::Counter(counter) => {
                let (_, slot) = self.env.iter().find(|(var, _)| var == counter).expect("a decider holds the counter");
                self.slots[*slot as usize].clone()
            }
            CaseOn::Opaque => panic!("bug: nobody can evaluate an unnamed decision"),
        };
        let pattern = |arm: &CaseArm| Some((arm.pattern?.instance, arm.pattern?.pattern as usize));
        let patterns = arms.iter().filter_map(pattern).map(|(instance, at)| &self.body(instance).patterns[at]);
        let patterns: Vec<&Pattern> = patterns.collect();
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

    /// Which of several messages a role sends, the values of its fields, and the payload they make.
    pub(crate) fn payload(&mut self, sends: &'e Rows) -> Evaluated<(usize, Vec<Value>, Value)> {
        let branches: Vec<_> = sends.iter().map(|(site, _)| message(self.graph, site).1).collect();
        let labels: Vec<_> = branches.iter().map(|branch| &self.graph.labels[branch.label as usize]).collect();
        let names: Vec<&str> = labels.iter().map(|label| &*label.name).collect();
        let row = if names.len() == 1 { 0 } else { self.chosen(&names)? };
        self.env = &sends[row].0.env;
        let mut values = Vec::new();
        for (field, ty) in branches[row].fields.iter().zip(&labels[row].fields) {
            values.push(match field.source {
                Some(value) => self.value(value)?,
                None => {
                    let name = field.name.map_or(names[row], |name| self.program.text(name));
                    let request = self.types.host(Value::text(name), Some(*ty));
                    self.perform(request)?
                }
            });
        }
        let payload = match values.as_slice() {
            [] => Value::Unit,
            [only] => only.clone(),
            several => tuple(several.to_vec())?,
        };
        Ok((row, values, payload))
    }
}
