//! Families of roles (LANGUAGE §2): what a header stands for once its sizes are known, and what an index picks.
//!
//! A [`Header`] is what was written; [`expand`] gives its roles for given sizes. [`value`] and [`pick`] are the only
//! places where an index is evaluated, for headers as for bodies.

use crate::hir::{Param, Program, RoleId};
use crate::ty::Ty;
use std::collections::BTreeMap;
use std::ops::Range;
use tell_language::ast::{Ast, BinaryOp, ExprId, ExprKind, Index, IndexKind, Name, RoleRef};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Most roles of a protocol.
pub const MAX_ROLES: u32 = 10_000;

/// Most roles of families of a whole program, all protocols and sizes together.
pub const MAX_FAMILY_ROLES: u32 = 200_000;

/// The size a family is checked with if nothing says how large it is: the smallest with a first and another role.
pub const ASSUMED_SIZE: u32 = 2;

/// Sizes of families given from outside, by name: `--bind N=3`.
pub type Binds = BTreeMap<String, u32>;

/// A header as written; what is wrong with it has been reported and left out.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// Roles and families in order.
    pub members: Vec<(Name, Extent)>,
    /// Names of sizes, in order of their first mention.
    pub sizes: Vec<Name>,
    /// Value parameters.
    pub params: Vec<HeaderParam>,
}

/// How many roles a member of a header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One role, without an index.
    One,
    /// A family of this size.
    Fixed(u32),
    /// A family of a named size, an index into [`Header::sizes`].
    Named(usize),
}

/// A value parameter as written.
#[derive(Clone, Copy, Debug)]
pub struct HeaderParam {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Ty,
    /// Who holds it; each role of several holds one of its own.
    pub role: RoleRef,
}

/// A named size and its value.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Its name.
    pub name: Symbol,
    /// Its value.
    pub value: u32,
    /// Whether nothing said how large it is, so that [`ASSUMED_SIZE`] was taken.
    pub is_assumed: bool,
}

/// A role or a family with its roles.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Its first role; the others follow.
    pub first: u32,
    /// Number of roles of a family; `None` for a single role.
    pub count: Option<u32>,
}

impl Member {
    /// Its role at an index below its number of roles.
    #[must_use]
    pub const fn role(&self, index: u32) -> RoleId {
        RoleId(self.first + index)
    }

    /// Its roles.
    pub fn roles(&self) -> impl Iterator<Item = RoleId> + use<> {
        (self.first..self.first + self.count.unwrap_or(1)).map(RoleId)
    }
}

/// The members of a header, and the names of all roles with the places of their declarations.
pub type Expanded = (Vec<Member>, Vec<(Symbol, Span)>);

/// The members of a header with their roles. Roles of families are called `W[0]`, `W[1]`, …
///
/// # Errors
/// The member with which there are more than [`MAX_ROLES`] roles, or in the whole program [`MAX_FAMILY_ROLES`].
pub fn expand(program: &mut Program, header: &Header, sizes: &[u32]) -> Result<Expanded, Name> {
    let mut members = Vec::new();
    let mut roles: Vec<(Symbol, Span)> = Vec::new();
    for (name, extent) in &header.members {
        let count = match extent {
            Extent::One => None,
            Extent::Fixed(count) => Some(*count),
            Extent::Named(size) => Some(sizes[*size]),
        };
        let first = u32::try_from(roles.len()).expect("at most `MAX_ROLES`");
        program.family_roles = program.family_roles.saturating_add(count.unwrap_or(0));
        if MAX_ROLES - first < count.unwrap_or(1) || program.family_roles > MAX_FAMILY_ROLES {
            return Err(*name);
        }
        members.push(Member { name: *name, first, count });
        let Some(count) = count else {
            roles.push((name.symbol, name.span));
            continue;
        };
        let text = program.text(name.symbol).to_owned();
        roles.extend((0..count).map(|index| (program.interner.intern(&format!("{text}[{index}]")), name.span)));
    }
    Ok((members, roles))
}

/// There are more roles than a protocol or program can have.
#[must_use]
pub fn too_many(member: Name) -> Problem {
    let message = format!("a protocol has at most {MAX_ROLES} roles, all families of a program {MAX_FAMILY_ROLES}");
    let help = "split the protocol, or make its families smaller".to_owned();
    Problem { code: "E0405", span: member.span, message, label: "too many with these", help }
}

/// The parameters of a header with their roles, and what is wrong with some.
#[must_use]
pub fn expand_params(
    program: &Program,
    ast: &Ast,
    header: &Header,
    members: &[Member],
    constants: &Constants,
) -> (Vec<Param>, Vec<Problem>) {
    let (mut params, mut problems) = (Vec::new(), Vec::new());
    for (declared, param) in (0..).zip(&header.params) {
        // Unknown roles were reported with the header.
        let wanted = param.role.name.symbol;
        let Some(member) = members.iter().find(|member| member.name.symbol == wanted) else { continue };
        match pick_role(ast, param.role, member, constants) {
            Ok(picked) => params.extend(picked.map(|index| Param {
                name: param.name.symbol,
                span: param.name.span,
                ty: param.ty,
                role: member.role(index),
                declared,
            })),
            Err(mistake) => problems.extend(mistake.problem(program, member, constants)),
        }
    }
    (params, problems)
}

