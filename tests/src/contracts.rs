//! The order contracts of events (MACHINE §4), checked on any trace that has all its events.
//!
//! What follows what directly is in [`follows`] and [`preceded`]; what has to have been there before is in [`Course`].

use std::collections::{BTreeMap, VecDeque};
use tell_vm::Description;

/// Checks the events of any number of sessions, in commit order.
///
/// # Errors
/// The first event that is out of order, and why.
pub fn check(events: &[Description]) -> Result<(), String> {
    let mut courses: BTreeMap<&str, Course<'_>> = BTreeMap::new();
    for event in events {
        let course = courses.entry(&event.session).or_default();
        course.take(event).map_err(|why| {
            let at = format!("session {}, event {}, {}", event.session, event.sequence, event.event);
            format!("{at}: {why}")
        })?;
    }
    Ok(())
}

/// A field of an event; empty if it has none of that name.
fn field<'a>(event: &'a Description, name: &str) -> &'a str {
    event.fields.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

/// What one session has done so far.
#[derive(Default)]
struct Course<'a> {
    last: Option<&'a Description>,
    /// Requests that are not settled: number, role and operation.
    requests: BTreeMap<&'a str, (&'a str, &'a str)>,
    /// Messages under way by sender and receiver: number, label, payload.
    edges: BTreeMap<(&'a str, &'a str), VecDeque<[&'a str; 3]>>,
    /// Numbers used on each edge.
    sent: BTreeMap<(&'a str, &'a str), u64>,
    /// Scopes a role is in, and branches that run: role, kind, number.
    open: BTreeMap<(&'a str, &'a str, &'a str), u32>,
    /// Scopes whose deadline has passed.
    timeouts: BTreeMap<&'a str, u32>,
    /// Roles that are done.
    halted: Vec<&'a str>,
    /// Cancellations of the whole session that are not carried out.
    cancelling: u32,
}

impl<'a> Course<'a> {
    fn take(&mut self, event: &'a Description) -> Result<(), String> {
        self.position(event)?;
        if let Some(last) = self.last {
            follows(last, event)?;
        }
        preceded(self.last, event)?;
        self.is_grounded(event)?;
        self.last = Some(event);
        Ok(())
    }

    /// Numbers go up by one, ticks never down; the first event is the opening.
    fn position(&self, event: &Description) -> Result<(), String> {
        let (sequence, tick) = self.last.map_or((0, 0), |last| (last.sequence.wrapping_add(1), last.tick));
        if event.sequence != sequence {
            return Err(format!("its number is not {sequence}"));
        }
        if event.tick < tick {
            return Err(format!("its tick {} is before {tick}", event.tick));
        }
        if (event.event == "Opened") != self.last.is_none() {
            return Err("a session is opened first, and once".to_owned());
        }
        Ok(())
    }

    /// Whether what it needs was there before.
    fn is_grounded(&mut self, event: &'a Description) -> Result<(), String> {
        let role = event.role.as_deref().unwrap_or_default();
        let of = |name| field(event, name);
        if !role.is_empty() && self.halted.contains(&role) && !["Discarded", "SessionTerminal"].contains(&event.event) {
            return Err(format!("`{role}` is done"));
        }
        match event.event {
            "Sent" | "Offered" => self.send((role, of("to")), event),
            "Received" | "Chose" | "Discarded" => self.receive((of("from"), role), event),
            "Dropped" => self.lose((role, of("to")), event),
            "Performed" => {
                let twice = self.requests.insert(of("request"), (role, of("op"))).is_some();
                if twice { Err("its number is in use".to_owned()) } else { Ok(()) }
            }
            "Completed" => self.settle(event),
            "Cancelled" if !of("request").is_empty() => self.settle(event),
            "Cancelled" => {
                self.cancelling = self.cancelling.checked_sub(1).ok_or("nobody asked for it")?;
                Ok(())
            }
            "CancellationRequested" if of("request").is_empty() => {
                self.cancelling += 1;
                Ok(())
            }
            "ScopeEntered" => self.start((role, "scope", of("scope"))),
            "ScopeOutcome" => {
                if of("outcome") == "timeout" && !self.timeouts.contains_key(of("scope")) {
                    return Err("no deadline has passed".to_owned());
                }
                self.end((role, "scope", of("scope")))
            }
            "TimeoutIssued" => {
                *self.timeouts.entry(of("scope")).or_default() += 1;
                Ok(())
            }
            "BranchStarted" => self.start((role, "branch", of("branch"))),
            "BranchEnded" => self.end((role, "branch", of("branch"))),
            "Halted" => {
                self.halted.push(role);
                Ok(())
            }
            "Closed" => self.is_over(),
            "SessionTerminal" if self.cancelling > 0 => Err("a cancellation is not carried out".to_owned()),
            _ => Ok(()),
        }
    }

    fn start(&mut self, key: (&'a str, &'a str, &'a str)) -> Result<(), String> {
        *self.open.entry(key).or_default() += 1;
        Ok(())
    }

    fn end(&mut self, key: (&'a str, &'a str, &'a str)) -> Result<(), String> {
        let open = self.open.get_mut(&key).filter(|open| **open > 0).ok_or("it was not started")?;
        *open -= 1;
        Ok(())
    }

    fn settle(&mut self, event: &'a Description) -> Result<(), String> {
        let role = event.role.as_deref().unwrap_or_default();
        match self.requests.remove(field(event, "request")) {
            Some(performed) if performed == (role, field(event, "op")) => Ok(()),
            _ => Err("it was not performed, or is settled".to_owned()),
        }
    }

    fn send(&mut self, edge: (&'a str, &'a str), event: &'a Description) -> Result<(), String> {
        let sent = self.sent.entry(edge).or_default();
        if field(event, "number") != sent.to_string() {
            return Err(format!("its number on its edge is not {sent}"));
        }
        *sent += 1;
        self.edges.entry(edge).or_default().push_back(message(event));
        Ok(())
    }

    fn lose(&mut self, edge: (&'a str, &'a str), event: &'a Description) -> Result<(), String> {
        let queue = self.edges.entry(edge).or_default();
        let place = queue.iter().rposition(|queued| *queued == message(event)).ok_or("it was not sent")?;
        queue.remove(place);
        Ok(())
    }

    fn receive(&mut self, edge: (&'a str, &'a str), event: &'a Description) -> Result<(), String> {
        match self.edges.get_mut(&edge).and_then(VecDeque::pop_front) {
            Some(head) if head == message(event) => Ok(()),
            Some(head) => Err(format!("{head:?} comes first")),
            None => Err("it was not sent".to_owned()),
        }
    }

    /// A session that ends well leaves nothing behind.
    fn is_over(&self) -> Result<(), String> {
        match self.edges.iter().find(|(_, queue)| !queue.is_empty()) {
            Some((edge, _)) => Err(format!("a message is under way on {edge:?}")),
            // Branches and scopes inside a scope that is left are abandoned without a word.
            None if self.requests.is_empty() => Ok(()),
            None => Err("a request is outstanding".to_owned()),
        }
    }
}

fn message(event: &Description) -> [&str; 3] {
    ["number", "label", "payload"].map(|name| field(event, name))
}

/// Whether an event may stand directly behind another one of its session.
fn follows(last: &Description, event: &Description) -> Result<(), String> {
    let same = |names: &[&str]| names.iter().all(|name| field(last, name) == field(event, name));
    let with_role = last.role == event.role;
    let is_right = match last.event {
        "FailureBranchEntered" => {
            with_role
                && (event.event == "Faulted" || event.event == "ScopeOutcome" && field(event, "outcome") == "fail")
        }
        "TimeoutIssued" if !field(last, "scope").is_empty() => {
            let outcome = event.event == "ScopeOutcome" && field(event, "outcome") == "timeout";
            outcome && with_role && same(&["scope"]) && last.tick == event.tick
        }
        "CancellationRequested" if !field(last, "request").is_empty() => {
            event.event == "Cancelled" && with_role && same(&["op", "request"]) && last.tick == event.tick
        }
        "OutputConditionChecked" => {
            let is_sent = ["Sent", "Offered"].contains(&event.event) && same(&["label"]) && last.tick == event.tick;
            with_role && (is_sent || event.event == "FailureBranchEntered")
        }
        "Closed" | "Faulted" => event.event == "SessionTerminal" && event.role.is_none(),
        "SessionTerminal" => ["SessionTerminal", "EpochAdvanced"].contains(&event.event),
        "EpochAdvanced" => false,
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("it follows {} {:?}", last.event, last.fields)) }
}

/// Whether what has to stand directly before an event does.
fn preceded(last: Option<&Description>, event: &Description) -> Result<(), String> {
    let name = last.map_or("", |last| last.event);
    let is_right = match event.event {
        "Faulted" => name == "FailureBranchEntered",
        "Cancelled" if !field(event, "request").is_empty() => name == "CancellationRequested",
        "SessionTerminal" => ["Closed", "Faulted", "Cancelled", "SessionTerminal"].contains(&name),
        "EpochAdvanced" => name == "SessionTerminal",
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("it follows `{name}`")) }
}
