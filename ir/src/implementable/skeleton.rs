//! What the projections to all roles share: the choreography in segments, and where each role acts.
//!
//! A *segment* is a run of nodes that can only be passed one after the other: every node but the last has one way on,
//! and every node but the first one way in. A role that does not act in a segment passes it in one step, so its work is
//! proportional to where it acts and to the places where segments meet.

use super::{Control, Kind, Nesting, NodeId, PartId, Role};
use std::collections::BTreeMap;

/// A segment, index into the skeleton's tables.
pub type Segment = u32;

/// Nodes that cannot be reached are in no segment.
const NONE: u32 = u32::MAX;

/// The segments of a choreography.
pub struct Skeleton {
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
    nesting: Nesting,
    /// Who acts in each part, ascending.
    roles: Vec<Vec<Role>>,
    /// Which parts of a `Par` or scope each role acts in, as its ways, ascending.
    acting: BTreeMap<(NodeId, Role), Vec<usize>>,
    /// Who acts at the end of the body of a scope: see [`Skeleton::ends`].
    ends: BTreeMap<NodeId, Vec<Role>>,
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
    /// The segments of a choreography for so many roles.
    #[must_use]
    pub fn new(graph: &impl Control, roles: usize, nesting: Nesting) -> Self {
        let mut skeleton = Self {
            order: Vec::new(),
            rank: vec![NONE; graph.node_count()],
            segment: vec![NONE; graph.node_count()],
            starts: Vec::new(),
            before: Lists { offsets: vec![0], items: Vec::new() },
            acts: Lists { offsets: vec![0], items: Vec::new() },
            act_of: Vec::new(),
            nesting,
            roles: Vec::new(),
            acting: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        skeleton.cut(graph);
        skeleton.before = Lists::new(skeleton.segments(), &|add| {
            for segment in skeleton.all() {
                graph.each_successor(skeleton.last(segment), &mut |next| add(skeleton.segment_of(next), segment));
            }
        });
        skeleton.open(graph);
        skeleton.ends = skeleton.ends(graph);
        skeleton.acts = Lists::new(roles, &|add| {
            for (rank, node) in (0..).zip(&skeleton.order) {
                let at_end = skeleton.ends.get(node).into_iter().flatten().copied();
                graph.kind(*node).actors().chain(at_end).for_each(|role| add(role, rank));
            }
        });
        skeleton.number_acts(graph, roles);
        skeleton
    }

    /// Looks into all parts.
    fn open(&mut self, graph: &impl Control) {
        self.roles = vec![Vec::new(); self.nesting.len()];
        for node in &self.order {
            if let Some(part) = self.nesting.of(*node) {
                self.roles[part.index()].extend(graph.kind(*node).actors());
            }
        }
        for (id, part) in self.nesting.parts().rev() {
            let mut own = std::mem::take(&mut self.roles[id.index()]);
            own.sort_unstable();
            own.dedup();
            if let Some(around) = part.around {
                self.roles[around.index()].extend(&own);
            }
            self.roles[id.index()] = own;
        }
        for (id, part) in self.nesting.parts() {
            for role in &self.roles[id.index()] {
                self.acting.entry((part.block, *role)).or_default().push(part.way);
            }
        }
    }

    fn number_acts(&mut self, graph: &impl Control, roles: usize) {
        self.act_of = vec![[NONE; 2]; self.order.len()];
        let mut counts = vec![0; roles];
        for (rank, node) in self.order.iter().enumerate() {
            for (actor, role) in graph.kind(*node).actors().enumerate() {
                self.act_of[rank][actor] = counts[role as usize];
                counts[role as usize] += 1;
            }
            self.ends.get(node).into_iter().flatten().for_each(|role| counts[*role as usize] += 1);
        }
    }

    /// Which of its acts a node is to its first or second actor.
    pub fn act_of(&self, node: NodeId, actor: usize) -> u32 {
        self.act_of[self.rank[node.index()] as usize][actor]
    }

    /// Who has to come to the end of the body of each scope: its owner, who then decides `done`, and whoever acts in
    /// the block of that outcome. Any other outcome takes its participants out of the body wherever they are.
    fn ends(&self, graph: &impl Control) -> BTreeMap<NodeId, Vec<Role>> {
        let mut ends = BTreeMap::new();
        for block in self.nesting.blocks() {
            let Kind::Scope { owner, done } = graph.kind(block) else { continue };
            let mut parts = self.nesting.parts_of(block);
            let Some(join) = parts.next().and_then(|body| self.nesting.part(body).join) else { continue };
            let done = done.and_then(|way| parts.nth(way - 1));
            let mut roles = done.map_or_else(Vec::new, |done| self.roles[done.index()].clone());
            if let Err(at) = roles.binary_search(&owner) {
                roles.insert(at, owner);
            }
            ends.insert(join, roles);
        }
        ends
    }

    /// Puts all reachable nodes into segments.
    fn cut(&mut self, graph: &impl Control) {
        let ways_in = ways_in(graph);
        let mut heads = vec![graph.start()];
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
                match graph.only_way(node) {
                    Some(next) if ways_in[next.index()] == 1 && next != graph.start() => node = next,
                    _ => break,
                }
            }
            graph.each_successor(node, &mut |next| heads.push(next));
        }
        self.starts.push(u32::try_from(self.order.len()).expect("the node limit is below 2^32"));
    }

    /// All reachable nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.order.iter().copied()
    }

    /// Number of segments.
    pub fn segments(&self) -> usize {
        self.starts.len() - 1
    }

    /// All segments.
    pub fn all(&self) -> impl Iterator<Item = Segment> + use<> {
        (0..).take(self.segments())
    }

    /// The segment of a reachable node.
    pub fn segment_of(&self, node: NodeId) -> Segment {
        self.segment[node.index()]
    }

    /// The nodes of a segment.
    pub fn nodes_of(&self, segment: Segment) -> impl Iterator<Item = NodeId> {
        let range = self.starts[segment as usize] as usize..self.starts[segment as usize + 1] as usize;
        self.order[range].iter().copied()
    }

    /// The first node of a segment.
    pub fn first(&self, segment: Segment) -> NodeId {
        self.order[self.starts[segment as usize] as usize]
    }

    /// The last node of a segment.
    pub fn last(&self, segment: Segment) -> NodeId {
        self.order[self.starts[segment as usize + 1] as usize - 1]
    }

    /// The segments that lead to a segment.
    pub fn before(&self, segment: Segment) -> &[Segment] {
        self.before.of(segment)
    }

    /// Where a role acts: ranks, ascending. Ranks of one segment are consecutive.
    pub fn acts(&self, role: Role) -> &[u32] {
        self.acts.of(role)
    }

    /// The node of a rank.
    pub fn node(&self, rank: u32) -> NodeId {
        self.order[rank as usize]
    }

    /// Where in `acts` the nodes of a segment from `node` on are.
    pub fn acts_from(&self, acts: &[u32], node: NodeId) -> std::ops::Range<usize> {
        let rank = self.rank[node.index()];
        let end = self.starts[self.segment_of(node) as usize + 1];
        let start = acts.partition_point(|act| *act < rank);
        start..start + acts[start..].partition_point(|act| *act < end)
    }

    /// Index into `acts` of the first node from `node` on in its segment.
    pub fn next_act(&self, acts: &[u32], node: NodeId) -> Option<usize> {
        let rank = self.rank[node.index()];
        let end = self.starts[self.segment_of(node) as usize + 1];
        let next = acts.partition_point(|act| *act < rank);
        acts.get(next).filter(|act| **act < end).map(|_| next)
    }

    /// Which part of which `Par` or scope each node lies in.
    #[must_use]
    pub fn nesting(&self) -> &Nesting {
        &self.nesting
    }

    /// The reachable ends of parts, each with the `Par` or scope it is of.
    pub fn joins(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.nesting.parts().filter_map(|(_, part)| Some((part.join?, part.block)))
    }

    /// The parts of a `Par` or scope that a role acts in, as its ways, ascending.
    #[must_use]
    pub fn parts_of(&self, node: NodeId, role: Role) -> &[usize] {
        self.acting.get(&(node, role)).map_or(&[], Vec::as_slice)
    }

    /// Who acts in a part, ascending.
    #[must_use]
    pub fn roles_in(&self, part: PartId) -> &[Role] {
        &self.roles[part.index()]
    }
}

/// Number of reachable edges that lead to each node.
fn ways_in(graph: &impl Control) -> Vec<u32> {
    let mut ways = vec![0u32; graph.node_count()];
    let mut todo = vec![graph.start()];
    ways[graph.start().index()] = 1;
    while let Some(node) = todo.pop() {
        graph.each_successor(node, &mut |next| {
            ways[next.index()] += 1;
            if ways[next.index()] == 1 {
                todo.push(next);
            }
        });
    }
    ways[graph.start().index()] -= 1;
    ways
}
