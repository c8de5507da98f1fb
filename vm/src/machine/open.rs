//! Opening sessions.

use super::install::at_most;
use super::sessions::{Slot, Ticket};
use super::{Driver, Machine};
use crate::error::VMError;
use crate::event::EventKind;
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use crate::session::{Session, SessionState};
use crate::value::{Value, conforms, show, type_text};
use std::sync::Arc;
use tell_ir::image::Role;

impl<D: Driver> Machine<D> {
    /// Opens a session: per role of the image the values of its parameters. No roles at all stand for no arguments.
    ///
    /// # Errors
    /// [`VMError::UnknownImage`], [`VMError::RoleCount`], [`VMError::ArgumentCount`], [`VMError::ArgumentType`],
    /// [`VMError::LimitExceeded`], [`VMError::NoSink`], [`VMError::Sink`]
    pub fn open(&mut self, image: ImageId, args: &[Vec<Value>]) -> Result<SessionId, VMError> {
        let loaded = self.images.get(usize::from(image.0)).ok_or(VMError::UnknownImage(image))?;
        let roles = &loaded.program.image().roles;
        if !args.is_empty() && args.len() != roles.len() {
            return Err(VMError::RoleCount { expected: roles.len(), found: args.len() });
        }
        let limits = &self.config.limits;
        for (number, role) in roles.iter().enumerate() {
            let given = args.get(number).map_or(&[][..], Vec::as_slice);
            check_arguments(&loaded.program, role, given)?;
            for value in given {
                at_most("nesting of an argument", u64::from(value.depth()), u64::from(limits.value_depth))?;
                at_most("size of an argument", u64::from(value.size()), u64::from(limits.value_size))?;
            }
        }
        self.trace.ready()?;
        at_most("sessions", u64::from(self.active) + 1, u64::from(limits.sessions))?;
        let Some(id) = self.sessions.next_root() else {
            return Err(VMError::LimitExceeded { what: "sessions", value: u64::MAX, max: u64::from(u32::MAX) });
        };
        let ticket = self.start(image, id.clone(), args);
        self.note_opened(ticket);
        Ok(id)
    }

    /// The first event of a session.
    pub(super) fn note_opened(&mut self, ticket: Ticket) {
        let Some(Slot::Active(session)) = self.sessions.slot(ticket) else { return };
        let log = &mut session.state.log;
        self.trace.lend(log);
        log.note(None, EventKind::Opened, || Value::Unit);
        self.trace.commit(log, &session.loaded.program);
    }

    /// Starts a session of a loaded image with arguments that fit it. Endpoints among them are its roles' from now on.
    pub(super) fn start(&mut self, image: ImageId, id: SessionId, args: &[Vec<Value>]) -> Ticket {
        let loaded = &self.images[usize::from(image.0)];
        let mut state = SessionState::new(&loaded.program, image, id, &self.config);
        let roles = loaded.program.roles.iter().zip(&loaded.program.image().roles);
        for (((role, entry), values), number) in roles.zip(args).zip(0..) {
            for (param, value) in entry.params.iter().zip(values) {
                if let Value::Endpoint(id) = value {
                    state.holdings().owned.insert(SessionId::clone(id), number);
                }
                if let Some(register) = state.registers.get_mut(role.base + usize::from(param.reg)) {
                    *register = value.clone();
                }
            }
        }
        let ticket = self.sessions.add(Box::new(Session::new(Arc::clone(loaded), state)));
        self.ready.push_back(ticket);
        self.active += 1;
        ticket
    }
}

fn check_arguments(program: &Program, role: &Role, given: &[Value]) -> Result<(), VMError> {
    if given.len() != role.params.len() {
        let (expected, found) = (role.params.len(), given.len());
        return Err(VMError::ArgumentCount { role: role.name.clone(), expected, found });
    }
    let types = &program.image().types;
    for (param, value) in role.params.iter().zip(given) {
        // An endpoint is not the host's to give.
        if !conforms(value, param.ty, types) || matches!(value, Value::Endpoint(_)) {
            return Err(VMError::ArgumentType {
                role: role.name.clone(),
                param: param.name.clone(),
                expected: type_text(param.ty, types),
                found: show(value, param.ty, types),
            });
        }
    }
    Ok(())
}
