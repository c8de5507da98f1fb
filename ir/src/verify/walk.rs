//! Rules V5.3 to V5.8: the code of a role follows its local machine.
//!
//! Each block is walked from the state it is annotated with. A communication moves along the machine at once;
//! control that leaves the block must find the state it is in, or the next one of a silent state. Data instructions
//! are allowed in every state.

use super::control::{self, Graph};
use super::machine::Rows;
use super::{Budget, Check, Subject, violation_at};
use crate::image::ChooseTable;
use crate::instr::Instr;
use crate::machine::{State, StateId};

/// Checks the code of one role against its machine.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, rows: &Rows, budget: &mut Budget) -> Check {
    let function = subject.function;
    let mut walk = Walk { subject, graph, rows, pc: 0, state: StateId(0) };
    for (pc, instr) in function.code.iter().enumerate() {
        walk.pc = pc;
        if let Some(block) = graph.block_at(pc) {
            walk.state = function.blocks[block].state;
        }
        walk.step(instr, budget)?;
        if control::falls_through(instr) && graph.block_at(pc + 1).is_some() {
            walk.enter(pc + 1)?;
        }
    }
    Ok(())
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    rows: &'a Rows,
    pc: usize,
    /// State before the instruction at `pc`.
    state: StateId,
}

impl Walk<'_> {
    fn fault<T>(&self, rule: &'static str, message: &str) -> Check<T> {
        violation_at(rule, self.pc, format!("state {}: {message}", self.state.0))
    }

    fn here(&self) -> &State {
        &self.subject.machine.states[self.state.0 as usize]
    }

    fn step(&mut self, instr: &Instr, budget: &mut Budget) -> Check {
        let function = self.subject.function;
        match *instr {
            Instr::Send { to, label, val: _ } | Instr::Offer { to, label, val: _ } => self.send(to, label),
            Instr::Receive { from, label, dst: _ } => self.receive(from, label),
            Instr::Choose { table } => {
                let table = &function.chooses[table as usize];
                budget.spend(table.rows.len(), self.pc)?;
                self.choose(table)
            }
            Instr::Perform { .. } => match self.here() {
                State::Tau(_) | State::Send(_) => Ok(()),
                State::End | State::Recv { .. } | State::Par { .. } | State::Scope { .. } | State::Join => {
                    self.fault("V5.8", "nothing can be performed here")
                }
            },
            Instr::Switch { val: _, table } => {
                let table = &function.switches[table as usize];
                budget.spend(table.len(), self.pc)?;
                table.iter().try_for_each(|&target| self.enter(target as usize))
            }
            Instr::Branch { val: _, target } | Instr::Jump { target } => self.enter(target as usize),
            Instr::Halt { .. } => match self.here() {
                State::End => Ok(()),
                State::Send(_)
                | State::Recv { .. }
                | State::Tau(_)
                | State::Par { .. }
                | State::Scope { .. }
                | State::Join => self.fault("V5.6", "the machine is not at an end"),
            },
            Instr::Set { .. }
            | Instr::Move { .. }
            | Instr::Prim { .. }
            | Instr::Make { .. }
            | Instr::Get { .. }
            | Instr::Count { .. }
            | Instr::Yield
            | Instr::Fail { .. }
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Finish
            | Instr::Enter { .. }
            | Instr::Exit { .. }
            | Instr::Leave { .. } => Ok(()),
        }
    }

    fn send(&mut self, to: u16, label: u16) -> Check {
        let next = match self.here() {
            State::Send(_) => self.rows.next(self.state, to, label),
            _ => None,
        };
        match next {
            Some(next) => {
                self.state = next;
                Ok(())
            }
            None => self.fault("V5.3", "the machine does not send this here"),
        }
    }

    fn receive(&mut self, from: u16, label: u16) -> Check {
        match self.here() {
            State::Recv { rows, may_end: false } if rows.len() == 1 => {
                if (rows[0].partner, rows[0].label) == (from, label) {
                    self.state = rows[0].target;
                    return Ok(());
                }
            }
            _ => {}
        }
        self.fault("V5.4", "the machine does not wait for exactly this here")
    }

    fn choose(&mut self, table: &ChooseTable) -> Check {
        match self.here() {
            State::Recv { rows, may_end } if rows.len() == table.rows.len() && *may_end == table.finals.is_some() => {}
            _ => {
                return self.fault("V5.5", "the machine does not wait for these rows here");
            }
        }
        let mut keys: Vec<_> = table.rows.iter().map(|row| (row.partner, row.label)).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return self.fault("V5.5", "a row appears twice");
        }
        let from = self.state;
        for row in &table.rows {
            let Some(next) = self.rows.next(from, row.partner, row.label) else {
                return self.fault("V5.5", "the machine does not wait for one of these rows here");
            };
            // Unlike elsewhere, the block after a row is in exactly the row's state.
            let block = self.graph.block_at(row.target as usize).expect("V2.3 was checked");
            if self.subject.function.blocks[block].state != next {
                return self.fault("V5.7", "a row leads to a block of another state");
            }
        }
        Ok(())
    }

    /// Goes to the block that starts at `pc`.
    fn enter(&self, pc: usize) -> Check {
        let block = self.graph.block_at(pc).expect("V2.3 was checked");
        let target = self.subject.function.blocks[block].state;
        let silent = matches!(self.here(), State::Tau(_));
        if target == self.state || (silent && self.rows.leads(self.state, target)) {
            return Ok(());
        }
        self.fault("V5.7", &format!("the machine does not go to state {} from here", target.0))
    }
}
