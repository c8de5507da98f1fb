//! Which messages roles may send, as far as the host is concerned.

/// What is checked before a message is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutputCondition {
    /// Nothing, and no event says so.
    #[default]
    Disabled,
    /// Nothing, but there is an event for each message.
    AllowAll,
    /// No message may be sent.
    DenyAll,
    /// Messages of this list may be sent: `Role.Label`, or `Role.*` for all of a role.
    Allow(Vec<String>),
}

impl OutputCondition {
    /// Whether a role may send a label.
    #[must_use]
    pub fn allows(&self, role: &str, label: &str) -> bool {
        match self {
            Self::Disabled | Self::AllowAll => true,
            Self::DenyAll => false,
            Self::Allow(list) => list.iter().any(|entry| {
                entry.rsplit_once('.').is_some_and(|(from, what)| from == role && (what == "*" || what == label))
            }),
        }
    }

    /// Whether anything is checked.
    pub(crate) const fn is_on(&self) -> bool {
        !matches!(self, Self::Disabled)
    }
}
