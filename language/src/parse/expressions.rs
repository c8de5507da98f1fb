//! Builder: expressions. Operators arrive in text order and are combined by precedence on two stacks.

use super::builder::{Builder, Held, Mark, starts_with_capital};
use crate::ast::{BinaryOp, ExprId, ExprKind, Name, PatternId, UnaryOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::symbol::Symbol;
use crate::token::{integer, nanoseconds, unescape};

/// An expression being read.
pub(super) type Sequence = Held<Starts>;

/// Where the operands and operators of an expression start on the builder's stacks.
#[derive(Debug)]
pub(super) struct Starts {
    operands: u32,
    operators: u32,
}

/// An operator that waits for its operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    kind: OperatorKind,
    span: Span,
}

#[derive(Clone, Copy, Debug)]
enum OperatorKind {
    Prefix(UnaryOp),
    Infix(BinaryOp),
}

/// Precedence of comparisons, which do not associate.
const COMPARISON: u8 = 4;

impl OperatorKind {
    /// How tightly it binds.
    fn precedence(self) -> u8 {
        match self {
            Self::Infix(op) => infix_precedence(op),
            Self::Prefix(UnaryOp::Not) => 3,
            Self::Prefix(UnaryOp::Neg) => 8,
        }
    }
}

/// How tightly an infix operator binds; all but comparisons associate to the left.
pub(crate) fn infix_precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => COMPARISON,
        BinaryOp::Concat => 5,
        BinaryOp::Add | BinaryOp::Sub => 6,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 7,
    }
}

