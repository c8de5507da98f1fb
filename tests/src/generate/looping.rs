//! `rec`, loops, and calls of other protocols.

use super::branching::Arms;
use super::expression::{Expr, From};
use super::scope::Ty;
use super::{Body, Callee, Kind};

impl Body<'_> {
    /// `rec` whose last statement decides whether it goes on; it does so a few times, or as long as chance has it.
    pub(super) fn rec(&mut self, active: &[usize]) {
        let mut members = active.to_vec();
        self.shuffle(&mut members);
        let count = 2 + self.numbers().below(members.len() - 1);
        members.truncate(count);
        let decider = members[0];
        let counted = self.percent(60);
        let name = self.shared.next_name;
        self.shared.next_name += 1;
        if counted {
            self.line(&format!("var k{name} at {} : Int = 0", self.names[decider]));
            self.scopes.cell(decider, &format!("k{name}"));
        }
        self.line(&format!("rec X{name}"));
        self.shared.features.recursion = true;
        self.loops += 1;
        self.block(|body| {
            body.statements(&members, 2);
            let others = members[1..].to_vec();
            let mut arms = Arms { deciders: vec![decider], others, plan: None, join: None, opened: true, same: None };
            arms.plan = Some(body.plan(&arms));
            body.line(&format!("choice {} at", body.names[decider]));
            body.depth += 1;
            let again = 1 + body.numbers().below(2);
            for number in 0..again + 1 {
                let goes_on = number < again;
                let label = body.fresh_label();
                let rounds = 1 + number * 2;
                let guard = if counted && goes_on { format!(" when (k{name} < {rounds})") } else { String::new() };
                body.line(&format!("| {label}{guard} =>"));
                let end = body.block(|body| {
                    body.arm(&arms);
                    if goes_on {
                        if counted {
                            body.line(&format!("k{name} := k{name} + 1"));
                        }
                        body.line(&format!("continue X{name}"));
                    }
                });
                if !goes_on {
                    body.scopes.join(&[end]);
                }
            }
            body.depth -= 1;
            if body.percent(30) {
                body.statements(&members, 2);
            }
        });
        self.loops -= 1;
    }

    /// `loop while … by` or `loop decide by`.
    pub(super) fn counted_loop(&mut self, active: &[usize]) {
        let decider = *self.numbers().pick(active);
        let counter = format!("k{}", self.shared.next_name);
        self.shared.next_name += 1;
        let counted = self.percent(70);
        let mut arms = self.arms(vec![decider], active, 1);
        (arms.join, arms.same) = (None, None);
        if counted {
            let rounds = self.numbers().below(4);
            self.line(&format!("var {counter} at {} : Int = {rounds}", self.names[decider]));
            self.scopes.cell(decider, &counter);
            self.line(&format!("loop while ({counter} > 0) by {}", self.names[decider]));
        } else {
            self.line(&format!("loop decide by {}", self.names[decider]));
        }
        self.shared.features.loops = true;
        self.loops += 1;
        self.block(|body| {
            arms.plan = Some(body.plan(&arms));
            let knowing = body.inform(&arms);
            body.statements(&knowing, 2);
            if counted {
                body.line(&format!("{counter} := {counter} - 1"));
            }
        });
        self.loops -= 1;
    }

    /// `loop repeat`, with a number everybody knows.
    pub(super) fn repeat(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        let shared = self.name_of(role, Ty::Int, From::Bindings).filter(|_| self.percent(60));
        let (count, members) = match shared {
            Some(name) => {
                let names = [name];
                let sharers = self.scopes.sharers(role, &names);
                let members: Vec<usize> = active.iter().copied().filter(|other| sharers.contains(other)).collect();
                if !self.scopes.undisputed(role, &names) {
                    return self.simple(active);
                }
                (format!("{} % 4", names[0]), members)
            }
            None => (self.numbers().below(4).to_string(), active.to_vec()),
        };
        if members.len() < 2 {
            return self.simple(active);
        }
        self.line(&format!("loop repeat {count}"));
        self.shared.features.loops = true;
        self.loops += 1;
        self.block(|body| {
            let from = *body.numbers().pick(&members);
            let to = body.other_than(from, &members).unwrap_or(from);
            body.message(from, to);
            body.statements(&members, 2);
        });
        self.loops -= 1;
    }

    // ---- calls

    /// A call of a protocol that exists or is made up.
    pub(super) fn call(&mut self, active: &[usize]) {
        if self.kind == Kind::Callee {
            return self.simple(active);
        }
        let fitting: Vec<Callee> =
            self.shared.callees.iter().filter(|callee| callee.roles <= active.len()).cloned().collect();
        let callee = if fitting.is_empty() || self.percent(60) {
            self.new_callee(active.len())
        } else {
            self.numbers().pick(&fitting).clone()
        };
        let mut roles = active.to_vec();
        self.shuffle(&mut roles);
        roles.truncate(callee.roles);
        let args: Vec<Expr> = callee.params.iter().map(|role| self.int(roles[*role], From::All)).collect();
        let names: Vec<&str> = roles.iter().map(|role| self.names[*role].as_str()).collect();
        let texts: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
        let values = if texts.is_empty() { String::new() } else { format!("; {}", texts.join(", ")) };
        self.line(&format!("call {}({}{values})", callee.name, names.join(", ")));
        self.shared.features.calls = true;
    }

    pub(super) fn new_callee(&mut self, most: usize) -> Callee {
        let roles = 2 + self.numbers().below(most - 1);
        let name = format!("Part{}", self.shared.callees.len());
        let budget = 1 + self.numbers().below(6);
        self.budget = self.budget.saturating_sub(2);
        let names = (0..roles).map(|role| format!("R{role}")).collect();
        let mut body = Body::new(self.shared, names, Kind::Callee, budget);
        let params = body.params();
        let callee_params = params.iter().map(|(_, role)| *role).collect();
        let text = body.finish(&name, &params);
        let callee = Callee { name, roles, params: callee_params, text };
        self.shared.callees.push(callee.clone());
        callee
    }
}
