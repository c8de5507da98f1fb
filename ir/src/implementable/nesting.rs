//! Which part of which `Par` or scope each node of a choreography lies in.
//!
//! A part is a branch of a `Par`, or the body or a block of a scope; it begins where the way to it leads and goes up to
//! its `Join`. Every node lies in one part, or in none, however it is reached.

use super::{Control, Kind, NodeId};

/// A part, index into [`Nesting::parts`]. What is inside has a larger number than what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId(u32);

/// Outside of all parts, or not reachable.
const OUTSIDE: u32 = u32::MAX;

/// A part.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The `Par` or scope.
    pub block: NodeId,
    /// Which of its ways leads there.
    pub way: usize,
    /// The part around it.
    pub around: Option<PartId>,
    /// How many parts are around it.
    pub depth: u32,
    /// Its end, if that can be reached.
    pub join: Option<NodeId>,
}

/// The parts of a choreography.
#[derive(Clone, Debug, Default)]
pub struct Nesting {
    parts: Vec<Part>,
    /// The part of each node; empty if there are none.
    of: Vec<u32>,
    /// Each `Par` or scope with its first part, ascending; its parts are numbered one after the other.
    blocks: Vec<(NodeId, u32)>,
}

/// A node that does not lie where it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// The node.
    pub node: NodeId,
    /// What is wrong.
    pub fault: &'static str,
}

impl PartId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Nesting {
    /// Finds the part of every node that can be reached.
    ///
    /// # Errors
    /// A node that lies in two parts at once, ends a part it is not in, or the choreography within one.
    pub fn new(graph: &impl Control) -> Result<Self, Misplaced> {
        let numbers = 0..u32::try_from(graph.node_count()).expect("a choreography has fewer than 2^32 nodes");
        let has_parts = |kind: Kind| kind.is_block() || matches!(kind, Kind::Join { .. });
        let mut nesting = Self::default();
        if !numbers.map(NodeId).any(|node| has_parts(graph.kind(node))) {
            return Ok(nesting);
        }
        nesting.of = vec![OUTSIDE; graph.node_count()];
        let mut seen = vec![false; graph.node_count()];
        seen[graph.start().index()] = true;
        let mut todo = vec![graph.start()];
        while let Some(node) = todo.pop() {
            nesting.enter(graph, node)?;
            for way in 0..graph.way_count(node) {
                let next = graph.successor(node, way);
                let part = nesting.behind(graph, node, way)?;
                if !std::mem::replace(&mut seen[next.index()], true) {
                    nesting.of[next.index()] = part;
                    todo.push(next);
                } else if nesting.of[next.index()] != part {
                    return Err(Misplaced { node: next, fault: "can be reached in two different parts" });
                }
            }
        }
        nesting.blocks.sort_unstable();
        Ok(nesting)
    }

    /// Numbers the parts of a node, or notes that it ends one.
    fn enter(&mut self, graph: &impl Control, node: NodeId) -> Result<(), Misplaced> {
        let around = self.of(node);
        match graph.kind(node) {
            Kind::Par | Kind::Scope { .. } => {
                let first = u32::try_from(self.parts.len()).expect("fewer parts than ways");
                self.blocks.push((node, first));
                let depth = around.map_or(0, |around| self.part(around).depth + 1);
                let ways = 0..graph.way_count(node) - 1;
                self.parts.extend(ways.map(|way| Part { block: node, way, around, depth, join: None }));
                Ok(())
            }
            Kind::Join { of } => {
                let part = around.filter(|part| self.part(*part).block == of);
                let Some(part) = part else {
                    return Err(Misplaced { node, fault: "ends a part that it does not lie in" });
                };
                match self.parts[part.index()].join.replace(node) {
                    None => Ok(()),
                    Some(_) => Err(Misplaced { node, fault: "is the second end of its part" }),
                }
            }
            Kind::End if around.is_some() => Err(Misplaced { node, fault: "ends the choreography within a part" }),
            _ => Ok(()),
        }
    }

    /// The part that a way of a node leads to.
    fn behind(&self, graph: &impl Control, node: NodeId, way: usize) -> Result<u32, Misplaced> {
        let around = self.of[node.index()];
        Ok(match graph.kind(node) {
            kind if kind.is_block() && way + 1 < graph.way_count(node) => {
                let (_, first) = self.blocks.last().expect("its parts were numbered just before");
                first + u32::try_from(way).expect("fewer parts than ways")
            }
            Kind::Join { .. } => self.part(PartId(around)).around.map_or(OUTSIDE, |around| around.0),
            _ => around,
        })
    }

    /// The innermost part a node lies in.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Option<PartId> {
        self.of.get(node.index()).filter(|part| **part != OUTSIDE).map(|part| PartId(*part))
    }

    /// How many parts a node lies in.
    #[must_use]
    pub fn depth(&self, node: NodeId) -> usize {
        self.of(node).map_or(0, |part| 1 + self.part(part).depth as usize)
    }

    /// A part.
    #[must_use]
    pub fn part(&self, id: PartId) -> &Part {
        &self.parts[id.index()]
    }

    /// All parts, those inside behind those around them.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = (PartId, &Part)> {
        let id = |index| PartId(u32::try_from(index).expect("fewer parts than ways"));
        self.parts.iter().enumerate().map(move |(index, part)| (id(index), part))
    }

    /// Number of parts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts a node lies in, the innermost first.
    pub fn around(&self, node: NodeId) -> impl Iterator<Item = PartId> {
        std::iter::successors(self.of(node), |part| self.part(*part).around)
    }

    /// All reachable `Par`s and scopes, ascending.
    pub fn blocks(&self) -> impl Iterator<Item = NodeId> {
        self.blocks.iter().map(|(block, _)| *block)
    }

    /// The parts of a reachable `Par` or scope.
    pub fn parts_of(&self, block: NodeId) -> impl Iterator<Item = PartId> {
        let at = self.blocks.binary_search_by_key(&block, |(block, _)| *block).ok();
        let first = at.map_or(0, |at| self.blocks[at].1 as usize);
        let count = at.map_or(0, |_| self.parts[first..].iter().take_while(|part| part.block == block).count());
        (first..first + count).map(|part| PartId(u32::try_from(part).expect("fewer parts than ways")))
    }
}
