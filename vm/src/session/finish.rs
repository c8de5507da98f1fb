//! How a session ends and what is left of it.

use super::{PickEnd, Session, Status};
use crate::event::EventKind;
use crate::fault::{Fault, FaultReport};
use crate::id::ImageId;
use crate::kernel::quiescence::{Quiescence, judge};
use crate::value::{Value, show};
use tell_ir::ty::TypeId;

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// All its roles are done.
    Closed,
    /// A fault.
    Faulted(Box<FaultReport>),
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
    /// What to do with a session that has no ready coroutine.
    pub(super) fn quiesce(&mut self) -> PickEnd {
        match judge(&self.loaded.program, &self.state) {
            Quiescence::Waiting => PickEnd::Waiting,
            Quiescence::Deadlock(fault) => PickEnd::Ended(self.fault(None, fault)),
            Quiescence::Ended { notified } => {
                for (who, finals) in notified {
                    self.state.coroutines[usize::from(who)].status = Status::Halted { finals };
                    self.state.log.note(Some(who), EventKind::Halted { by_notice: true }, || Value::Unit);
                }
                self.state.log.note(None, EventKind::Closed, || Value::Unit);
                self.terminal();
                PickEnd::Ended(SessionEnd::Closed)
            }
        }
    }

    /// Ends the session with a fault of coroutine `who`, or of all of it.
    pub(crate) fn fault(&mut self, who: Option<u16>, fault: Box<Fault>) -> SessionEnd {
        let (code, text) = (Value::text(fault.code()), Value::text(fault.to_string()));
        self.state.log.note(who, EventKind::Faulted, || Value::tuple(vec![code, text]).unwrap_or_default());
        self.terminal();
        let program = &self.loaded.program;
        let pc = who.and_then(|who| self.state.coroutines.get(usize::from(who))).map(|coroutine| coroutine.pc);
        SessionEnd::Faulted(Box::new(FaultReport {
            fault: *fault,
            role: who.map(|who| program.role_name(who).to_owned()),
            pc,
            span: who.zip(pc).and_then(|(who, pc)| program.span(who, pc)),
            tick: self.state.log.tick,
        }))
    }

    fn terminal(&mut self) {
        self.state.ready.clear();
        self.state.log.note(None, EventKind::SessionTerminal, || Value::Unit);
        self.state.log.note(None, EventKind::EpochAdvanced { epoch: 1 }, || Value::Unit);
    }

    /// The report of a session that has ended so.
    pub(crate) fn report(&self, image: ImageId, end: SessionEnd) -> SessionReport {
        let finals = (0..).take(self.state.coroutines.len()).map(|who| self.finals_of(who)).collect();
        SessionReport { image, end, ticks: self.state.log.tick, finals }
    }

    fn finals_of(&self, who: u16) -> Option<Vec<FinalValue>> {
        let program = &self.loaded.program;
        let Status::Halted { finals } = self.state.coroutines.get(usize::from(who))?.status else { return None };
        let function = program.image().functions.get(usize::from(who))?;
        let base = program.roles.get(usize::from(who))?.base;
        let values = function.finals.get(finals as usize)?.iter().filter_map(|entry| {
            let ty = *function.regs.get(usize::from(entry.reg))?;
            let value = self.state.registers.get(base + usize::from(entry.reg))?.clone();
            let shown = show(&value, ty, &program.image().types);
            Some(FinalValue { name: entry.name.clone(), value, ty, shown })
        });
        Some(values.collect())
    }
}
