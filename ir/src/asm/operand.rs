//! Operands of instructions: how each [`Kind`] is written and read.

use super::cursor::{Cursor, NAME, NUMBER, Read};
use super::form::Operands;
use super::function::{Reader, Writer};
use super::near::nearest;
use super::resource;
use super::section;
use super::shape;
use super::table::TableKind;
use super::{constant, token};
use crate::instr::{FailKind, Kind};
use crate::prim::Prim;

/// Most registers that are listed one by one.
const MAX_LISTED: u32 = 16;

impl Writer<'_> {
    /// Operand `index` of an instruction.
    pub(super) fn operand(&mut self, operands: &Operands<'_>, index: usize) -> String {
        let names = self.names;
        let value = operands.values[index];
        match operands.row.operands[index].1 {
            Kind::Reg => format!("r{value}"),
            Kind::Args => registers(value, count(self.image, operands)),
            Kind::Second => second(operands, value),
            Kind::RoleIndex => names.roles.name(value),
            Kind::LabelIndex => names.labels.name(value),
            Kind::OpIndex => names.ops.name(value),
            Kind::ConstIndex => names.consts.name(value),
            Kind::ShapeIndex => names.shapes.name(value),
            Kind::Component => value.to_string(),
            Kind::Target => self.block(value),
            Kind::ChooseIndex => self.table(TableKind::Choose, value, None),
            Kind::SwitchIndex => {
                let ty = operands.of(Kind::Reg).and_then(|reg| self.function.regs.get(reg as usize)).copied();
                self.table(TableKind::Switch, value, ty)
            }
            Kind::FinalsIndex => self.table(TableKind::Finals, value, None),
            Kind::ScopeIndex => self.table(TableKind::Scope, value, None),
            Kind::OpenIndex => self.table(TableKind::Open, value, None),
            Kind::LayerIndex => names.layers.name(value),
            Kind::FactIndex => names.facts.name(value),
            Kind::BundleIndex => value.to_string(),
            Kind::Prim => prim(operands).map_or_else(|| format!("?{value}"), |prim| prim.text().to_owned()),
            Kind::FailKind => {
                FailKind::ALL.get(value as usize).map_or_else(|| format!("?{value}"), |(word, _)| (*word).to_owned())
            }
        }
    }
}

impl Reader<'_> {
    /// Operand `index` of an instruction. A table that begins here is noted in `begun`.
    pub(super) fn operand(
        &self,
        operands: &Operands<'_>,
        index: usize,
        cursor: &mut Cursor<'_, '_>,
        begun: &mut Option<(TableKind, u32)>,
    ) -> Read<u32> {
        let names = self.names;
        let kind = operands.row.operands[index].1;
        match kind {
            Kind::Reg => section::register(cursor).map(u32::from),
            Kind::Args => read_registers(count(self.image, operands), cursor),
            Kind::Second => read_second(operands, cursor),
            Kind::RoleIndex => section::role(names, cursor).map(u32::from),
            Kind::LabelIndex => section::label(names, cursor).map(u32::from),
            Kind::OpIndex => section::op(names, cursor).map(u32::from),
            Kind::ConstIndex => {
                if let Some(number) = cursor.entry(names.consts.len(), kind.greatest())? {
                    return Ok(number);
                }
                let start = *cursor;
                let text = constant::write(&constant::read(cursor)?);
                match names.consts.find(&token::key_of(&text)) {
                    Some(number) => Ok(number),
                    None => start.unknown("a constant", &text, names.consts.nearest(&text)),
                }
            }
            Kind::ShapeIndex => shape::reference(self.image, names, cursor),
            Kind::Component => cursor.number("the number of a component", kind.greatest()),
            Kind::Target => self.target(cursor),
            Kind::ChooseIndex => self.table(TableKind::Choose, cursor, begun),
            Kind::SwitchIndex => self.table(TableKind::Switch, cursor, begun),
            Kind::FinalsIndex => self.table(TableKind::Finals, cursor, begun),
            Kind::ScopeIndex => self.table(TableKind::Scope, cursor, begun),
            Kind::OpenIndex => self.table(TableKind::Open, cursor, begun),
            Kind::LayerIndex => resource::layer(names, cursor).map(u32::from),
            Kind::FactIndex => resource::fact(names, cursor).map(u32::from),
            Kind::BundleIndex => cursor.number("the number of a bundle", kind.greatest()),
            Kind::Prim => {
                let Some(found) = Prim::ALL.iter().find(|prim| cursor.sees(prim.text())) else {
                    return cursor.expected("a primitive");
                };
                cursor.at += 1;
                Ok(*found as u32)
            }
            Kind::FailKind => section::word(cursor, "a fault", FailKind::ALL).map(|kind| kind as u32),
        }
    }

    /// A block, or an instruction that starts none.
    pub(super) fn target(&self, cursor: &mut Cursor<'_, '_>) -> Read<u32> {
        if let Some(number) = cursor.raw(u32::MAX)? {
            return Ok(number);
        }
        let start = *cursor;
        let name = cursor.name("a block")?;
        if let Some(pc) = self.starts.get(&name) {
            return Ok(*pc);
        }
        let help = match nearest(&name, self.starts.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a block begins with a line `NAME in sN`; `?N` is instruction N, which begins none".to_owned(),
        };
        start.wrong(NAME, format!("there is no block `{name}` here"), Some(help))
    }
}

