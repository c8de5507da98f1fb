//! Hostile handlers and hosts (G1, surface 3): a schedule of bytes decides what every handler call does and what the host
//! does between rounds. A calm session of the same image runs beside and must not notice.

use super::stage::{Calm, events_of, machine, programs};
use super::{Report, Size};
use crate::contracts;
use crate::numbers::Numbers;
use std::cell::RefCell;
use std::rc::Rc;
use tell_ir::image::CodeImage;
use tell_vm::{
    Call, Description, Event, Failure, FailureKind, Handler, HostStep, RequestId, SessionId, VM, VMConfig, Value,
};

/// Rounds of a schedule.
const ROUNDS: usize = 200;

/// Bytes that are used up one after the other, then again.
#[derive(Clone, Debug, Default)]
struct Schedule {
    bytes: Rc<RefCell<(Vec<u8>, usize)>>,
}

impl Schedule {
    fn next(&self) -> u8 {
        let (bytes, at) = &mut *self.bytes.borrow_mut();
        *at += 1;
        if bytes.is_empty() { 0 } else { bytes[(*at - 1) % bytes.len()] }
    }
}

/// Calm towards session 0; towards others as the schedule says.
#[derive(Clone, Debug)]
struct Hostile(Schedule);

impl Handler for Hostile {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        if *call.session == SessionId::root(0) {
            return Calm.start(call, args);
        }
        match self.0.next() % 12 {
            0 => HostStep::Blocked,
            1 => HostStep::Sleep(i64::from(self.0.next()) - 100),
            2 => HostStep::Fail(Failure::unavailable("hostile")),
            3 => HostStep::Fail(Failure::new(FailureKind::StaleAuthority, "hostile")),
            4 => HostStep::Reply(Value::Unit),
            5 => HostStep::Reply(Value::text("lie")),
            6 => HostStep::Reply(deep()),
            7 => std::panic::resume_unwind(Box::new("a hostile handler panics without a word")),
            _ => Calm.start(call, args),
        }
    }
}

/// A value nested deeper than is usual.
fn deep() -> Value {
    (0..900).fold(Value::Int(1), |inner, _| Value::just(inner).unwrap_or_default())
}

/// Runs a schedule: the first byte picks the program.
///
/// # Errors
/// What must not be.
pub fn surface(programs: &[(String, CodeImage)], alone: &[Vec<Event>], bytes: &[u8]) -> Result<&'static str, String> {
    let which = usize::from(bytes.first().copied().unwrap_or(0)) % programs.len();
    let schedule = Schedule { bytes: Rc::new(RefCell::new((bytes.to_vec(), 1))) };
    let quantum = [1, 2, 7, 256][usize::from(schedule.next()) % 4];
    let config = VMConfig { quantum, ..VMConfig::default() };
    let (mut machine, id, args) = machine(config, programs[which].1.clone(), Hostile(schedule.clone()))?;
    let calm = machine.open(id, &args).map_err(|error| error.to_string())?;
    let mut others = vec![machine.open(id, &args).map_err(|error| error.to_string())?];
    for _ in 0..ROUNDS {
        machine.kernel_step_round(1);
        let session = others[usize::from(schedule.next()) % others.len()].clone();
        act(&mut machine, &schedule, &session);
        if schedule.next() == 255 && others.len() < 4 {
            others.push(machine.open(id, &args).map_err(|error| error.to_string())?);
        }
    }
    machine.run(4_000, &mut || false);
    judge(&machine, &calm, &others, &alone[which])?;
    Ok(if machine.active() == 0 { "ended" } else { "waits" })
}

/// What the host does between two rounds; whether the machine takes it is its own affair.
fn act(machine: &mut VM, schedule: &Schedule, session: &SessionId) {
    let request = RequestId(u32::from(schedule.next()) % 8);
    let role = u16::from(schedule.next()) % 4;
    let _ = match schedule.next() % 16 {
        0 => machine.reply(session, request, Ok(Value::Int(1))),
        1 => machine.reply(session, request, Ok(Value::text("late"))),
        2 => machine.reply(session, request, Err(Failure::unavailable("late"))),
        3 => machine.cancel_scope(session, role),
        4 => machine.reply(&SessionId::root(99), request, Ok(Value::Unit)),
        5 => machine.reply(&session.child(0), request, Ok(Value::Unit)),
        _ => Ok(()),
    };
}

fn judge(machine: &VM, calm: &SessionId, others: &[SessionId], alone: &[Event]) -> Result<(), String> {
    for session in others.iter().chain([calm]) {
        let events = events_of(machine, session);
        let described: Vec<Description> = events.iter().filter_map(|event| machine.describe(event)).collect();
        contracts::check(&described)?;
    }
    let events = events_of(machine, calm);
    let common = events.len().min(alone.len());
    if events[..common] != alone[..common] {
        return Err("the calm session noticed the others".to_owned());
    }
    Ok(())
}

/// G1, surface 3.
#[must_use]
pub fn hostile(size: Size) -> Report {
    let mut report = Report::default();
    let mut numbers = Numbers::new(3);
    let programs: Vec<_> = programs().into_iter().filter(|(_, image)| !image.ops.is_empty()).collect();
    let alone: Vec<Vec<Event>> = programs.iter().map(|(_, image)| alone(image).unwrap_or_default()).collect();
    for _ in 0..size.of(100_000, 10_000_000) {
        let bytes: Vec<u8> = (0..1 + numbers.below(60)).map(|_| numbers.word() as u8).collect();
        report.case(|| surface(&programs, &alone, &bytes), || super::image::hex(&bytes));
    }
    report
}

/// What the calm session does when nobody else is there.
fn alone(image: &CodeImage) -> Result<Vec<Event>, String> {
    let (mut machine, id, args) = machine(VMConfig::default(), image.clone(), Calm)?;
    let session = machine.open(id, &args).map_err(|error| error.to_string())?;
    machine.run(20_000, &mut || false);
    Ok(events_of(&machine, &session))
}
