//! Statements, each written so that the roles in `active`, who know where they are, can carry it out.

use super::expression::{Expr, From};
use super::scope::{Held, Storage, Ty};
use super::{Body, Callee, Kind};

/// Deepest nesting of blocks.
const DEPTH: usize = 4;

/// Who is told by whom, in this order.
type Plan = Vec<(usize, usize)>;

/// A name that every arm binds at its end, so that it is in scope after them.
struct Join {
    name: String,
    from: usize,
    to: usize,
}

/// A message that passes on what was known before.
struct Same {
    text: String,
    name: String,
    from: usize,
    to: usize,
}

/// What the arms of a branching have in common.
struct Arms {
    /// Who knows the branch from the start.
    deciders: Vec<usize>,
    /// Who else takes part.
    others: Vec<usize>,
    /// The plan of all arms, if they have to have the same one.
    plan: Option<Plan>,
    join: Option<Join>,
    /// Each arm begins with a message of the first decider.
    opened: bool,
    /// A message with which each arm ends, to a role that is not told which arm it is.
    same: Option<Same>,
}

impl Body<'_> {
    /// The statements of the whole protocol.
    pub(super) fn top(&mut self, everyone: &[usize]) {
        if self.percent(35) {
            self.statements(everyone, 3);
            self.rec(everyone);
        }
        while self.budget > 0 {
            self.statement(everyone);
        }
    }

    /// A few statements.
    fn statements(&mut self, active: &[usize], most: usize) {
        let count = self.numbers().below(most + 1);
        for _ in 0..count.min(self.budget) {
            self.statement(active);
        }
    }

    fn statement(&mut self, active: &[usize]) {
        self.budget = self.budget.saturating_sub(1);
        let compound = self.depth < DEPTH && self.budget > 1 && active.len() > 1 && self.percent(35);
        if !compound {
            return self.simple(active);
        }
        let before = self.lines.len();
        match self.numbers().below(12) {
            0..=2 => self.choice(active),
            3 | 4 => self.if_then(active),
            5 => self.case(active),
            6 | 7 => self.rec(active),
            8 | 9 => self.counted_loop(active),
            10 => self.repeat(active),
            _ => self.call(active),
        }
        if self.lines.len() > before && self.budget > 0 {
            self.shared.features.after_compound = true;
            self.simple(active);
        }
    }

    fn simple(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        match self.numbers().below(20) {
            0 | 1 => self.let_at(role),
            2 => {
                let (name, value) = (self.fresh_name(), self.int(role, From::All));
                self.line(&format!("var {name} at {} : Int = {}", self.names[role], value.text));
                self.scopes.cell(role, &name);
            }
            3 | 4 => self.assign(role),
            5 => {
                if let Some(name) = self.name_of(role, Ty::Int, From::All) {
                    self.line(&format!("assert {name} % 7 < 7 at {}", self.names[role]));
                }
            }
            6 => {
                let name = self.fresh_name();
                self.line(&format!("let {name} at {} = do Random.int(1, 6)", self.names[role]));
                self.scopes.bind_fresh(&[role], &name, Ty::Int);
            }
            7 if active.len() == self.names.len() && active.len() > 1 => self.broadcast(role),
            _ => {
                if let Some(to) = self.other_than(role, active) {
                    self.message(role, to);
                }
            }
        }
    }

    fn other_than(&mut self, role: usize, among: &[usize]) -> Option<usize> {
        let others: Vec<usize> = among.iter().copied().filter(|other| *other != role).collect();
        if others.is_empty() { None } else { Some(*self.numbers().pick(&others)) }
    }

    // ---- local statements

    fn let_at(&mut self, role: usize) {
        let ty = *self.numbers().pick(&[Ty::Int, Ty::Int, Ty::Bool, Ty::Shape, Ty::Maybe]);
        let value = self.expr(role, ty);
        let known = self.scopes.held(role).iter().find(|held| held.storage == Storage::Binding && held.ty == ty);
        let shadowed = known.map(|held| held.name.clone()).filter(|_| self.depth == 0);
        let name = match shadowed {
            Some(name) if self.percent(10) => name,
            _ => self.fresh_name(),
        };
        // the role is implied if it is the only one that holds what the value reads
        let alone = !value.names.is_empty() && {
            let holds = |other: usize| value.names.iter().all(|name| self.scopes.find(other, name).is_some());
            (0..self.names.len()).filter(|other| holds(*other)).count() == 1
        };
        let at = if alone && self.percent(50) { String::new() } else { format!(" at {}", self.names[role]) };
        // only a declared type says what `Nothing` may hold
        let value = if value.text == "Nothing" { "Just(1)".to_owned() } else { value.text };
        self.line(&format!("let {name}{at} = {value}"));
        self.scopes.bind_fresh(&[role], &name, ty);
    }

    fn assign(&mut self, role: usize) {
        let cells: Vec<String> = self
            .scopes
            .held(role)
            .iter()
            .filter(|held| held.storage == Storage::Cell && !held.name.starts_with('k'))
            .map(|held| held.name.clone())
            .collect();
        if !cells.is_empty() {
            let cell = self.numbers().pick(&cells).clone();
            let value = self.int(role, From::All);
            self.line(&format!("{cell} := {}", value.text));
        }
    }

    // ---- messages

    fn message(&mut self, from: usize, to: usize) {
        let label = self.fresh_label();
        let count = *self.numbers().pick(&[0, 1, 1, 1, 2, 3]);
        let (fields, bound) = self.fields(from, count);
        let (a, b) = (&self.names[from], &self.names[to]);
        let line = if fields.is_empty() {
            format!("{a} -> {b} : {label}")
        } else {
            format!("{a} -> {b} : {label}({})", fields.join(", "))
        };
        self.line(&line);
        for held in bound {
            self.deliver(&held, from, &[to]);
        }
    }

    fn broadcast(&mut self, from: usize) {
        let label = self.fresh_label();
        let (fields, bound) = self.fields(from, 1);
        self.line(&format!("{} ->* : {label}({})", self.names[from], fields.join(", ")));
        let others: Vec<usize> = (0..self.names.len()).filter(|role| *role != from).collect();
        for held in bound {
            self.deliver(&held, from, &others);
        }
    }

    fn deliver(&mut self, sent: &Sent, from: usize, to: &[usize]) {
        match sent {
            Sent::Passed(held) => {
                self.shared.features.passed_on |= held.received;
                to.iter().for_each(|to| self.scopes.pass(held, *to));
            }
            Sent::New(name, ty) => self.scopes.bind_fresh(&[&[from], to].concat(), name, *ty),
        }
    }

    /// Payload fields of a sender and what they bind.
    fn fields(&mut self, from: usize, count: usize) -> (Vec<String>, Vec<Sent>) {
        let (mut texts, mut bound) = (Vec::new(), Vec::new());
        let mut passed: Vec<String> = Vec::new();
        for _ in 0..count {
            let candidates: Vec<Held> = self
                .scopes
                .held(from)
                .iter()
                .filter(|held| held.storage == Storage::Binding && !passed.contains(&held.name))
                .cloned()
                .collect();
            if !candidates.is_empty() && self.percent(55) {
                let received: Vec<Held> = candidates.iter().filter(|held| held.received).cloned().collect();
                let pool = if received.is_empty() || self.percent(40) { candidates } else { received };
                let held = self.numbers().pick(&pool).clone();
                texts.push(held.name.clone());
                passed.push(held.name.clone());
                bound.push(Sent::Passed(held));
                continue;
            }
            let name = self.fresh_name();
            let ty = *self.numbers().pick(&[Ty::Int, Ty::Int, Ty::Int, Ty::Bool, Ty::Shape, Ty::Maybe]);
            if self.percent(20) {
                texts.push(format!("{name} : {}", ty.text()));
            } else {
                let value = self.expr(from, ty);
                texts.push(format!("{name} : {} = {}", ty.text(), value.text));
            }
            bound.push(Sent::New(name, ty));
        }
        (texts, bound)
    }

    // ---- branching

    /// A choice among two to four arms.
    fn choice(&mut self, active: &[usize]) {
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
            self.line(&format!("| {name}{guard} =>"));
            ends.push(self.block(|body| body.arm(&arms)));
        }
        self.depth -= 1;
        self.scopes.join(&ends);
    }

    /// An `if` that everybody decides who holds what its condition reads.
    fn if_then(&mut self, active: &[usize]) {
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
    fn case(&mut self, active: &[usize]) {
        let role = *self.numbers().pick(active);
        let ty = *self.numbers().pick(&[Ty::Int, Ty::Shape, Ty::Maybe]);
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
            Ty::Maybe | Ty::Bool => (name, vec![("Nothing".into(), vec![]), (format!("Just({a})"), vec![&a])]),
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
    fn decided(&mut self, role: usize, names: &[String], active: &[usize]) -> Option<(Vec<usize>, String)> {
        let sharers = self.scopes.sharers(role, names);
        let deciders: Vec<usize> = sharers.into_iter().filter(|other| active.contains(other)).collect();
        if self.scopes.undisputed(role, names) {
            Some((deciders, String::new()))
        } else {
            Some((deciders, format!(" at {}", self.names[role])))
        }
    }

    /// Who takes part in a branching, and how they are told.
    fn arms(&mut self, deciders: Vec<usize>, active: &[usize], least: usize) -> Arms {
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
    fn same_for(&mut self, knowing: &[usize], to: usize) -> Option<Same> {
        let from = *self.numbers().pick(knowing);
        let name = self.name_of(from, Ty::Int, From::Bindings)?;
        let label = self.fresh_label();
        let text = format!("{} -> {} : {label}({name})", self.names[from], self.names[to]);
        Some(Same { text, name, from, to })
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            let other = self.numbers().below(last + 1);
            items.swap(last, other);
        }
    }

    fn plan(&mut self, arms: &Arms) -> Plan {
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
    fn arm(&mut self, arms: &Arms) {
        let knowing = self.inform(arms);
        self.statements(&knowing, 2);
        if let Some(Join { name, from, to }) = &arms.join {
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
        if let Some(same) = &arms.same {
            self.line(&same.text);
            if let Some(held) = self.scopes.find(same.from, &same.name).cloned() {
                self.scopes.pass(&held, same.to);
            }
        }
    }

    /// Tells everybody; returns who knows then.
    fn inform(&mut self, arms: &Arms) -> Vec<usize> {
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

    // ---- loops

    /// `rec` whose last statement decides whether it goes on; it does so a few times, or as long as chance has it.
    fn rec(&mut self, active: &[usize]) {
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
    fn counted_loop(&mut self, active: &[usize]) {
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
    fn repeat(&mut self, active: &[usize]) {
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
    fn call(&mut self, active: &[usize]) {
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

    fn new_callee(&mut self, most: usize) -> Callee {
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

/// What a field binds.
enum Sent {
    Passed(Held),
    New(String, Ty),
}
