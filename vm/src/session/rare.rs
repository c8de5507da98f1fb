//! What most sessions do not have, behind one pointer, so that they pay nothing for it.

use crate::config::VMConfig;
use crate::kernel::program::Program;
use crate::policy::Turns;
use crate::topology::Disturbance;

/// What a session has only if its configuration or an input of the host asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    /// What each coroutine has left, by its number; empty where nothing counts.
    credits: Vec<u64>,
    /// What a policy that ranks keeps.
    pub(crate) turns: Option<Turns>,
    /// What the host lets happen to it.
    pub(crate) disturbance: Disturbance,
}

impl Rare {
    /// What a session of a program has; none for most configurations.
    pub(crate) fn of(config: &VMConfig, program: &Program) -> Option<Box<Self>> {
        let turns = Turns::of(config, program);
        if turns.is_none() && config.limits.credits.is_none() && !config.output.is_on() {
            return None;
        }
        let credits = config.limits.credits.map_or_else(Vec::new, |credits| vec![credits; program.roles.len()]);
        Some(Box::new(Self { credits, turns, disturbance: Disturbance::default() }))
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
    pub(crate) fn start(&mut self, who: u16, tick: u64, config: &VMConfig) {
        if let Some(credits) = config.limits.credits {
            let places = self.credits.len().max(usize::from(who) + 1);
            self.credits.resize(places, credits);
            self.credits[usize::from(who)] = credits;
        }
        if let Some(turns) = &mut self.turns {
            turns.start(who, tick);
        }
    }

    /// A role gets a progress token.
    pub(crate) fn mint(&mut self, role: u16) {
        if let Some(turns) = &mut self.turns {
            turns.mint(role);
        }
    }
}
