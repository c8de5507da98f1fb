//! Types that are still open: unification.

use super::Checker;
use crate::hir::{ExprId, ExprKind, Pattern, PatternKind};
use crate::ty::{Ty, TyKind, Types};

impl Checker<'_> {
    /// A type to be found out.
    pub(super) fn fresh(&mut self) -> Ty {
        self.inferred.push(None);
        let index = u32::try_from(self.inferred.len() - 1).expect("fewer than 2^32 open types");
        self.program.types.intern(TyKind::Infer(index))
    }

    /// Follows what is known of an open type, at its root.
    pub(super) fn shallow(&self, mut ty: Ty) -> Ty {
        while let TyKind::Infer(index) = self.program.types.kind(ty) {
            match self.inferred[*index as usize] {
                Some(known) => ty = known,
                None => break,
            }
        }
        ty
    }

    /// The type with everything filled in that is known.
    pub(super) fn zonk(&mut self, ty: Ty) -> Ty {
        let inferred = &self.inferred;
        self.program.types.map_leaves(ty, &mut |types, kind| zonk_leaf(types, kind, inferred))
    }

    /// Makes two types equal if they can be.
    pub(super) fn unify(&mut self, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.shallow(a), self.shallow(b));
        if a == b || a == Types::ERROR || b == Types::ERROR {
            return true;
        }
        let (kind_a, kind_b) = (self.program.types.kind(a).clone(), self.program.types.kind(b).clone());
        match (kind_a, kind_b) {
            (TyKind::Infer(index), _) => self.solve(index, b),
            (_, TyKind::Infer(index)) => self.solve(index, a),
            (TyKind::List(a), TyKind::List(b)) | (TyKind::Maybe(a), TyKind::Maybe(b)) => self.unify(a, b),
            (TyKind::Result(a, b), TyKind::Result(c, d)) | (TyKind::Map(a, b), TyKind::Map(c, d)) => {
                self.unify(a, c) && self.unify(b, d)
            }
            (TyKind::Tuple(a), TyKind::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(&*b).all(|(a, b)| self.unify(*a, *b))
            }
            (TyKind::Record(a), TyKind::Record(b)) => {
                a.len() == b.len() && a.iter().zip(&*b).all(|(a, b)| a.0 == b.0 && self.unify(a.1, b.1))
            }
            (TyKind::Function(a, result_a), TyKind::Function(b, result_b)) => {
                a.len() == b.len()
                    && a.iter().zip(&*b).all(|(a, b)| self.unify(*a, *b))
                    && self.unify(result_a, result_b)
            }
            _ => false,
        }
    }

    fn solve(&mut self, index: u32, ty: Ty) -> bool {
        let ty = self.zonk(ty);
        let cyclic = self.program.types.any_leaf(ty, &|kind| *kind == TyKind::Infer(index));
        if cyclic || self.program.types.depth(ty) > crate::ty::MAX_TYPE_DEPTH {
            return false;
        }
        self.inferred[index as usize] = Some(ty);
        true
    }

    /// After an error: what is open in a type is not asked for any more.
    pub(super) fn give_up(&mut self, ty: Ty) {
        let ty = self.zonk(ty);
        let inferred = &mut self.inferred;
        self.program.types.map_leaves(ty, &mut |_, kind| {
            let TyKind::Infer(index) = kind else { return None };
            inferred[*index as usize] = Some(Types::ERROR);
            Some(Types::ERROR)
        });
    }

    /// Fills in the types of the expressions since `first`; what is still open is reported once, at the outermost
    /// expression that is.
    pub(super) fn finish_types(&mut self, first: usize) {
        let mut open: Option<ExprId> = None;
        // What is open because something in it was reported is not reported again.
        let mut follows_from_error = false;
        let mut cases: Vec<usize> = Vec::new();
        for index in first..self.body.exprs.len() {
            if matches!(self.body.exprs[index].kind, ExprKind::Case(..)) {
                cases.push(index);
            }
            self.finish_type_arguments(index);
            let ty = self.body.exprs[index].ty;
            let ty = self.zonk(ty);
            self.body.exprs[index].ty = ty;
            follows_from_error |= ty == Types::ERROR;
            if self.is_open(ty) {
                open = Some(ExprId(u32::try_from(index).expect("fewer than 2^32 expressions")));
                self.body.exprs[index].ty = Types::ERROR;
            }
        }
        if let (Some(id), false) = (open, follows_from_error) {
            let span = self.body.exprs[id.index()].span;
            let help = "say it: `let x : T = …`";
            self.report("E0310", span, "the type of this cannot be inferred".into(), "type unknown", help);
        }
        cases.into_iter().for_each(|index| self.finish_case(index));
        self.forget_open_types();
    }

    /// Fills in what the type variables of a called function stand for.
    fn finish_type_arguments(&mut self, index: usize) {
        if let ExprKind::Call { types, .. } | ExprKind::Function { types, .. } = &mut self.body.exprs[index].kind {
            let mut types = std::mem::take(types);
            types.iter_mut().for_each(|ty| *ty = self.zonk(*ty));
            if let ExprKind::Call { types: all, .. } | ExprKind::Function { types: all, .. } =
                &mut self.body.exprs[index].kind
            {
                *all = types;
            }
        }
    }

    /// Fills in the patterns of a `case` expression and checks that they are complete.
    fn finish_case(&mut self, index: usize) {
        let ExprKind::Case(scrutinee, mut arms) = self.body.exprs[index].kind.clone() else { return };
        arms.iter_mut().for_each(|(pattern, _)| self.finish_pattern(pattern));
        let (ty, span) = (self.body.exprs[scrutinee.index()].ty, self.body.exprs[index].span);
        if !self.broken_cases.contains(&span) {
            let patterns: Vec<&Pattern> = arms.iter().map(|(pattern, _)| pattern).collect();
            self.cover(&patterns, ty, span);
        }
        self.body.exprs[index].kind = ExprKind::Case(scrutinee, arms);
    }

    /// Ends the inference of a statement: no binding keeps a type that is still open.
    pub(super) fn forget_open_types(&mut self) {
        for index in self.settled..self.body.vars.len() {
            let ty = self.body.vars[index].ty;
            let ty = self.zonk(ty);
            self.body.vars[index].ty = if self.is_open(ty) { Types::ERROR } else { ty };
        }
        self.settled = self.body.vars.len();
        self.inferred.clear();
    }

    pub(super) fn is_open(&self, ty: Ty) -> bool {
        self.program.types.any_leaf(ty, &|kind| matches!(kind, TyKind::Infer(_)))
    }

    /// Fills in the types of a pattern and its bindings.
    pub(super) fn finish_pattern(&mut self, pattern: &mut Pattern) {
        pattern.ty = self.zonk(pattern.ty);
        match &mut pattern.kind {
            PatternKind::Bind(var) => self.body.vars[var.index()].ty = pattern.ty,
            PatternKind::Variant(_, items) | PatternKind::Product(items) | PatternKind::List(items) => {
                items.iter_mut().for_each(|item| self.finish_pattern(item));
            }
            PatternKind::Wildcard | PatternKind::Const(_) => {}
        }
    }
}

fn zonk_leaf(types: &mut Types, kind: &TyKind, inferred: &[Option<Ty>]) -> Option<Ty> {
    let TyKind::Infer(index) = kind else { return None };
    let known = inferred[*index as usize]?;
    Some(types.map_leaves(known, &mut |types, kind| zonk_leaf(types, kind, inferred)))
}
