//! Bodies outside protocols - of operations, fragments, handlers - are checked as protocols that exist only meanwhile.

use crate::hir::surface::Contract;
use crate::hir::{Program, Protocol, ProtocolId, Use};
use tell_language::ast::{Block, Name};
use tell_language::span::FileId;

/// Adds a protocol, to be taken off again.
pub(super) fn push(program: &mut Program, protocol: Protocol) -> ProtocolId {
    program.protocols.push(protocol);
    ProtocolId(u32::try_from(program.protocols.len() - 1).expect("fewer than 2^32 protocols"))
}

/// A protocol of that name and module with these roles; what it is promised is not known.
pub(super) fn protocol(file: FileId, (name, module): (Name, usize), roles: Vec<Name>, uses: Vec<Use>) -> Protocol {
    Protocol {
        name: name.symbol,
        name_span: name.span,
        file,
        module,
        parent: None,
        roles: roles.into_iter().map(|role| (role.symbol, role.span)).collect(),
        params: Vec::new(),
        uses,
        handled: Vec::new(),
        contract: Contract { is_broken: true, ..Contract::default() },
        block: Block::default(),
        body: None,
    }
}
