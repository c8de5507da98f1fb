//! A monitor made of the local machines: does what is observed follow the choreography?
//!
//! It reads sends and receives in the order in which they were observed and keeps, per role, all places of its machine
//! where the role can be (what a role decides silently is not observed), and per channel the messages under way. An
//! event is accepted iff its role can do it in one of these places and, for a receive, the message is the first of its
//! channel. After Bocchi, Chen, Demangeon, Honda, Yoshida, *Monitoring Networks through Multiparty Session Types*
//! (TCS 2017): each role is checked against its local type, and the channels are FIFO.
//!
//! What several roles decide together on shared data is not compared between them: a log has no bindings.
//!
//! [`Monitor`] is made once, a [`Session`] per run.

mod place;

use crate::explore::Event;
use crate::explore::code::Code;
use crate::graph::{Graph, Label, Role};
use crate::hir::Program;
use crate::project::machine::Machine;
use place::{Place, Places};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What is observed: a role sends to, or receives from, a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed<'e> {
    /// The role that acts.
    pub role: &'e str,
    /// Whether it sends; else it receives.
    pub is_send: bool,
    /// The role at the other end.
    pub peer: &'e str,
    /// Name of the message.
    pub label: &'e str,
}

/// What is wrong with an event, or with the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// The role does not take part, or it has not done anything yet and every first step of it waits for a message
    /// that was not sent.
    NotStarted,
    /// The role communicates in this direction with others only, or not at all.
    UnexpectedPeer,
    /// It communicates with this peer, but sends, or is to receive, other messages; or another one comes first.
    UnexpectedLabel,
    /// The message is right, the payload is not.
    WrongPayload,
    /// The message is right, but was not sent yet.
    NotSent,
    /// The log ends, but a role has still to act, or a message is under way.
    PrematureEnd,
    /// The role can be in too many places to go on.
    TooManyPlaces,
}

impl AlarmKind {
    /// Its name, as it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::UnexpectedPeer => "unexpected peer",
            Self::UnexpectedLabel => "unexpected label",
            Self::WrongPayload => "wrong payload",
            Self::NotSent => "not sent",
            Self::PrematureEnd => "premature end",
            Self::TooManyPlaces => "too many places",
        }
    }
}

/// An alarm, what would have been right, and what is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What is wrong.
    pub kind: AlarmKind,
    /// What the role could do now, or everybody if it can do nothing; at the end what is still to be done.
    pub allowed: Vec<Event>,
    /// The messages that were sent and not received, as their receivers will see them.
    pub under_way: Vec<Event>,
}

/// The machines of a choreography, ready to watch sessions.
pub struct Monitor<'a> {
    graph: &'a Graph,
    code: Code,
    roles: FxHashMap<&'a str, Role>,
    /// Labels of each name.
    labels: FxHashMap<&'a str, Vec<u32>>,
    channels: FxHashMap<(Role, Role), usize>,
    start: Vec<Places>,
}

/// What was seen of one session.
#[derive(Clone, Debug)]
pub struct Session {
    roles: Vec<Places>,
    /// Roles that have done something.
    has_begun: Vec<bool>,
    /// Messages under way; of each the labels it may have.
    channels: Vec<VecDeque<Vec<u32>>>,
}

impl<'a> Monitor<'a> {
    /// A monitor of the machines of a choreography, one per role, in order of the roles.
    ///
    /// # Errors
    /// If a role can be in too many places from the start on.
    pub fn new(program: &Program, graph: &'a Graph, machines: &[Machine]) -> Result<Self, AlarmKind> {
        let code = Code::new(program, graph, machines);
        let mut labels: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        for (id, label) in (0..).zip(&graph.labels) {
            labels.entry(label.name.as_str()).or_default().push(id);
        }
        let roles = graph.roles.iter().map(String::as_str).zip(0..).collect();
        let channels = code.edges.iter().copied().zip(0..).collect();
        let start: Option<Vec<Places>> = code.ops.iter().map(|ops| place::settled(ops, vec![Place::start()])).collect();
        let start = start.ok_or(AlarmKind::TooManyPlaces)?;
        Ok(Self { graph, code, roles, labels, channels, start })
    }

