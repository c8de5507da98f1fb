//! What the projections to all roles share: the choreography in segments, and where each role acts.
//!
//! A *segment* is a run of nodes that can only be passed one after the other: every node but the last has one way on,
//! and every node but the first one way in. A role that does not act in a segment passes it in one step, so its work is
//! proportional to where it acts and to the places where segments meet.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use rustc_hash::{FxHashMap, FxHashSet};

/// A segment, index into the skeleton's tables.
pub(super) type Segment = u32;

/// Nodes that cannot be reached are in no segment.
const NONE: u32 = u32::MAX;

/// The segments of a choreography.
pub(super) struct Skeleton {
    /// Reachable nodes, segment by segment.
    order: Vec<NodeId>,
    /// Where each node stands in `order`.
    rank: Vec<u32>,
    /// The segment of each node.
    segment: Vec<Segment>,
    /// Where each segment starts in `order`, and the end of the last.
    starts: Vec<u32>,
    /// The segments that lead to each segment.
    before: Lists,
    /// Ranks of the nodes at which each role acts, ascending.
    acts: Lists,
    /// For each rank, where it is in the list of its first actor and of its second.
    act_of: Vec<[u32; 2]>,
    /// Whether two labels have one name.
    pub(super) has_alike_labels: bool,
    /// The branches of each `Par`, the body and the blocks of each `Timed`.
    inside: FxHashMap<NodeId, Vec<Part>>,
    /// Which of these each role acts in, ascending.
    acting: FxHashMap<(NodeId, Role), Vec<usize>>,
    /// Who acts at the end of the body of a `Timed`: see [`Skeleton::ends`].
    ends: FxHashMap<NodeId, FxHashSet<Role>>,
}

/// A branch of a `Par`, the body or a block of a `Timed`.
struct Part {
    /// Who acts in it.
    roles: FxHashSet<Role>,
    /// Its `Join`, if that can be reached.
    join: Option<NodeId>,
}

/// Many short lists in one allocation.
struct Lists {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

/// Gives pairs of a list and an item to somebody, the same ones each time.
type Pairs<'p> = dyn Fn(&mut dyn FnMut(u32, u32)) + 'p;

impl Lists {
    /// Lists of the pairs, in their order.
    fn new(count: usize, pairs: &Pairs<'_>) -> Self {
        let mut offsets = vec![0u32; count + 1];
        pairs(&mut |list, _| offsets[list as usize + 1] += 1);
        for index in 1..offsets.len() {
            offsets[index] += offsets[index - 1];
        }
        let mut fill = offsets.clone();
        let mut items = vec![0; offsets[count] as usize];
        pairs(&mut |list, item| {
            items[fill[list as usize] as usize] = item;
            fill[list as usize] += 1;
        });
        Self { offsets, items }
    }

    fn of(&self, list: u32) -> &[u32] {
        &self.items[self.offsets[list as usize] as usize..self.offsets[list as usize + 1] as usize]
    }
}

impl Skeleton {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut skeleton = Self {
            order: Vec::new(),
            rank: vec![NONE; graph.nodes.len()],
            segment: vec![NONE; graph.nodes.len()],
            starts: Vec::new(),
            before: Lists { offsets: vec![0], items: Vec::new() },
            acts: Lists { offsets: vec![0], items: Vec::new() },
            act_of: Vec::new(),
            has_alike_labels: has_alike_labels(graph),
            inside: FxHashMap::default(),
            acting: FxHashMap::default(),
            ends: FxHashMap::default(),
        };
        skeleton.cut(graph);
        skeleton.before = Lists::new(skeleton.len(), &|add| {
            for segment in skeleton.all() {
                for next in graph.successors(skeleton.last(segment)) {
                    add(skeleton.segment_of(next), segment);
                }
            }
        });
        skeleton.open(graph);
        skeleton.ends = skeleton.ends(graph);
        skeleton.acts = Lists::new(graph.roles.len(), &|add| {
            for (rank, node) in (0..).zip(&skeleton.order) {
                let at_end = skeleton.ends.get(node).into_iter().flatten().copied();
                actors(&graph.node(*node).kind).chain(at_end).for_each(|role| add(role, rank));
            }
        });
        skeleton.number_acts(graph);
        skeleton
    }

    /// Looks into all reachable `Par`s and `Timed`s.
    fn open(&mut self, graph: &Graph) {
        for node in &self.order {
            if let NodeKind::Par { .. } | NodeKind::Timed { .. } = graph.node(*node).kind {
                let inside: Vec<Part> = parts(graph, *node).map(|part| Part::new(graph, *node, part)).collect();
                for (index, part) in inside.iter().enumerate() {
                    for role in &part.roles {
                        self.acting.entry((*node, *role)).or_default().push(index);
                    }
                }
                self.inside.insert(*node, inside);
            }
        }
    }

