//! Changes of the entries of tables.

use super::index;
use crate::numbers::Numbers;
use tell_ir::image::{
    ChooseRow, ChooseTable, CodeImage, Const, Debug, Edge, Final, Label, Outcome, Param, Region, ScopeTable, Shape,
};
use tell_ir::instr::Reg;
use tell_ir::resource::{Fact, Layer, OpenTable, Reach};
use tell_ir::ty::{Type, TypeId};

/// One of the entries, if there are any.
fn any<'a, T>(entries: &'a mut [T], numbers: &mut Numbers) -> Option<&'a mut T> {
    let at = numbers.below(entries.len());
    entries.get_mut(at)
}

pub(super) fn of_chooses(tables: &mut [ChooseTable], (reg, target, finals): (Reg, u32, usize), numbers: &mut Numbers) {
    let Some(table) = any(tables, numbers) else { return };
    let at = numbers.below(table.rows.len());
    match numbers.below(7) {
        0 => table.finals = table.finals.is_none().then(|| index(numbers, finals) as u32),
        1 => table.rows.reverse(),
        2 if at < table.rows.len() => drop(table.rows.remove(at)),
        _ if at >= table.rows.len() => {
            table.rows.push(ChooseRow { partner: index(numbers, 3) as u16, label: 0, dst: reg, target });
        }
        3 => table.rows[at].target = target,
        4 => table.rows[at].dst = reg,
        5 => table.rows[at].label = index(numbers, 5) as u16,
        _ => table.rows.push(ChooseRow { label: index(numbers, 5) as u16, ..table.rows[at] }),
    }
}

pub(super) fn of_finals(tables: &mut Vec<Vec<Final>>, reg: Reg, numbers: &mut Numbers) {
    match (numbers.below(4), any(tables, numbers)) {
        (0, Some(table)) => drop(table.pop()),
        (_, Some(table)) => table.push(Final { name: format!("f{}", table.len()), reg }),
        (_, None) => tables.push(Vec::new()),
    }
}

pub(super) fn of_scopes(tables: &mut [ScopeTable], (reg, target): (Reg, u32), numbers: &mut Numbers) {
    let Some(table) = any(tables, numbers) else { return };
    let at = numbers.below(table.rows.len());
    match (numbers.below(6), table.rows.get_mut(at)) {
        (0, _) => table.scope ^= 1,
        (1, _) => table.deadline = if table.deadline.is_some() && numbers.percent(50) { None } else { Some(reg) },
        (2, _) => drop(table.rows.pop()),
        (3, Some(row)) => row.target = target,
        (_, Some(row)) => row.bind = if row.bind.is_some() && numbers.percent(50) { None } else { Some(reg) },
        (_, None) => {}
    }
}

pub(super) fn of_opens(tables: &mut [OpenTable], reg: Reg, numbers: &mut Numbers) {
    let Some(table) = any(tables, numbers) else { return };
    let at = numbers.below(table.args.len());
    match (numbers.below(4), table.args.get_mut(at)) {
        (0, _) => table.nested = index(numbers, 2) as u16,
        (1, _) => table.args.push(vec![reg]),
        (2, Some(args)) => args.push(reg),
        (_, Some(args)) => args.iter_mut().for_each(|arg| *arg = reg),
        (_, None) => {}
    }
}

/// Changes the registers, the parameters or the edges of a role.
pub(super) fn of_role(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let ty = TypeId(index(numbers, image.types.len()) as u32);
    let regs = &mut image.functions[role].regs;
    let reg = index(numbers, regs.len()) as Reg;
    match numbers.below(9) {
        0..=3 => {
            if let Some(known) = any(regs, numbers) {
                *known = ty;
            }
        }
        4 => regs.push(ty),
        5 => {
            // Two registers become one.
            let other = index(numbers, regs.len()) as Reg;
            for instr in &mut image.functions[role].code {
                for slot in super::slots(instr) {
                    if let super::Slot::Register(used) = slot
                        && *used == reg
                    {
                        *used = other;
                    }
                }
            }
        }
        6 => {
            let ty = regs.get(usize::from(reg)).copied().unwrap_or(ty);
            if let Some(role) = image.roles.get_mut(role) {
                role.params.push(Param { name: format!("q{}", role.params.len()), ty, reg });
            }
        }
        7 => drop(image.roles.get_mut(role).and_then(|role| role.params.pop())),
        _ => match any(&mut image.edges, numbers) {
            Some(edge) if numbers.percent(30) => edge.to = index(numbers, 3) as u16,
            Some(edge) if numbers.percent(30) => edge.lossy = !edge.lossy,
            Some(edge) if numbers.percent(10) => edge.bound = Some(1),
            Some(_) => drop(image.edges.pop()),
            None => image.edges.push(Edge { from: 0, to: 1, bound: None, lossy: false }),
        },
    }
}

