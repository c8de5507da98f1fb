//! Builder: protocols, their headers and bodies.

use super::builder::Builder;
use crate::ast::{
    Block, Clause, Member, Name, OperationOutcome, Param, Path, Protocol, ProtocolClause, RoleRef, StmtId, TypeId, Use,
};
use crate::span::Span;

/// What stands between the header of a protocol or operation and its `=`.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    /// `uses E`
    pub(super) uses: Vec<Use>,
    /// `requires B`, `under Prof` of a protocol.
    pub(super) protocol: Vec<ProtocolClause>,
    /// Clauses of an operation.
    pub(super) clauses: Vec<Clause>,
    /// `on timeout => s` of an operation.
    pub(super) outcomes: Vec<OperationOutcome>,
}

/// `(A, B; budget : Int at A)`
#[derive(Debug)]
pub(super) struct Header {
    roles: Vec<Member>,
    params: Vec<Param>,
}

/// Body of a protocol with its `roles` lines.
#[derive(Debug)]
pub(super) struct Body {
    block: Block,
    roles: Vec<(Vec<Member>, Span)>,
}

impl Builder<'_> {
    pub(super) fn header(&mut self, roles: Vec<Member>, params: Option<Vec<Param>>) -> Header {
        Header { roles, params: params.unwrap_or_default() }
    }

    pub(super) fn param(&mut self, name: Name, ty: TypeId, role: RoleRef) -> Param {
        self.small(name, "the parameter");
        Param { name, ty, role }
    }

    /// `requires B` or `under Prof` of a protocol.
    pub(super) fn protocol_clause(&mut self, clauses: &mut Clauses, word: Name, path: Path) {
        let allowed = ["uses", "requires", "under"];
        if !allowed.contains(&self.name_text(word)) {
            self.unknown_clause(word, &allowed);
        }
        clauses.protocol.push(ProtocolClause { word, path });
    }

    pub(super) fn roles_line(&mut self, members: Vec<Member>, span: Span) {
        self.role_lines.push((members, span));
    }

    pub(super) fn body(&mut self, stmts: Vec<StmtId>, l: u32, r: u32) -> Body {
        let first = self.role_lines.partition_point(|(_, span)| span.start < l);
        let roles = self.role_lines.split_off(first);
        let mut block = self.block(stmts, l, r);
        if let Some((_, span)) = roles.first() {
            block.span.start = block.span.start.min(span.start);
        }
        Body { block, roles }
    }

    pub(super) fn protocol_of(
        &mut self,
        (name, header, clauses): (Name, Option<Header>, Box<Clauses>),
        body: Body,
        locals: Option<Vec<Protocol>>,
        span: Span,
    ) -> Box<Protocol> {
        self.capital(name, "the protocol");
        let (header, params) = match header {
            Some(Header { roles, params }) => (Some(roles), params),
            None => (None, Vec::new()),
        };
        let Clauses { uses, protocol: clauses, .. } = *clauses;
        let Body { block: body, roles } = body;
        Box::new(Protocol {
            name,
            header,
            params,
            uses,
            clauses,
            roles,
            body,
            locals: locals.unwrap_or_default(),
            span,
        })
    }
}