    fn number_acts(&mut self, graph: &Graph) {
        self.act_of = vec![[NONE; 2]; self.order.len()];
        let mut counts = vec![0; graph.roles.len()];
        for (rank, node) in self.order.iter().enumerate() {
            for (actor, role) in actors(&graph.node(*node).kind).enumerate() {
                self.act_of[rank][actor] = counts[role as usize];
                counts[role as usize] += 1;
            }
            self.ends.get(node).into_iter().flatten().for_each(|role| counts[*role as usize] += 1);
        }
    }

    /// Which of its acts a node is to its first or second actor.
    pub(super) fn act_of(&self, node: NodeId, actor: usize) -> u32 {
        self.act_of[self.rank[node.index()] as usize][actor]
    }

    /// Who has to come to the end of the body of each `Timed`: its owner, who then decides `done`, and whoever acts in
    /// the block of that outcome. Any other outcome takes its participants out of the body wherever they are.
    fn ends(&self, graph: &Graph) -> FxHashMap<NodeId, FxHashSet<Role>> {
        let ends = self.inside.iter().filter_map(|(node, inside)| {
            let NodeKind::Timed { owner, outcomes, .. } = &graph.node(*node).kind else { return None };
            let done = outcomes.iter().zip(&inside[1..]).filter(|(outcome, _)| outcome.name == "done");
            let roles = done.flat_map(|(_, block)| &block.roles).chain([owner]).copied().collect();
            inside[0].join.map(|join| (join, roles))
        });
        ends.collect()
    }

    /// Puts all reachable nodes into segments.
    fn cut(&mut self, graph: &Graph) {
        let ways_in = ways_in(graph);
        let mut heads = vec![graph.start];
        while let Some(head) = heads.pop() {
            if self.rank[head.index()] != NONE {
                continue;
            }
            let segment = u32::try_from(self.starts.len()).expect("fewer segments than nodes");
            self.starts.push(u32::try_from(self.order.len()).expect("the node limit is below 2^32"));
            let mut node = head;
            loop {
                self.rank[node.index()] = u32::try_from(self.order.len()).expect("the node limit is below 2^32");
                self.segment[node.index()] = segment;
                self.order.push(node);
                match only_way(graph, node) {
                    Some(next) if ways_in[next.index()] == 1 && next != graph.start => node = next,
                    _ => break,
                }
            }
            heads.extend(graph.successors(node));
        }
        self.starts.push(u32::try_from(self.order.len()).expect("the node limit is below 2^32"));
    }

    /// All reachable nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.order.iter().copied()
    }

    /// Number of segments.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// All segments.
    pub(super) fn all(&self) -> impl Iterator<Item = Segment> + use<> {
        (0..).take(self.len())
    }

    /// The segment of a reachable node.
    pub(super) fn segment_of(&self, node: NodeId) -> Segment {
        self.segment[node.index()]
    }

    /// The nodes of a segment.
    pub(super) fn nodes_of(&self, segment: Segment) -> impl Iterator<Item = NodeId> {
        let range = self.starts[segment as usize] as usize..self.starts[segment as usize + 1] as usize;
        self.order[range].iter().copied()
    }

    pub(super) fn first(&self, segment: Segment) -> NodeId {
        self.order[self.starts[segment as usize] as usize]
    }

    pub(super) fn last(&self, segment: Segment) -> NodeId {
        self.order[self.starts[segment as usize + 1] as usize - 1]
    }

    /// The segments that lead to a segment.
    pub(super) fn before(&self, segment: Segment) -> &[Segment] {
        self.before.of(segment)
    }

    /// Where a role acts: ranks, ascending. Ranks of one segment are consecutive.
    pub(super) fn acts(&self, role: Role) -> &[u32] {
        self.acts.of(role)
    }

    /// The node of a rank.
    pub(super) fn node(&self, rank: u32) -> NodeId {
        self.order[rank as usize]
    }

    /// Where in `acts` the nodes of a segment from `node` on are.
    pub(super) fn acts_from(&self, acts: &[u32], node: NodeId) -> std::ops::Range<usize> {
        let rank = self.rank[node.index()];
        let end = self.starts[self.segment_of(node) as usize + 1];
        let start = acts.partition_point(|act| *act < rank);
        start..start + acts[start..].partition_point(|act| *act < end)
    }

    /// Index into `acts` of the first node from `node` on in its segment.
    pub(super) fn next_act(&self, acts: &[u32], node: NodeId) -> Option<usize> {
        let rank = self.rank[node.index()];
        let end = self.starts[self.segment_of(node) as usize + 1];
        let next = acts.partition_point(|act| *act < rank);
        acts.get(next).filter(|act| **act < end).map(|_| next)
    }

    /// The reachable ends of branches and blocks, each with the `Par` or `Timed` it is of; in no order.
    pub(super) fn joins(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.inside.iter().flat_map(|(of, parts)| parts.iter().filter_map(|part| Some((part.join?, *of))))
    }

    /// Where each part of a `Par` or `Timed` starts, and its join.
    pub(super) fn ends_of(&self, graph: &Graph, node: NodeId) -> Vec<(NodeId, Option<NodeId>)> {
        let joins = self.inside.get(&node).into_iter().flatten().map(|part| part.join);
        parts(graph, node).zip(joins).collect()
    }

    /// All reachable `Par`s and `Timed`s, in no order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = NodeId> {
        self.inside.keys().copied()
    }

    /// The parts of a `Par` or `Timed` that a role acts in, ascending.
    pub(super) fn parts_of(&self, node: NodeId, role: Role) -> &[usize] {
        self.acting.get(&(node, role)).map_or(&[], Vec::as_slice)
    }
}

