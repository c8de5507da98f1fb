//! Makes an image smaller, as long as something holds of it.

use super::surgery::remove;
use tell_ir::image::CodeImage;
use tell_ir::machine::{State, StateId};

/// The smallest image found of which `holds` is true, as it is of the given one.
#[must_use]
pub fn shrink(image: &CodeImage, holds: impl Fn(&CodeImage) -> bool) -> CodeImage {
    let mut image = image.clone();
    loop {
        let Some(smaller) = candidates(&image).into_iter().find(|smaller| holds(smaller)) else { return image };
        image = smaller;
    }
}

/// Images with one thing less.
fn candidates(image: &CodeImage) -> Vec<CodeImage> {
    let mut found = Vec::new();
    let mut without = |change: &dyn Fn(&mut CodeImage)| {
        let mut smaller = image.clone();
        change(&mut smaller);
        found.push(smaller);
    };
    if image.debug.is_some() {
        without(&|image| image.debug = None);
    }
    if image.roles.len() > 1 && image.functions.len() == image.roles.len() && image.machines.len() == image.roles.len()
    {
        without(&|image| {
            image.roles.pop();
            image.functions.pop();
            image.machines.pop();
        });
    }
    for role in 0..image.functions.len().min(image.machines.len()) {
        for pc in (0..image.functions[role].code.len()).rev() {
            without(&|image| remove(&mut image.functions[role], pc));
        }
        for block in 0..image.functions[role].blocks.len() {
            without(&|image| _ = image.functions[role].blocks.remove(block));
        }
        without_tables(image, role, &mut without);
        without(&|image| image.machines[role].entries.clear());
        without(&|image| image.machines[role].decisions.clear());
        for state in (0..image.machines[role].states.len()).rev() {
            without(&|image| take_state(image, role, state));
        }
    }
    without(&|image| image.choreography.nodes.clear());
    for at in 0..image.edges.len() {
        without(&|image| _ = image.edges.remove(at));
    }
    // The last entries of tables; whoever refers to them is refused otherwise.
    without(&|image| _ = image.types.pop());
    without(&|image| _ = image.labels.pop());
    without(&|image| _ = image.consts.pop());
    without(&|image| _ = image.shapes.pop());
    without(&|image| _ = image.ops.pop());
    without(&|image| _ = image.effects.pop());
    without(&|image| _ = image.scopes.pop());
    without(&|image| _ = image.resources.nested.pop());
    without(&|image| _ = image.resources.layers.pop());
    without(&|image| _ = image.resources.facts.pop());
    without(&|image| _ = image.resources.bundles.pop());
    found.retain(|smaller| smaller != image);
    found
}

type Without<'a> = dyn FnMut(&dyn Fn(&mut CodeImage)) + 'a;

fn without_tables(image: &CodeImage, role: usize, without: &mut Without<'_>) {
    let function = &image.functions[role];
    without(&|image| _ = image.functions[role].chooses.pop());
    without(&|image| _ = image.functions[role].switches.pop());
    without(&|image| _ = image.functions[role].finals.pop());
    without(&|image| _ = image.functions[role].scopes.pop());
    without(&|image| _ = image.functions[role].opens.pop());
    without(&|image| _ = image.functions[role].regs.pop());
    if let Some(role) = image.roles.get(role).filter(|role| !role.params.is_empty()) {
        let name = role.name.clone();
        without(&|image| {
            image.roles.iter_mut().filter(|role| role.name == name).for_each(|role| _ = role.params.pop())
        });
    }
    for table in 0..function.chooses.len() {
        for row in 0..function.chooses[table].rows.len() {
            without(&|image| _ = image.functions[role].chooses[table].rows.remove(row));
        }
    }
    for table in 0..function.finals.len() {
        without(&|image| image.functions[role].finals[table].clear());
    }
}

/// Takes a state out of a machine; whoever leads to it leads to the one that follows it.
fn take_state(image: &mut CodeImage, role: usize, gone: usize) {
    let Some(states) = image.machines.get_mut(role).map(|machine| &mut machine.states) else { return };
    states.remove(gone);
    let last = states.len().saturating_sub(1);
    let move_on = |state: &mut StateId| {
        let at = state.0 as usize;
        state.0 = (if at > gone { at - 1 } else { at.min(last) }) as u32;
    };
    for state in states.iter_mut() {
        match state {
            State::End | State::Join => {}
            State::Send(rows) | State::Recv { rows, .. } => rows.iter_mut().for_each(|row| move_on(&mut row.target)),
            State::Tau(next) => next.iter_mut().for_each(move_on),
            State::Par { branches, then } => branches.iter_mut().chain([then]).for_each(move_on),
            State::Scope { body, rows, then, .. } => {
                rows.iter_mut().map(|row| &mut row.1).chain([body, then]).for_each(move_on);
            }
        }
    }
    image.functions[role].blocks.iter_mut().for_each(|block| move_on(&mut block.state));
}
