//! What topology inputs do to a session, and how a damaged message is noticed.
//!
//! Every message has a digest over its edge, number, label and payload. It is worked out when a message is damaged, from
//! what was sent, and when a message that was damaged is looked at, from what is there.

use super::VMKernel;
use super::communicate::new_head;
use super::frame::Frame;
use super::program::{EdgeProgram, Program};
use crate::edge::Queued;
use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::SessionState;
use crate::topology::{Damage, Topology};
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
                match state.edges[number].last_mut() {
                    Some(message) => spoil(program, (number as u32, message), damage, &mut rare.disturbance),
                    None => rare.disturbance.damage_next(number as u32, damage),
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

/// Damages a message, and keeps its digest as it was sent.
fn spoil(
    program: &Program,
    (number, message): (u32, &mut Queued),
    damage: Damage,
    disturbance: &mut crate::topology::Disturbance,
) {
    if !message.stamp.is_damaged {
        disturbance.keep(number, digest_of(&program.edges[number as usize], message));
        message.stamp.is_damaged = true;
    }
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
    for number in edges {
        let Some(head) = frame.visible(*number).filter(|head| head.stamp.is_damaged) else { continue };
        let edge = &frame.program.edges[*number as usize];
        let sent = frame.rare.as_ref().and_then(|rare| rare.disturbance.first(*number));
        if sent != Some(&digest_of(edge, head)) {
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
    let Some(damage) = rare.disturbance.take_next(edge) else { return };
    if let Some(message) = frame.edges[edge as usize].last_mut() {
        spoil(frame.program, (edge, message), damage, &mut rare.disturbance);
    }
}
