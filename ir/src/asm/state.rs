//! States of local machines as text: `s1 recv Seller Yes -> s2 | Seller No -> s3`.

use super::cursor::{Cursor, NOTATION, Read, unknown_word};
use super::name::Names;
use super::section::{label, role, word};
use crate::image::Outcome;
use crate::machine::{State, StateId, Transition};

/// How a state is written.
pub(crate) const FORM: &str = "sN at nN, …: end, send ROLE LABEL -> sN | …, recv … | end, silent -> sN | …, \
                               par sN | … then sN, scope N -> sN | OUTCOME -> sN then sN, join";

/// The words states begin with.
const WORDS: [&str; 7] = ["end", "send", "recv", "silent", "par", "scope", "join"];

/// A state.
pub(crate) fn write(names: &Names, state: &State) -> String {
    match state {
        State::End => "end".to_owned(),
        State::Send(rows) => format!("send {}", transitions(names, rows)).trim_end().to_owned(),
        State::Recv { rows, may_end } => {
            let end = match (may_end, rows.is_empty()) {
                (true, true) => "end",
                (true, false) => " | end",
                (false, _) => "",
            };
            format!("recv {}{end}", transitions(names, rows)).trim_end().to_owned()
        }
        State::Tau(next) => format!("silent -> {}", states(next)).trim_end().to_owned(),
        State::Par { branches, then } => format!("par {} then s{}", states(branches), then.0),
        State::Scope { scope, body, rows, then } => {
            let row = |(outcome, state): &(Outcome, StateId)| format!(" | {} -> s{}", outcome.text(), state.0);
            let rows: String = rows.iter().map(row).collect();
            format!("scope {scope} -> s{}{rows} then s{}", body.0, then.0)
        }
        State::Join => "join".to_owned(),
    }
}

fn transitions(names: &Names, rows: &[Transition]) -> String {
    let row = |row: &Transition| {
        let (partner, label) = (names.roles.name(row.partner.into()), names.labels.name(row.label.into()));
        format!("{partner} {label} -> s{}", row.target.0)
    };
    rows.iter().map(row).collect::<Vec<_>>().join(" | ")
}

fn states(states: &[StateId]) -> String {
    states.iter().map(|state| format!("s{}", state.0)).collect::<Vec<_>>().join(" | ")
}

/// Reads a state.
pub(crate) fn read(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<State> {
    let Some(first) = cursor.peek() else { return cursor.expected("a state") };
    if !WORDS.contains(&first.text) {
        return Err(unknown_word(cursor, "a kind of state", WORDS));
    }
    cursor.at += 1;
    match first.text {
        "end" => Ok(State::End),
        "join" => Ok(State::Join),
        "send" => match read_transitions(names, cursor)? {
            (rows, false) => Ok(State::Send(rows)),
            (_, true) => cursor.wrong(NOTATION, "a session does not end where a role sends", None),
        },
        "recv" => read_transitions(names, cursor).map(|(rows, may_end)| State::Recv { rows, may_end }),
        "silent" => {
            cursor.expect("->")?;
            read_ways(cursor, id).map(State::Tau)
        }
        "par" => {
            let branches = read_ways(cursor, id)?;
            cursor.expect("then")?;
            Ok(State::Par { branches, then: id(cursor)? })
        }
        _ => read_scope(cursor, id).map(|(scope, body, rows, then)| State::Scope { scope, body, rows, then }),
    }
}

/// A scope of a machine or of the choreography: its number, its body, where each outcome leads, and what follows.
type Scope<T> = (u32, T, Vec<(Outcome, T)>, T);

/// Reads one whose places are read by `id`.
pub(super) fn read_scope<T>(cursor: &mut Cursor<'_, '_>, id: fn(&mut Cursor<'_, '_>) -> Read<T>) -> Read<Scope<T>> {
    let scope = cursor.number("the number of a scope", u32::MAX)?;
    cursor.expect("->")?;
    let body = id(cursor)?;
    let mut rows = Vec::new();
    while cursor.eats("|") {
        let outcome = word(cursor, "an outcome", Outcome::ALL)?;
        cursor.expect("->")?;
        rows.push((outcome, id(cursor)?));
    }
    cursor.expect("then")?;
    Ok((scope, body, rows, id(cursor)?))
}

/// `s3`
pub(crate) fn id(cursor: &mut Cursor<'_, '_>) -> Read<StateId> {
    cursor.lettered('s', "a state", u32::MAX).map(StateId)
}

/// Places with `|` between them, up to `then` or the end of the line.
pub(super) fn read_ways<T>(cursor: &mut Cursor<'_, '_>, id: fn(&mut Cursor<'_, '_>) -> Read<T>) -> Read<Vec<T>> {
    let mut ways = Vec::new();
    while cursor.peek().is_some() && !cursor.sees("then") {
        if !ways.is_empty() {
            cursor.expect("|")?;
        }
        ways.push(id(cursor)?);
    }
    Ok(ways)
}

/// Rows up to the end of the line, and whether the last is `end`.
fn read_transitions(names: &Names, cursor: &mut Cursor<'_, '_>) -> Read<(Vec<Transition>, bool)> {
    let mut rows = Vec::new();
    while cursor.peek().is_some() {
        if !rows.is_empty() {
            cursor.expect("|")?;
        }
        if cursor.eats("end") {
            return Ok((rows, true));
        }
        let (partner, label) = (role(names, cursor)?, label(names, cursor)?);
        cursor.expect("->")?;
        rows.push(Transition { partner, label, target: id(cursor)? });
    }
    Ok((rows, false))
}
