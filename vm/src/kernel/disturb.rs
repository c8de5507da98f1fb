//! What topology inputs do to a session, and how a damaged message is noticed.
//!
//! Every message has a digest over its edge, number, label and payload. It is worked out when a message is damaged, from
//! what was sent, and when a message that was damaged is looked at, from what is there.

use super::VMKernel;
use super::communicate::new_head;
use super::frame::Frame;
use super::program::{EdgeProgram, Program};
use crate::edge::{Edge, Queued};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::SessionState;
use crate::topology::{Damage, Disturbance, Topology};
use crate::value::Value;
use crate::value::encode::encode;
use tell_ir::hash::{Purpose, digest};

impl VMKernel {
    /// An input takes effect. That of a crash is the session's.
    pub(crate) fn disturb(program: &Program, state: &mut SessionState, input: &Topology) {
        let Some(rare) = &mut state.rare else { return };
        match *input {
            Topology::Crash(_) => {}
            Topology::Partition(ref roles) => rare.disturbance.partition(roles, program),
            Topology::Heal => heal(program, state),
            Topology::Corrupt { from, to, damage } => {
                let number = program.edges.iter().position(|edge| (edge.from, edge.to) == (from, to));
                let Some(number) = number else { return };
                if state.edges[number].is_empty() {
                    rare.disturbance.damage_next(number as u32, damage);
                } else {
                    spoil(program, &mut state.edges, number as u32, damage, &mut rare.disturbance);
                }
            }
            Topology::Timeout { role, nanoseconds } => {
                let duration = i64::try_from(nanoseconds).unwrap_or(i64::MAX);
                state.log.note(Some(role), EventKind::RoleTimeoutIssued, || Value::Duration(duration));
                if duration > 0 {
                    rare.disturbance.suspend(role, state.clock.after(duration));
                }
            }
        }
    }
}

/// Messages on edges that were cut are seen again.
fn heal(program: &Program, state: &mut SessionState) {
    let Some(rare) = &mut state.rare else { return };
    for number in rare.disturbance.heal() {
        let Some(&EdgeProgram { to, .. }) = program.edges.get(number as usize) else { continue };
        if let Some((mut frame, _)) = Frame::enter(program, state, to) {
            new_head(&mut frame, to, number);
        }
    }
}

/// Damages the newest message of an edge, and keeps its digest as it was sent.
fn spoil(program: &Program, edges: &mut [Edge], number: u32, damage: Damage, disturbance: &mut Disturbance) {
    let queue = &mut edges[number as usize];
    let Some(before) = queue.len().checked_sub(1) else { return };
    let Some(message) = queue.last_mut() else { return };
    disturbance.keep(number, before as u32, || digest_of(&program.edges[number as usize], message));
    match damage {
        Damage::Payload => message.payload = damaged(&message.payload),
        Damage::Label => message.stamp.label ^= 1,
        Damage::Sequence => message.stamp.number ^= 1,
    }
}

/// Another value, often of the same type.
fn damaged(value: &Value) -> Value {
    match value {
        Value::Unit => Value::Bool(true),
        Value::Bool(b) => Value::Bool(!b),
        Value::Int(n) => Value::Int(n ^ 1),
        Value::Duration(n) => Value::Duration(n ^ 1),
        Value::Str(text) => Value::text(format!("{}\u{fffd}", text.as_str())),
        Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Product(_)
        | Value::Union { .. }
        | Value::Session(_)
        | Value::Role(_)
        | Value::Opaque(_)
        | Value::Endpoint(_)
        | Value::Evidence { .. }
        | Value::Witness(_) => Value::Unit,
    }
}

fn digest_of(edge: &EdgeProgram, message: &Queued) -> [u8; 32] {
    let mut bytes = Vec::new();
    for short in [edge.from, edge.to, message.stamp.label] {
        bytes.extend_from_slice(&short.to_le_bytes());
    }
    bytes.extend_from_slice(&message.stamp.number.to_le_bytes());
    encode(&message.payload, &mut bytes);
    digest(Purpose::Message, &bytes)
}

/// Faults if a message that can be seen is not what was sent.
#[cold]
pub(super) fn check(frame: &Frame<'_>, edges: &[u32]) -> Result<(), Box<Fault>> {
    let Some(rare) = &frame.rare else { return Ok(()) };
    for number in edges {
        let Some(sent) = rare.disturbance.of_head(*number) else { continue };
        let Some(head) = frame.visible::<true>(*number) else { continue };
        let edge = &frame.program.edges[*number as usize];
        if *sent != digest_of(edge, head) {
            let name = |role: u16| frame.program.role_name(role).to_owned();
            let (from, to, number) = (name(edge.from), name(edge.to), head.stamp.number);
            return Err(Box::new(Fault::InvalidSignature { from, to, number }));
        }
    }
    Ok(())
}

/// A message was put on an edge: it may be one that is to be damaged.
#[cold]
pub(super) fn sent(frame: &mut Frame<'_>, edge: u32) {
    let Some(rare) = &mut frame.rare else { return };
    if let Some(damage) = rare.disturbance.take_next(edge) {
        spoil(frame.program, frame.edges, edge, damage, &mut rare.disturbance);
    }
}

/// A message was put in the place of the newest one.
#[cold]
pub(super) fn replaced(frame: &mut Frame<'_>, edge: u32) {
    if let Some(rare) = &mut frame.rare {
        let last = frame.edges[edge as usize].len().saturating_sub(1);
        rare.disturbance.forget(edge, last as u32);
    }
    sent(frame, edge);
}

/// The head of an edge was taken off.
#[cold]
pub(super) fn taken(frame: &mut Frame<'_>, edge: u32) {
    if let Some(rare) = &mut frame.rare {
        rare.disturbance.move_up(edge);
    }
}