impl Builder<'_> {
    // ---- operators

    fn start_sequence(&self) -> Sequence {
        let length = |len: usize| u32::try_from(len).expect("a file has fewer tokens than bytes");
        Held(Starts { operands: length(self.operands.len()), operators: length(self.operators.len()) })
    }

    pub(super) fn start_operand(&mut self, operand: ExprId) -> Sequence {
        let sequence = self.start_sequence();
        self.push_operand(sequence, operand)
    }

    pub(super) fn push_operand(&mut self, sequence: Sequence, operand: ExprId) -> Sequence {
        self.operands.push(operand);
        sequence
    }

    pub(super) fn start_prefix(&mut self, op: UnaryOp, span: Span) -> Sequence {
        let sequence = self.start_sequence();
        self.push_prefix(sequence, op, span)
    }

    pub(super) fn push_prefix(&mut self, sequence: Sequence, op: UnaryOp, span: Span) -> Sequence {
        self.operators.push(Operator { kind: OperatorKind::Prefix(op), span });
        sequence
    }

    pub(super) fn push_infix(&mut self, sequence: Sequence, op: BinaryOp, span: Span) -> Sequence {
        let kind = OperatorKind::Infix(op);
        let precedence = kind.precedence();
        let is_chain = precedence == COMPARISON && {
            self.combine(&sequence, COMPARISON + 1);
            self.check_comparison(&sequence, span)
        };
        self.combine(&sequence, precedence);
        if is_chain && let Some(left) = self.operands.last() {
            // Reported; whatever it would compare is not looked at again.
            self.ast.exprs[left.0 as usize].kind = ExprKind::Error;
        }
        self.operators.push(Operator { kind, span });
        sequence
    }

    /// Reports a comparison whose left operand is a comparison; answers whether it is.
    fn check_comparison(&mut self, sequence: &Sequence, span: Span) -> bool {
        let waiting = self.operators[sequence.0.operators as usize..].last();
        let Some(first) = waiting.filter(|operator| operator.kind.precedence() == COMPARISON).map(|first| first.span)
        else {
            return false;
        };
        self.report(
            Diagnostic::new(Code("E0102"), "comparisons cannot be chained")
                .label(self.file, span, "this compares the result of a comparison")
                .label(self.file, first, "of this one")
                .help("join two comparisons with `&&`, or use parentheses"),
        );
        true
    }

    /// Combines the waiting operators that bind at least as tightly as `precedence`.
    fn combine(&mut self, sequence: &Sequence, precedence: u8) {
        while self.operators.len() > sequence.0.operators as usize {
            let Operator { kind, span } = *self.operators.last().expect("the stack is not empty");
            if kind.precedence() < precedence {
                return;
            }
            self.operators.pop();
            let right = self.operands.pop().expect("an operator stands before its operand");
            let result = match kind {
                OperatorKind::Prefix(op) => self.unary(op, span, right),
                OperatorKind::Infix(op) => {
                    let left = self.operands.pop().expect("an infix operator stands after its operand");
                    self.binary(op, span, left, right)
                }
            };
            self.operands.push(result);
        }
    }

    pub(super) fn finish_sequence(&mut self, sequence: Sequence) -> ExprId {
        self.combine(&sequence, 0);
        let result = self.operands.pop().expect("a sequence ends in an operand");
        self.operands.truncate(sequence.0.operands as usize);
        result
    }

    fn unary(&mut self, op: UnaryOp, span: Span, operand: ExprId) -> ExprId {
        let whole = span.to(self.ast.expr(operand).span);
        if let (UnaryOp::Neg, ExprKind::Int(value @ 0..)) = (op, &self.ast.expr(operand).kind) {
            let negative = -value;
            let node = &mut self.ast.exprs[operand.0 as usize];
            (node.kind, node.span) = (ExprKind::Int(negative), whole);
            return operand;
        }
        if op == UnaryOp::Neg && self.unsigned_minimum.take_if(|literal| *literal == operand).is_some() {
            self.ast.exprs[operand.0 as usize].span = whole;
            return operand;
        }
        let depth = self.expr_depth(operand);
        self.expr(ExprKind::Unary { op, operand }, whole, depth)
    }

    fn binary(&mut self, op: BinaryOp, op_span: Span, left: ExprId, right: ExprId) -> ExprId {
        let span = self.ast.expr(left).span.to(self.ast.expr(right).span);
        let depth = self.expr_depth(left).max(self.expr_depth(right));
        self.expr(ExprKind::Binary { op, op_span, left, right }, span, depth)
    }

    // ---- conditional expressions

    pub(super) fn if_expr(
        &mut self,
        prefix: Option<Sequence>,
        cond: ExprId,
        then: ExprId,
        els: ExprId,
        l: u32,
        r: u32,
    ) -> ExprId {
        let depth = self.exprs_depth(&[cond, then, els]);
        let id = self.expr(ExprKind::If { cond, then, els }, Span::new(l, r), depth);
        self.after_prefix(prefix, id)
    }

    pub(super) fn case_expr(
        &mut self,
        prefix: Option<Sequence>,
        scrutinee: ExprId,
        arms: Vec<(PatternId, ExprId)>,
        l: u32,
        r: u32,
    ) -> ExprId {
        let deepest = arms.iter().map(|(_, arm)| self.expr_depth(*arm)).max().unwrap_or(0);
        let depth = deepest.max(self.expr_depth(scrutinee));
        let id = self.expr(ExprKind::Case { scrutinee, arms: arms.into() }, Span::new(l, r), depth);
        self.after_prefix(prefix, id)
    }

    fn after_prefix(&mut self, prefix: Option<Sequence>, id: ExprId) -> ExprId {
        match prefix {
            Some(sequence) => {
                let sequence = self.push_operand(sequence, id);
                self.finish_sequence(sequence)
            }
            None => id,
        }
    }

    /// An `if` without `else` after an indented block.
    pub(super) fn unfinished_expr(&mut self, recovery: super::expected::Recovery, l: u32, r: u32) -> ExprId {
        self.syntax_error(recovery);
        self.bad_expr(l, r)
    }

    // ---- operands

    /// What stands for an expression that could not be read.
    pub(super) fn bad_expr(&mut self, l: u32, r: u32) -> ExprId {
        self.expr(ExprKind::Error, Span::new(l, r), 0)
    }

    pub(super) fn variable(&mut self, l: u32, r: u32) -> ExprId {
        let name = self.name(l, r);
        let capital = starts_with_capital(self.name_text(name));
        let kind = if capital { ExprKind::Upper(name.symbol) } else { ExprKind::Var(name.symbol) };
        self.expr(kind, name.span, 0)
    }

    pub(super) fn boolean(&mut self, value: bool, l: u32, r: u32) -> ExprId {
        self.expr(ExprKind::Bool(value), Span::new(l, r), 0)
    }

    pub(super) fn integer(&mut self, l: u32, r: u32) -> ExprId {
        let span = Span::new(l, r);
        // a malformed literal has been reported and counts as 0
        let magnitude = integer(self.slice(l, r)).unwrap_or(0);
        match i64::try_from(magnitude) {
            Ok(value) => self.expr(ExprKind::Int(value), span, 0),
            Err(_) => {
                self.report_unsigned_minimum();
                let id = self.expr(ExprKind::Int(i64::MIN), span, 0);
                self.unsigned_minimum = Some(id);
                id
            }
        }
    }

    /// Reports the literal 9223372036854775808 if no minus took it.
    pub(super) fn report_unsigned_minimum(&mut self) {
        if let Some(id) = self.unsigned_minimum.take() {
            let span = self.ast.expr(id).span;
            self.report(unsigned_minimum(self.file, span));
        }
    }

    pub(super) fn duration(&mut self, l: u32, r: u32) -> ExprId {
        let value = nanoseconds(self.slice(l, r)).unwrap_or(0);
        self.expr(ExprKind::Duration(value), Span::new(l, r), 0)
    }

    pub(super) fn string_symbol(&mut self, l: u32, r: u32) -> Symbol {
        let text = unescape(self.slice(l, r));
        self.interner.intern(&text)
    }

    pub(super) fn string(&mut self, l: u32, r: u32) -> ExprId {
        let symbol = self.string_symbol(l, r);
        self.expr(ExprKind::String(symbol), Span::new(l, r), 0)
    }

    pub(super) fn parenthesized(&mut self, args: Mark, l: u32, r: u32) -> ExprId {
        let span = Span::new(l, r);
        match self.args.len() - args.0 {
            0 => self.expr(ExprKind::Unit, span, 0),
            1 => {
                let id = self.args.pop().expect("there is one expression");
                self.ast.exprs[id.0 as usize].span = span;
                id
            }
            _ => {
                let depth = self.exprs_depth(&self.args[args.0..]);
                let parts = self.take_args(args).into();
                self.expr(ExprKind::Tuple(parts), span, depth)
            }
        }
    }

    pub(super) fn list(&mut self, args: Mark, l: u32, r: u32) -> ExprId {
        let depth = self.exprs_depth(&self.args[args.0..]);
        let parts = self.take_args(args).into();
        self.expr(ExprKind::List(parts), Span::new(l, r), depth)
    }

    pub(super) fn record(&mut self, fields: Vec<(Name, ExprId)>, l: u32, r: u32) -> ExprId {
        let depth = fields.iter().map(|(_, value)| self.expr_depth(*value)).max().unwrap_or(0);
        self.expr(ExprKind::Record(fields.into()), Span::new(l, r), depth)
    }

    pub(super) fn select(&mut self, base: ExprId, name: Name) -> ExprId {
        let depth = self.expr_depth(base);
        let span = self.ast.expr(base).span.to(name.span);
        self.expr(ExprKind::Field { base, name }, span, depth)
    }

    pub(super) fn call(&mut self, callee: ExprId, args: Mark, l: u32, r: u32) -> ExprId {
        let depth = self.exprs_depth(&self.args[args.0..]).max(self.expr_depth(callee));
        let args = self.take_args(args).into();
        self.expr(ExprKind::Call { callee, args }, Span::new(l, r), depth)
    }

    // ---- arguments

    pub(super) fn no_args(&mut self) -> Mark {
        Held(self.args.len())
    }

    pub(super) fn first_arg(&mut self, arg: ExprId) -> Mark {
        self.args.push(arg);
        Held(self.args.len() - 1)
    }

    pub(super) fn next_arg(&mut self, mark: Mark, arg: ExprId) -> Mark {
        self.args.push(arg);
        mark
    }

    pub(super) fn take_args(&mut self, mark: Mark) -> Vec<ExprId> {
        self.args.drain(mark.0..).collect()
    }
}

/// The report of a literal that fits only with a minus in front.
pub(super) fn unsigned_minimum(file: crate::span::FileId, span: Span) -> Diagnostic {
    Diagnostic::new(Code("E0105"), "the number 9223372036854775808 is out of range")
        .label(file, span, "one more than the largest `Int`")
        .help("the largest `Int` is 9223372036854775807; with a minus this is the smallest one")
}