    /// A session of which nothing was seen yet.
    #[must_use]
    pub fn session(&self) -> Session {
        Session {
            roles: self.start.clone(),
            has_begun: vec![false; self.start.len()],
            channels: vec![VecDeque::new(); self.code.edges.len()],
        }
    }

    /// Takes notice of an event; `fits` says whether its payload may be that of a label.
    ///
    /// # Errors
    /// If the event does not follow the choreography. The session stays as it was.
    pub fn observe(
        &self,
        session: &mut Session,
        event: &Observed<'_>,
        fits: &dyn Fn(&Label) -> bool,
    ) -> Result<(), Alarm> {
        let Some(role) = self.roles.get(event.role).copied() else {
            return Err(Alarm { kind: AlarmKind::NotStarted, allowed: Vec::new(), under_way: self.under_way(session) });
        };
        let alarm = |kind| Alarm { kind, allowed: self.instead(session, role), under_way: self.under_way(session) };
        let Some(peer) = self.roles.get(event.peer).copied() else {
            return Err(alarm(AlarmKind::UnexpectedPeer));
        };
        let (from, to) = if event.is_send { (role, peer) } else { (peer, role) };
        let Some(channel) = self.channels.get(&(from, to)).copied() else {
            return Err(alarm(self.reason(session, role, peer, event, &[])));
        };
        let named = self.labels.get(event.label).map_or(&[][..], Vec::as_slice);
        let mut labels: Vec<u32> =
            named.iter().copied().filter(|label| fits(&self.graph.labels[*label as usize])).collect();
        let mut discarded = 0;
        if !event.is_send {
            let matches = |message: &Vec<u32>| message.iter().any(|label| labels.contains(label));
            let Some(at) = self.within_reach(session, channel).position(matches) else {
                return Err(alarm(self.reason(session, role, peer, event, &labels)));
            };
            labels.retain(|label| session.channels[channel][at].contains(label));
            discarded = at;
        }
        let ops = &self.code.ops[role as usize];
        let (next, used) = place::after(ops, &session.roles[role as usize], event.is_send, peer, &labels);
        if next.is_empty() {
            return Err(alarm(self.reason(session, role, peer, event, &labels)));
        }
        let next = place::settled(ops, next).ok_or_else(|| alarm(AlarmKind::TooManyPlaces))?;
        session.roles[role as usize] = next;
        session.has_begun[role as usize] = true;
        if event.is_send {
            session.channels[channel].push_back(used);
        } else {
            session.channels[channel].drain(..=discarded);
        }
        Ok(())
    }

    /// Why a role cannot do something with a message of one of these labels.
    fn reason(&self, session: &Session, role: Role, peer: Role, event: &Observed<'_>, labels: &[u32]) -> AlarmKind {
        let steps = self.steps(session, role);
        let waits = |known: &Event| !known.is_send && self.head(session, known.peer, role).is_none();
        if !session.has_begun[role as usize] && !steps.is_empty() && steps.iter().all(waits) {
            return AlarmKind::NotStarted;
        }
        let same: Vec<&Event> =
            steps.iter().filter(|known| (known.is_send, known.peer) == (event.is_send, peer)).collect();
        if same.is_empty() {
            return AlarmKind::UnexpectedPeer;
        }
        if same.iter().all(|known| self.graph.labels[known.label as usize].name != event.label) {
            return AlarmKind::UnexpectedLabel;
        }
        match self.head(session, peer, role) {
            _ if event.is_send => AlarmKind::WrongPayload,
            None => AlarmKind::NotSent,
            Some(head) if head.iter().all(|label| self.graph.labels[*label as usize].name != event.label) => {
                AlarmKind::UnexpectedLabel
            }
            Some(head) if !head.iter().any(|label| labels.contains(label)) => AlarmKind::WrongPayload,
            Some(_) => AlarmKind::UnexpectedLabel,
        }
    }

