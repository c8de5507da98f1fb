//! What most sessions do not have, behind one pointer, so that they pay nothing for it.

use crate::config::VMConfig;

/// What a session has only if its configuration asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    /// What each coroutine has left, by its number; empty where nothing counts.
    credits: Vec<u64>,
}

impl Rare {
    /// What a session with so many main coroutines has; none for most configurations.
    pub(crate) fn of(config: &VMConfig, mains: usize) -> Option<Box<Self>> {
        let credits = vec![config.limits.credits?; mains];
        Some(Box::new(Self { credits }))
    }

    /// What a coroutine has left.
    pub(crate) fn credits(&self, who: u16) -> u64 {
        self.credits.get(usize::from(who)).copied().unwrap_or(u64::MAX)
    }

    /// What a coroutine has left from now on.
    pub(crate) fn set_credits(&mut self, who: u16, left: u64) {
        if let Some(credits) = self.credits.get_mut(usize::from(who)) {
            *credits = left;
        }
    }

    /// A coroutine starts in this place.
    pub(crate) fn start(&mut self, who: u16, config: &VMConfig) {
        let Some(credits) = config.limits.credits else { return };
        let places = self.credits.len().max(usize::from(who) + 1);
        self.credits.resize(places, credits);
        self.credits[usize::from(who)] = credits;
    }
}