fn pick_role(ast: &Ast, role: RoleRef, member: &Member, constants: &Constants) -> Result<Range<u32>, Mistake> {
    match (member.count, role.index) {
        (None, None) => Ok(0..1),
        (None, Some(index)) => Err(Mistake::NoFamily(ast.index(index).span)),
        (Some(_), None) => Err(Mistake::NoIndex(role.name.span)),
        (Some(count), Some(index)) => pick(ast, ast.index(index), count, constants).map(Pick::range),
    }
}

/// Names that stand for a number while a header or body is expanded: sizes and indices of `for`, innermost last.
#[derive(Clone, Debug, Default)]
pub struct Constants(Vec<(Symbol, i64)>);

impl Constants {
    /// The sizes of a protocol.
    #[must_use]
    pub fn new(sizes: &[Size]) -> Self {
        Self(sizes.iter().map(|size| (size.name, i64::from(size.value))).collect())
    }

    /// What the name stands for.
    #[must_use]
    pub fn get(&self, name: Symbol) -> Option<i64> {
        self.0.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Lets the name stand for a number.
    pub fn push(&mut self, name: Symbol, value: i64) {
        self.0.push((name, value));
    }

    /// Forgets the innermost name.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Names that stand for a number, outermost first.
    pub fn names(&self) -> impl Iterator<Item = Symbol> {
        self.0.iter().map(|(name, _)| *name)
    }
}

/// What an index picks of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// One role: `W[i]`.
    One(u32),
    /// Roles in order: `W[*]`, `W[0..k]`.
    Several(Range<u32>),
}

impl Pick {
    /// The indices picked.
    #[must_use]
    pub const fn range(self) -> Range<u32> {
        match self {
            Self::One(index) => index..index + 1,
            Self::Several(range) => range,
        }
    }
}

/// The number an index stands for: a literal, a name, `i + c` or `i - c`.
///
/// # Errors
/// Any other expression, or a name that stands for no number.
pub fn value(ast: &Ast, id: ExprId, constants: &Constants) -> Result<i64, Mistake> {
    let expr = ast.expr(id);
    match &expr.kind {
        ExprKind::Int(value) => Ok(*value),
        ExprKind::Binary { op: op @ (BinaryOp::Add | BinaryOp::Sub), left, right, .. } => {
            let (Some(name), ExprKind::Int(by)) = (name(ast, *left), &ast.expr(*right).kind) else {
                return Err(Mistake::Form(expr.span));
            };
            let at = constants.get(name.symbol).ok_or(Mistake::Unknown(name))?;
            let value = if *op == BinaryOp::Add { at.checked_add(*by) } else { at.checked_sub(*by) };
            value.ok_or(Mistake::Form(expr.span))
        }
        ExprKind::Error => Err(Mistake::Unread),
        _ => {
            let name = name(ast, id).ok_or(Mistake::Form(expr.span))?;
            constants.get(name.symbol).ok_or(Mistake::Unknown(name))
        }
    }
}

/// The name an expression is, if it is one.
#[must_use]
pub fn name(ast: &Ast, id: ExprId) -> Option<Name> {
    let expr = ast.expr(id);
    match expr.kind {
        ExprKind::Var(symbol) | ExprKind::Upper(symbol) => Some(Name { symbol, span: expr.span }),
        _ => None,
    }
}

/// What an index picks of a family of `count` roles.
///
/// # Errors
/// An index that is no number, or outside the family.
pub fn pick(ast: &Ast, index: Index, count: u32, constants: &Constants) -> Result<Pick, Mistake> {
    match index.kind {
        IndexKind::All => Ok(Pick::Several(0..count)),
        IndexKind::At(at) => {
            let at = value(ast, at, constants)?;
            match u32::try_from(at) {
                Ok(role) if role < count => Ok(Pick::One(role)),
                _ => Err(Mistake::Outside { span: index.span, from: at, to: None }),
            }
        }
        IndexKind::Range(from, to) => {
            let (from, to) = (value(ast, from, constants)?, value(ast, to, constants)?);
            match (u32::try_from(from), u32::try_from(to)) {
                (Ok(start), Ok(end)) if start <= end && end <= count => Ok(Pick::Several(start..end)),
                _ => Err(Mistake::Outside { span: index.span, from, to: Some(to) }),
            }
        }
    }
}

/// What is wrong with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It is another expression than an index may be.
    Form(Span),
    /// It names no index of a `for` around it and no size.
    Unknown(Name),
    /// It is outside the family.
    Outside {
        /// The index with its brackets.
        span: Span,
        /// Its value, or where its range starts.
        from: i64,
        /// Where its range ends.
        to: Option<i64>,
    },
    /// A single role has no index.
    NoFamily(Span),
    /// A family needs an index.
    NoIndex(Span),
    /// It could not be read; already reported.
    Unread,
}

