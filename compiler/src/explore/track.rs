//! Which data matters: slots whose value can reach a shared decision, here or at a role it is sent to.

use super::code::{Code, Go, On, Op, Row, Source, Via, behind};
use crate::graph::Graph;
use crate::project::machine::Value;

/// Which slots and fields are tracked.
struct Tracking {
    /// Per role and state.
    slots: Vec<Vec<Vec<bool>>>,
    /// Per label and field.
    fields: Vec<Vec<bool>>,
}

/// Finds the tracked slots and drops all others from the code.
pub(super) fn track(code: &mut Code, graph: &Graph) {
    let mut tracking = Tracking {
        slots: code.ops.iter().map(|ops| vec![Vec::new(); ops.len()]).collect(),
        fields: graph.labels.iter().map(|label| vec![false; label.fields.len()]).collect(),
    };
    tracking.settle(code);
    code.carried = tracking.fields.iter().map(|fields| positions(fields)).collect();
    code.has_data = tracking.slots.iter().flatten().flatten().any(|is_tracked| *is_tracked);
    tracking.prune(code);
}

fn positions(marks: &[bool]) -> Vec<u32> {
    (0..).zip(marks).filter(|(_, mark)| **mark).map(|(position, _)| position).collect()
}

/// Sets a mark; whether it is new.
fn mark(marks: &mut Vec<bool>, index: u32) -> bool {
    let index = index as usize;
    if marks.len() <= index {
        marks.resize(index + 1, false);
    }
    !std::mem::replace(&mut marks[index], true)
}

impl Tracking {
    /// Goes backwards from the decisions until nothing changes.
    fn settle(&mut self, code: &Code) {
        let mut before: Vec<Vec<Vec<u32>>> = code.ops.iter().map(|ops| vec![Vec::new(); ops.len()]).collect();
        let mut senders: Vec<Vec<(usize, u32)>> = vec![Vec::new(); self.fields.len()];
        let mut todo: Vec<(usize, u32)> = Vec::new();
        for (role, ops) in code.ops.iter().enumerate() {
            for (state, op) in (0..).zip(ops) {
                op.gos().iter().for_each(|(go, _)| before[role][go.target as usize].push(state));
                if let Op::Join { inside: Some(inside), .. } = op
                    && let Some(go) = behind(ops, *inside)
                {
                    before[role][go.target as usize].push(state);
                }
                if let Op::Act(act) = op {
                    act.sends.iter().for_each(|row| senders[row.label as usize].push((role, state)));
                }
                todo.push((role, state));
            }
        }
        while let Some((role, state)) = todo.pop() {
            let (changed, labels) = self.visit(role, state, &code.ops[role]);
            if changed {
                todo.extend(before[role][state as usize].iter().map(|state| (role, *state)));
            }
            labels.into_iter().for_each(|label| todo.extend(&senders[label as usize]));
        }
    }

    /// Marks what a state needs; whether that is more than before, and the labels of which more is needed.
    fn visit(&mut self, role: usize, state: u32, ops: &[Op]) -> (bool, Vec<u32>) {
        let op = &ops[state as usize];
        let mut needed: Vec<u32> = match op {
            Op::Case { on: On::Shape { holes, .. }, .. } => holes.clone(),
            Op::Case { on: On::Counter(slot), .. } => vec![*slot],
            Op::Join { carried, inside: Some(inside) } if !carried.is_empty() => {
                let go = behind(ops, *inside).expect("a join ends a part");
                self.carried(role, carried, go)
            }
            _ => Vec::new(),
        };
        let mut labels = Vec::new();
        for (go, via) in op.gos() {
            let behind = &self.slots[role][go.target as usize];
            let mut fields: Vec<u32> = Vec::new();
            for (position, value) in go.values.iter().enumerate() {
                match value {
                    _ if !behind.get(position).copied().unwrap_or(false) => {}
                    Value::Slot(slot) => needed.push(*slot),
                    Value::Bound(field) => fields.push(*field),
                    Value::Int(_) | Value::Param(_) | Value::Carried(_) | Value::Cell(_) => {}
                }
            }
            match via {
                Via::Silent => {}
                Via::Send(row) => needed.extend(self.sent(row, &fields)),
                Via::Recv(row) => {
                    let marks = &mut self.fields[row.label as usize];
                    fields.retain(|field| (*field as usize) < marks.len() && mark(marks, *field));
                    if !fields.is_empty() {
                        labels.push(row.label);
                    }
                }
            }
        }
        let mut changed = false;
        for slot in needed {
            changed |= mark(&mut self.slots[role][state as usize], slot);
        }
        (changed, labels)
    }

