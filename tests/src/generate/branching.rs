//! Choices, `if` and `case`: everybody who takes part in an arm is told which one it is, early or late.

use super::Body;
use super::expression::From;
use super::scope::Ty;

/// Who is told by whom, in this order.
pub(super) type Plan = Vec<(usize, usize)>;

/// A name that every arm binds at its end, so that it is in scope after them.
pub(super) struct Join {
    pub(super) name: String,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A message that passes on what was known before.
pub(super) struct Same {
    pub(super) text: String,
    pub(super) name: String,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What the arms of a branching have in common.
pub(super) struct Arms {
    /// Who knows the branch from the start.
    pub(super) deciders: Vec<usize>,
    /// Who else takes part.
    pub(super) others: Vec<usize>,
    /// The plan of all arms, if they have to have the same one.
    pub(super) plan: Option<Plan>,
    pub(super) join: Option<Join>,
    /// Each arm begins with a message of the first decider.
    pub(super) opened: bool,
    /// A message with which each arm ends, to a role that is not told which arm it is.
    pub(super) same: Option<Same>,
}

impl Body<'_> {
    /// A choice among two to four arms.
    pub(super) fn choice(&mut self, active: &[usize]) {
        let decider = *self.numbers().pick(active);
        let arms = self.arms(vec![decider], active, 1);
        let count = 2 + self.numbers().below(3);
        self.line(&format!("choice {} at", self.names[decider]));
        self.depth += 1;
        let unguarded = self.numbers().below(count);
        let mut ends = Vec::new();
        for number in 0..count {
            let guard = self.bool(decider, From::All).filter(|_| number != unguarded && self.percent(60));
            let guard = guard.map_or_else(String::new, |guard| format!(" when ({})", guard.text));
            let name = self.fresh_label();
            let (guard, evidence) = self.checked_guard(decider, guard);
            self.line(&format!("| {name}{guard} =>"));
            ends.push(self.block(|body| {
                evidence.iter().for_each(|name| body.scopes.bind_fresh(&[decider], name, Ty::Int));
                body.arm(&arms);
            }));
        }
        self.depth -= 1;
        self.scopes.join(&ends);
    }

    /// An `if` that everybody decides who holds what its condition reads.
    pub(super) fn if_then(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        let Some(condition) = self.bool(role, From::Bindings) else { return self.simple(active) };
        let Some((deciders, at)) = self.decided(role, &condition.names, active) else { return self.simple(active) };
        let arms = self.arms(deciders, active, 0);
        let can_be_empty = arms.others.is_empty() && arms.join.is_none() && arms.same.is_none();
        self.line(&format!("if {}{at} then", condition.text));
        let mut ends = vec![self.block(|body| body.arm(&arms))];
        if !can_be_empty || self.percent(60) {
            self.line("else");
            ends.push(self.block(|body| body.arm(&arms)));
        } else {
            ends.push(self.scopes.clone());
        }
        self.scopes.join(&ends);
    }

    /// A `case` of a number, a union or a `Maybe`.
    pub(super) fn case(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        let ty = match self.is_full() && self.percent(40) {
            true => *self.numbers().pick(&[Ty::List, Ty::Point]),
            false => *self.numbers().pick(&[Ty::Int, Ty::Shape, Ty::Maybe]),
        };
        let Some(name) = self.name_of(role, ty, From::Bindings) else { return self.simple(active) };
        let names = vec![name.clone()];
        let Some((deciders, at)) = self.decided(role, &names, active) else { return self.simple(active) };
        let (a, b) = (self.fresh_name(), self.fresh_name());
        let (on, patterns): (String, Vec<(String, Vec<&String>)>) = match ty {
            Ty::Int => (format!("{name} % 3"), vec![("0".into(), vec![]), ("1".into(), vec![]), ("_".into(), vec![])]),
            Ty::Shape => {
                let line = (format!("Line({a})"), vec![&a]);
                (name, vec![("Dot".into(), vec![]), line, (format!("Box({a}, {b})"), vec![&a, &b])])
            }
            Ty::List => {
                let two = (format!("[{a}, {b}]"), vec![&a, &b]);
                (name, vec![("[]".into(), vec![]), two, ("_".into(), vec![])])
            }
            Ty::Point => {
                let line = (format!("{{ x = {a}, y = Line({b}) }}"), vec![&a, &b]);
                (name, vec![("{ x = 0 }".into(), vec![]), line, (format!("{{ x = {a} }}"), vec![&a])])
            }
            Ty::Maybe | Ty::Bool | Ty::Text | Ty::Time => {
                (name, vec![("Nothing".into(), vec![]), (format!("Just({a})"), vec![&a])])
            }
        };
        let holders = if at.is_empty() { self.scopes.sharers(role, &names) } else { deciders.clone() };
        let arms = self.arms(deciders, active, 0);
        self.line(&format!("case {on}{at} of"));
        self.depth += 1;
        let mut ends = Vec::new();
        for (pattern, bound) in patterns {
            self.line(&format!("| {pattern} =>"));
            ends.push(self.block(|body| {
                for name in bound {
                    body.scopes.bind_fresh(&holders, name, Ty::Int);
                }
                body.arm(&arms);
            }));
        }
        self.depth -= 1;
        self.scopes.join(&ends);
    }

