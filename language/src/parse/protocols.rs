//! Builder: protocols, their headers and bodies.

use super::builder::Builder;
use crate::ast::{Block, Construct, Name, Param, Path, Protocol, StmtId, StmtKind, TypeId, Use};
use crate::span::Span;

/// A declared role, or a family of roles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) name: Name,
    /// Span of `[N]`.
    pub(super) index: Option<Span>,
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
    pub(super) fn header(&mut self, roles: Vec<Member>, params: Option<Vec<Param>>) -> Box<Header> {
        Box::new(Header { roles, params: params.unwrap_or_default() })
    }

    pub(super) fn param(&mut self, name: Name, ty: TypeId, role: Name) -> Param {
        self.small(name, "the parameter");
        Param { name, ty, role }
    }

    pub(super) fn more_uses(&mut self, uses: &mut Vec<Use>, more: Vec<Use>) {
        uses.extend(more);
    }

    /// `requires B` or `under Prof` of a protocol.
    pub(super) fn protocol_clause(&mut self, word: Name, _path: Path) {
        let allowed = ["uses", "requires", "under"];
        if !allowed.contains(&self.name_text(word)) {
            self.unknown_clause(word, &allowed);
        }
        self.protocol_clauses.push(word.span);
    }

    pub(super) fn roles_line(&mut self, members: Vec<Member>, span: Span) {
        self.role_lines.push((members, span));
    }

    pub(super) fn body(&mut self, stmts: Vec<StmtId>, l: u32, r: u32) -> Box<Body> {
        let first = self.role_lines.partition_point(|(_, span)| span.start < l);
        let roles = self.role_lines.split_off(first);
        let mut block = self.block(stmts, l, r);
        if let Some((_, span)) = roles.first() {
            block.span.start = block.span.start.min(span.start);
        }
        Box::new(Body { block, roles })
    }

    /// A protocol; what of its header is not executed yet becomes refused statements at the start of its body.
    pub(super) fn protocol_of(
        &mut self,
        name: Name,
        header: Option<Box<Header>>,
        uses: Vec<Use>,
        body: Body,
        locals: Option<Vec<Protocol>>,
        span: Span,
    ) -> Box<Protocol> {
        self.capital(name, "the protocol");
        let Body { block: mut body, roles } = body;
        let header = header.map(|header| *header);
        let first = self.protocol_clauses.partition_point(|clause| clause.start < span.start);
        // clauses of local protocols have been taken by those
        let clauses = self.protocol_clauses.split_off(first);
        let members = header.iter().flat_map(|header| &header.roles).chain(roles.iter().flat_map(|(line, _)| line));
        let families = members.filter_map(|member| member.index).map(|index| (Construct::RoleFamily, index));
        let clauses = clauses.into_iter().map(|clause| (Construct::ProtocolAuthority, clause));
        let refused: Vec<(Construct, Span)> = clauses.chain(families).collect();
        let refused = refused.into_iter().map(|(construct, at)| self.stmt(StmtKind::Refused { construct }, at, []));
        let refused: Vec<StmtId> = refused.collect();
        body.stmts.splice(0..0, refused);
        let names = |members: Vec<Member>| members.into_iter().map(|member| member.name).collect();
        let (header, params) = match header {
            Some(Header { roles, params }) => (Some(names(roles)), params),
            None => (None, Vec::new()),
        };
        let roles = roles.into_iter().map(|(members, line)| (names(members), line)).collect();
        let locals = locals.unwrap_or_default();
        Box::new(Protocol { name, header, params, uses, roles, body, locals, span })
    }
}
