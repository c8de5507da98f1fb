//! Code of messages: payloads, sends, receives.

use super::function::{Function, Label};
use crate::graph::NodeKind;
use crate::project::machine::{Site, StateId, Step, Value};
use tell_ir::image::{ChooseRow, ChooseTable, Const, Shape};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::StateId as LocalState;
use tell_ir::ty::TypeId;

impl Function<'_, '_> {
    pub(super) fn send_one_of(&mut self, id: StateId, sends: &[(Site, Step)], slots: &[Reg]) -> Option<StateId> {
        if let [(site, step)] = sends {
            let is_offer = self.chosen[id.0 as usize];
            return self.send(site, step, slots, is_offer);
        }
        let labels: Vec<Label> = sends.iter().map(|_| self.new_label()).collect();
        let graph = self.tables.graph;
        let names: Vec<String> = sends
            .iter()
            .map(|(site, _)| match &graph.node(site.node).kind {
                NodeKind::Comm { branches, .. } => {
                    graph.labels[branches[site.branch as usize].label as usize].name.clone()
                }
                _ => panic!("bug: a send is a message"),
            })
            .collect();
        self.choose(&names, &labels);
        for (label, (site, step)) in labels.into_iter().zip(sends) {
            self.state = LocalState(id.0);
            self.frame.reset(slots.iter().copied());
            self.place(label);
            let next = self.send(site, step, slots, true);
            self.jump_later(next);
        }
        None
    }

    fn send(&mut self, site: &Site, step: &Step, slots: &[Reg], is_offer: bool) -> Option<StateId> {
        let graph = self.tables.graph;
        let NodeKind::Comm { to, branches, .. } = &graph.node(site.node).kind else {
            panic!("bug: a send is a message")
        };
        let branch = &branches[site.branch as usize];
        let label_info = &graph.labels[branch.label as usize];
        let label = self.tables.label(branch.label);
        let types: Vec<_> = label_info.fields.iter().map(|ty| self.tables.ty(*ty)).collect();
        let mut bound: Vec<Reg> = Vec::new();
        if types.len() == 1 {
            let field = &branch.fields[0];
            bound.push(match field.source {
                Some(source) => self.eval(source, &site.env, slots, None).reg,
                None => self.supply(field.name, &label_info.name, types[0], None),
            });
        } else if !types.is_empty() {
            let row = self.frame.take_row(&types);
            for ((reg, field), ty) in (row..).zip(&branch.fields).zip(&types) {
                match field.source {
                    Some(source) => {
                        self.eval(source, &site.env, slots, Some(reg));
                    }
                    None => {
                        self.supply(field.name, &label_info.name, *ty, Some(reg));
                    }
                }
                bound.push(reg);
            }
        }
        let val = match bound.as_slice() {
            [] => self.constant(Const::Unit),
            [only] => *only,
            [first, ..] => {
                let ty = self.tables.payload(label);
                let shape = self.tables.shape(Shape::Product(ty));
                let dst = self.frame.take(ty);
                self.push(Instr::Make { dst, shape, args: *first });
                dst
            }
        };
        let to = super::index(*to);
        self.push(if is_offer { Instr::Offer { to, label, val } } else { Instr::Send { to, label, val } });
        // From here on the code belongs to the next state.
        self.go(step, slots, &bound)
    }

    /// Asks the host for a field; by its name, or the label's if it has none.
    fn supply(
        &mut self,
        name: Option<tell_language::symbol::Symbol>,
        label: &str,
        ty: TypeId,
        dst: Option<Reg>,
    ) -> Reg {
        let text = name.map_or(label, |name| self.tables.program.text(name)).to_owned();
        let args = self.constant(Const::Str(text));
        let op = self.tables.supply(ty);
        let dst = dst.unwrap_or_else(|| self.frame.take(ty));
        self.push(Instr::Perform { op, args, dst });
        self.frame.free(args);
        dst
    }

    pub(super) fn receive(&mut self, rows: &[(Site, Step)], finals: Option<u32>, slots: &[Reg]) -> Option<StateId> {
        if let ([(site, step)], None) = (rows, finals) {
            let (row, label) = self.receivable(site);
            self.push(Instr::Receive { from: row.partner, label: row.label, dst: row.dst });
            return self.received(row.dst, step, label, slots);
        }
        let mut table = ChooseTable { rows: Vec::with_capacity(rows.len()), finals };
        let mut behind: Vec<(Label, Reg, &Step, u32)> = Vec::with_capacity(rows.len());
        for (site, step) in rows {
            let (row, label) = self.receivable(site);
            behind.push((row.target, row.dst, step, label));
            table.rows.push(row);
        }
        self.out.chooses.push(table);
        let table = u32::try_from(self.out.chooses.len() - 1).expect("fewer tables than instructions");
        self.push(Instr::Choose { table });
        let mut next = None;
        let count = behind.len();
        for (index, (target, dst, step, label)) in behind.into_iter().enumerate() {
            self.state = LocalState(step.target.0);
            self.place(target);
            next = self.received(dst, step, label, slots);
            if index + 1 < count {
                self.jump_later(next.take());
            }
        }
        next
    }

    /// A message that can be received, with the graph's number of its label.
    fn receivable(&mut self, site: &Site) -> (ChooseRow, u32) {
        let NodeKind::Comm { from, branches, .. } = &self.tables.graph.node(site.node).kind else {
            panic!("bug: a row is a message")
        };
        let number = branches[site.branch as usize].label;
        let label = self.tables.label(number);
        let dst = self.frame.take(self.tables.payload(label));
        self.frame.free(dst);
        (ChooseRow { partner: super::index(*from), label, dst, target: self.new_label() }, number)
    }

    /// Takes the fields out of a payload and goes on.
    fn received(&mut self, dst: Reg, step: &Step, label: u32, slots: &[Reg]) -> Option<StateId> {
        self.frame.reset(slots.iter().copied().chain([dst]));
        let graph = self.tables.graph;
        let fields = &graph.labels[label as usize].fields;
        let mut bound = vec![dst; fields.len().max(1)];
        if fields.len() > 1 {
            for (index, ty) in (0..).zip(fields) {
                if step.values.iter().any(|value| value == Value::Bound(u32::from(index))) {
                    let ty = self.tables.ty(*ty);
                    let reg = self.frame.take(ty);
                    self.push(Instr::Get { dst: reg, src: dst, index });
                    bound[index as usize] = reg;
                }
            }
        }
        self.go(step, slots, &bound)
    }
}
