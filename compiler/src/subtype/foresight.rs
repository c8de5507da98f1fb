//! What is bound to happen: games on the states of a type.
//!
//! In *precise* asynchronous subtyping (Ghilezan, Pantović, Prokić, Scalas, Yoshida, POPL 2021, definition 3.13) `A ≤ B`
//! says: however `A` takes its sends and however the receives of `B` turn out, the receives of `A` and the sends of `B`
//! can be resolved so that what remains, two types without choice, are in refinement. So a property of the one type
//! that its own choices cannot avert is a game of sends against receives, and a greatest or least fixpoint.

use super::behaviour::{Action, Behaviour, Direction, Kind, Node};
use super::{Bound, Question};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// A set of classes, one bit each.
pub(super) type Classes = u128;

/// Most classes.
pub(super) const MAX_CLASSES: usize = 128;

/// The classes of actions, partner and direction, of two types.
pub(super) struct Alphabet(IndexSet<(u32, Direction), FxBuildHasher>);

impl Alphabet {
    pub(super) fn new(question: &Question) -> Result<Self, Bound> {
        let mut classes = IndexSet::default();
        for node in question.first.states.iter().chain(&question.second.states) {
            if let Kind::Comm(direction, actions) = &node.kind {
                classes.extend(actions.iter().map(|action| (action.partner, *direction)));
            }
            if classes.len() > MAX_CLASSES {
                return Err(Bound::Partners(MAX_CLASSES));
            }
        }
        Ok(Self(classes))
    }

    pub(super) fn class(&self, direction: Direction, action: Action) -> Classes {
        self.0.get_index_of(&(action.partner, direction)).map_or(0, |index| 1 << index)
    }

    /// The first class of a set, `?B` or `!B`.
    pub(super) fn text(&self, question: &Question, classes: Classes) -> String {
        let first = self.0.get_index(classes.trailing_zeros() as usize);
        first.map_or_else(String::new, |(partner, direction)| {
            format!("{}{}", direction.sign(), question.names.text(*partner))
        })
    }
}

/// Repeats `step` for all states until nothing changes. States are numbered from the root, so going down settles a tree
/// in one sweep and a loop in a few.
fn fixpoint<T: Copy + Eq>(behaviour: &Behaviour, start: T, step: impl Fn(&Node, &[T]) -> T) -> Vec<T> {
    let mut values = vec![start; behaviour.states.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, node) in behaviour.states.iter().enumerate().rev() {
            let value = step(node, &values);
            changed |= value != values[index];
            values[index] = value;
        }
    }
    values
}

/// Classes the type can keep away from for ever by its sends, whatever it receives.
pub(super) fn avoided(behaviour: &Behaviour, alphabet: &Alphabet) -> Vec<Classes> {
    fixpoint(behaviour, Classes::MAX, |node, values| match &node.kind {
        Kind::End => Classes::MAX,
        Kind::Parts(_) => 0,
        Kind::Comm(direction, actions) => {
            let rows = actions.iter().zip(&node.targets);
            let rows = rows.map(|(action, target)| values[*target as usize] & !alphabet.class(*direction, *action));
            match direction {
                Direction::Send => rows.fold(0, |all, row| all | row),
                Direction::Recv => rows.fold(Classes::MAX, |all, row| all & row),
            }
        }
    })
}

/// Classes that what the type receives can force it into, whatever it sends.
pub(super) fn forced(behaviour: &Behaviour, alphabet: &Alphabet) -> Vec<Classes> {
    fixpoint(behaviour, 0, |node, values| match &node.kind {
        Kind::End | Kind::Parts(_) => 0,
        Kind::Comm(direction, actions) => {
            let rows = actions.iter().zip(&node.targets);
            forced_here(*direction, rows.map(|(action, target)| (*action, values[*target as usize])), alphabet)
        }
    })
}

/// As [`forced`], of a communication with what is forced behind its rows.
pub(super) fn forced_here(
    direction: Direction,
    rows: impl Iterator<Item = (Action, Classes)>,
    alphabet: &Alphabet,
) -> Classes {
    let rows = rows.map(|(action, behind)| behind | alphabet.class(direction, action));
    match direction {
        Direction::Send => rows.fold(Classes::MAX, |all, row| all & row),
        Direction::Recv => rows.fold(0, |all, row| all | row),
    }
}

/// What the second type is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// That very message.
    Send(Action),
    /// Some message from that partner.
    Recv(u32),
}

/// The states that come to what is wanted after finitely many actions that it may overtake.
///
/// A send overtakes receives, however they turn out, and sends to other partners, one of which is enough. A receive
/// overtakes receives from other partners. A state where the theory ends counts as one that may come to it.
pub(super) fn coming(behaviour: &Behaviour, wanted: Wanted) -> Vec<bool> {
    fixpoint(behaviour, false, |node, values| {
        let mut rows = match &node.kind {
            Kind::End => return false,
            Kind::Parts(_) => return true,
            Kind::Comm(direction, actions) => {
                if *direction == Direction::Recv && matches!(wanted, Wanted::Recv(_)) && node.kind.partner().is_none() {
                    return true;
                }
                actions.iter().zip(&node.targets).map(move |(action, target)| (*direction, *action, *target))
            }
        };
        match wanted {
            Wanted::Send(message) => match rows.clone().next() {
                Some((Direction::Recv, ..)) => rows.all(|(_, _, target)| values[target as usize]),
                _ => rows.any(|(_, action, target)| {
                    action == message || action.partner != message.partner && values[target as usize]
                }),
            },
            Wanted::Recv(partner) => rows.all(|(direction, action, target)| {
                direction == Direction::Recv && (action.partner == partner || values[target as usize])
            }),
        }
    })
}
