//! `Send`, `Offer`, `Receive`, `Choose`.
//!
//! What every message passes is in line in the instruction, against the compiler's judgement: that is a tenth of the
//! time of a message. `RARE` says whether the session has what most have not; the others do not even ask.

use super::frame::{Exec, Flow, Frame, limit, missing, violation};
use super::program::{EdgeProgram, Row};
use super::{buffer, disturb, nested, output};
use crate::edge::{Queued, Stamp};
use crate::event::{EventKind, Message};
use crate::fault::Fault;
use crate::runs::Part;
use crate::session::Status;
use crate::value::Value;
use tell_ir::instr::Reg;

/// Puts a message on an edge; blocks while it is full.
pub(super) fn send<const RARE: bool>(
    frame: &mut Frame<'_>,
    port: u16,
    label: u16,
    val: Reg,
    kind: fn(Message) -> EventKind,
) -> Exec {
    let number = sendable(frame, port, label, val)?;
    if frame.is_special {
        return Ok(Flow::Aside);
    }
    if RARE {
        output::check(frame, label)?;
    }
    if frame.edges[number as usize].len() >= frame.config.edge_capacity as usize
        && let Some(flow) = buffer::full(frame, (number, label, val, kind))?
    {
        return Ok(flow);
    }
    let edge = &frame.program.edges[number as usize];
    let value = &frame.registers[usize::from(val)];
    let queue = &mut frame.edges[number as usize];
    let was_empty = queue.is_empty();
    let sequence = queue.push(label, value, frame.part, edge.bound);
    if frame.log.is_on() {
        if RARE {
            output::note(frame.config, frame.log, frame.me, label);
        }
        frame.log.message(frame.me, kind(Message { partner: edge.to, label, number: sequence }), value);
    }
    sent::<RARE>(frame, number, edge.to, was_empty);
    Ok(Flow::Next)
}

/// The edge of a message that may be sent.
#[inline(always)]
fn sendable(frame: &Frame<'_>, port: u16, label: u16, val: Reg) -> Result<u32, Box<Fault>> {
    let Some(&edge) = frame.role.outs.get(usize::from(port)) else {
        return Err(missing("role to send to, port", u32::from(port)));
    };
    let Some(payload) = frame.program.labels.get(usize::from(label)) else {
        return Err(missing("label", u32::from(label)));
    };
    let value = frame.value(val)?;
    if !payload.admits(value) {
        return Err(violation(payload_of(frame, label), payload.text(), value));
    }
    // The least limit is the size of a scalar.
    if !payload.is_scalar() && value.size() > frame.config.limits.payload_size {
        let max = frame.config.limits.payload_size;
        return Err(limit("size of a payload", u64::from(value.size()), u64::from(max)));
    }
    Ok(edge)
}

/// A message is on its edge: who waits for it wakes.
#[inline(always)]
fn sent<const RARE: bool>(frame: &mut Frame<'_>, edge: u32, to: u16, was_empty: bool) {
    frame.runs.hold(frame.part);
    if RARE {
        disturb::sent(frame, edge);
    }
    if was_empty && !(RARE && frame.is_cut(edge)) {
        match frame.part {
            Part::SESSION => wake_reader(frame, to, edge, Part::SESSION),
            _ => new_head(frame, to, edge),
        }
    }
}

/// Edge and payload of a message that may be sent.
pub(super) fn outgoing(frame: &Frame<'_>, port: u16, label: u16, val: Reg) -> Result<(u32, Value), Box<Fault>> {
    let edge = sendable(frame, port, label, val)?;
    Ok((edge, frame.value(val)?.clone()))
}

/// Puts a message on an edge that has room for it.
pub(super) fn put(frame: &mut Frame<'_>, edge: u32, label: u16, value: &Value) {
    let EdgeProgram { to, bound, .. } = frame.program.edges[edge as usize];
    let queue = &mut frame.edges[edge as usize];
    let was_empty = queue.is_empty();
    queue.push(label, value, frame.part, bound);
    sent::<true>(frame, edge, to, was_empty);
}

/// An edge got a new head: if its receiver has left the part it was sent in, it is discarded; else the coroutine that
/// waits for it wakes.
pub(super) fn new_head(frame: &mut Frame<'_>, to: u16, edge: u32) {
    match frame.edges[edge as usize].head().map(|head| head.stamp.part) {
        Some(part) if frame.runs.has_left(to, part) => discard(frame, edge),
        Some(_) if frame.is_cut(edge) => {}
        Some(part) => wake_reader(frame, to, edge, part),
        None => {}
    }
}

