//! An image as text: every table, and per role the machine and the code with names resolved.
//!
//! Also for images that are not verified: a number that leads nowhere is written as `?` and the number. The text is read
//! back by [`crate::asm::assemble`]; how each line is written stands there, beside how it is read.

use crate::asm::form::Forms;
use crate::asm::function;
use crate::asm::name::Names;
use crate::asm::node::Places;
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
    for section in SECTIONS {
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
            let mut places = Places::of(machine);
            for (number, state) in machine.states.iter().enumerate() {
                let before = places.before(number);
                page.line(2, format_args!("s{number}{before} {}", state::write(&names, state)));
            }
            places.rest().for_each(|line| page.line(2, line));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Final;
    use crate::instr::Instr;
    use crate::sample;

    #[track_caller]
    fn has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "no line `{line}` in\n{text}");
        }
    }

    #[test]
    fn the_sample_reads_with_its_names() {
        let text = disassemble(&sample::image());
        let lines = [
            "-- the positions of its source are not written",
            "  #0 Buyer (title : String in r0)",
            "  #1 Yes(Int)",
            "  #8 Tree = | Leaf | Node(Int, String) | Up(Tree)",
            "  #0 std.console.Console.print : (Int) -> Unit [command best_effort may_block session none allow]",
            "  #1 Node of Tree",
            "  #0 Buyer -> Seller at most 1",
            "    s1 at n1: recv Seller Yes -> s2 | Seller No -> s3",
            "    s2 at n2: recv Buyer Title -> s1 | end",
            "    b0 in s0",
            "      0 send Seller Title r0",
            "        | Seller Yes r1 -> b2",
            "      6 r4 = perform std.console.Console.print(r1)",
            "      6 r5 = make Node of Tree (r1, r2)",
            "      2 switch r3",
            "        | Just -> b2",
            "        | Node -> b3",
            "      13 fail unreachable \"too cheap\"",
            "        | title = r0",
        ];
        has(&text, &lines);
    }

    #[test]
    fn a_table_stands_where_it_is_used_first() {
        let mut image = sample::image();
        let function = &mut image.functions[1];
        function.code[13] = Instr::Choose { table: 0 };
        function.finals.push(vec![Final { name: "number".to_owned(), reg: 1 }]);
        let text = disassemble(&image);
        let shown: Vec<_> = text.lines().skip_while(|line| *line != "      12 choose c0:").take(3).collect();
        assert_eq!(shown, ["      12 choose c0:", "        | Buyer Title r0 -> b1", "        | end f0:"]);
        has(&text, &["      13 choose c0", "      16 halt f0"]);
        assert!(text.ends_with("  tables\n    finals f1:\n      | number = r1\n"), "{text}");
    }

    #[test]
    fn an_image_with_indices_that_lead_nowhere_is_still_printed() {
        let mut image = sample::image();
        image.labels.clear();
        image.types.clear();
        image.consts.clear();
        image.functions[1].blocks.clear();
        image.functions[1].switches.clear();
        let lines = ["      0 send Seller ?0 r0", "      2 switch r3 w0", "      14 r10 = ?0", "    r10 ?0"];
        has(&disassemble(&image), &lines);
    }

    #[test]
    fn one_instruction_is_its_line() {
        let image = sample::image();
        assert_eq!(instruction(&image, 0, 4).as_deref(), Some("unless r3 goto b3"));
        assert_eq!(instruction(&image, 1, 16).as_deref(), Some("halt f0"));
        assert_eq!((instruction(&image, 0, 9), instruction(&image, 2, 0)), (None, None));
    }
}
