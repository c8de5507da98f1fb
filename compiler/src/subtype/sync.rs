//! Synchronous subtyping: the two types go step by step.
//!
//! `A ≤ B` is the greatest relation on states of the two regular trees with
//!
//! * `end ≤ end`;
//! * a send of `A` against a send of `B`: every row of `A` is a row of `B`, and behind it they are related;
//! * a receive of `A` against a receive of `B`: every row of `B` is a row of `A`, and behind it they are related. If more
//!   than one partner is involved the rows are the same: a further row could take a message of another channel before
//!   its time, whatever the second type does with that message later;
//! * `case` with the same arms, `par` with as many branches, `timed` with the same owner and outcomes: part by part. Who
//!   takes a `case` is not one role alone, so a subtype may neither drop nor add an arm.
//!
//! A row is partner, label and sort. After Gay and Hole, *Subtyping for session types in the pi calculus* (2005), in the
//! process order, for several partners as in Chen, Dezani-Ciancaglini, Scalas and Yoshida, *On the preciseness of
//! subtyping in session types* (2017). Exact: the pairs reachable from the two starts are finitely many, and they are
//! related iff no reachable pair has heads that disagree. They are searched breadth first, so a counterexample is a
//! shortest one.

use super::behaviour::{Action, Direction, Kind, State, one_partner};
use super::{Answer, Bound, IllFormed, Question, Trail, Why, Witness};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use tell_ir::local::LocalType;

/// Most pairs that are looked at.
const MAX_PAIRS: usize = 1 << 22;

/// Whether `first ≤ second` holds synchronously. `Unknown` only beyond 2^22 pairs of states.
///
/// # Errors
/// If one of them is not closed, not guarded or has no distinct labels.
pub fn sync_subtype(first: &LocalType, second: &LocalType) -> Result<Answer, IllFormed> {
    let question = Question::new(first, second)?;
    Ok(decide(&question, question.first.start, question.second.start))
}

/// As [`sync_subtype`], of two states.
pub(super) fn decide(question: &Question, first: State, second: State) -> Answer {
    let mut trail = Trail::new();
    let mut pairs: IndexMap<(State, State), usize, FxBuildHasher> = IndexMap::default();
    pairs.insert((first, second), 0);
    let mut next = 0;
    while let Some((&pair, &at)) = pairs.get_index(next) {
        next += 1;
        let below = match heads(question, pair.0, pair.1) {
            Ok(below) => below,
            Err(why) => return Answer::No(question.disagree(&trail, at, pair, why)),
        };
        for (slot, pair_below) in below {
            if !pairs.contains_key(&pair_below) {
                pairs.insert(pair_below, trail.push(at, pair.0, slot));
            }
        }
        if pairs.len() > MAX_PAIRS {
            return Answer::Unknown(Bound::Pairs(MAX_PAIRS));
        }
    }
    Answer::Yes(Witness { pairs: pairs.len() })
}

/// A step of the first state, and the states that it and the matching step of the second lead to.
pub(super) type Below = Vec<(usize, (State, State))>;

/// Compares what two states do next.
pub(super) fn heads(question: &Question, first: State, second: State) -> Result<Below, Why> {
    let (a, b) = (question.first.node(first), question.second.node(second));
    match (&a.kind, &b.kind) {
        (Kind::End, Kind::End) => Ok(Vec::new()),
        (Kind::Parts(shape), Kind::Parts(other)) if shape == other => {
            Ok(a.targets.iter().copied().zip(b.targets.iter().copied()).enumerate().collect())
        }
        (Kind::Comm(Direction::Send, fewer), Kind::Comm(Direction::Send, more)) => {
            let missing = |action| Why::Sends(question.names.message(Direction::Send, action));
            let pair = |(slot, at): (usize, usize)| (slot, (a.targets[slot], b.targets[at]));
            Ok(embed(fewer, more).map_err(missing)?.into_iter().map(pair).collect())
        }
        (Kind::Comm(Direction::Recv, more), Kind::Comm(Direction::Recv, fewer)) => {
            let missing = |action| Why::Receives(question.names.message(Direction::Recv, action));
            let rows = embed(fewer, more).map_err(missing)?;
            if rows.len() < more.len() && one_partner(more.iter().copied()).is_none() {
                let extra = more.iter().find(|action| fewer.binary_search(action).is_err());
                let extra = extra.expect("more rows than the other has");
                return Err(Why::Races(question.names.message(Direction::Recv, *extra)));
            }
            let pair = |(at, slot): (usize, usize)| (slot, (a.targets[slot], b.targets[at]));
            Ok(rows.into_iter().map(pair).collect())
        }
        (Kind::End | Kind::Comm(..) | Kind::Parts(_), _) => Err(Why::Heads),
    }
}

/// For every row its place and that in `rows`; else a row that is not there. Both are sorted.
fn embed(few: &[Action], rows: &[Action]) -> Result<Vec<(usize, usize)>, Action> {
    let mut found = Vec::with_capacity(few.len());
    let mut at = 0;
    for (place, action) in few.iter().enumerate() {
        while rows.get(at).is_some_and(|row| row < action) {
            at += 1;
        }
        if rows.get(at) != Some(action) {
            return Err(*action);
        }
        found.push((place, at));
    }
    Ok(found)
}
