//! An image as text: every table, and per role the machine and the code with names resolved.
//!
//! Also for images that are not verified: a number that leads nowhere is written as `?` and the number. The text is read
//! back by [`crate::asm::assemble`]; how each line is written stands there, beside how it is read.

use crate::asm::form::Forms;
use crate::asm::function;
use crate::asm::name::Names;
use crate::asm::section::SECTIONS;
use crate::asm::state;
use crate::asm::token::quoted;
use crate::hash::content_id;
use crate::image::CodeImage;
use std::fmt::{Display, Write};

/// The text of an image. Only the positions of its source are left out.
#[must_use]
pub fn disassemble(image: &CodeImage) -> String {
    let mut page = Page::default();
    page.line(0, format_args!("image {}", quoted(&image.protocol)));
    page.line(0, format_args!("id {}", content_id(image)));
    if image.debug.is_some() {
        page.line(0, "-- the positions of its source are not written");
    }
    let names = Names::of(image);
    for section in &SECTIONS {
        let count = (section.count)(image);
        if count > 0 {
            page.line(0, format_args!("\n{}", section.title));
        }
        for index in 0..count {
            page.line(1, format_args!("#{index} {}", (section.write)(image, &names, index)));
        }
    }
    let forms = Forms::new();
    for role in 0..image.functions.len().max(image.machines.len()) {
        page.line(0, format_args!("\nrole {}", names.roles.name(u32::try_from(role).unwrap_or(u32::MAX))));
        if let Some(machine) = image.machines.get(role) {
            page.line(1, "states");
            for (number, state) in machine.states.iter().enumerate() {
                page.line(2, format_args!("s{number} {}", state::write(&names, state)));
            }
        }
        if let Some(function) = image.functions.get(role) {
            function::write(image, &names, &forms, function, &mut page);
        }
    }
    page.0
}

/// An instruction as it stands in the text of its image; none if there is no such instruction.
#[must_use]
pub fn instruction(image: &CodeImage, role: usize, pc: u32) -> Option<String> {
    let function = image.functions.get(role)?;
    function::write_one(image, &Names::of(image), &Forms::new(), function, pc as usize)
}

/// Lines at depths of two columns.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn line(&mut self, depth: usize, text: impl Display) {
        writeln!(self.0, "{:indent$}{text}", "", indent = 2 * depth).expect("writing to a String succeeds");
    }
}
