//! A graph with cycles as a term with binders.
//!
//! Depth-first, with an explicit stack. A state met again while it is still open becomes a variable of it. What has no
//! free variable is shared wherever it is met again; what leads back to open states is shared as long as all of them are.

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
    back: Back,
    /// The variable of this state, if something leads back to it.
    binder: Option<String>,
}

/// The positions on the stack that some path leads back to, ascending.
#[derive(Clone, Default)]
struct Back(Vec<usize>);

/// What leads back to more positions is not shared.
const MAX_BACK: usize = 32;

impl Back {
    fn add(&mut self, positions: &[usize]) {
        for position in positions {
            if let Err(at) = self.0.binary_search(position) {
                self.0.insert(at, *position);
            }
        }
    }
}

struct Builder<'g, G: Unroll> {
    graph: &'g G,
    nodes: Vec<G::Node>,
    open: Vec<Open<G::Shown>>,
    /// Where open states are on the stack.
    position: FxHashMap<u32, usize>,
    /// States whose term has no free variable.
    closed: FxHashMap<u32, u32>,
    /// States whose term leads back to open ones, with their positions.
    shared: FxHashMap<u32, (u32, Back)>,
    names: usize,
}

/// The nodes of the term that starts at a state, and which is the whole. Children have smaller indices than parents.
pub(super) fn unroll<G: Unroll>(graph: &G, start: u32) -> (Vec<G::Node>, u32) {
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
    let root = builder.run();
    (builder.nodes, root)
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
        self.open.push(Open { state, shown, below, parts: Vec::new(), back: Back::default(), binder: None });
    }

    fn run(&mut self) -> u32 {
        loop {
            let top = self.open.last_mut().expect("the start is open until it is done");
            let Some(state) = top.below.next() else {
                if let Some(root) = self.leave() {
                    return root;
                }
                continue;
            };
            let state = self.graph.skip(state);
            let known = self.closed.get(&state).map(|id| (*id, Back::default()));
            let known = known.or_else(|| self.shared.get(&state).cloned()).or_else(|| self.back(state));
            match known {
                Some((part, back)) => self.part(part, &back),
                None => self.enter(state),
            }
        }
    }

    /// A variable, if the state is open.
    fn back(&mut self, state: u32) -> Option<(u32, Back)> {
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
        Some((self.add(G::variable(name)), Back(vec![position])))
    }

    /// Adds a part to the state on top.
    fn part(&mut self, part: u32, back: &Back) {
        let top = self.open.last_mut().expect("a part has a whole");
        top.parts.push(part);
        top.back.add(&back.0);
    }

    /// Closes the state on top; the whole term, if that was the last.
    fn leave(&mut self) -> Option<u32> {
        let Open { state, shown, parts, mut back, binder, .. } = self.open.pop().expect("a state is open");
        let position = self.open.len();
        self.position.remove(&state);
        let mut id = match self.graph.close(shown, &parts) {
            Closed::Node(node) => self.add(node),
            Closed::Part(part) => part,
        };
        if let Some(name) = binder {
            id = self.add(G::binder(name, id));
            back.0.retain(|open| *open < position);
            // What leads back to this binder cannot be shared outside it.
            self.shared.retain(|_, (_, back)| back.0.last().is_none_or(|last| *last < position));
        }
        if back.0.is_empty() {
            self.closed.insert(state, id);
        } else if back.0.len() <= MAX_BACK {
            self.shared.insert(state, (id, back.clone()));
        }
        if self.open.is_empty() {
            return Some(id);
        }
        self.part(id, &back);
        None
    }
}
