//! The order of steps in a session that has a policy that ranks.

use super::{Session, SessionEnd};
use crate::kernel::{Outcome, speculate};

impl Session {
    /// Inputs whose time has come take effect, and the coroutine whose turn it is comes first. Returns how many steps it
    /// may make before somebody looks again; an error is the end of the session.
    #[cold]
    pub(super) fn arrange(&mut self) -> Result<u32, SessionEnd> {
        if let Some(end) = self.ingest_due() {
            return Err(end);
        }
        if self.goes_on_speculating() {
            return Ok(1);
        }
        self.park();
        let state = &mut self.state;
        let Some(rare) = &mut state.rare else { return Ok(u32::MAX) };
        let Some(turns) = &mut rare.turns else {
            let left = rare.disturbance.due().map_or(u64::MAX, |due| due - state.log.tick);
            return Ok(u32::try_from(left).unwrap_or(u32::MAX));
        };
        let Some(who) = turns.next(&state.config.policy, state.log.tick, state.ready, &state.coroutines) else {
            return Ok(1);
        };
        state.ready.bring_forward(&mut state.coroutines, who);
        if !turns.goes_on(who) {
            self.streak = 0;
        }
        let coroutine = state.coroutines[usize::from(who)];
        let program = &self.loaded.program;
        turns.expect_message(coroutine.called.is_none() && program.communicates(coroutine.role, coroutine.pc));
        Ok(1)
    }

    /// Whether a coroutine speculates: nobody else steps then. One whose role is suspended does not go on.
    fn goes_on_speculating(&mut self) -> bool {
        let state = &mut self.state;
        let Some(who) = state.speculation.as_ref().map(|speculation| speculation.who) else { return false };
        let role = state.coroutines[usize::from(who)].role;
        if state.rare.as_ref().is_some_and(|rare| rare.disturbance.is_suspended(role)) {
            speculate::undo_of(&self.loaded.program, state, who);
            self.settle_speculation();
            return false;
        }
        true
    }

    /// Notes what a coroutine did in its turn.
    #[cold]
    pub(super) fn count(&mut self, who: u16, used: u32, outcome: &Outcome) {
        let state = &mut self.state;
        let Some(turns) = state.rare.as_mut().and_then(|rare| rare.turns.as_mut()) else { return };
        if used == 0 {
            return;
        }
        turns.step(who, state.log.tick);
        match outcome {
            Outcome::Yielded => turns.give_way(who),
            Outcome::Ran => {
                let role = state.coroutines[usize::from(who)].role;
                turns.spend(role);
            }
            Outcome::Blocked
            | Outcome::Asked
            | Outcome::Issued
            | Outcome::Halted
            | Outcome::Finished
            | Outcome::Faulted(_) => {}
        }
    }
}
