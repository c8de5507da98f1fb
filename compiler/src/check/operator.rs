//! Types of operators.

use super::Checker;
use crate::hir::{ExprId, ExprKind, RoleId};
use crate::ty::{Ty, TyKind, Types};
use tell_ir::image::Const;
use tell_ir::prim::Prim;
use tell_language::ast::{self, BinaryOp, UnaryOp};
use tell_language::span::Span;

impl Checker<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: ast::ExprId, role: RoleId) -> (ExprKind, Ty) {
        match op {
            UnaryOp::Not => {
                let operand = self.expr(operand, role, Some(Types::BOOL));
                (ExprKind::Prim(Prim::Not, [operand].into()), Types::BOOL)
            }
            UnaryOp::Neg => {
                let operand = self.expr(operand, role, None);
                let ty = self.number(operand);
                (ExprKind::Prim(Prim::Neg, [operand].into()), ty)
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        sides: (ast::ExprId, ast::ExprId),
        role: RoleId,
    ) -> (ExprKind, Ty) {
        let (left, right) = sides;
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let left = self.expr(left, role, Some(Types::BOOL));
            let right = self.expr(right, role, Some(Types::BOOL));
            let kind = if op == BinaryOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
            return (kind, Types::BOOL);
        }
        let left = self.expr(left, role, None);
        let left_ty = self.body.exprs[left.index()].ty;
        let right = self.expr(right, role, Some(left_ty));
        let ty = self.shallow(left_ty);
        let (prim, result) = match op {
            BinaryOp::Eq => (Prim::Eq, Types::BOOL),
            BinaryOp::Ne => (Prim::Ne, Types::BOOL),
            BinaryOp::Lt => (Prim::Lt, self.ordered(op, op_span, ty)),
            BinaryOp::Le => (Prim::Le, self.ordered(op, op_span, ty)),
            BinaryOp::Gt => (Prim::Gt, self.ordered(op, op_span, ty)),
            BinaryOp::Ge => (Prim::Ge, self.ordered(op, op_span, ty)),
            BinaryOp::Concat => (Prim::Concat, self.sequence(op, op_span, ty)),
            BinaryOp::Add => (Prim::Add, self.summand(op, op_span, ty)),
            BinaryOp::Sub => (Prim::Sub, self.summand(op, op_span, ty)),
            BinaryOp::Mul => (Prim::Mul, self.integer(op, op_span, ty)),
            BinaryOp::Div => (Prim::Div, self.integer(op, op_span, ty)),
            BinaryOp::Rem => (Prim::Rem, self.integer(op, op_span, ty)),
            BinaryOp::And | BinaryOp::Or => panic!("bug: logical operators were handled above"),
        };
        (ExprKind::Prim(prim, [left, right].into()), result)
    }

    fn ordered(&mut self, op: BinaryOp, span: Span, ty: Ty) -> Ty {
        let known =
            matches!(self.program.types.kind(ty), TyKind::Int | TyKind::Duration | TyKind::String | TyKind::Bytes);
        self.accept(op, span, ty, known, "Int, Duration, String and Bytes", Types::BOOL)
    }

    fn sequence(&mut self, op: BinaryOp, span: Span, ty: Ty) -> Ty {
        let known = matches!(self.program.types.kind(ty), TyKind::String | TyKind::Bytes | TyKind::List(_));
        self.accept(op, span, ty, known, "String, Bytes and List", ty)
    }

    fn summand(&mut self, op: BinaryOp, span: Span, ty: Ty) -> Ty {
        let known = matches!(self.program.types.kind(ty), TyKind::Int | TyKind::Duration);
        self.accept(op, span, ty, known, "Int and Duration", ty)
    }

    fn integer(&mut self, op: BinaryOp, span: Span, ty: Ty) -> Ty {
        let known = *self.program.types.kind(ty) == TyKind::Int;
        self.accept(op, span, ty, known, "Int", Types::INT)
    }

    fn accept(&mut self, op: BinaryOp, span: Span, ty: Ty, known: bool, on: &str, result: Ty) -> Ty {
        if known || ty == Types::ERROR {
            return result;
        }
        let ty = self.zonk(ty);
        if self.is_open(ty) {
            let text = format!("the operands of `{}` have no known type", op.text());
            self.report("E0310", span, text, "on what?", "give one of them a type with `let x : T = …`");
            return Types::ERROR;
        }
        let text = format!("`{}` is not defined on {}", op.text(), self.show_type(ty));
        let similar = match (op, self.program.types.kind(ty)) {
            (BinaryOp::Add, TyKind::String | TyKind::List(_) | TyKind::Bytes) => "write `++` to join them".to_owned(),
            _ => format!("`{}` works on {on}", op.text()),
        };
        self.report("E0316", span, text, "not defined here", &similar);
        Types::ERROR
    }

    fn number(&mut self, operand: ExprId) -> Ty {
        let (ty, span) = (self.shallow(self.body.exprs[operand.index()].ty), self.body.exprs[operand.index()].span);
        self.summand(BinaryOp::Sub, span, ty)
    }

    /// A constant expression.
    pub(super) fn constant(&mut self, value: Const, span: Span) -> ExprId {
        let ty = match value {
            Const::Unit => Types::UNIT,
            Const::Bool(_) => Types::BOOL,
            Const::Int(_) => Types::INT,
            Const::Duration(_) => Types::DURATION,
            Const::Str(_) => Types::STRING,
            Const::Session => Types::SESSION,
        };
        self.add(ExprKind::Const(value), ty, span)
    }
}
