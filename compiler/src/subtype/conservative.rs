//! Conservative asynchronous subtyping: phase by phase (seed document 003, *conservative async-subtyping contract*).
//!
//! The contract says: both types decompose into phases under bounded unfolding; they have equally many phases; phases of
//! one number have compatible input trees and output trees; the end only matches a type without phases. This is what it
//! means here; it uses no more than finite trees, so that Lean can mirror it. A *state* is a term whose outermost
//! binders are unfolded.
//!
//! * The **block** of a state `s` in a direction is a finite tree: while the state is a communication in that direction
//!   with one partner and does not occur above itself, it is a node with that partner and a subtree per row; otherwise
//!   it is a leaf. (A binder is thus unfolded at most once on a path of a block.)
//! * A **phase** of `s` is the input block of `s` and, below each of its leaves, the output block of that leaf. Then come
//!   the phases of the leaves. `end` has no phases. A `case`, `par`, `timed` or a communication with several partners
//!   lies between phases and is compared as in synchronous subtyping.
//! * `take B!l` of a tree: a leaf has none; a node of partner `B` has the subtree of row `l` if there is one; a node of
//!   another partner has itself, with the `take` of every subtree, if all have one. Likewise for `B?l`.
//! * Blocks `S` and `T` are **compatible** if both are leaves; or if `S` is a node of partner `B` and the `take`s below
//!   exist and are compatible: in output, for each row `l` of `S`, the subtree of `S` with `take B!l` of `T`; in input,
//!   for each label `l` that the first node of `B` on the leftmost path of `T` has, the subtree of `S` (which must have
//!   the row) with `take B?l` of `T`.
//! * `A ≤ B` is the greatest relation under which all phases are compatible and the leaves that meet are related.
//!
//! Along every path the two have equally many phases, as each phase of the one is matched with one of the other.
//! So within a block messages of different partners may change places; between input and output they may not. A `Yes`
//! holds in precise asynchronous subtyping too: the refinement rules allow exactly these exchanges, nothing is overtaken
//! beyond the end of its block, and the blocks are finite. It is about how types are written: types that differ by an
//! unfolding may have blocks of different length.

use super::behaviour::{Action, Behaviour, Direction, Kind, State};
use super::sync::heads;
use super::{Answer, Bound, IllFormed, Question, Trail, Why, Witness};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_ir::local::LocalType;

/// Most nodes of a block, as a tree.
const MAX_BLOCK: usize = 1 << 14;

/// Most nodes that are looked at or made in one question.
const MAX_WORK: usize = 1 << 24;

/// Whether `first ≤ second` holds phase by phase. `Unknown` only if a phase is too large.
///
/// # Errors
/// If one of them is not closed, not guarded or has no distinct labels.
pub fn conservative_async_subtype(first: &LocalType, second: &LocalType) -> Result<Answer, IllFormed> {
    let question = Question::new(first, second)?;
    let mut phases = Phases { question: &question, trail: Trail::new(), pairs: IndexMap::default(), work: 0 };
    phases.pairs.insert((question.first.start, question.second.start), 0);
    Ok(match phases.run() {
        Ok(witness) => Answer::Yes(witness),
        Err(Stop::Differ(pair, at, why)) => Answer::No(question.disagree(&phases.trail, at, pair, why)),
        Err(Stop::Bound(bound)) => Answer::Unknown(bound),
    })
}

/// Two states that are compared, and where.
type Met = ((State, State), usize);

enum Stop {
    /// The states that are compared, where, and why they are not compatible.
    Differ((State, State), usize, Why),
    Bound(Bound),
}

/// A tree of communications in one direction. Nodes come after what is below them.
#[derive(Default)]
struct Block {
    nodes: Vec<BlockNode>,
    root: usize,
}

struct BlockNode {
    state: State,
    /// Actions and subtrees; a leaf has none.
    rows: Vec<(Action, usize)>,
}

struct Phases<'a> {
    question: &'a Question,
    trail: Trail,
    /// States at which phases start, and where they are.
    pairs: IndexMap<(State, State), usize, FxBuildHasher>,
    work: usize,
}