/// A report to be made: code, place and words.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The code.
    pub code: &'static str,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What stands there.
    pub label: &'static str,
    /// What to do.
    pub help: String,
}

impl Mistake {
    /// The mistake in words, for an index of `member`; `None` if it is reported already.
    #[must_use]
    pub fn problem(self, program: &Program, member: &Member, constants: &Constants) -> Option<Problem> {
        let family = program.text(member.name.symbol);
        let count = member.count.unwrap_or(1);
        Some(match self {
            Self::Unknown(name) => unknown_index(program, name, constants),
            Self::Form(span) => wrong_form(span),
            Self::Unread => return None,
            Self::Outside { span, from, to } => {
                let last = count.saturating_sub(1);
                let help = format!("the roles of `{family}` are `{family}[0]` to `{family}[{last}]`");
                let (message, label) = match to {
                    None => (format!("there is no role `{family}[{from}]`"), "outside the family"),
                    Some(to) if from > to => (format!("the range {from}..{to} ends before it starts"), "no range"),
                    Some(to) => (format!("the range {from}..{to} is not inside `{family}`"), "outside the family"),
                };
                Problem { code: "E0233", span, message, label, help }
            }
            Self::NoFamily(span) => {
                let message = format!("`{family}` is one role, not a family");
                let help = format!("write `{family}` alone, or declare a family: `{family}[3]`");
                Problem { code: "E0235", span, message, label: "an index of no family", help }
            }
            Self::NoIndex(span) => {
                let message = format!("`{family}` is a family of {count}, which role of it is meant?");
                let help = format!("write `{family}[0]` for one of them, `{family}[*]` for all of them");
                Problem { code: "E0234", span, message, label: "a family", help }
            }
        })
    }
}

fn wrong_form(span: Span) -> Problem {
    let message = "this cannot be an index".to_owned();
    let help = "an index is a number, the name of a `for` or of a size, or such a name plus or minus a number";
    Problem { code: "E0232", span, message, label: "not an index", help: help.to_owned() }
}

/// A name in an index that stands for no number.
fn unknown_index(program: &Program, name: Name, constants: &Constants) -> Problem {
    let wanted = program.text(name.symbol);
    let known: Vec<&str> = constants.names().map(|name| program.text(name)).collect();
    let help = match tell_language::diagnostic::did_you_mean(wanted, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("roles are fixed when the program is compiled: write `for {wanted} in …` around this"),
    };
    let message = format!("`{wanted}` is no index here");
    Problem { code: "E0232", span: name.span, message, label: "neither a `for` nor a size has this name", help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tell_language::ast::{DeclKind, StmtKind, Target};
    use tell_language::parse::parse;
    use tell_language::span::FileId;
    use tell_language::symbol::Interner;

    /// What an index picks of a family of four, where `i` is 2.
    fn picked(index: &str) -> Result<Range<u32>, &'static str> {
        let mut names = Interner::default();
        let text = format!("protocol P(A, W[4]) =\n  A -> W[{index}] : M\n");
        let ast = parse(FileId(0), &text, &mut names).ast;
        let DeclKind::Protocol(protocol) = &ast.decls[0].kind else { panic!("it is a protocol") };
        let StmtKind::Message { to: Target::Role(to), .. } = &ast.stmt(protocol.body.stmts[0]).kind else {
            panic!("it is a message")
        };
        let mut constants = Constants::default();
        constants.push(names.intern("i"), 2);
        pick(&ast, ast.index(to.index.expect("it has an index")), 4, &constants).map(Pick::range).map_err(|mistake| {
            match mistake {
                Mistake::Form(_) => "form",
                Mistake::Unknown(_) => "unknown",
                Mistake::Outside { .. } => "outside",
                Mistake::NoFamily(_) | Mistake::NoIndex(_) | Mistake::Unread => "other",
            }
        })
    }

    #[test]
    fn an_index_is_a_number_a_name_or_a_name_plus_or_minus_a_number() {
        for (index, range) in [("0", 0..1), ("i", 2..3), ("i + 1", 3..4), ("i - 2", 0..1)] {
            assert_eq!(picked(index), Ok(range), "{index}");
        }
        for index in ["1 + 1", "1 + i", "i + i", "i * 1", "i + 1 + 0", "-i", "f(i)", "\"a\""] {
            assert_eq!(picked(index), Err("form"), "{index}");
        }
        assert_eq!(picked("k"), Err("unknown"));
        assert_eq!(picked("k + 1"), Err("unknown"));
    }

    #[test]
    fn what_is_picked_is_inside_the_family() {
        for (index, range) in [("*", 0..4), ("0..4", 0..4), ("i..i", 2..2), ("1..i + 1", 1..3), ("4..4", 4..4)] {
            assert_eq!(picked(index), Ok(range), "{index}");
        }
        for index in ["4", "i + 2", "i - 3", "-1", "0..5", "3..i", "5..5", "9223372036854775807"] {
            assert_eq!(picked(index), Err("outside"), "{index}");
        }
        assert_eq!(picked("i + 9223372036854775807"), Err("form"), "the sum has no value");
    }
}
