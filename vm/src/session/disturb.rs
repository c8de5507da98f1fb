//! Inputs that change what is between the roles of a session, and the end of one that is called off.

use super::{Cancellation, PickEnd, Request, Session, SessionEnd, Status};
use crate::event::EventKind;
use crate::kernel::VMKernel;
use crate::kernel::quiescence::{Quiescence, judge};
use crate::topology::Topology;
use crate::value::Value;

impl Session {
    /// Inputs whose time has come take effect. The end of the session, if one of them ends it.
    #[cold]
    pub(crate) fn ingest_due(&mut self) -> Option<SessionEnd> {
        let tick = self.state.log.tick;
        self.ingest_until(tick)
    }

    fn ingest_until(&mut self, tick: u64) -> Option<SessionEnd> {
        while let Some(input) = self.state.rare.as_mut().and_then(|rare| rare.disturbance.take(tick)) {
            if let Some(end) = self.ingest(&input) {
                return Some(end);
            }
        }
        None
    }

    fn ingest(&mut self, input: &Topology) -> Option<SessionEnd> {
        if let Topology::Crash(role) = *input {
            return Some(self.call_off(Cancellation::Crash(role)));
        }
        VMKernel::disturb(&self.loaded.program, &mut self.state, input);
        None
    }

    /// What inputs change about a session in which nothing can step: the earliest one takes effect, unless the session is
    /// over.
    #[cold]
    pub(super) fn ingest_early(&mut self) -> Option<PickEnd> {
        if let Some(end) = self.ingest_due() {
            return Some(PickEnd::Ended(end));
        }
        if !self.state.ready.is_empty() {
            return Some(PickEnd::Ready);
        }
        if self.is_outstanding() {
            return None;
        }
        let disturbance = &self.state.rare.as_ref()?.disturbance;
        let due = disturbance.due()?;
        let is_timed = self.state.clock.first().is_some()
            || self.state.runs.deadline().is_some()
            || disturbance.resumption().is_some();
        if !is_timed && matches!(judge(&self.loaded.program, &self.state), Quiescence::Ended { .. }) {
            return None;
        }
        let input = self.state.rare.as_mut()?.disturbance.take(due)?;
        Some(self.ingest(&input).map_or(PickEnd::Ready, PickEnd::Ended))
    }

    /// Coroutines of roles that make no step leave the queue.
    pub(super) fn park(&mut self) {
        let state = &mut self.state;
        let Some(rare) = &mut state.rare else { return };
        let disturbance = &mut rare.disturbance;
        if !disturbance.has_suspended() {
            return;
        }
        let first = state.ready.front();
        state.ready.retain(&mut state.coroutines, |coroutine, who| {
            let is_suspended = disturbance.is_suspended(coroutine.role);
            if is_suspended {
                disturbance.parked.push(who);
            }
            !is_suspended
        });
        if state.ready.front() != first {
            self.streak = 0;
        }
    }

    /// Ends a session that is called off: first everything that is outstanding in it.
    pub(crate) fn call_off(&mut self, cancellation: Cancellation) -> SessionEnd {
        let crashed = match cancellation {
            Cancellation::Host => None,
            Cancellation::Crash(role) => Some(role),
        };
        let log = &mut self.state.log;
        log.note(crashed, EventKind::SessionCancellationRequested, || Value::Unit);
        for coroutine in &mut self.state.coroutines {
            let (Status::Performing(request) | Status::Sleeping(request)) = coroutine.status else { continue };
            let Request { id: request, op, .. } = request;
            log.note(Some(coroutine.role), EventKind::CancellationRequested { op, request }, || Value::Unit);
            log.note(Some(coroutine.role), EventKind::Cancelled { op, request }, || Value::Unit);
        }
        log.note(crashed, EventKind::SessionCancelled, || Value::Unit);
        match crashed {
            None => self.terminal(None),
            Some(crashed) => {
                let peers = (0..).take(self.loaded.program.roles.len()).filter(|role| *role != crashed);
                self.terminal(Some(peers.collect()));
            }
        }
        SessionEnd::Cancelled(cancellation)
    }
}
