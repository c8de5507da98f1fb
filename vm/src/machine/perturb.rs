//! What a host lets happen to a session from outside: topology inputs, and the end.

use super::{Driver, Machine};
use crate::error::VMError;
use crate::id::SessionId;
use crate::kernel::program::Program;
use crate::machine::sessions::{Slot, Ticket};
use crate::session::{Cancellation, Session};
use crate::topology::Topology;

impl<D: Driver> Machine<D> {
    /// Gives a session an input that takes effect when it has made so many steps (see [`crate::topology`]).
    ///
    /// # Errors
    /// [`VMError::UnknownSession`], [`VMError::Late`], [`VMError::UnknownRole`], [`VMError::UnknownEdge`]
    pub fn perturb(&mut self, session: &SessionId, tick: u64, input: Topology) -> Result<(), VMError> {
        let (ticket, running) = self.running(session)?;
        let committed = running.state.log.tick;
        if tick < committed {
            return Err(VMError::Late { session: session.clone(), tick, committed });
        }
        concerns(&running.loaded.program, &input)?;
        running.state.rare.get_or_insert_default().disturbance.give(tick, input);
        // Who waits for an answer is not stepped before it comes.
        if running.state.ready.is_empty() {
            let end = running.ingest_due();
            let is_awake = !running.state.ready.is_empty();
            self.after_input(ticket, is_awake, end);
        }
        Ok(())
    }

    /// A session that has not ended, after the inputs that are due before its next step; one of them may end it.
    ///
    /// # Errors
    /// [`VMError::UnknownSession`]
    pub(super) fn before_step(&mut self, id: &SessionId) -> Result<(Ticket, &mut Session), VMError> {
        let (ticket, running) = self.running(id)?;
        if let Some(end) = running.ingest_due() {
            self.after_input(ticket, false, Some(end));
        }
        self.running(id)
    }

    /// Calls a session off, with everything that is outstanding in it.
    ///
    /// # Errors
    /// [`VMError::UnknownSession`]
    pub fn cancel(&mut self, session: &SessionId) -> Result<(), VMError> {
        let (ticket, running) = self.running(session)?;
        let end = running.call_off(Cancellation::Host);
        self.after_input(ticket, false, Some(end));
        Ok(())
    }

    /// A session that has not ended. Nothing of it is stepped now.
    pub(super) fn running(&mut self, id: &SessionId) -> Result<(Ticket, &mut Session), VMError> {
        let unknown = || VMError::UnknownSession(id.clone());
        let ticket = self.sessions.ticket(id).ok_or_else(unknown)?;
        match self.sessions.slot(ticket) {
            Some(Slot::Active(session)) => Ok((ticket, session)),
            _ => Err(unknown()),
        }
    }
}

/// Whether what an input is about is there.
fn concerns(program: &Program, input: &Topology) -> Result<(), VMError> {
    let there = |role: &u16| match program.roles.get(usize::from(*role)) {
        Some(_) => Ok(()),
        None => Err(VMError::UnknownRole { role: *role }),
    };
    match input {
        Topology::Crash(role) | Topology::Timeout { role, .. } => there(role),
        Topology::Partition(roles) => roles.iter().try_for_each(there),
        Topology::Heal => Ok(()),
        Topology::Corrupt { from, to, .. } => {
            [from, to].into_iter().try_for_each(there)?;
            match program.edges.iter().any(|edge| (edge.from, edge.to) == (*from, *to)) {
                true => Ok(()),
                false => Err(VMError::UnknownEdge { from: *from, to: *to }),
            }
        }
    }
}
