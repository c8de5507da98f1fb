//! `Tag` and `Check`: what a role knows, and whether it may let another know it.

use super::Turn;
use super::frame::{missing, violation};
use super::program::Program;
use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::SessionState;
use crate::value::{Kind, Value};
use tell_ir::instr::Reg;
use tell_ir::resource::Fact;

/// The role knows a fact from now on.
pub(super) fn tag(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (fact, dst): (u16, Reg),
) -> Result<Turn, Box<Fault>> {
    entry(program, fact)?;
    let role = state.coroutines[usize::from(who)].role;
    let place = super::place(program, role, dst, Kind::Witness(fact))?;
    state.holdings().known.insert((role, fact));
    state.registers[place] = Value::Witness(fact);
    state.log.step(role, EventKind::Tagged { fact }, || Value::Unit);
    state.coroutines[usize::from(who)].pc += 1;
    Ok(Turn::On)
}

/// Whether the role knows a fact and may let role `to` know it.
pub(super) fn check(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (fact, to, dst): (u16, u16, Reg),
) -> Result<Turn, Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    if usize::from(to) >= program.roles.len() {
        return Err(missing("role", u32::from(to)));
    }
    let entry = entry(program, fact)?;
    let place = super::place(program, role, dst, Kind::Bool)?;
    let knows = state.holdings.as_ref().is_some_and(|holdings| holdings.known.contains(&(role, fact)));
    let holds = knows && state.config.flow.allows(entry, to, program.role_name(to));
    state.registers[place] = Value::Bool(holds);
    state.log.step(role, EventKind::Checked { fact, to, holds }, || Value::Unit);
    state.coroutines[usize::from(who)].pc += 1;
    Ok(Turn::On)
}

pub(super) fn entry(program: &Program, fact: u16) -> Result<&Fact, Box<Fault>> {
    program.image().resources.facts.get(usize::from(fact)).ok_or_else(|| missing("fact", u32::from(fact)))
}

/// Checks that a role knows the facts of a bundle and may let `to` know them.
pub(super) fn may_flow(
    program: &Program,
    state: &SessionState,
    (role, to): (u16, u16),
    facts: &[u16],
) -> Result<(), Box<Fault>> {
    for &fact in facts {
        let entry = entry(program, fact)?;
        let knows = state.holdings.as_ref().is_some_and(|holdings| holdings.known.contains(&(role, fact)));
        let reason = match (knows, state.config.flow.allows(entry, to, program.role_name(to))) {
            (true, true) => continue,
            (false, _) => "its sender does not know it",
            (true, false) => "the policy forbids it",
        };
        let (fact, to) = (entry.name.clone(), program.role_name(to).to_owned());
        return Err(Box::new(Fault::FlowViolation { fact, to, reason }));
    }
    Ok(())
}

/// The fault of a register of the wrong kind.
pub(super) fn wrong_kind(register: Reg, kind: Kind, needed: Kind) -> Box<Fault> {
    violation(format!("register {register}, which is {}", kind.text()), needed.text(), &Value::Unit)
}
