//! Output conditions: what is looked at before a message is sent, and the event that says so.

use super::frame::Frame;
use crate::config::VMConfig;
use crate::event::{EventKind, Log};
use crate::fault::Fault;
use crate::value::Value;

/// A message that may not be sent ends the session.
#[cold]
pub(super) fn check(frame: &mut Frame<'_>, label: u16) -> Result<(), Box<Fault>> {
    let (role, name) = (frame.program.role_name(frame.me), frame.program.label_name(label));
    if frame.config.output.allows(role, name) {
        return Ok(());
    }
    frame.log.note(Some(frame.me), EventKind::OutputConditionChecked { label }, || Value::Unit);
    Err(Box::new(Fault::OutputCondition { role: role.to_owned(), label: name.to_owned() }))
}

/// A message that is being sent was looked at.
#[cold]
pub(super) fn note(config: &VMConfig, log: &mut Log, role: u16, label: u16) {
    if config.output.is_on() {
        log.step(role, EventKind::OutputConditionChecked { label }, || Value::Unit);
    }
}