/// The branches of a `Par`; the body and the blocks of a `Timed`.
pub(super) fn parts(graph: &Graph, node: NodeId) -> impl Iterator<Item = NodeId> {
    let mut parts = graph.successors(node);
    // What follows comes last.
    parts.pop();
    parts.into_iter()
}

/// Who acts at a node: sends, receives, decides, does something locally, or owns a scope.
pub(crate) fn actors(kind: &NodeKind) -> impl Iterator<Item = Role> + use<> {
    let (one, two) = match kind {
        NodeKind::Comm { from, to, .. } => (Some(*from), Some(*to)),
        NodeKind::Choice { decider: role, .. } | NodeKind::Local { role, .. } | NodeKind::Timed { owner: role, .. } => {
            (Some(*role), None)
        }
        NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } => (None, None),
        NodeKind::Par { .. } | NodeKind::Join { .. } => (None, None),
    };
    one.into_iter().chain(two)
}

/// Whether the role acts at a node of that kind.
pub(super) fn acts(kind: &NodeKind, role: Role) -> bool {
    actors(kind).any(|actor| actor == role)
}

/// What follows a node that changes nothing but what its actors know.
fn only_way(graph: &Graph, node: NodeId) -> Option<NodeId> {
    match &graph.node(node).kind {
        NodeKind::Comm { branches, .. } if branches.len() == 1 => Some(branches[0].cont),
        NodeKind::Local { cont, .. } => Some(*cont),
        NodeKind::Rename { pairs, cont } if pairs.is_empty() => Some(*cont),
        _ => None,
    }
}

/// Number of reachable edges that lead to each node.
fn ways_in(graph: &Graph) -> Vec<u32> {
    let mut ways = vec![0u32; graph.nodes.len()];
    let mut todo = vec![graph.start];
    ways[graph.start.index()] = 1;
    while let Some(node) = todo.pop() {
        graph.each_successor(node, &mut |next| {
            ways[next.index()] += 1;
            if ways[next.index()] == 1 {
                todo.push(next);
            }
        });
    }
    ways[graph.start.index()] -= 1;
    ways
}

impl Part {
    /// What a part of `of` has up to its join.
    fn new(graph: &Graph, of: NodeId, start: NodeId) -> Self {
        let mut part = Self { roles: FxHashSet::default(), join: None };
        for node in part_nodes(graph, of, start) {
            let kind = &graph.node(node).kind;
            match kind {
                NodeKind::Join { of: joined } if *joined == of => part.join = Some(node),
                _ => part.roles.extend(actors(kind)),
            }
        }
        part
    }
}

/// The nodes of a part of `of`, its join included.
pub(super) fn part_nodes(graph: &Graph, of: NodeId, start: NodeId) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut seen = FxHashSet::default();
    let mut todo = vec![start];
    while let Some(node) = todo.pop() {
        if !seen.insert(node) {
            continue;
        }
        nodes.push(node);
        if !matches!(graph.node(node).kind, NodeKind::Join { of: joined } if joined == of) {
            todo.extend(graph.successors(node));
        }
    }
    nodes
}

fn has_alike_labels(graph: &Graph) -> bool {
    let mut names = FxHashSet::default();
    !graph.labels.iter().all(|label| names.insert(label.name.as_str()))
}