    /// Who of the active roles decides something that `role` could decide, and what has to be written for it.
    pub(super) fn decided(&mut self, role: usize, names: &[String], active: &[usize]) -> Option<(Vec<usize>, String)> {
        let sharers = self.scopes.sharers(role, names);
        let deciders: Vec<usize> = sharers.into_iter().filter(|other| active.contains(other)).collect();
        if self.scopes.undisputed(role, names) {
            Some((deciders, String::new()))
        } else {
            Some((deciders, format!(" at {}", self.names[role])))
        }
    }

    /// Who takes part in a branching, and how they are told.
    pub(super) fn arms(&mut self, deciders: Vec<usize>, active: &[usize], least: usize) -> Arms {
        let mut others: Vec<usize> = active.iter().copied().filter(|role| !deciders.contains(role)).collect();
        self.shuffle(&mut others);
        let count = least + self.numbers().below(others.len() + 1 - least.min(others.len()));
        let left_out = others.split_off(count.min(others.len()));
        let knowing = [deciders.clone(), others.clone()].concat();
        let join = (self.percent(40)).then(|| {
            let from = *self.numbers().pick(&knowing);
            let to = self.other_than(from, &knowing).unwrap_or(from);
            Join { name: self.fresh_name(), from, to }
        });
        let same = match left_out.first() {
            Some(to) if self.loops == 0 && self.percent(30) => self.same_for(&knowing, *to),
            _ => None,
        };
        let opened = least > 0;
        let mut arms = Arms { deciders, others, plan: None, join, opened, same };
        if self.loops > 0 {
            arms.plan = Some(self.plan(&arms));
        }
        arms
    }

    /// A message that is the same in all arms.
    pub(super) fn same_for(&mut self, knowing: &[usize], to: usize) -> Option<Same> {
        let from = *self.numbers().pick(knowing);
        let name = self.name_of(from, Ty::Int, From::Bindings)?;
        if !self.scopes.find(from, &name).is_some_and(|held| self.may_pass(held, &[to])) {
            return None;
        }
        let label = self.fresh_label();
        let text = format!("{} -> {} : {label}({name})", self.names[from], self.names[to]);
        Some(Same { text, name, from, to })
    }

    pub(super) fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            let other = self.numbers().below(last + 1);
            items.swap(last, other);
        }
    }

    pub(super) fn plan(&mut self, arms: &Arms) -> Plan {
        let mut others = arms.others.clone();
        self.shuffle(&mut others);
        let mut knowing = arms.deciders.clone();
        let mut plan = Vec::new();
        for other in others {
            let first = plan.is_empty() && arms.opened;
            let by = if first || self.percent(35) { arms.deciders[0] } else { *self.numbers().pick(&knowing) };
            plan.push((other, by));
            knowing.push(other);
        }
        plan
    }

    /// One arm: everybody who takes part is told, early or late, and acts only then.
    pub(super) fn arm(&mut self, arms: &Arms) {
        let knowing = self.inform(arms);
        self.statements(&knowing, 2);
        if let Some(join) = &arms.join {
            self.bind_join(join);
        }
        if let Some(same) = &arms.same {
            self.line(&same.text);
            if let Some(held) = self.scopes.find(same.from, &same.name).cloned() {
                self.scopes.pass(&held, same.to);
            }
        }
    }

    /// Binds a name that every arm binds.
    pub(super) fn bind_join(&mut self, Join { name, from, to }: &Join) {
        let value = self.int(*from, From::All);
        let line = if from == to {
            format!("let {name} at {} = {}", self.names[*from], value.text)
        } else {
            let label = self.fresh_label();
            format!("{} -> {} : {label}({name} : Int = {})", self.names[*from], self.names[*to], value.text)
        };
        self.line(&line);
        let roles = if from == to { vec![*from] } else { vec![*from, *to] };
        self.scopes.bind_fresh(&roles, name, Ty::Int);
    }

    /// Tells everybody; returns who knows then.
    pub(super) fn inform(&mut self, arms: &Arms) -> Vec<usize> {
        let plan = match &arms.plan {
            Some(plan) => plan.clone(),
            None => self.plan(arms),
        };
        let mut knowing = arms.deciders.clone();
        let mut late = false;
        for (number, (other, by)) in plan.into_iter().enumerate() {
            if (number > 0 || !arms.opened) && self.budget > 0 && self.percent(30) {
                let before = self.lines.len();
                self.statement(&knowing);
                late |= self.lines.len() > before;
            }
            late |= by != arms.deciders[0] && !arms.deciders.contains(&by);
            self.shared.features.informed_late |= late;
            self.message(by, other);
            knowing.push(other);
        }
        knowing
    }
}
