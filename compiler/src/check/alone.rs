//! Bodies outside protocols - of operations, fragments, handlers - are checked as protocols that exist only meanwhile.

use super::Checker;
use super::call::CallGraph;
use super::family::Instances;
use crate::hir::surface::Contract;
use crate::hir::{Program, Protocol, ProtocolId, Use};
use crate::resolve::Names;
use crate::resolve::family::Member;
use std::rc::Rc;
use tell_language::ast::{Block, Name};
use tell_language::diagnostic::Diagnostic;

/// What such a protocol has: its name and module, its roles, its effects. What it is promised is not known.
pub(super) struct Header {
    pub(super) name: Name,
    pub(super) module: usize,
    pub(super) roles: Vec<Name>,
    pub(super) uses: Vec<Use>,
}

/// Checks a body; families that it calls get their sizes here for itself, and go with it.
pub(super) fn check<T>(
    program: &mut Program,
    (names, calls): (&[Names], &CallGraph),
    diagnostics: &mut Vec<Diagnostic>,
    header: Header,
    run: impl FnOnce(Checker<'_>) -> T,
) -> T {
    let declared = program.protocols.len();
    let id = ProtocolId(u32::try_from(declared).expect("fewer than 2^32 protocols"));
    program.protocols.push(protocol(program, id, header));
    let mut instances = Instances::none();
    let made = run(Checker::new(program, names, calls, &mut instances, diagnostics, id));
    program.protocols.truncate(declared);
    made
}

fn protocol(program: &Program, id: ProtocolId, Header { name, module, roles, uses }: Header) -> Protocol {
    Protocol {
        name: name.symbol,
        name_span: name.span,
        file: program.modules[module].file,
        module,
        parent: None,
        template: id,
        header: Rc::default(),
        sizes: Vec::new(),
        members: (0..).zip(&roles).map(|(first, role)| Member { name: *role, first, count: None }).collect(),
        roles: roles.into_iter().map(|role| (role.symbol, role.span)).collect(),
        params: Vec::new(),
        uses,
        handled: Vec::new(),
        contract: Contract { is_broken: true, ..Contract::default() },
        block: Block::default(),
        body: None,
    }
}
