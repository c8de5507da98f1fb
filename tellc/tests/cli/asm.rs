//! `tellc asm` and `tellc verify`: images as text, and the verifier's verdict.

use crate::support::{Folder, PING, root, tellc, tellc_with};

/// The image of [`PING`], and its text.
fn ping(folder: &Folder) -> (String, String) {
    let program = folder.file("ping.tell", PING);
    tellc(&["build", &program, "-q"]).ends(0);
    let image = folder.path("ping.tellimg");
    let text = tellc(&["show", &image]).ends(0).out;
    (image, text)
}

#[test]
fn what_is_shown_can_be_assembled() {
    let folder = Folder::new();
    let (image, text) = ping(&folder);
    let path = folder.file("again.tellasm", &text);
    let ran = tellc(&["asm", &path]).ends(0);
    ran.prints("protocol      Ping\n").prints("verdict       verified\n");
    let again = folder.path("again.tellimg");
    let id = |path: &str| tellc(&["verify", path]).ends(0).out.lines().last().expect("lines").to_owned();
    assert_eq!(id(&image), id(&again));
    let shown = tellc(&["show", &again]).ends(0).out;
    let without_comment: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(shown.lines().collect::<Vec<_>>(), without_comment);
    tellc(&["run", &again, "--arg", "A.x=1"]).ends(0).prints("A.y = 2");
}

#[test]
fn a_refused_image_is_written_and_told_of() {
    let folder = Folder::new();
    let (_, text) = ping(&folder);
    let text: String = text.lines().filter(|line| !line.starts_with("id ")).map(|line| format!("{line}\n")).collect();
    let path = folder.file("bad.tellasm", text.replace("send B Ping r0", "send B Ping r9"));
    let image = folder.path("bad.tellimg");
    tellc(&["asm", "--check", &path])
        .ends(1)
        .says("E0602")
        .says("rule V3.1, role `A`, instruction 0: `send B Ping r9`");
    assert!(!folder.names().contains(&"bad.tellimg".to_owned()));
    tellc(&["asm", &path])
        .ends(0)
        .prints("verdict       refused by V3.1, role `A`, instruction 0: register r9 is outside");
    tellc(&["show", &image]).ends(0).prints("0 send B Ping r9\n");
    for command in [["verify", &image], ["run", &image]] {
        let ran = tellc(&command).ends(1).says("error[E0602]").says("is rejected: register r9 is outside the frame");
        let ran = ran.says("note: rule V3.1, role `A`, instruction 0: `send B Ping r9`\n");
        ran.says("help: V3.1 demands that registers are inside the frame, ");
    }
}

#[test]
fn standard_input_and_output() {
    let folder = Folder::new();
    let (_, text) = ping(&folder);
    tellc_with(&["asm", "-"], text.as_bytes()).ends(2).says("needs `-o IMAGE`");
    let image = folder.path("out.tellimg");
    tellc_with(&["asm", "-", "-o", &image], text.as_bytes()).ends(0).prints("wrote");
    let ran = tellc_with(&["asm", "-", "-o", "-"], text.as_bytes()).ends(0).says("verdict       verified");
    assert!(ran.out.starts_with("TELLIMG"), "{ran:?}");
    let bytes = std::fs::read(&image).expect("written");
    tellc_with(&["verify", "-"], &bytes).ends(0).prints("verified      <stdin>\nprotocol      Ping\n");
    assert_eq!(tellc(&["verify", "-q", &image]).ends(0).out, "");
    assert_eq!(tellc_with(&["asm", "-q", "-", "-o", &image], text.as_bytes()).ends(0).out, "");
}

#[test]
fn mistakes_have_their_place() {
    let folder = Folder::new();
    let (_, text) = ping(&folder);
    let text = text.replace("receive B Pong r1", "recieve B Pong r1");
    let ran = tellc_with(&["asm", "-", "-o", "x", "--stdin-filename", "ping.tellasm"], text.as_bytes()).ends(1);
    let line = 1 + text.lines().position(|line| line.contains("recieve")).expect("it is there");
    let place = format!("[ ping.tellasm:{line}:9 ]");
    let ran = ran.says("error[E0604]: `recieve` is not an instruction").says(&place).says("did you mean `receive`?");
    assert_eq!(ran.out, "");
    let ran = tellc_with(&["asm", "-", "-o", "x", "--format", "json"], text.as_bytes()).ends(1);
    let object: serde_json::Value = serde_json::from_str(&ran.err).expect("one object");
    let label = &object["labels"][0];
    assert_eq!((&object["code"], &label["line"], &label["column"]), (&"E0604".into(), &line.into(), &9.into()));
    let end = label["end"].as_u64().expect("a number");
    assert_eq!(end - label["start"].as_u64().expect("a number"), "recieve".len() as u64);
    tellc_with(&["asm", "-", "-o", "x"], b"image \xff").ends(1).says("E0112");
    tellc(&["asm", &folder.path("missing.tellasm")]).ends(2).says("E0703");
    tellc(&["run", &folder.file("ping.tellasm", text)]).ends(2).says("is the text of an image: `tellc asm");
    let own = folder.file("own.tellimg", "image A\n");
    tellc(&["asm", &own]).ends(2).says("would overwrite what is read");
}

#[test]
fn several_images_are_verified_each() {
    let folder = Folder::new();
    let (image, _) = ping(&folder);
    let text = root().join("tests/corpus/asm/wrong_label.tellasm").to_string_lossy().into_owned();
    let wrong = folder.path("wrong.tellimg");
    tellc(&["asm", &text, "-o", &wrong]).ends(0).prints("refused by V5.3, role `B`, instruction 3: state 1: ");
    let none = folder.file("none.tellimg", "no image");
    let ran = tellc(&["verify", &wrong, &none, &image]).ends(1).says("rule V5.3").says("rule V1.1, byte 0");
    ran.prints("verified").prints("session       coroutines 2, registers ").prints(", edges 2 at most\n");
    tellc(&["verify", &wrong, &folder.path("missing.tellimg"), &image])
        .ends(2)
        .says("E0602")
        .says("E0703")
        .prints("verified");
    tellc(&["verify"]).ends(2).says("required");
    let text = folder.file("text.tellasm", "image Ping\n");
    tellc(&["verify", &text]).ends(2).says("is the text of an image: `tellc asm");
    let ran = tellc(&["verify", "--format", "json", &wrong, &image, &none]).ends(1);
    let objects: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("an object in each line")).collect();
    assert_eq!(objects.iter().map(|object| &object["code"]).collect::<Vec<_>>(), ["E0602", "E0601"]);
}

#[test]
fn the_rules_are_explained() {
    let page = tellc(&["explain", "v3.6"]).ends(0).out;
    for text in ["# V3.6", "a register is written before it is read", "E0602", "tellc verify", "\nV3.7 "] {
        assert!(page.contains(text), "{text:?} is not in\n{page}");
    }
    let page = tellc(&["explain", "V1.3"]).ends(0).prints("E0601").out;
    assert!(!page.contains("tellc show") && !page.contains("tellc asm"), "{page}");
}