    /// The labels the first message of a channel may have.
    fn head<'s>(&self, session: &'s Session, from: Role, to: Role) -> Option<&'s Vec<u32>> {
        session.channels[*self.channels.get(&(from, to))?].front()
    }

    /// The messages of a channel that may be received next: the first one.
    fn within_reach<'s>(&self, session: &'s Session, channel: usize) -> impl Iterator<Item = &'s Vec<u32>> {
        // Messages of a scope that the role has left are dropped without being observed.
        let reach = if self.code.scopes.is_empty() { 1 } else { usize::MAX };
        session.channels[channel].iter().take(reach)
    }

    /// What a role can do now: a receive only if its message is there.
    #[must_use]
    pub fn allowed(&self, session: &Session, role: Role) -> Vec<Event> {
        let is_there = |event: &Event| {
            let channel = self.channels.get(&(event.peer, role));
            channel.is_some_and(|at| self.within_reach(session, *at).any(|message| message.contains(&event.label)))
        };
        let mut allowed = self.steps(session, role);
        allowed.retain(|event| event.is_send || is_there(event));
        allowed
    }

    /// What a role can do now, or everybody if it has to wait for others.
    fn instead(&self, session: &Session, role: Role) -> Vec<Event> {
        let own = self.allowed(session, role);
        if !own.is_empty() {
            return own;
        }
        (0..).take(session.roles.len()).flat_map(|role| self.allowed(session, role)).collect()
    }

    /// The messages that were sent and not received.
    fn under_way(&self, session: &Session) -> Vec<Event> {
        let channels = self.code.edges.iter().zip(&session.channels);
        let events = channels.flat_map(|((from, to), messages)| {
            let labels = messages.iter().filter_map(|message| message.first());
            labels.map(|label| Event { role: *to, is_send: false, peer: *from, label: *label })
        });
        events.collect()
    }

    /// What a role could do next if every message it may wait for were there.
    fn steps(&self, session: &Session, role: Role) -> Vec<Event> {
        let ops = &self.code.ops[role as usize];
        let mut allowed = Vec::new();
        for act in session.roles[role as usize].iter().flat_map(|place| place.acts(ops)) {
            for (rows, is_send) in [(&act.sends, true), (&act.recvs, false)] {
                allowed.extend(rows.iter().map(|row| Event { role, is_send, peer: row.peer, label: row.label }));
            }
        }
        allowed.sort_unstable_by_key(|event| (event.is_send, event.peer, event.label));
        allowed.dedup();
        allowed
    }

    /// Whether all can be over: every role may have ended, and nothing is under way.
    #[must_use]
    pub fn is_complete(&self, session: &Session) -> bool {
        session.channels.iter().all(VecDeque::is_empty)
            && (0..).take(session.roles.len()).all(|role| self.is_finished(session, role))
    }

    fn is_finished(&self, session: &Session, role: Role) -> bool {
        session.roles[role as usize].iter().any(|place| place.is_finished(&self.code.ops[role as usize]))
    }

    /// Takes notice of the end of a session.
    ///
    /// # Errors
    /// If a role has still to act, or a message is under way.
    pub fn end(&self, session: &Session) -> Result<(), Alarm> {
        if self.is_complete(session) {
            return Ok(());
        }
        // What a role may leave undone is not missing.
        let is_missing = |event: &Event| !event.is_send || !self.is_finished(session, event.role);
        let roles = (0..).take(session.roles.len());
        let allowed = roles.flat_map(|role| self.allowed(session, role)).filter(is_missing).collect();
        Err(Alarm { kind: AlarmKind::PrematureEnd, allowed, under_way: self.under_way(session) })
    }
}