/// Wakes the coroutine that waits for a message on an edge, whose head was sent in `part`, if it is there.
#[inline(always)]
fn wake_reader(frame: &mut Frame<'_>, to: u16, edge: u32, part: Part) {
    let reader = frame.edges[edge as usize].reader;
    let coroutine = &frame.others[usize::from(reader)];
    if coroutine.part != part || coroutine.role != to {
        return;
    }
    let waits = match coroutine.status {
        Status::Receiving { edge: waited } => waited == edge,
        Status::Choosing { table } => {
            let choose = frame.program.roles[usize::from(to)].chooses.get(table as usize);
            choose.is_some_and(|choose| choose.edges.binary_search(&edge).is_ok())
        }
        Status::Ready
        | Status::Sending { .. }
        | Status::Performing(_)
        | Status::Sleeping(_)
        | Status::Joining
        | Status::Entering { .. }
        | Status::Awaiting
        | Status::Acquiring { .. }
        | Status::Asking(_)
        | Status::Halted { .. }
        | Status::Gone => false,
    };
    if waits {
        frame.wake(reader);
    }
}

/// Discards messages at the head of an edge that were sent in parts its receiver has left, and tells who waits there.
pub(super) fn discard(frame: &mut Frame<'_>, edge: u32) {
    let Some(&EdgeProgram { from, to, .. }) = frame.program.edges.get(edge as usize) else { return };
    let mut is_shorter = false;
    while let Some(part) = frame.edges[edge as usize].head().map(|head| head.stamp.part)
        && frame.runs.has_left(to, part)
    {
        let mut payload = Value::Unit;
        let Some(Stamp { number, label, .. }) = frame.edges[edge as usize].pop(&mut payload) else { break };
        if let (Value::Endpoint(_), Some(holdings)) = (&payload, &mut *frame.holdings) {
            let parcel = holdings.parcels.remove(&(edge, number));
            holdings.lost.extend(parcel.map(|(_, id)| id));
        }
        frame.runs.release(part);
        disturb::taken(frame, edge);
        frame.log.step(to, EventKind::Discarded(Message { partner: from, label, number }), || payload);
        is_shorter = true;
    }
    if is_shorter {
        wake_sender(frame, edge);
        // The head that is left, if any, is not discarded: this goes no deeper.
        new_head(frame, to, edge);
    }
}

/// Wakes the coroutine that waits for room on an edge.
#[inline(always)]
fn wake_sender(frame: &mut Frame<'_>, edge: u32) {
    let writer = frame.edges[edge as usize].writer;
    if frame.others[usize::from(writer)].status == (Status::Sending { edge }) {
        frame.wake(writer);
    }
}

/// Takes the head of an edge, which must have the label.
pub(super) fn receive<const RARE: bool>(frame: &mut Frame<'_>, port: u16, label: u16, dst: Reg) -> Exec {
    if frame.is_special {
        return Ok(Flow::Aside);
    }
    match expected::<RARE>(frame, port, label, dst)? {
        None => {
            let edge = frame.role.ins[usize::from(port)];
            frame.edges[edge as usize].reader = frame.who;
            frame.wait(Status::Receiving { edge })
        }
        Some(edge) => {
            take::<RARE>(frame, edge, dst, EventKind::Received);
            Ok(Flow::Next)
        }
    }
}

/// The edge whose head has the label and fits the register; none if there is no head to be seen.
#[inline(always)]
pub(super) fn expected<const RARE: bool>(
    frame: &Frame<'_>,
    port: u16,
    label: u16,
    dst: Reg,
) -> Result<Option<u32>, Box<Fault>> {
    let Some(&edge) = frame.role.ins.get(usize::from(port)) else {
        return Err(missing("role to receive from, port", u32::from(port)));
    };
    if RARE {
        disturb::check(frame, &[edge])?;
    }
    match frame.visible::<RARE>(edge) {
        None => Ok(None),
        Some(head) if head.stamp.label != label => Err(unknown_label(frame, &[(edge, label)])),
        Some(head) => {
            frame.accepts(dst, &head.payload)?;
            Ok(Some(edge))
        }
    }
}

