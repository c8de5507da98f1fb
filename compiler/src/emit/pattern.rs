//! Code of patterns: tests that jump away on failure, then the bindings.

use super::function::Function;
use crate::hir::{Pattern, PatternKind, Var};
use tell_ir::image::Const;
use tell_ir::instr::{FailKind, Instr, Reg};
use tell_ir::prim::Prim;
use tell_ir::ty::Type;

impl Function<'_, '_> {
    /// If one jump by constructor tells all arms apart: makes it, and answers the label of each arm.
    pub(super) fn switch_arms(&mut self, reg: Reg, arms: &[&Pattern]) -> Option<Vec<u32>> {
        let count = self.variant_count(reg)?;
        let flat = |items: &[Pattern]| {
            items.iter().all(|item| matches!(item.kind, PatternKind::Wildcard | PatternKind::Bind(_)))
        };
        let arm_of = |tag: u16| {
            arms.iter().position(|arm| match &arm.kind {
                PatternKind::Variant(own, items) => *own == tag && flat(items),
                PatternKind::Wildcard | PatternKind::Bind(_) => true,
                _ => false,
            })
        };
        let is_flat = arms.iter().all(|arm| match &arm.kind {
            PatternKind::Variant(_, items) => flat(items),
            kind => matches!(kind, PatternKind::Wildcard | PatternKind::Bind(_)),
        });
        let chosen: Vec<usize> = (0..count).map(arm_of).collect::<Option<_>>()?;
        if !is_flat {
            return None;
        }
        let labels: Vec<u32> = arms.iter().map(|_| self.new_label()).collect();
        let table = chosen.into_iter().map(|arm| labels[arm]).collect();
        let table = self.add_switch(table);
        self.push(Instr::Switch { val: reg, table });
        Some(labels)
    }

    /// Number of constructors of the value in a register, if it has any.
    fn variant_count(&self, reg: Reg) -> Option<u16> {
        match self.tables.kind(self.frame.regs[reg as usize]) {
            Type::Maybe(_) | Type::Result(..) => Some(2),
            Type::Union(_, variants) => u16::try_from(variants.len()).ok(),
            _ => None,
        }
    }

    /// Whether taking the pattern's components needs a test of a constructor, even if it is known to match.
    pub(super) fn needs_test(&self, pattern: &Pattern) -> bool {
        match &pattern.kind {
            PatternKind::Variant(_, items) => {
                let several = crate::hir::variants(self.tables.program, pattern.ty).is_some_and(|all| all.len() > 1);
                let taken = items.iter().any(|item| !matches!(item.kind, PatternKind::Wildcard));
                (several && taken) || items.iter().any(|item| self.needs_test(item))
            }
            PatternKind::Product(items) | PatternKind::List(items) => items.iter().any(|item| self.needs_test(item)),
            PatternKind::Wildcard | PatternKind::Bind(_) | PatternKind::Const(_) => false,
        }
    }

    /// The place a value can never get to: every arm was tried, and they are complete.
    pub(super) fn unreachable(&mut self, label: u32) {
        self.place(label);
        let text = self.tables.constant(Const::Str("no arm of a complete case matched".into()));
        self.push(Instr::Fail { fault: FailKind::Unreachable, text });
    }

    /// Matches the value in `reg`. On failure control goes to `fail`; without it the pattern is known to match, and
    /// only its bindings are made. Answers bindings and their registers.
    pub(super) fn match_pattern(&mut self, reg: Reg, pattern: &Pattern, fail: Option<u32>) -> Vec<(Var, Reg)> {
        let mut bound = Vec::new();
        let mut temporaries = Vec::new();
        self.matches(reg, pattern, fail, &mut bound, &mut temporaries);
        for reg in temporaries {
            if !bound.iter().any(|(_, own)| *own == reg) {
                self.frame.free(reg);
            }
        }
        bound
    }

    fn matches(
        &mut self,
        reg: Reg,
        pattern: &Pattern,
        fail: Option<u32>,
        bound: &mut Vec<(Var, Reg)>,
        temporaries: &mut Vec<Reg>,
    ) {
        match &pattern.kind {
            PatternKind::Wildcard => {}
            PatternKind::Bind(var) => {
                let ty = self.frame.regs[reg as usize];
                let dst = self.frame.take(ty);
                self.push_move(dst, reg);
                bound.push((*var, dst));
            }
            PatternKind::Const(value) => {
                if let Some(fail) = fail {
                    self.test_constant(reg, value, fail);
                }
            }
            PatternKind::Variant(tag, items) => {
                if let Some(fail) = fail {
                    self.test_tag(reg, *tag, fail);
                }
                self.components(reg, items, fail, bound, temporaries);
            }
            PatternKind::Product(items) => self.components(reg, items, fail, bound, temporaries),
            PatternKind::List(items) => {
                if let Some(fail) = fail {
                    self.test_length(reg, items.len(), fail);
                }
                self.components(reg, items, fail, bound, temporaries);
            }
        }
    }

    fn components(
        &mut self,
        reg: Reg,
        items: &[Pattern],
        fail: Option<u32>,
        bound: &mut Vec<(Var, Reg)>,
        temporaries: &mut Vec<Reg>,
    ) {
        for (index, item) in (0..).zip(items) {
            if matches!(item.kind, PatternKind::Wildcard) {
                continue;
            }
            let ty = self.tables.ty(item.ty);
            let dst = self.frame.take(ty);
            self.push(Instr::Get { dst, src: reg, index });
            match item.kind {
                PatternKind::Bind(var) => bound.push((var, dst)),
                _ => {
                    temporaries.push(dst);
                    self.matches(dst, item, fail, bound, temporaries);
                }
            }
        }
    }

    fn test_constant(&mut self, reg: Reg, value: &Const, fail: u32) {
        let boolean = self.tables.structure(Type::Bool);
        match value {
            Const::Unit => return,
            Const::Bool(true) => self.push(Instr::Branch { val: reg, target: fail }),
            Const::Bool(false) => {
                let not = self.frame.take(boolean);
                self.push(Instr::Prim { op: Prim::Not, dst: not, a: reg, b: reg });
                self.push(Instr::Branch { val: not, target: fail });
                self.frame.free(not);
            }
            other => {
                let constant = self.constant(other.clone());
                let equal = self.frame.take(boolean);
                self.push(Instr::Prim { op: Prim::Eq, dst: equal, a: reg, b: constant });
                self.push(Instr::Branch { val: equal, target: fail });
                self.frame.free(equal);
                self.frame.free(constant);
            }
        }
        self.begin_block();
    }

    fn test_tag(&mut self, reg: Reg, tag: u16, fail: u32) {
        let count = self.variant_count(reg).expect("a constructor pattern matches a union");
        let matched = self.new_label();
        let table = (0..count).map(|index| if index == tag { matched } else { fail }).collect();
        let table = self.add_switch(table);
        self.push(Instr::Switch { val: reg, table });
        self.place(matched);
    }

    fn test_length(&mut self, reg: Reg, length: usize, fail: u32) {
        let boolean = self.tables.structure(Type::Bool);
        let wanted = self.constant(Const::Int(i64::try_from(length).unwrap_or(i64::MAX)));
        let count = self.frame.take(self.frame.regs[wanted as usize]);
        self.push(Instr::Count { dst: count, src: reg });
        let equal = self.frame.take(boolean);
        self.push(Instr::Prim { op: Prim::Eq, dst: equal, a: count, b: wanted });
        self.push(Instr::Branch { val: equal, target: fail });
        [wanted, count, equal].into_iter().for_each(|reg| self.frame.free(reg));
        self.begin_block();
    }
}
