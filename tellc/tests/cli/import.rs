//! `tellc import`.

use crate::support::{Folder, tellc, tellc_with};

const SHOP: &str = "\
module shop.Shop;
global protocol Shop(role Buyer, role Seller) {
    choice at Buyer { order(int) from Buyer to Seller; result() from Seller to Buyer; }
    or { leave() from Buyer to Seller; }
}
global protocol Ask(role A, role B) { ask() from A to B; }
";

const TELL: &str = "\
-- Imported from `shop.scr` by `tellc import`.

protocol Shop(Buyer, Seller) =
  choice Buyer at
    | order =>
        Buyer -> Seller : order of Int
        Seller -> Buyer : result_
    | leave_ => Buyer -> Seller : leave_

protocol Ask(A, B) =
  A -> B : ask
";

#[test]
fn the_text_goes_to_standard_output_and_the_notes_elsewhere() {
    let folder = Folder::new();
    let file = folder.file("shop.scr", SHOP);
    let ran = tellc(&["import", &file]).ends(0);
    assert_eq!(ran.out, TELL);
    let notes: Vec<&str> = ran.err.lines().collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].ends_with("shop.scr:3:56: the label `result` becomes `result_`: `result` is a word of Tell"));
    assert_eq!(tellc(&["import", &file, "--quiet"]).ends(0).err, "");
}

#[test]
fn what_is_written_to_a_file_is_checked_and_built() {
    let folder = Folder::new();
    let (file, target) = (folder.file("shop.scr", SHOP), folder.path("shop.tell"));
    tellc(&["import", &file, "-o", &target]).ends(0).says("wrote");
    assert_eq!(std::fs::read_to_string(&target).expect("it was written"), TELL);
    tellc(&["check", &target]).ends(0).says("no mistakes found");
    tellc(&["build", &target]).ends(0);
    assert_eq!(folder.names(), ["shop.scr", "shop.tell", "shop.tellimg"]);
}

#[test]
fn standard_input_has_a_name_if_it_is_given_one() {
    let ran = tellc_with(&["import", "-", "--stdin-filename", "a/shop.scr"], SHOP.as_bytes()).ends(0);
    assert_eq!(ran.out, TELL);
    let ran = tellc_with(&["import", "-", "-o", "-"], SHOP.as_bytes()).ends(0);
    assert!(ran.out.starts_with("-- Imported from `<stdin>`"));
}

#[test]
fn one_protocol_can_be_chosen() {
    let folder = Folder::new();
    let file = folder.file("shop.scr", SHOP);
    let ran = tellc(&["import", &file, "--protocol", "Ask"]).ends(0);
    assert_eq!((ran.out.matches("protocol").count(), ran.err.as_str()), (1, ""));
    tellc(&["import", &file, "--protocol", "Shpo"]).ends(2).says("did you mean `Shop`?");
}

#[test]
fn what_is_read_is_not_overwritten() {
    let folder = Folder::new();
    let file = folder.file("shop.scr", SHOP);
    tellc(&["import", &file, "-o", &file]).ends(2).says("would overwrite what is read");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), SHOP);
}

#[test]
fn mistakes_are_reported_as_by_check() {
    let folder = Folder::new();
    let (file, target) = (folder.file("bad.scr", "global protocol P(role A) { par { } }"), folder.path("bad.tell"));
    tellc(&["import", &file, "-o", &target]).ends(1).says("E0802").says("bad.scr:1:29");
    let ran = tellc(&["import", &file, "--format", "json"]).ends(1);
    assert!(ran.err.contains("\"code\":\"E0802\"") && ran.out.is_empty(), "{ran:?}");
    assert_eq!(folder.names(), ["bad.scr"], "nothing is written");
    let lost = folder.file("lost.scr", "global protocol P(role Anna, role Ben) { m() from Anna to Dora; }");
    tellc(&["import", &lost]).ends(1).says("E0803").says("declare it: `role Dora` in the header");
    tellc(&["import", &folder.path("none.scr")]).ends(2).says("E0703");
}
