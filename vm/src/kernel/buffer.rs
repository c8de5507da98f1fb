//! A send on a full edge ([`WhenFull`]).

use super::communicate::new_head;
use super::frame::{Flow, Frame, limit};
use super::program::{EdgeProgram, Program};
use super::{disturb, output};
use crate::buffer::WhenFull;
use crate::config::VMConfig;
use crate::event::{EventKind, Message};
use crate::fault::Fault;
use crate::session::Status;
use tell_ir::instr::Reg;

/// What is sent: edge, label, register, and its event.
pub(super) type Sending = (u32, u16, Reg, fn(Message) -> EventKind);

/// What becomes of a message for which there is no room; `None` if it is to be queued all the same.
#[cold]
#[inline(never)]
pub(super) fn full(frame: &mut Frame<'_>, sending: Sending) -> Result<Option<Flow>, Box<Fault>> {
    let number = sending.0;
    let is_lossy = frame.program.edges[number as usize].lossy;
    let queue = &frame.edges[number as usize];
    match frame.config.when_full {
        WhenFull::Drop if is_lossy => lose(frame, sending),
        WhenFull::Latest if is_lossy && !queue.is_empty() => replace(frame, sending),
        WhenFull::Block | WhenFull::Resize | WhenFull::Error | WhenFull::Drop | WhenFull::Latest => {
            if takes(frame.program, frame.config, number, queue.len())? {
                return Ok(None);
            }
            frame.edges[number as usize].writer = frame.who;
            return frame.wait(Status::Sending { edge: number }).map(Some);
        }
    }
    Ok(Some(Flow::Next))
}

/// Whether an edge that holds so many messages takes one more without losing any; else its sender waits.
pub(super) fn takes(program: &Program, config: &VMConfig, edge: u32, length: usize) -> Result<bool, Box<Fault>> {
    if length < config.edge_capacity as usize {
        return Ok(true);
    }
    match config.when_full {
        WhenFull::Block | WhenFull::Drop | WhenFull::Latest => Ok(false),
        WhenFull::Resize => {
            let (value, max) = (length as u64 + 1, u64::from(config.limits.edge));
            if value > max { Err(limit("messages on an edge", value, max)) } else { Ok(true) }
        }
        WhenFull::Error => {
            let EdgeProgram { from, to, .. } = program.edges[edge as usize];
            let [from, to] = [from, to].map(|role| program.role_name(role).to_owned());
            Err(Box::new(Fault::BufferFull { from, to, capacity: config.edge_capacity }))
        }
    }
}

/// The message gets its number and is gone.
fn lose(frame: &mut Frame<'_>, (edge, label, val, kind): Sending) {
    let message =
        Message { partner: frame.program.edges[edge as usize].to, label, number: frame.edges[edge as usize].skip() };
    let value = &frame.registers[usize::from(val)];
    output::note(frame.config, frame.log, frame.me, label);
    frame.log.step(frame.me, kind(message), || value.clone());
    frame.log.step(frame.me, EventKind::Dropped(message), || value.clone());
}

/// The newest message that is queued is gone; this one is in its place.
fn replace(frame: &mut Frame<'_>, (edge, label, val, kind): Sending) {
    let value = &frame.registers[usize::from(val)];
    let queue = &mut frame.edges[edge as usize];
    let Some((number, lost)) = queue.replace_last(label, value, frame.part) else { return };
    let is_head = queue.len() == 1;
    let partner = frame.program.edges[edge as usize].to;
    output::note(frame.config, frame.log, frame.me, label);
    frame.log.step(frame.me, kind(Message { partner, label, number }), || value.clone());
    let gone = Message { partner, label: lost.stamp.label, number: lost.stamp.number };
    frame.log.step(frame.me, EventKind::Dropped(gone), || lost.payload.clone());
    disturb::replaced(frame, edge);
    frame.runs.hold(frame.part);
    frame.runs.release(lost.stamp.part);
    if is_head {
        new_head(frame, partner, edge);
    }
}
