//! Policies: which of the coroutines of a session that can step is next.
//!
//! A policy changes the order of steps inside one session and nothing else. What it counts — slices, waiting, tokens — it
//! counts in steps of that session, so the order depends on no other session and on no quantum.
//!
//! *Progress tokens* belong to roles: one is made when an operation that may block is answered, for the role that
//! performed it, and one when a deadline passes, for the role that owns the scope. The next message that a role sends or
//! takes spends one of its own.

use crate::config::VMConfig;
use crate::kernel::program::Program;
use crate::ready::Ready;
use crate::session::Coroutine;
use std::collections::BTreeMap;

/// How the coroutines of a session are ordered. Equals go in the order in which they became able to step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The same one until it cannot go on, yields, or has made a slice of steps.
    #[default]
    Cooperative,
    /// One step each in turn.
    RoundRobin,
    /// The one of the highest rank, looked at before every step; among equals as [`Policy::Cooperative`].
    Priority(Priority),
    /// Those whose role holds a progress token before the others; among equals as [`Policy::Cooperative`].
    ProgressAware,
}

/// What the rank of a coroutine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Priority {
    /// That of its role, by name; 0 of a role that is not there.
    Fixed(BTreeMap<String, i32>),
    /// How long ago it was stepped: one for every so many steps of the session.
    Ageing {
        /// How many, at least 1.
        every: u32,
    },
    /// How many progress tokens its role holds.
    TokenWeight,
}

impl Policy {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::RoundRobin => "round-robin",
            Self::Priority(Priority::Fixed(_)) => "fixed",
            Self::Priority(Priority::Ageing { .. }) => "ageing",
            Self::Priority(Priority::TokenWeight) => "token-weight",
            Self::ProgressAware => "progress-aware",
        }
    }

    /// Most steps in a row of one coroutine while its equals could go on.
    pub(crate) const fn slice(&self, slice: u32) -> u32 {
        match self {
            Self::RoundRobin => 1,
            Self::Cooperative | Self::Priority(_) | Self::ProgressAware => slice,
        }
    }
}

/// What a session keeps for a policy that ranks.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    /// Ranks of roles that do not change.
    fixed: Box<[i32]>,
    /// Progress tokens of roles.
    tokens: Box<[u32]>,
    /// Steps of the session when each coroutine was last stepped, or started.
    stepped: Vec<u64>,
    /// Who made the last step.
    last: Option<u16>,
    /// Whether the next step, if it is committed, is a message that is sent or taken.
    is_message: bool,
    /// Who let the others go first, until one of them has made a step.
    yielded: Option<u16>,
}

impl Turns {
    /// What a session of a program keeps; none for a policy that does not rank.
    pub(crate) fn of(config: &VMConfig, program: &Program) -> Option<Self> {
        let mains = program.roles.len();
        let fixed = match &config.policy {
            Policy::Cooperative | Policy::RoundRobin => return None,
            Policy::Priority(Priority::Fixed(ranks)) => {
                let rank = |role| ranks.get(program.role_name(role)).copied().unwrap_or(0);
                (0..).take(mains).map(rank).collect()
            }
            Policy::Priority(Priority::Ageing { .. } | Priority::TokenWeight) | Policy::ProgressAware => Box::default(),
        };
        Some(Self {
            fixed,
            tokens: vec![0; mains].into(),
            stepped: vec![0; mains],
            last: None,
            is_message: false,
            yielded: None,
        })
    }

    /// Which of those that can step is the next one.
    pub(crate) fn next(&self, policy: &Policy, tick: u64, ready: Ready, coroutines: &[Coroutine]) -> Option<u16> {
        let rank = |who: u16| -> i64 {
            let role = coroutines.get(usize::from(who)).map_or(usize::MAX, |coroutine| usize::from(coroutine.role));
            let tokens = self.tokens.get(role).copied().unwrap_or(0);
            match policy {
                Policy::Cooperative | Policy::RoundRobin => 0,
                Policy::Priority(Priority::Fixed(_)) => self.fixed.get(role).copied().map_or(0, i64::from),
                Policy::Priority(Priority::Ageing { every }) => {
                    let stepped = self.stepped.get(usize::from(who)).copied().unwrap_or(0);
                    i64::try_from(tick.saturating_sub(stepped) / u64::from(*every).max(1)).unwrap_or(i64::MAX)
                }
                Policy::Priority(Priority::TokenWeight) => i64::from(tokens),
                Policy::ProgressAware => i64::from(tokens > 0),
            }
        };
        let mut best = None;
        for who in ready.iter(coroutines) {
            // Who yields is the last one to go, whatever its rank is.
            let rank = if self.yielded == Some(who) { i64::MIN } else { rank(who) };
            if best.is_none_or(|(_, highest)| rank > highest) {
                best = Some((who, rank));
            }
        }
        best.map(|(who, _)| who)
    }

    /// Whether this one made the last step as well.
    pub(crate) fn goes_on(&self, who: u16) -> bool {
        self.last == Some(who)
    }

    /// A coroutine starts in this place.
    pub(crate) fn start(&mut self, who: u16, tick: u64) {
        let place = usize::from(who);
        self.stepped.resize(self.stepped.len().max(place + 1), tick);
        self.stepped[place] = tick;
    }

    /// A coroutine has made a step, as many steps of the session as this are committed now.
    pub(crate) fn step(&mut self, who: u16, tick: u64) {
        if let Some(stepped) = self.stepped.get_mut(usize::from(who)) {
            *stepped = tick;
        }
        self.last = Some(who);
        self.yielded = None;
    }

    /// A coroutine lets the others go first.
    pub(crate) const fn give_way(&mut self, who: u16) {
        self.yielded = Some(who);
    }

    /// A role gets a progress token.
    pub(crate) fn mint(&mut self, role: u16) {
        if let Some(tokens) = self.tokens.get_mut(usize::from(role)) {
            *tokens = tokens.saturating_add(1);
        }
    }

    /// Says whether the next step, if it is committed, is a message that is sent or taken.
    pub(crate) const fn expect_message(&mut self, is_message: bool) {
        self.is_message = is_message;
    }

    /// A role has made a step: if that was a message, it spends a token, if it has any.
    pub(crate) fn spend(&mut self, role: u16) {
        if self.is_message
            && let Some(tokens) = self.tokens.get_mut(usize::from(role))
        {
            *tokens = tokens.saturating_sub(1);
        }
    }
}
