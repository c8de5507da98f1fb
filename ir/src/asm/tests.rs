//! What is written is read back, whatever the image; what is no text of an image is refused, whatever the text.

use super::*;
use crate::disasm::disassemble;
use crate::sample;

/// The image without what a text leaves out.
fn without_debug(mut image: CodeImage) -> CodeImage {
    image.debug = None;
    image
}

/// Writes an image, reads that, and compares.
#[track_caller]
pub(crate) fn comes_back(image: CodeImage) -> String {
    let image = without_debug(image);
    let text = disassemble(&image);
    match assemble(&text) {
        Ok(again) if again == image => text,
        Ok(again) => panic!("another image:\n{text}\n--- is read as\n{}", disassemble(&again)),
        Err(error) => panic!("{error}\n{text}"),
    }
}

#[test]
fn the_samples_come_back() {
    println!("{}", comes_back(sample::image()));
    println!("{}", comes_back(sample::scoped::image()));
    comes_back(CodeImage::default());
}
