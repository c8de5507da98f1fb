//! Rules V5.3 to V5.11: the code of a role follows its local machine.
//!
//! Each block is walked from the state it is annotated with. A communication moves along the machine at once;
//! control that leaves the block must find the state it is in, or the next one of a silent state. Data instructions
//! are allowed in every state.

use super::control::{self, Graph};
use super::machine::Rows;
use super::{Budget, Check, Subject, violation_at};
use crate::image::{ChooseTable, Outcome, ScopeRow};
use crate::instr::Instr;
use crate::machine::{State, StateId};

/// Checks the code of one role against its machine.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, rows: &Rows, budget: &mut Budget) -> Check {
    let function = subject.function;
    let tables = function.scopes.len();
    let mut walk = Walk {
        subject,
        graph,
        rows,
        pc: 0,
        state: StateId(0),
        spawned: 0,
        left: None,
        entered: vec![None; tables],
        behind: Vec::new(),
    };
    for (pc, instr) in function.code.iter().enumerate() {
        walk.pc = pc;
        if let Some(block) = graph.block_at(pc) {
            walk.state = function.blocks[block].state;
            walk.spawned = 0;
            walk.left = None;
        }
        walk.step(instr, budget)?;
        if control::falls_through(instr) && graph.block_at(pc + 1).is_some() {
            walk.enter(pc + 1)?;
        }
    }
    walk.behind_scopes()
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    rows: &'a Rows,
    pc: usize,
    /// State before the instruction at `pc`.
    state: StateId,
    /// Branches spawned in this block.
    spawned: usize,
    /// The scope table whose block was left just before.
    left: Option<u32>,
    /// Per scope table the state its scope is entered in.
    entered: Vec<Option<StateId>>,
    /// Where control goes on behind scopes: instruction, scope table, state.
    behind: Vec<(usize, u32, StateId)>,
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
        if self.spawned > 0 && !matches!(instr, Instr::Spawn { .. } | Instr::JoinAll) {
            return self.fault("V5.9", "the branches are not joined");
        }
        if self.left.is_some() && !matches!(instr, Instr::Jump { .. }) {
            return self.fault("V5.11", "no block begins behind the scope");
        }
        match *instr {
            Instr::Send { to, label, val: _ } | Instr::Offer { to, label, val: _ } => self.send(to, label),
            Instr::Receive { from, label, dst: _ } => self.receive(from, label),
            Instr::Choose { table } => {
                let table = &function.chooses[table as usize];
                budget.spend(table.rows.len(), self.pc)?;
                self.choose(table)
            }
            Instr::Transfer { endpoint: _, to, bundle } => {
                let label = self.subject.image.resources.bundles[usize::from(bundle)].label;
                self.send(to, label)
            }
            Instr::Perform { .. } | Instr::Open { .. } | Instr::Close { .. } | Instr::Acquire { .. } => {
                match self.here() {
                    State::Tau(_) | State::Send(_) => Ok(()),
                    State::End | State::Recv { .. } | State::Par { .. } | State::Scope { .. } | State::Join => {
                        self.fault("V5.8", "nothing can be performed here")
                    }
                }
            }
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
            | Instr::Release { .. }
            | Instr::Join
            | Instr::Abort
            | Instr::Tag { .. }
            | Instr::Check { .. } => Ok(()),
            Instr::Fork { target } if self.state_at(target as usize) == self.state => Ok(()),
            Instr::Fork { .. } => self.fault("V5.15", "the speculation is undone to a block of another state"),
            Instr::Spawn { target } => self.spawn(target),
            Instr::JoinAll => self.join(),
            Instr::Enter { scope } => self.enter_scope(scope),
            Instr::Finish | Instr::Exit { .. } => self.at_join(),
            Instr::Leave { scope } => {
                self.left = Some(scope);
                self.at_join()
            }
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
            State::Recv { rows, may_end: false }
                if rows.len() == 1 && (rows[0].partner, rows[0].label) == (from, label) =>
            {
                self.state = rows[0].target;
                Ok(())
            }
            _ => self.fault("V5.4", "the machine does not wait for exactly this here"),
        }
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
            if self.state_at(row.target as usize) != next {
                return self.fault("V5.7", "a row leads to a block of another state");
            }
        }
        Ok(())
    }

    fn spawn(&mut self, target: u32) -> Check {
        let branch = match self.here() {
            State::Par { branches, .. } => branches.get(self.spawned),
            _ => None,
        };
        if branch != Some(&self.state_at(target as usize)) {
            return self.fault("V5.9", "the machine has no such branch here");
        }
        self.spawned += 1;
        Ok(())
    }

    fn join(&mut self) -> Check {
        match self.here() {
            State::Par { branches, then } if branches.len() == self.spawned => self.state = *then,
            _ => return self.fault("V5.9", "not all branches of the machine are spawned in this block"),
        }
        self.spawned = 0;
        match self.graph.block_at(self.pc + 1) {
            Some(_) => Ok(()),
            None => self.fault("V5.9", "no block begins behind the branches"),
        }
    }

    fn enter_scope(&mut self, table: u32) -> Check {
        let entry = &self.subject.function.scopes[table as usize];
        let State::Scope { scope, body, rows, then: _ } = self.here() else {
            return self.fault("V5.10", "the machine enters no scope here");
        };
        let leads = |(row, state): (&ScopeRow, &(Outcome, StateId))| self.state_at(row.target as usize) == state.1;
        if *scope != entry.scope || !entry.rows.iter().zip(rows).all(leads) {
            return self.fault("V5.10", "the table is not that of the scope the machine enters here");
        }
        let body = *body;
        if self.entered[table as usize].replace(self.state).is_some_and(|state| state != self.state) {
            return self.fault("V5.10", "the scope of this table is entered in two states");
        }
        self.state = body;
        Ok(())
    }

    fn at_join(&self) -> Check {
        match self.here() {
            State::Join => Ok(()),
            _ => self.fault("V5.11", "the machine is not at the end of a branch, a body or a block"),
        }
    }

    /// Checks that control goes on behind scopes as the machine does.
    fn behind_scopes(mut self) -> Check {
        for (pc, table, target) in std::mem::take(&mut self.behind) {
            let entered = self.entered[table as usize].map(|state| &self.subject.machine.states[state.0 as usize]);
            // The scope of a table nobody enters is not left either (V2.9).
            let Some(State::Scope { then, .. }) = entered else { continue };
            (self.pc, self.state) = (pc, *then);
            self.go(target)?;
        }
        Ok(())
    }

    /// The state of the block that starts at `pc`.
    fn state_at(&self, pc: usize) -> StateId {
        let block = self.graph.block_at(pc).expect("V2.3 was checked");
        self.subject.function.blocks[block].state
    }

    /// Goes to the block that starts at `pc`.
    fn enter(&mut self, pc: usize) -> Check {
        if self.spawned > 0 {
            return self.fault("V5.9", "the branches are not joined");
        }
        let target = self.state_at(pc);
        match self.left {
            Some(table) => {
                self.behind.push((self.pc, table, target));
                Ok(())
            }
            None => self.go(target),
        }
    }

    /// Goes to a block of that state.
    fn go(&self, target: StateId) -> Check {
        let silent = matches!(self.here(), State::Tau(_));
        if target == self.state || (silent && self.rows.leads(self.state, target)) {
            return Ok(());
        }
        self.fault("V5.7", &format!("the machine does not go to state {} from here", target.0))
    }
}
