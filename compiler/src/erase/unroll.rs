//! A graph with cycles as a term with binders.
//!
//! Depth-first, with an explicit stack. A state met again while it is still open becomes a variable of it. What has no
//! free variable is shared wherever it is met again; what leads back to open states is shared as long as all of them are.
//! But a term that binds a state which is open now is not used again: there a variable says the same in less space.

use rustc_hash::FxHashMap;

/// A graph whose states have a shape each.
pub(super) trait Unroll {
    /// A node of the term.
    type Node;
    /// What a state shows.
    type Shown;

    /// The first state from this one on that shows something.
    fn skip(&self, state: u32) -> u32;

    /// What a state shows, and the states below it.
    fn shown(&self, state: u32) -> (Self::Shown, Vec<u32>);

    /// The node of what a state shows, whose parts are done.
    fn close(&self, shown: Self::Shown, parts: &[u32]) -> Closed<Self::Node>;

    /// A variable.
    fn variable(name: String) -> Self::Node;

    /// A binder.
    fn binder(name: String, body: u32) -> Self::Node;
}

/// What becomes of a state.
pub(super) enum Closed<Node> {
    /// A node of its own.
    Node(Node),
    /// The same as a part.
    Part(u32),
}

/// A state being built.
struct Open<Shown> {
    state: u32,
    shown: Shown,
    below: std::vec::IntoIter<u32>,
    parts: Vec<u32>,
    back: Places,
    /// States that are bound below.
    binds: Places,
    /// The variable of this state, if something leads back to it.
    binder: Option<String>,
}

/// A small ascending set: positions on the stack that some path leads back to, or states that a term binds.
#[derive(Clone, Default)]
struct Places(Vec<u32>);

/// Terms that lead back to more positions are not shared; of terms that bind more states it is not asked which.
const MANY: usize = 32;

impl Places {
    fn add(&mut self, others: &[u32], limit: usize) {
        for other in others {
            if let Err(at) = self.0.binary_search(other)
                && self.0.len() < limit
            {
                self.0.insert(at, *other);
            }
        }
    }
}

/// A term that was built: its node, the positions it leads back to, the states it binds.
#[derive(Clone)]
struct Built {
    node: u32,
    back: Places,
    binds: Places,
}

struct Builder<'g, G: Unroll> {
    graph: &'g G,
    nodes: Vec<G::Node>,
    open: Vec<Open<G::Shown>>,
    /// Where open states are on the stack.
    position: FxHashMap<u32, usize>,
    /// States whose term has no free variable.
    closed: FxHashMap<u32, Built>,
    /// States whose term leads back to open ones.
    shared: FxHashMap<u32, Built>,
    names: usize,
}

/// The nodes of the term that starts at a state, and which is the whole; `None` if there are more than `limit` nodes.
/// Children have smaller indices than parents.
pub(super) fn unroll<G: Unroll>(graph: &G, start: u32, limit: usize) -> Option<(Vec<G::Node>, u32)> {
    let mut builder = Builder {
        graph,
        nodes: Vec::new(),
        open: Vec::new(),
        position: FxHashMap::default(),
        closed: FxHashMap::default(),
        shared: FxHashMap::default(),
        names: 0,
    };
    builder.enter(graph.skip(start));
    let root = builder.run(limit)?;
    Some((builder.nodes, root))
}

impl<G: Unroll> Builder<'_, G> {
    fn add(&mut self, node: G::Node) -> u32 {
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).expect("the state limit is below 2^32")
    }

    fn enter(&mut self, state: u32) {
        let (shown, below) = self.graph.shown(state);
        self.position.insert(state, self.open.len());
        let below = below.into_iter();
        self.open.push(Open {
            state,
            shown,
            below,
            parts: Vec::new(),
            back: Places::default(),
            binds: Places::default(),
            binder: None,
        });
    }

    fn run(&mut self, limit: usize) -> Option<u32> {
        while self.nodes.len() <= limit {
            let top = self.open.last_mut().expect("the start is open until it is done");
            let Some(state) = top.below.next() else {
                if let Some(root) = self.leave() {
                    return Some(root);
                }
                continue;
            };
            let state = self.graph.skip(state);
            match self.known(state).or_else(|| self.back(state)) {
                Some(built) => self.part(built),
                None => self.enter(state),
            }
        }
        None
    }

    /// A term of the state that can stand here: nothing it binds is open.
    fn known(&self, state: u32) -> Option<Built> {
        let built = self.closed.get(&state).or_else(|| self.shared.get(&state))?;
        let is_free = built.binds.0.iter().all(|bound| !self.position.contains_key(bound));
        (is_free || built.binds.0.len() >= MANY).then(|| built.clone())
    }

    /// A variable, if the state is open.
    fn back(&mut self, state: u32) -> Option<Built> {
        let position = *self.position.get(&state)?;
        let name = match &self.open[position].binder {
            Some(name) => name.clone(),
            None => {
                let name = if self.names == 0 { "X".to_owned() } else { format!("X{}", self.names) };
                self.names += 1;
                self.open[position].binder = Some(name.clone());
                name
            }
        };
        let node = self.add(G::variable(name));
        let position = u32::try_from(position).expect("the state limit is below 2^32");
        Some(Built { node, back: Places(vec![position]), binds: Places::default() })
    }

    /// Adds a part to the state on top.
    fn part(&mut self, built: Built) {
        let top = self.open.last_mut().expect("a part has a whole");
        top.parts.push(built.node);
        top.back.add(&built.back.0, usize::MAX);
        top.binds.add(&built.binds.0, MANY);
    }

    /// Closes the state on top; the whole term, if that was the last.
    fn leave(&mut self) -> Option<u32> {
        let Open { state, shown, parts, mut back, mut binds, binder, .. } = self.open.pop().expect("a state is open");
        let position = u32::try_from(self.open.len()).expect("the state limit is below 2^32");
        self.position.remove(&state);
        let mut node = match self.graph.close(shown, &parts) {
            Closed::Node(node) => self.add(node),
            Closed::Part(part) => part,
        };
        if let Some(name) = binder {
            node = self.add(G::binder(name, node));
            back.0.retain(|open| *open < position);
            binds.add(&[state], MANY);
            // What leads back to this binder cannot be shared outside it.
            self.shared.retain(|_, built| built.back.0.last().is_none_or(|last| *last < position));
        }
        let built = Built { node, back, binds };
        if self.open.is_empty() {
            return Some(node);
        }
        if built.back.0.is_empty() {
            self.closed.insert(state, built.clone());
        } else if built.back.0.len() <= MANY {
            self.shared.insert(state, built.clone());
        }
        self.part(built);
        None
    }
}
