//! How a session ends and what is left of it.

use super::{PickEnd, Session, SessionState, Status};
use crate::event::EventKind;
use crate::fault::{Fault, FaultReport};
use crate::id::ImageId;
use crate::kernel::VMKernel;
use crate::kernel::quiescence::{Quiescence, judge};
use crate::ready::Ready;
use crate::value::{Value, show};
use std::collections::BTreeSet;
use tell_ir::ty::TypeId;

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// All its roles are done.
    Closed,
    /// A fault.
    Faulted(Box<FaultReport>),
    /// It was called off.
    Cancelled(Cancellation),
}

/// Why a session was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// Its host asked for it.
    Host,
    /// This role, by index, crashed.
    Crash(u16),
}

/// What is left of a session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Its image.
    pub image: ImageId,
    /// How it ended.
    pub end: SessionEnd,
    /// Steps it committed.
    pub ticks: u64,
    /// Per role its final values, in the order of the image; none for a role that was not done.
    pub finals: Vec<Option<Vec<FinalValue>>>,
}

/// A name in scope when a role was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalValue {
    /// The name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Its type, in the image.
    pub ty: TypeId,
    /// The value in Tell syntax.
    pub shown: String,
}

impl Session {
    /// What to do with a session that has no ready coroutine. One that can go on afterwards has one.
    pub(crate) fn quiesce(&mut self) -> PickEnd {
        loop {
            match self.quiesce_once() {
                PickEnd::Ready if self.state.ready.is_empty() => {}
                end => return end,
            }
        }
    }

    /// The next thing that happens in a session that has no ready coroutine.
    fn quiesce_once(&mut self) -> PickEnd {
        if self.state.rare.is_some()
            && let Some(end) = self.ingest_early()
        {
            return end;
        }
        if self.is_outstanding() {
            return PickEnd::Waiting;
        }
        match VMKernel::advance_clock(&self.loaded.program, &mut self.state) {
            Ok(true) => return PickEnd::Ready,
            Ok(false) => {}
            Err((who, fault)) => return PickEnd::Ended(self.fault(Some(who), fault)),
        }
        match judge(&self.loaded.program, &self.state) {
            Quiescence::Deadlock(fault) => PickEnd::Ended(self.fault(None, fault)),
            Quiescence::Ended { notified } => {
                let mut roles = BTreeSet::new();
                for (who, finals) in notified {
                    let coroutine = &mut self.state.coroutines[usize::from(who)];
                    coroutine.status = Status::Halted { finals };
                    if roles.insert(coroutine.role) {
                        self.state
                            .log
                            .note(Some(coroutine.role), EventKind::Halted { by_notice: true }, || Value::Unit);
                    }
                }
                self.state.log.note(None, EventKind::Closed, || Value::Unit);
                self.terminal(None);
                PickEnd::Ended(SessionEnd::Closed)
            }
        }
    }

    /// Whether something is outstanding that comes from outside the session, so that its clock stands: the answer to an
    /// operation, or what the machine has not granted. That may be waiting for a shared layer which is held here; so it
    /// does not count while the holder waits for the clock.
    pub(super) fn is_outstanding(&self) -> bool {
        let mut is_asking = false;
        for coroutine in &self.state.coroutines {
            match coroutine.status {
                Status::Performing(_) => return true,
                Status::Asking(_) => is_asking = true,
                Status::Ready
                | Status::Receiving { .. }
                | Status::Choosing { .. }
                | Status::Sending { .. }
                | Status::Sleeping(_)
                | Status::Joining
                | Status::Entering { .. }
                | Status::Awaiting
                | Status::Acquiring { .. }
                | Status::Halted { .. }
                | Status::Gone => {}
            }
        }
        is_asking && !self.holds_until_later()
    }

