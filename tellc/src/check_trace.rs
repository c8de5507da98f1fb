//! `tellc check-trace`: does a log of messages follow a protocol?
//!
//! [`log`] reads logs in all their forms, one record at a time; the monitor of the compiler judges them.

mod log;

use crate::args::CheckTrace;
use crate::compile::{check_global, check_program, protocols};
use crate::input::{Input, read_as, shown};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::project::{errors_stop, find, project_callee};
use log::{Log, Record};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use tell_compiler::explore::Event;
use tell_compiler::graph::Graph;
use tell_compiler::monitor::{Alarm, AlarmKind, Monitor, Observed, Session};
use tell_compiler::pipeline::{Checked, Projected};
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::render::one_line;

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
    /// Messages sent and not received.
    under_way: Vec<String>,
}

/// Checks a log.
///
/// # Errors
/// What is wrong with the program, or a log that cannot be read; with `--json` that is part of the result.
pub(crate) fn check_trace(args: &CheckTrace, output: &Output) -> Result<Exit, Trouble> {
    match (judge(args), args.json) {
        (Ok((verdict, log)), is_json) => {
            if is_json {
                output.line(serde_json::to_string(&verdict).expect("plain data becomes JSON"))?;
            } else if !verdict.conforms || !output.is_quiet() {
                in_words(&verdict, &log).iter().try_for_each(|line| output.line(one_line(line)))?;
            }
            Ok(if verdict.conforms { Exit::Ok } else { Exit::Wrong })
        }
        (Err(Trouble::Report(report)), true) => {
            output.refusal(&report.diagnostics, &report.files)?;
            Ok(report.exit)
        }
        (Err(trouble), _) => Err(trouble),
    }
}

/// The verdict, and the name of the log.
fn judge(args: &CheckTrace) -> Result<(Verdict, String), Trouble> {
    let mut is_named = true;
    let checked = match read_as(&args.against, None)? {
        Input::Program { name, text } => check_program(&name, &text, &args.sizes)?,
        Input::Global { name, text } => {
            // A global type is called like its file.
            is_named = false;
            check_global(&name, &text, &args.sizes)?
        }
        Input::Image { name, .. } => {
            return Err(Trouble::usage(format!(
                "`{name}` is an image: name the program or global type it was made of"
            )));
        }
    };
    let checked = errors_stop(checked)?;
    let mut log = Log::open(&args.log)?;
    let named = log.protocol().filter(|_| is_named).map(str::to_owned);
    if let (None, Some(name)) = (&args.protocol, &named) {
        has_protocol(&checked, name, &args.against)?;
    }
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
    Ok((verdict, log.name().to_owned()))
}