impl Phases<'_> {
    fn run(&mut self) -> Result<Witness, Stop> {
        let mut next = 0;
        while let Some((&pair, &at)) = self.pairs.get_index(next) {
            next += 1;
            let below = if self.is_between(pair) { self.between(pair, at)? } else { self.phase(pair, at)? };
            for (pair, at) in below {
                self.pairs.entry(pair).or_insert(at);
            }
        }
        Ok(Witness { pairs: self.pairs.len() })
    }

    /// Neither has a phase: the end, or an extension.
    fn is_between(&self, pair: (State, State)) -> bool {
        let kinds = [&self.question.first.node(pair.0).kind, &self.question.second.node(pair.1).kind];
        kinds.iter().all(|kind| kind.partner().is_none())
    }

    fn phase(&mut self, pair: (State, State), at: usize) -> Result<Vec<Met>, Stop> {
        let inputs = self.blocks(Direction::Recv, pair, at)?;
        let mut leaves = Vec::new();
        for (pair, at) in inputs {
            leaves.extend(self.blocks(Direction::Send, pair, at)?);
        }
        Ok(leaves)
    }

    fn between(&mut self, pair: (State, State), at: usize) -> Result<Vec<Met>, Stop> {
        let below = heads(self.question, pair.0, pair.1).map_err(|why| Stop::Differ(pair, at, why))?;
        Ok(below.into_iter().map(|(slot, below)| (below, self.trail.push(at, pair.0, slot))).collect())
    }

    /// Compares the blocks of two states and returns the leaves that meet.
    fn blocks(&mut self, direction: Direction, start: (State, State), at: usize) -> Result<Vec<Met>, Stop> {
        let first = Block::new(&self.question.first, start.0, direction).map_err(Stop::Bound)?;
        let mut second = Block::new(&self.question.second, start.1, direction).map_err(Stop::Bound)?;
        self.work(first.nodes.len() + second.nodes.len())?;
        let mut leaves = Vec::new();
        let mut todo = vec![(first.root, second.root, at)];
        while let Some((mine, other, at)) = todo.pop() {
            let node = &first.nodes[mine];
            let pair = (node.state, second.nodes[other].state);
            let differ = |why| Stop::Differ(pair, at, why);
            let Some((action, _)) = node.rows.first() else {
                if !second.nodes[other].rows.is_empty() {
                    return Err(differ(Why::Heads));
                }
                leaves.push((pair, at));
                continue;
            };
            let wanted: Vec<Action> = match direction {
                Direction::Send => node.rows.iter().map(|(action, _)| *action).collect(),
                Direction::Recv => second.first_rows(other, action.partner),
            };
            self.work(wanted.len())?;
            if wanted.is_empty() {
                return Err(differ(Why::Phase(self.question.names.message(direction, *action))));
            }
            for action in wanted {
                let message = || self.question.names.message(direction, action);
                let Ok(slot) = node.rows.binary_search_by_key(&action, |(action, _)| *action) else {
                    return Err(differ(Why::Receives(message())));
                };
                let (rest, work) = second.take(other, action);
                self.work(work)?;
                let rest = rest.ok_or_else(|| differ(Why::Phase(message())))?;
                todo.push((node.rows[slot].1, rest, self.trail.push(at, node.state, slot)));
            }
        }
        Ok(leaves)
    }

    fn work(&mut self, nodes: usize) -> Result<(), Stop> {
        self.work += nodes;
        if self.work > MAX_WORK { Err(Stop::Bound(Bound::Phase(MAX_WORK))) } else { Ok(()) }
    }
}

/// A step of building a block.
enum Task {
    Enter(State),
    Leave(State),
}

impl Block {
    fn new(behaviour: &Behaviour, start: State, direction: Direction) -> Result<Self, Bound> {
        let mut block = Self::default();
        let mut built: Vec<usize> = Vec::new();
        let mut above = FxHashSet::default();
        let mut tasks = vec![Task::Enter(start)];
        while let Some(task) = tasks.pop() {
            if block.nodes.len() + tasks.len() > MAX_BLOCK {
                return Err(Bound::Phase(MAX_BLOCK));
            }
            let (state, rows) = match task {
                Task::Enter(state) => {
                    let node = behaviour.node(state);
                    let is_in = matches!(&node.kind, Kind::Comm(there, _) if *there == direction);
                    if is_in && node.kind.partner().is_some() && above.insert(state) {
                        tasks.push(Task::Leave(state));
                        tasks.extend(node.targets.iter().rev().map(|target| Task::Enter(*target)));
                        continue;
                    }
                    (state, Vec::new())
                }
                Task::Leave(state) => {
                    above.remove(&state);
                    let node = behaviour.node(state);
                    let Kind::Comm(_, actions) = &node.kind else { continue };
                    let below = built.split_off(built.len() - actions.len());
                    (state, actions.iter().copied().zip(below).collect())
                }
            };
            built.push(block.add(state, rows));
        }
        block.root = built.pop().expect("the root is built last");
        Ok(block)
    }

    fn add(&mut self, state: State, rows: Vec<(Action, usize)>) -> usize {
        self.nodes.push(BlockNode { state, rows });
        self.nodes.len() - 1
    }

    /// The rows of the first node of a partner on the leftmost path; none if it has no such node.
    fn first_rows(&self, mut at: usize, partner: u32) -> Vec<Action> {
        while let Some((action, below)) = self.nodes[at].rows.first() {
            if action.partner == partner {
                return self.nodes[at].rows.iter().map(|(action, _)| *action).collect();
            }
            at = *below;
        }
        Vec::new()
    }

    /// The tree without the first message of that kind on every path, if there is one on every path, and how many
    /// nodes that took. What is below a node has a smaller number, so going up in numbers needs no recursion.
    fn take(&mut self, root: usize, action: Action) -> (Option<usize>, usize) {
        let mut passed = vec![root];
        let mut is_seen = FxHashSet::from_iter([root]);
        let mut taken: FxHashMap<usize, usize> = FxHashMap::default();
        let mut next = 0;
        while let Some(&at) = passed.get(next) {
            next += 1;
            let rows = &self.nodes[at].rows;
            if rows.first().is_none_or(|(first, _)| first.partner == action.partner) {
                let Ok(row) = rows.binary_search_by_key(&action, |(row, _)| *row) else { return (None, next) };
                taken.insert(at, rows[row].1);
            } else {
                passed.extend(rows.iter().map(|(_, below)| *below).filter(|below| is_seen.insert(*below)));
            }
        }
        passed.sort_unstable();
        let work = passed.len();
        for at in passed {
            if !taken.contains_key(&at) {
                let node = &self.nodes[at];
                let state = node.state;
                let rows = node.rows.iter().map(|(action, below)| (*action, taken[below])).collect();
                let rest = self.add(state, rows);
                taken.insert(at, rest);
            }
        }
        (Some(taken[&root]), work)
    }
}
