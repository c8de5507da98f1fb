//! The sizes each protocol is checked with: its own, and those that calls give it.

use super::super::call::CallGraph;
use crate::hir::{Program, Protocol, ProtocolId};
use crate::resolve::family::{Constants, Problem, Size, expand, expand_params, too_many};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Statements and messages that `for`, families and role sets write out, in a whole program.
const MAX_WRITTEN_OUT: usize = 1_000_000;

/// Protocols that are to be checked, and the families of which have sizes.
pub(in crate::check) struct Instances {
    /// What a declaration became for sizes.
    made: FxHashMap<(ProtocolId, Vec<u32>), ProtocolId>,
    /// Protocols to be checked next.
    todo: VecDeque<ProtocolId>,
    /// Protocols that were.
    started: FxHashSet<ProtocolId>,
    /// How often each declaration was.
    times: FxHashMap<ProtocolId, usize>,
    /// Declarations whose sizes nothing says: checked only if no call gives them some. Those that nobody calls come first,
    /// since they may call the others.
    open: VecDeque<ProtocolId>,
    /// Protocols that call each other recursively, by their declarations.
    circles: Vec<FxHashMap<ProtocolId, ProtocolId>>,
    /// The circle of each.
    circle_of: FxHashMap<ProtocolId, usize>,
    /// What may still be written out.
    pub(super) left: usize,
}

impl Instances {
    /// None yet: for a body that is no protocol's, and is checked apart.
    pub(in crate::check) fn none() -> Self {
        Self {
            made: FxHashMap::default(),
            todo: VecDeque::new(),
            started: FxHashSet::default(),
            times: FxHashMap::default(),
            open: VecDeque::new(),
            circles: Vec::new(),
            circle_of: FxHashMap::default(),
            left: MAX_WRITTEN_OUT,
        }
    }

    pub(in crate::check) fn new(program: &Program, calls: &CallGraph) -> Self {
        let mut instances = Self::none();
        let mut called = Vec::new();
        for (id, protocol) in (0..).map(ProtocolId).zip(&program.protocols) {
            instances.made.insert((id, values(&protocol.sizes)), id);
            if !protocol.sizes.iter().any(|size| size.is_assumed) {
                instances.demand(program, id);
            } else if calls.is_called(id) {
                called.push(id);
            } else {
                instances.open.push_back(id);
            }
        }
        instances.open.extend(called);
        instances
    }

    /// The next protocol to be checked.
    pub(in crate::check) fn next(&mut self) -> Option<ProtocolId> {
        while self.todo.is_empty() {
            let id = self.open.pop_front()?;
            if !self.times.contains_key(&id) {
                self.start(id, id);
            }
        }
        self.todo.pop_front()
    }

    /// Whether a declaration is checked with several sizes.
    pub(in crate::check) fn is_again(&self, template: ProtocolId) -> bool {
        self.times.get(&template).is_some_and(|times| *times > 1)
    }

    /// Has a protocol checked, unless it is or will be.
    pub(in crate::check) fn demand(&mut self, program: &Program, id: ProtocolId) {
        self.start(id, program.protocol(id).template);
    }

    fn start(&mut self, id: ProtocolId, template: ProtocolId) {
        if self.started.insert(id) {
            *self.times.entry(template).or_default() += 1;
            self.todo.push_back(id);
        }
    }

    /// The protocol that a declaration is for sizes, and what is wrong with its header then.
    ///
    /// # Errors
    /// It has too many roles.
    pub(in crate::check) fn instance(
        &mut self,
        program: &mut Program,
        template: ProtocolId,
        sizes: Vec<u32>,
    ) -> Result<(ProtocolId, Vec<Problem>), Problem> {
        if let Some(known) = self.made.get(&(template, sizes.clone())).copied() {
            return Ok((known, Vec::new()));
        }
        let header = program.protocol(template).header.clone();
        let (members, roles) = expand(program, &header, &sizes).map_err(too_many)?;
        let named = header.sizes.iter().zip(&sizes);
        let named: Vec<Size> =
            named.map(|(name, value)| Size { name: name.symbol, value: *value, is_assumed: false }).collect();
        let Protocol { name, name_span, file, module, parent, ref uses, ref contract, ref block, .. } =
            *program.protocol(template);
        let ast = &program.modules[module].ast;
        let (params, problems) = expand_params(program, ast, &header, &members, &Constants::new(&named));
        let (uses, contract, block) = (uses.clone(), contract.clone(), block.clone());
        let id = program.next_protocol();
        program.protocols.push(Protocol {
            name,
            name_span,
            file,
            module,
            parent,
            template,
            header,
            sizes: named,
            members,
            roles,
            params,
            uses,
            handled: Vec::new(),
            contract,
            block,
            body: None,
        });
        self.made.insert((template, sizes), id);
        Ok((id, problems))
    }

    /// Notes a call within a circle of calls. Answers false if the circle goes through one declaration with two sizes: then
    /// it does not come back to where it was.
    pub(in crate::check) fn goes_round(&mut self, program: &Program, caller: ProtocolId, callee: ProtocolId) -> bool {
        let (from, to) = (self.circle(program, caller), self.circle(program, callee));
        if from == to {
            return true;
        }
        let is_larger = self.circles[from].len() > self.circles[to].len();
        let (into, other) = if is_larger { (from, to) } else { (to, from) };
        let other = std::mem::take(&mut self.circles[other]);
        other.into_iter().fold(true, |agree, (template, id)| {
            self.circle_of.insert(id, into);
            *self.circles[into].entry(template).or_insert(id) == id && agree
        })
    }

    fn circle(&mut self, program: &Program, id: ProtocolId) -> usize {
        *self.circle_of.entry(id).or_insert_with(|| {
            self.circles.push(FxHashMap::from_iter([(program.protocol(id).template, id)]));
            self.circles.len() - 1
        })
    }
}

fn values(sizes: &[Size]) -> Vec<u32> {
    sizes.iter().map(|size| size.value).collect()
}