/// Takes the first row that matches the head of its partner's edge.
pub(super) fn choose<const RARE: bool>(frame: &mut Frame<'_>, table: u32) -> Exec {
    if frame.is_special {
        return Ok(Flow::Aside);
    }
    match matching::<RARE>(frame, table)? {
        Some(row) => {
            take::<RARE>(frame, row.edge, row.dst, EventKind::Chose);
            Ok(Flow::To(row.target))
        }
        None => {
            let edges = &frame.role.chooses[table as usize].edges;
            edges.iter().for_each(|edge| frame.edges[*edge as usize].reader = frame.who);
            frame.wait(Status::Choosing { table })
        }
    }
}

/// The first row of a choose table that matches the head of its partner's edge; none if it has to wait for one.
#[inline(always)]
pub(super) fn matching<'a, const RARE: bool>(frame: &Frame<'a>, table: u32) -> Result<Option<&'a Row>, Box<Fault>> {
    let role = frame.role;
    let Some(choose) = role.chooses.get(table as usize) else {
        return Err(missing("choose table", table));
    };
    if let Some(stranger) = choose.stranger {
        return Err(missing("role to receive from", u32::from(stranger)));
    }
    if RARE {
        disturb::check(frame, &choose.edges)?;
    }
    let mut first = None;
    // Who waits for nothing is taken out of a scope, or ends with the session.
    let mut waits = choose.rows.is_empty();
    for (at, &edge) in choose.edges.iter().enumerate() {
        match frame.visible::<RARE>(edge) {
            None => waits = true,
            Some(head) => first = earlier(first, choose.find(at, head.stamp.label)),
        }
    }
    match first {
        Some(row) => {
            let row = &choose.rows[row as usize];
            if let Some(head) = frame.edges[row.edge as usize].head() {
                frame.accepts(row.dst, &head.payload)?;
            }
            Ok(Some(row))
        }
        None if waits => Ok(None),
        None => {
            let rows: Vec<_> = choose.rows.iter().map(|row| (row.edge, row.label)).collect();
            Err(unknown_label(frame, &rows))
        }
    }
}

const fn earlier(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(x), Some(y)) => Some(if x < y { x } else { y }),
        (Some(x), None) | (None, Some(x)) => Some(x),
        (None, None) => None,
    }
}

/// Moves the head of `edge` into `dst` and wakes a sender that waits for room. All checks are done.
#[inline(always)]
fn take<const RARE: bool>(frame: &mut Frame<'_>, edge: u32, dst: Reg, kind: fn(Message) -> EventKind) {
    let from = frame.program.edges[edge as usize].from;
    // Before it is moved: what was just written cannot be read at once.
    if frame.log.is_on()
        && let Some(Queued { payload, stamp: Stamp { number, label, .. } }) = frame.edges[edge as usize].head()
    {
        frame.log.message(frame.me, kind(Message { partner: from, label: *label, number: *number }), payload);
    }
    let register = &mut frame.registers[usize::from(dst)];
    let Some(Stamp { number, part, .. }) = frame.edges[edge as usize].pop(register) else { return };
    if matches!(register, Value::Endpoint(_)) {
        nested::arrive(frame, edge, number);
    }
    taken::<RARE>(frame, edge, part);
}

/// A message sent in `part` was taken off an edge: who waits for room wakes.
#[inline(always)]
pub(super) fn taken<const RARE: bool>(frame: &mut Frame<'_>, edge: u32, part: Part) {
    if RARE {
        disturb::taken(frame, edge);
    }
    frame.runs.release(part);
    wake_sender(frame, edge);
    if frame.edges[edge as usize].head().is_some_and(|head| head.stamp.part != part) {
        new_head(frame, frame.me, edge);
    }
}

fn payload_of(frame: &Frame<'_>, label: u16) -> String {
    format!("payload of `{}`", frame.program.label_name(label))
}

/// Names all rows and the heads of all their partners.
#[cold]
fn unknown_label(frame: &Frame<'_>, rows: &[(u32, u16)]) -> Box<Fault> {
    let name = |edge: u32, label: u16| {
        let from = frame.program.role_name(frame.program.edges[edge as usize].from);
        format!("{from}.{}", frame.program.label_name(label))
    };
    let mut edges: Vec<u32> = rows.iter().map(|row| row.0).collect();
    edges.sort_unstable();
    edges.dedup();
    let heads = edges.iter().filter_map(|edge| Some(name(*edge, frame.edges[*edge as usize].head()?.stamp.label)));
    Box::new(Fault::UnknownLabel {
        expected: rows.iter().map(|(edge, label)| name(*edge, *label)).collect(),
        heads: heads.collect(),
    })
}