/// How many registers the operation or shape before them takes.
fn count(image: &crate::image::CodeImage, operands: &Operands<'_>) -> Option<usize> {
    let op = operands.of(Kind::OpIndex).map(|op| image.ops.get(op as usize).map(|op| op.params.len()));
    let made = operands.of(Kind::ShapeIndex).map(|made| image.shapes.get(made as usize));
    match (op, made) {
        (Some(count), _) => count,
        (None, Some(shape)) => shape.and_then(|shape| shape::count(image, shape)),
        (None, None) => None,
    }
}

/// `(r1, r2)`; `(r1..)` where it does not say how many, or many. Nothing stands for no registers from the first.
fn registers(first: u32, count: Option<usize>) -> String {
    let count = count.and_then(|count| u32::try_from(count).ok());
    match count {
        Some(0) if first == 0 => "()".to_owned(),
        Some(count @ 1..=MAX_LISTED) if first + count <= 1 << 16 => {
            let listed: Vec<_> = (first..first + count).map(|reg| format!("r{reg}")).collect();
            format!("({})", listed.join(", "))
        }
        _ => format!("(r{first}..)"),
    }
}

fn read_registers(count: Option<usize>, cursor: &mut Cursor<'_, '_>) -> Read<u32> {
    let start = *cursor;
    let wrong = |found: usize| match count {
        Some(count) if count != found => {
            start.wrong(NUMBER, format!("this takes {count} registers, not {found}"), None)
        }
        _ => Ok(()),
    };
    cursor.expect("(")?;
    if cursor.eats(")") {
        return wrong(0).map(|()| 0);
    }
    let first = u32::from(section::register(cursor)?);
    let mut found = 1;
    if cursor.eats("..") {
        return cursor.expect(")").map(|()| first);
    }
    while !cursor.eats(")") {
        cursor.expect(",")?;
        if !follows(first + found, cursor)? {
            return cursor.wrong(NUMBER, format!("r{} has to follow", first + found), None);
        }
        found += 1;
    }
    wrong(found as usize).map(|()| first)
}

/// Whether the register that is next is that one.
fn follows(wanted: u32, cursor: &mut Cursor<'_, '_>) -> Read<bool> {
    let mut next = *cursor;
    let is_right = u32::from(section::register(&mut next)?) == wanted;
    if is_right {
        *cursor = next;
    }
    Ok(is_right)
}

/// The primitive of an instruction.
fn prim(operands: &Operands<'_>) -> Option<Prim> {
    operands.of(Kind::Prim).and_then(|code| Prim::from_code(u8::try_from(code).ok()?))
}

/// The first register of a primitive: the last one before its second.
fn first_of(operands: &Operands<'_>) -> Option<u32> {
    let kinds = operands.row.operands.iter().zip(operands.values);
    kinds.filter(|((_, kind), _)| *kind == Kind::Reg).map(|(_, value)| *value).next_back()
}

/// What stands behind the first operand: nothing, `, r2`, or `, r2, r3`. With one operand the second repeats it; if it
/// does not, it is written.
fn second(operands: &Operands<'_>, value: u32) -> String {
    match prim(operands).map(Prim::arity) {
        Some(1) if first_of(operands) == Some(value) => String::new(),
        Some(3) if value < u16::MAX.into() => format!(", r{value}, r{}", value + 1),
        Some(3) => format!(", r{value}.."),
        _ => format!(", r{value}"),
    }
}

fn read_second(operands: &Operands<'_>, cursor: &mut Cursor<'_, '_>) -> Read<u32> {
    let arity = prim(operands).map_or(2, Prim::arity);
    if arity == 1 && !cursor.sees(",") {
        return Ok(first_of(operands).unwrap_or(0));
    }
    cursor.expect(",")?;
    let second = section::register(cursor)?.into();
    if arity == 3 && !cursor.eats("..") {
        cursor.expect(",")?;
        if !follows(second + 1, cursor)? {
            return cursor.wrong(NUMBER, format!("r{} has to follow", second + 1), None);
        }
    }
    Ok(second)
}
