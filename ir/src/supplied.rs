//! Which message fields the host of each role will be asked for.

use crate::image::{CodeImage, Const, Function};
use crate::instr::{Instr, Reg};
use crate::ty::TypeId;

/// A field a role's host supplies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Supplied {
    /// The role.
    pub role: u16,
    /// Name of the field (of the label, if the field has none).
    pub name: String,
    /// Its type.
    pub ty: TypeId,
}

/// All fields that code of the image can ask a host for, by role, each once, in order of the code.
///
/// The name is the constant put into the argument register just before; a name computed in another way (which our
/// compiler never does) is not listed.
#[must_use]
pub fn supplied(image: &CodeImage) -> Vec<Supplied> {
    let mut all: Vec<Supplied> = Vec::new();
    for (function, role) in image.functions.iter().zip(0..) {
        for (pc, instr) in function.code.iter().enumerate() {
            let Instr::Perform { op, args, .. } = instr else { continue };
            let Some(declared) = image.ops.get(usize::from(*op)) else { continue };
            let effect = image.effects.get(usize::from(declared.effect));
            if effect.is_none_or(|effect| effect.name != "Host") || declared.name != "supply" {
                continue;
            }
            let Some(name) = constant_before(image, function, pc, *args) else { continue };
            let field = Supplied { role, name, ty: declared.result };
            if !all.contains(&field) {
                all.push(field);
            }
        }
    }
    all
}

/// The text put into `reg` last before `pc`.
fn constant_before(image: &CodeImage, function: &Function, pc: usize, reg: Reg) -> Option<String> {
    let set = function.code[..pc].iter().rev().find_map(|instr| match instr {
        Instr::Set { dst, value } if *dst == reg => Some(*value),
        _ => None,
    })?;
    match image.consts.get(set as usize)? {
        Const::Str(name) => Some(name.clone()),
        _ => None,
    }
}