/// Changes an entry of a table of the image.
pub(super) fn change(image: &mut CodeImage, numbers: &mut Numbers) {
    let ty = TypeId(index(numbers, image.types.len()) as u32);
    let role = index(numbers, image.roles.len()) as u16;
    match numbers.below(16) {
        0 | 1 => of_types(&mut image.types, ty, numbers),
        2 => match any(&mut image.labels, numbers) {
            Some(label) if numbers.percent(60) => label.payload = ty,
            _ => image.labels.push(Label { name: "New".to_owned(), payload: ty }),
        },
        3 => {
            if let Some(op) = any(&mut image.ops, numbers) {
                match numbers.below(4) {
                    0 => op.params.push(ty),
                    1 => op.result = ty,
                    2 => op.meta.region = *numbers.pick(&[Region::Session, Region::Fragment, Region::Global]),
                    _ => op.effect ^= 1,
                }
            }
        }
        4 => {
            if let Some(effect) = any(&mut image.effects, numbers) {
                match numbers.below(3) {
                    0 => effect.args.push(ty),
                    1 => effect.name = "Host".to_owned(),
                    _ => effect.name.push('x'),
                }
            }
        }
        5 => {
            let to = numbers.pick(&[Const::Unit, Const::Int(2), Const::Bool(false), Const::Session]).clone();
            any(&mut image.consts, numbers).into_iter().for_each(|known| *known = to.clone());
        }
        6 => {
            let tag = index(numbers, 3) as u16;
            let to = *numbers.pick(&[0, 1, 2]);
            any(&mut image.shapes, numbers).into_iter().for_each(|shape| {
                *shape = match to {
                    0 => Shape::Product(ty),
                    1 => Shape::Variant(ty, tag),
                    _ => Shape::List(ty, tag),
                };
            });
        }
        7..=9 => of_scope(image, role, numbers),
        10..=13 => of_resources(image, (ty, role), numbers),
        14 => {
            let spans = image.functions.iter().map(|function| vec![(index(numbers, function.code.len()) as u32, 0, 0)]);
            let mut debug = Debug { file: String::new(), spans: spans.collect() };
            if numbers.percent(20) {
                debug.spans.pop();
            } else if let Some(spans) = any(&mut debug.spans, numbers) {
                spans.push((1, 0, 0));
            }
            image.debug = Some(debug);
        }
        _ => match numbers.below(3) {
            0 => image.roles.iter_mut().for_each(|role| role.name = "A".to_owned()),
            1 => drop(image.machines.pop()),
            _ => image.functions.reverse(),
        },
    }
}

fn of_types(types: &mut Vec<Type>, ty: TypeId, numbers: &mut Numbers) {
    let name = |name: &str| name.to_owned();
    let to = match numbers.below(10) {
        0 => Type::List(ty),
        1 => Type::Maybe(ty),
        2 => Type::Tuple(vec![ty; numbers.below(3)]),
        3 => Type::Record(vec![(name("a"), ty), (name(if numbers.percent(50) { "b" } else { "a" }), ty)]),
        4 => Type::Union(name("New"), vec![(name("V"), vec![ty]), (name("W"), vec![ty])]),
        5 => Type::Map(ty, ty),
        6 => Type::Endpoint,
        7 => Type::Evidence(index(numbers, 2) as u16),
        8 => Type::Witness(index(numbers, 2) as u16),
        _ => Type::Opaque(name("Thing")),
    };
    match any(types, numbers) {
        Some(known) if numbers.percent(70) => *known = to,
        _ => types.push(to),
    }
}

pub(super) fn of_scope(image: &mut CodeImage, role: u16, numbers: &mut Numbers) {
    let Some(scope) = any(&mut image.scopes, numbers) else { return };
    match numbers.below(5) {
        0 => scope.owner = role,
        1 => drop(scope.participants.pop()),
        2 => {
            scope.participants.push(role);
            scope.participants.sort_unstable();
        }
        3 => drop(scope.outcomes.pop()),
        _ => scope.outcomes.push(*numbers.pick(&[Outcome::Cancel, Outcome::Fail, Outcome::Abort])),
    }
}

fn of_resources(image: &mut CodeImage, (ty, role): (TypeId, u16), numbers: &mut Numbers) {
    let labels = image.labels.len();
    let resources = &mut image.resources;
    let facts = resources.facts.len();
    match numbers.below(9) {
        0 => drop(resources.layers.pop()),
        1 => {
            let name = (*numbers.pick(&["log", "cache"])).to_owned();
            resources.layers.push(Layer { name, reach: Reach::Shared });
        }
        2 => resources.layers.reverse(),
        3 => drop(resources.facts.pop()),
        4 => resources.facts.push(Fact { name: "paid".to_owned(), about: Some(role) }),
        5 => {
            if let Some(bundle) = any(&mut resources.bundles, numbers) {
                bundle.label = index(numbers, labels) as u16;
            }
        }
        6 => {
            if let Some(bundle) = any(&mut resources.bundles, numbers) {
                bundle.facts.push(index(numbers, facts) as u16);
            }
        }
        7 => {
            if let Some(role) = any(&mut resources.nested, numbers).and_then(|nested| any(&mut nested.roles, numbers)) {
                role.1.push(ty);
            }
        }
        _ => {
            if let Some(role) = any(&mut resources.nested, numbers).and_then(|nested| any(&mut nested.roles, numbers)) {
                role.1.iter_mut().for_each(|known| *known = ty);
            }
        }
    }
}