/// `E0704`: the log is of a protocol that the file does not have.
fn has_protocol(checked: &Checked, name: &str, against: &Path) -> Result<(), Trouble> {
    let known = protocols(checked);
    if known.is_empty() || known.contains(&name) {
        return Ok(());
    }
    let text = format!("the log is of `{name}`, which `{}` does not have", shown(against));
    let help = "name the file the log was made with, or the protocol with `--protocol`";
    Err(Trouble::plain(Diagnostic::new(Code("E0704"), text).help(help)))
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
            Record::Message { session, role, is_send, peer, label, payload, text } => {
                let number = *session;
                let open = self.open.entry(number).or_insert_with(|| {
                    self.verdict.sessions += 1;
                    self.monitor.session()
                });
                let observed = Observed { role, is_send: *is_send, peer, label };
                let fits = |label: &tell_compiler::graph::Label| payload.fits(&label.sort);
                if let Err(alarm) = self.monitor.observe(open, &observed, &fits) {
                    let text = self.explained(&alarm, &observed, text);
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
        let allowed = distinct(alarm.allowed.iter().map(|event| self.shown(event)));
        let under_way = distinct(alarm.under_way.iter().map(|event| self.on_its_way(event)));
        self.verdict.conforms = false;
        self.verdict.alarm = Some(Found { class: alarm.kind.name(), event, line, session, text, allowed, under_way });
        if alarm.kind == AlarmKind::PrematureEnd {
            self.verdict.complete = false;
        }
    }

    /// What was observed, and what is wrong with it where the class does not say it.
    fn explained(&self, alarm: &Alarm, event: &Observed<'_>, payload: &str) -> String {
        let Observed { role, is_send, peer, label } = *event;
        let said = sentence(role, is_send, label, peer);
        let is_role = |name: &str| self.graph.roles.iter().any(|role| role == name);
        if let Some(stranger) = [role, peer].into_iter().find(|name| !is_role(name)) {
            return format!("{said}, but `{stranger}` is no role of `{}`", self.graph.name);
        }
        let is_same = |known: &&Event| {
            known.is_send == is_send
                && (self.name(known.role), self.name(known.peer)) == (role, peer)
                && self.graph.labels[known.label as usize].name == label
        };
        let is_early = matches!(alarm.kind, AlarmKind::NotSent | AlarmKind::NotStarted) && !is_send;
        if is_early && !alarm.under_way.iter().any(|known| is_same(&known)) {
            return format!("received before it was sent: {said}, but no `{label}` is under way");
        }
        if alarm.kind != AlarmKind::WrongPayload || payload.is_empty() {
            return said;
        }
        let verb = if is_send { "sends" } else { "receives" };
        let sorts = alarm.allowed.iter().filter(is_same).map(|known| &self.graph.labels[known.label as usize].sort);
        let expected = distinct(sorts.map(|sort| match sort {
            Sort::Unit => "no payload".to_owned(),
            sort => format!("`{sort}`"),
        }));
        let expected =
            if expected.is_empty() { String::new() } else { format!("; expected {}", expected.join(" or ")) };
        format!("`{role}` {verb} `{label}` with {payload}{expected}")
    }

    fn name(&self, role: u32) -> &str {
        &self.graph.roles[role as usize]
    }

    fn on_its_way(&self, event: &Event) -> String {
        let label = &self.graph.labels[event.label as usize].name;
        format!("`{label}` ({} -> {})", self.name(event.peer), self.name(event.role))
    }

    fn shown(&self, event: &Event) -> String {
        let label = &self.graph.labels[event.label as usize];
        let shown = match label.sort {
            Sort::Unit => label.name.clone(),
            _ => format!("{}({})", label.name, label.sort),
        };
        sentence(self.name(event.role), event.is_send, &shown, self.name(event.peer))
    }
}

/// The first of the texts, each once.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        if found.len() == MAX_ALLOWED {
            break;
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

fn sentence(role: &str, is_send: bool, label: &str, peer: &str) -> String {
    if is_send {
        format!("`{role}` sends `{label}` to `{peer}`")
    } else {
        format!("`{role}` receives `{label}` from `{peer}`")
    }
}

fn in_words(verdict: &Verdict, log: &str) -> Vec<String> {
    let Some(alarm) = &verdict.alarm else {
        let end = if verdict.complete { "complete" } else { "not at an end" };
        let messages = if verdict.events == 1 { "event" } else { "events" };
        return vec![format!("{log}: conforms to {}, {} {messages}, {end}", verdict.protocol, verdict.events)];
    };
    let session = if verdict.sessions > 1 { format!(" in session {}", alarm.session) } else { String::new() };
    let mut lines = vec![format!("{log}:{}: {}{session}: {}", alarm.line, alarm.class, alarm.text)];
    if alarm.class == AlarmKind::PrematureEnd.name() {
        lines.extend(alarm.under_way.iter().map(|message| format!("  still under way: {message}")));
    }
    match alarm.allowed.as_slice() {
        [] => lines.push("  nothing is allowed there".to_owned()),
        allowed => lines.extend(allowed.iter().map(|known| format!("  allowed there: {known}"))),
    }
    lines
}
