//! `tellc check-trace`: does a log of messages follow a protocol?
//!
//! [`log`] reads logs in all their forms, one record at a time; the monitor of the compiler judges them.

mod log;

use crate::args::CheckTrace;
use crate::compile::{check_global, check_program, protocols};
use crate::input::{Input, read_as};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::project::{errors_stop, find, project_callee};
use log::{Log, Record};
use serde::Serialize;
use std::collections::BTreeMap;
use tell_compiler::explore::Event;
use tell_compiler::graph::Graph;
use tell_compiler::monitor::{Alarm, AlarmKind, Monitor, Observed, Session};
use tell_compiler::pipeline::{Checked, Projected};
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};

/// Most things that are listed as allowed.
const MAX_ALLOWED: usize = 20;

/// What was found out about a log (schema `docs/schema/check-trace.json`).
#[derive(Debug, Default, Serialize)]
struct Verdict {
    conforms: bool,
    /// Whether every session may be over at the end.
    complete: bool,
    protocol: String,
    /// Messages sent and received that were looked at.
    events: u64,
    sessions: u64,
    alarm: Option<Found>,
}

/// The first thing that does not conform.
#[derive(Debug, Serialize)]
struct Found {
    class: &'static str,
    /// Which event, from 0; null at the end.
    event: Option<u64>,
    line: u64,
    session: u64,
    text: String,
    allowed: Vec<String>,
}

/// Checks a log.
///
/// # Errors
/// What is wrong with the program; a log that cannot be read.
pub(crate) fn check_trace(args: &CheckTrace, output: &Output) -> Result<Exit, Trouble> {
    let checked = match read_as(&args.against, None)? {
        Input::Program { name, text } => check_program(&name, &text),
        Input::Global { name, text } => check_global(&name, &text)?,
        Input::Image { name, .. } => {
            return Err(Trouble::usage(format!(
                "`{name}` is an image: name the program or global type it was made of"
            )));
        }
    };
    let checked = errors_stop(checked)?;
    let mut log = Log::open(&args.log)?;
    let named = log.protocol().filter(|name| protocols(&checked).contains(name)).map(str::to_owned);
    let protocol = args.protocol.clone().or(named);
    let own;
    let projected = match find(&checked, protocol.as_deref()) {
        Some(projected) => projected,
        None => {
            own = project_callee(&checked, protocol.as_deref())?;
            &own
        }
    };
    let verdict = watch(&checked, projected, &mut log, args.complete)?;
    if args.json {
        output.line(serde_json::to_string(&verdict).expect("plain data becomes JSON"))?;
    } else if !verdict.conforms || !output.is_quiet() {
        output.line(in_words(&verdict, log.name()))?;
    }
    Ok(if verdict.conforms { Exit::Ok } else { Exit::Wrong })
}

/// What is being watched.
struct Watch<'a> {
    graph: &'a Graph,
    monitor: Monitor<'a>,
    /// Sessions that are not over.
    open: BTreeMap<u64, Session>,
    verdict: Verdict,
}

fn watch(checked: &Checked, projected: &Projected, log: &mut Log, is_all: bool) -> Result<Verdict, Trouble> {
    let graph = &projected.graph;
    let monitor = Monitor::new(&checked.program, graph, &projected.projection.machines).map_err(|kind| {
        let text = format!("`{}` cannot be watched: {}", graph.name, kind.name());
        Trouble::plain(Diagnostic::new(Code("E0404"), text).help("decide less without messages, or split the protocol"))
    })?;
    let verdict = Verdict { protocol: graph.name.clone(), conforms: true, complete: true, ..Verdict::default() };
    let mut watch = Watch { graph, monitor, open: BTreeMap::new(), verdict };
    while let Some((line, record)) = log.next()? {
        watch.record(line, &record);
        if !watch.verdict.conforms {
            watch.verdict.complete = false;
            return Ok(watch.verdict);
        }
    }
    watch.finish(log.line(), is_all);
    Ok(watch.verdict)
}

impl Watch<'_> {
    fn record(&mut self, line: u64, record: &Record) {
        match record {
            Record::Message { session, role, is_send, peer, label, payload } => {
                let number = *session;
                let open = self.open.entry(number).or_insert_with(|| {
                    self.verdict.sessions += 1;
                    self.monitor.session()
                });
                let observed = Observed { role, is_send: *is_send, peer, label };
                let fits = |label: &tell_compiler::graph::Label| payload.fits(&label.sort);
                if let Err(alarm) = self.monitor.observe(open, &observed, &fits) {
                    let text = sentence(role, *is_send, label, peer);
                    let event = Some(self.verdict.events);
                    self.raise(&alarm, event, line, number, text);
                }
                self.verdict.events += 1;
            }
            Record::End { session } => {
                let ended = self.open.remove(session).unwrap_or_else(|| {
                    self.verdict.sessions += 1;
                    self.monitor.session()
                });
                self.end(&ended, line, *session);
            }
            Record::Other => {}
        }
    }

    /// The log is over.
    fn finish(&mut self, line: u64, is_all: bool) {
        if self.verdict.sessions == 0 {
            self.open.insert(0, self.monitor.session());
        }
        for (number, session) in std::mem::take(&mut self.open) {
            if is_all && self.verdict.conforms {
                self.end(&session, line, number);
            }
            self.verdict.complete &= self.monitor.is_complete(&session);
        }
    }

    fn end(&mut self, session: &Session, line: u64, number: u64) {
        if let Err(alarm) = self.monitor.end(session) {
            self.raise(&alarm, None, line, number, "the session ends".to_owned());
        }
    }

    fn raise(&mut self, alarm: &Alarm, event: Option<u64>, line: u64, session: u64, text: String) {
        let allowed = alarm.allowed.iter().take(MAX_ALLOWED).map(|event| self.shown(event)).collect();
        self.verdict.conforms = false;
        self.verdict.alarm = Some(Found { class: alarm.kind.name(), event, line, session, text, allowed });
        if alarm.kind == AlarmKind::PrematureEnd {
            self.verdict.complete = false;
        }
    }

    fn shown(&self, event: &Event) -> String {
        let name = |role: u32| self.graph.roles[role as usize].as_str();
        let label = &self.graph.labels[event.label as usize];
        let shown = match label.sort {
            Sort::Unit => label.name.clone(),
            _ => format!("{}({})", label.name, label.sort),
        };
        sentence(name(event.role), event.is_send, &shown, name(event.peer))
    }
}

fn sentence(role: &str, is_send: bool, label: &str, peer: &str) -> String {
    if is_send {
        format!("`{role}` sends `{label}` to `{peer}`")
    } else {
        format!("`{role}` receives `{label}` from `{peer}`")
    }
}

fn in_words(verdict: &Verdict, log: &str) -> String {
    let Some(alarm) = &verdict.alarm else {
        let end = if verdict.complete { "complete" } else { "not at an end" };
        let messages = if verdict.events == 1 { "event" } else { "events" };
        return format!("{log}: conforms to {}, {} {messages}, {end}", verdict.protocol, verdict.events);
    };
    let session = if verdict.sessions > 1 { format!(" in session {}", alarm.session) } else { String::new() };
    let mut text = format!("{log}:{}: {}{session}: {}", alarm.line, alarm.class, alarm.text);
    match alarm.allowed.as_slice() {
        [] => text.push_str("\n  nothing is allowed there"),
        allowed => allowed.iter().for_each(|known| text.push_str(&format!("\n  allowed there: {known}"))),
    }
    text
}