    /// The slots a join carries to tracked ones.
    fn carried(&self, role: usize, carried: &[(u32, u32)], go: &Go) -> Vec<u32> {
        let marks = &self.slots[role][go.target as usize];
        let values = go.values.iter().enumerate();
        let tracked = values.filter(|(position, _)| marks.get(*position).copied().unwrap_or(false));
        let numbers: Vec<Value> = tracked.map(|(_, value)| *value).collect();
        let needed = carried.iter().filter(|(number, _)| numbers.contains(&Value::Carried(*number)));
        needed.map(|(_, slot)| *slot).collect()
    }

    /// The slots a send reads for tracked fields, and for those the sender needs itself.
    fn sent(&self, row: &Row, own: &[u32]) -> Vec<u32> {
        let marks = &self.fields[row.label as usize];
        let is_needed = |field: u32| own.contains(&field) || marks.get(field as usize).copied().unwrap_or(false);
        let fields = (0..).zip(&row.fields).filter(|(field, _)| is_needed(*field));
        fields.filter_map(|(_, source)| if let Source::Slot(slot) = source { Some(*slot) } else { None }).collect()
    }

    /// Renumbers the tracked slots of every state and drops the others.
    fn prune(&self, code: &mut Code) {
        for ((ops, start), slots) in code.ops.iter_mut().zip(&mut code.starts).zip(&self.slots) {
            *start = kept(start, &slots[0], &[]);
            for (op, own) in ops.iter_mut().zip(slots) {
                let own = &ranks(own);
                let prune = |go: &mut Go| go.values = kept(&go.values, &slots[go.target as usize], own);
                match op {
                    Op::Act(act) => {
                        act.silents.iter_mut().for_each(prune);
                        for row in act.sends.iter_mut().chain(&mut act.recvs) {
                            prune(&mut row.go);
                            row.fields.iter_mut().for_each(|source| *source = renumbered(*source, own));
                        }
                    }
                    Op::Case { on, arms } => {
                        arms.iter_mut().for_each(prune);
                        match on {
                            On::Shape { holes, .. } => holes.iter_mut().for_each(|hole| *hole = read(own, *hole)),
                            On::Counter(slot) => *slot = read(own, *slot),
                            On::Free | On::Opaque(_) => {}
                        }
                    }
                    Op::Par { branches, then } => branches.iter_mut().chain([then]).for_each(prune),
                    Op::Scope(scope) => {
                        let parts = [&mut scope.body].into_iter().chain(&mut scope.outcomes);
                        parts.chain([&mut scope.then]).for_each(prune);
                    }
                    Op::Join { carried, .. } => {
                        let tracked = |(number, slot): &(u32, u32)| Some((*number, rank(own, *slot)?));
                        *carried = carried.iter().filter_map(tracked).collect();
                    }
                }
            }
        }
    }
}

/// The number of each tracked slot among the tracked ones.
fn ranks(marks: &[bool]) -> Vec<Option<u32>> {
    let mut next = 0;
    let rank = |mark: &bool| {
        next += u32::from(*mark);
        mark.then(|| next - 1)
    };
    marks.iter().map(rank).collect()
}

fn rank(ranks: &[Option<u32>], slot: u32) -> Option<u32> {
    ranks.get(slot as usize).copied().flatten()
}

/// The new number of a slot that a decision reads.
fn read(ranks: &[Option<u32>], slot: u32) -> u32 {
    rank(ranks, slot).expect("what a decision reads is tracked")
}

fn renumbered(source: Source, own: &[Option<u32>]) -> Source {
    match source {
        Source::Slot(slot) => rank(own, slot).map_or(Source::Fresh, Source::Slot),
        other => other,
    }
}

/// The values of the tracked slots of the next state.
fn kept(values: &[Value], target: &[bool], own: &[Option<u32>]) -> Vec<Value> {
    let kept = values.iter().zip(target).filter(|(_, is_tracked)| **is_tracked);
    let renumber = |value: &Value| match value {
        Value::Slot(slot) => Value::Slot(rank(own, *slot).expect("what a tracked slot comes from is tracked")),
        other => *other,
    };
    kept.map(|(value, _)| renumber(value)).collect()
}