    /// Whether a coroutine that holds a shared layer waits for the clock.
    fn holds_until_later(&self) -> bool {
        let SessionState { holdings, coroutines, rare, .. } = &self.state;
        let sleeps = |who: u16| matches!(coroutines[usize::from(who)].status, Status::Sleeping(_));
        let is_parked = |who: u16| rare.as_ref().is_some_and(|rare| rare.disturbance.parked.contains(&who));
        let mut guards = holdings.iter().flat_map(|holdings| holdings.guards.values());
        guards.any(|guard| {
            let holder = guard.holder.filter(|_| guard.is_shared && guard.evidence.is_some());
            holder.is_some_and(|who| sleeps(who) || is_parked(who))
        })
    }

    /// Ends the session with a fault of coroutine `who`, or of all of it.
    pub(crate) fn fault(&mut self, who: Option<u16>, fault: Box<Fault>) -> SessionEnd {
        let coroutine = who.and_then(|who| self.state.coroutines.get(usize::from(who))).copied();
        let role = coroutine.map(|coroutine| coroutine.role);
        let pc = coroutine.map(|coroutine| coroutine.pc);
        self.state.log.forget();
        let (code, text) = (Value::text(fault.code()), Value::text(fault.to_string()));
        self.state.log.note(role, EventKind::FailureBranchEntered, || Value::Unit);
        self.state.log.note(role, EventKind::Faulted, || Value::tuple(vec![code, text]).unwrap_or_default());
        self.terminal(None);
        let program = &self.loaded.program;
        SessionEnd::Faulted(Box::new(FaultReport {
            fault: *fault,
            role: role.map(|role| program.role_name(role).to_owned()),
            pc,
            span: role.zip(pc).and_then(|(role, pc)| program.span(role, pc)),
            tick: self.state.log.tick,
        }))
    }

    /// The last events: that nothing follows, for these roles or for the session, and the epoch.
    pub(super) fn terminal(&mut self, roles: Option<Vec<u16>>) {
        self.state.ready = Ready::new();
        if let Some(holdings) = &mut self.state.holdings {
            let shared = holdings.guards.iter().filter(|(_, guard)| guard.is_shared && guard.evidence.is_some());
            holdings.freed = holdings.freed.iter().copied().chain(shared.map(|(layer, _)| *layer)).collect();
        }
        let told = roles.map_or_else(|| vec![None], |roles| roles.into_iter().map(Some).collect());
        for role in told {
            self.state.log.note(role, EventKind::SessionTerminal, || Value::Unit);
        }
        self.state.log.note(None, EventKind::EpochAdvanced { epoch: 1 }, || Value::Unit);
    }

    /// The report of a session that has ended so.
    pub(crate) fn report(&self, image: ImageId, end: SessionEnd) -> SessionReport {
        let mut finals = vec![None; self.loaded.program.roles.len()];
        // Those of a main coroutine, or, where the session ended in the branches of a role, of those.
        for coroutine in &self.state.coroutines {
            if let Status::Halted { finals: table } = coroutine.status
                && let Some(own) = finals.get_mut(usize::from(coroutine.role))
            {
                let own: &mut Vec<_> = own.get_or_insert_default();
                own.extend(self.finals_in(coroutine.role, table));
            }
        }
        SessionReport { image, end, ticks: self.state.log.tick, finals }
    }

    /// The values of a finals table of a role.
    fn finals_in(&self, role: u16, table: u32) -> impl Iterator<Item = FinalValue> {
        let (role, program) = (usize::from(role), &self.loaded.program);
        let function = program.image().functions.get(role).zip(program.roles.get(role));
        let tables =
            function.and_then(|(function, entry)| Some((function, entry.base, function.finals.get(table as usize)?)));
        tables.into_iter().flat_map(move |(function, base, table)| {
            table.iter().filter_map(move |entry| {
                let ty = *function.regs.get(usize::from(entry.reg))?;
                let value = self.state.registers.get(base + usize::from(entry.reg))?.clone();
                let shown = show(&value, ty, &program.image().types);
                Some(FinalValue { name: entry.name.clone(), value, ty, shown })
            })
        })
    }
}
