//! What a role does alone in a state: local actions, decisions, and what it puts into a message.

use super::{Evaluated, Evaluation, assert, first_match, tuple};
use tell_compiler::graph::{Action, Arm, CaseArm, CaseOn, Guard, NodeKind};
use tell_compiler::hir::Pattern;
use tell_compiler::project::machine::{Rows, Site};
use tell_vm::{Fault, Value};

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

    /// The arm that a role chooses, and the evidence of its guard: the first one whose guard is open; else, of those without
    /// a guard, the only one, or the one that the host chooses.
    pub(crate) fn choice(&mut self, site: &Site) -> Evaluated<(usize, Vec<Value>)> {
        let NodeKind::Choice { arms, .. } = &self.graph.node(site.node).kind else { panic!("bug: a choice") };
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
    pub(crate) fn case(&mut self, site: &Site) -> Evaluated<(usize, Vec<Value>)> {
        let NodeKind::Case { on, arms, .. } = &self.graph.node(site.node).kind else { panic!("bug: a case") };
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
        let branch = |site: &Site| match &self.graph.node(site.node).kind {
            NodeKind::Comm { branches, .. } => &branches[site.branch as usize],
            _ => panic!("bug: a message"),
        };
        let branches: Vec<_> = sends.iter().map(|(site, _)| branch(site)).collect();
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
