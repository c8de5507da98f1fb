//! Rules V1.8, V2.7 and V3.1 to V3.5: the operands of each instruction and of each table row by itself.
//!
//! A register has one type for the whole function, so no flow is needed here; what depends on the path is in
//! `flow`.

use super::{Budget, Check, Subject, VerifyError, prim, variant_args, variant_count, violation_at};
use crate::image::{ChooseTable, Const, Final, Shape};
use crate::instr::{Instr, Reg};
use crate::prim::Prim;
use crate::resource::OpenTable;
use crate::ty::{Type, TypeId};

/// Checks every instruction and table of one role.
pub(super) fn check(subject: &Subject<'_>, budget: &mut Budget) -> Check {
    let code = &subject.function.code;
    At { subject, pc: 0 }.tables().map_err(|error| VerifyError { pc: None, ..error })?;
    (0..code.len()).try_for_each(|pc| At { subject, pc }.instr(&code[pc], budget))
}

/// An instruction's place.
struct At<'a> {
    subject: &'a Subject<'a>,
    pc: usize,
}

impl At<'_> {
    fn fault<T>(&self, rule: &'static str, message: impl Into<String>) -> Check<T> {
        violation_at(rule, self.pc, message)
    }

    fn expect(&self, holds: bool, rule: &'static str, message: impl FnOnce() -> String) -> Check {
        if holds { Ok(()) } else { self.fault(rule, message()) }
    }

    /// The type of a register.
    fn reg(&self, reg: Reg) -> Check<TypeId> {
        match self.subject.function.regs.get(usize::from(reg)) {
            Some(&ty) => Ok(ty),
            None => self.fault("V3.1", format!("register r{reg} is outside the frame")),
        }
    }

    /// The types of `len` registers from `first`.
    fn range(&self, first: Reg, len: usize) -> Check<&[TypeId]> {
        let first = usize::from(first);
        let range = first..first + len;
        match self.subject.function.regs.get(range) {
            Some(types) => Ok(types),
            None => self.fault("V3.1", format!("{len} registers from r{first} on reach outside the frame")),
        }
    }

    /// An entry of a table.
    fn entry<'t, T>(&self, table: &'t [T], index: impl TryInto<usize> + Copy, what: &str) -> Check<&'t T> {
        match index.try_into().ok().and_then(|index| table.get(index)) {
            Some(entry) => Ok(entry),
            None => self.fault("V1.8", format!("its {what} is not there")),
        }
    }

    fn is(&self, id: TypeId, expected: &Type) -> bool {
        self.subject.ty(id) == expected
    }

    /// The tables of the function, also those that no instruction names; scope tables are checked with the frame.
    fn tables(&self) -> Check {
        let function = self.subject.function;
        function.chooses.iter().try_for_each(|table| self.choose_table(table))?;
        function.finals.iter().flatten().try_for_each(|value| self.final_value(value))?;
        function.opens.iter().try_for_each(|table| self.open_table(table))
    }

    #[expect(clippy::too_many_lines, reason = "an arm per kind of instruction")]
    fn instr(&self, instr: &Instr, budget: &mut Budget) -> Check {
        let Subject { image, function, .. } = *self.subject;
        match *instr {
            Instr::Send { to: partner, label, val: reg }
            | Instr::Offer { to: partner, label, val: reg }
            | Instr::Receive { from: partner, label, dst: reg } => self.payload(partner, label, reg),
            Instr::Choose { table } => self.entry(&function.chooses, table as usize, "choose table").map(drop),
            Instr::Perform { op, args, dst } => self.perform(op, args, dst, budget),
            Instr::Set { dst, value } => {
                let ty = self.entry(&image.consts, value as usize, "constant")?.ty();
                let fits = self.is(self.reg(dst)?, &ty);
                self.expect(fits, "V3.4", || format!("r{dst} is not for a constant of type {ty:?}"))
            }
            Instr::Move { dst, src } => {
                let same = self.reg(dst)? == self.reg(src)?;
                self.expect(same, "V3.4", || format!("r{dst} and r{src} differ in type"))
            }
            Instr::Prim { op, dst, a, b } => self.prim(op, dst, a, b),
            Instr::Make { dst, shape, args } => {
                self.make(dst, self.entry(&image.shapes, shape, "shape")?, args, budget)
            }
            Instr::Get { dst, src, index } => self.get(dst, src, index),
            Instr::Count { dst, src } => {
                let fits =
                    matches!(self.subject.ty(self.reg(src)?), Type::List(_)) && self.is(self.reg(dst)?, &Type::Int);
                self.expect(fits, "V3.5", || "`Count` takes a list to an Int".to_owned())
            }
            Instr::Switch { val, table } => self.switch(val, table as usize),
            Instr::Branch { val, target: _ } => {
                let fits = self.is(self.reg(val)?, &Type::Bool);
                self.expect(fits, "V3.5", || format!("r{val} is not a Bool"))
            }
            Instr::Jump { .. }
            | Instr::Yield
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Finish
            | Instr::Fork { .. }
            | Instr::Join
            | Instr::Abort => Ok(()),
            Instr::Open { table, dst } => {
                self.entry(&function.opens, table as usize, "open table")?;
                let fits = self.is(self.reg(dst)?, &Type::Endpoint);
                self.expect(fits, "V3.10", || format!("r{dst} is not for an Endpoint"))
            }
            Instr::Close { endpoint, dst } => {
                let fits = self.is(self.reg(endpoint)?, &Type::Endpoint) && self.is(self.reg(dst)?, &Type::String);
                self.expect(fits, "V3.10", || "`Close` takes an Endpoint to a String".to_owned())
            }
            Instr::Acquire { layer, dst: reg } | Instr::Release { layer, evidence: reg } => {
                self.entry(&image.resources.layers, layer, "layer")?;
                let fits = self.is(self.reg(reg)?, &Type::Evidence(layer));
                self.expect(fits, "V3.10", || format!("r{reg} is not for evidence of layer {layer}"))
            }
            Instr::Transfer { endpoint, to, bundle } => {
                let bundle = self.entry(&image.resources.bundles, bundle, "bundle")?;
                self.payload(to, bundle.label, endpoint)
            }
            Instr::Tag { fact, dst } => {
                self.entry(&image.resources.facts, fact, "fact")?;
                let fits = self.is(self.reg(dst)?, &Type::Witness(fact));
                self.expect(fits, "V3.10", || format!("r{dst} is not for a witness of fact {fact}"))
            }
            Instr::Check { fact, to, dst } => {
                self.entry(&image.resources.facts, fact, "fact")?;
                self.entry(&image.roles, to, "role")?;
                let fits = self.is(self.reg(dst)?, &Type::Bool);
                self.expect(fits, "V3.10", || format!("r{dst} is not a Bool"))
            }
            Instr::Enter { scope } | Instr::Exit { scope } | Instr::Leave { scope } => {
                self.entry(&function.scopes, scope as usize, "scope table").map(drop)
            }
            Instr::Fail { fault: _, text } => {
                let fits = matches!(self.entry(&image.consts, text as usize, "text")?, Const::Str(_));
                self.expect(fits, "V3.4", || "the text of a fault is not a String".to_owned())
            }
            Instr::Halt { finals } => self.entry(&function.finals, finals as usize, "finals table").map(drop),
        }
    }

    fn choose_table(&self, table: &ChooseTable) -> Check {
        table.rows.iter().try_for_each(|row| self.payload(row.partner, row.label, row.dst))?;
        let finals = &self.subject.function.finals;
        table.finals.map_or(Ok(()), |table| self.entry(finals, table as usize, "finals table").map(drop))
    }

    fn final_value(&self, value: &Final) -> Check {
        let confined = self.subject.ty(self.reg(value.reg)?).is_confined();
        self.expect(!confined, "V4.1", || format!("`{}` cannot be a final value", value.name))
    }

    fn payload(&self, partner: u16, label: u16, reg: Reg) -> Check {
        let image = self.subject.image;
        self.entry(&image.roles, partner, "role")?;
        let label = self.entry(&image.labels, label, "label")?;
        let same = self.reg(reg)? == label.payload;
        self.expect(same, "V3.2", || format!("r{reg} is not of the type that `{}` carries", label.name))
    }

    fn perform(&self, op: u16, args: Reg, dst: Reg, budget: &mut Budget) -> Check {
        let op = self.entry(&self.subject.image.ops, op, "operation")?;
        budget.spend(op.params.len(), self.pc)?;
        let fits = self.range(args, op.params.len())? == op.params && self.reg(dst)? == op.result;
        self.expect(fits, "V3.3", || format!("the registers are not of the types of `{}`", op.name))
    }

    fn open_table(&self, table: &OpenTable) -> Check {
        let nested = self.entry(&self.subject.image.resources.nested, table.nested, "nested image")?;
        let mut fits = nested.roles.len() == table.args.len();
        for ((_, params), args) in nested.roles.iter().zip(&table.args) {
            fits &= params.len() == args.len();
            for (param, arg) in params.iter().zip(args) {
                fits &= self.reg(*arg)? == *param;
            }
        }
        self.expect(fits, "V3.10", || "the registers are not what the roles of the nested image take".to_owned())
    }

    fn prim(&self, op: Prim, dst: Reg, a: Reg, b: Reg) -> Check {
        let second = self.reg(b)?;
        let third = if op.arity() == 3 { self.range(b, 2)?[1] } else { second };
        let args = [self.reg(a)?, second, third];
        let confined = args.iter().any(|arg| self.subject.ty(*arg).is_confined());
        self.expect(!confined, "V4.1", || format!("`{}` does not take what is used once", op.text()))?;
        let fits = prim::fits(&self.subject.image.types, op, args, self.reg(dst)?);
        self.expect(fits, "V3.4", || format!("the registers are not of the types of `{}`", op.text()))
    }

    fn make(&self, dst: Reg, shape: &Shape, args: Reg, budget: &mut Budget) -> Check {
        let (built, fits) = match *shape {
            Shape::Product(id) => match self.subject.ty(id) {
                Type::Tuple(items) => {
                    budget.spend(items.len(), self.pc)?;
                    (id, self.range(args, items.len())? == items)
                }
                Type::Record(fields) => {
                    budget.spend(fields.len(), self.pc)?;
                    let given = self.range(args, fields.len())?;
                    (id, given.iter().zip(fields).all(|(given, (_, field))| given == field))
                }
                _ => (id, false),
            },
            Shape::Variant(id, tag) => {
                let wanted = variant_args(self.subject.ty(id), tag).unwrap_or_default();
                budget.spend(wanted.len(), self.pc)?;
                (id, self.range(args, wanted.len())? == wanted)
            }
            Shape::List(id, len) => {
                budget.spend(usize::from(len), self.pc)?;
                let given = self.range(args, usize::from(len))?;
                let wanted = if let Type::List(item) = self.subject.ty(id) { Some(item) } else { None };
                (id, given.iter().all(|item| Some(item) == wanted))
            }
        };
        let fits = self.reg(dst)? == built && fits;
        self.expect(fits, "V3.5", || "the registers are not of the types of the shape".to_owned())
    }

    /// A component; that of a union depends on the path (`flow`).
    fn get(&self, dst: Reg, src: Reg, index: u16) -> Check {
        let dst = self.reg(dst)?;
        let source = self.subject.ty(self.reg(src)?);
        let found = match source {
            Type::Tuple(items) => items.get(usize::from(index)).copied(),
            Type::Record(fields) => fields.get(usize::from(index)).map(|(_, id)| *id),
            Type::List(item) => Some(*item),
            _ if variant_count(source).is_some() => return Ok(()),
            _ => None,
        };
        self.expect(found == Some(dst), "V3.5", || format!("r{src} has no component {index} of that type"))
    }

    fn switch(&self, val: Reg, table: usize) -> Check {
        let table = self.entry(&self.subject.function.switches, table, "switch table")?;
        let Some(variants) = variant_count(self.subject.ty(self.reg(val)?)) else {
            return self.fault("V3.5", format!("r{val} has no variants to switch on"));
        };
        self.expect(table.len() == variants, "V2.7", || format!("{} targets for {variants} variants", table.len()))
    }
}
