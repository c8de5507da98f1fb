//! Images from anywhere: whatever the bytes, there is a report and no panic.

use crate::support::{Folder, PING, tellc};

fn image(folder: &Folder) -> Vec<u8> {
    let program = folder.file("ping.tell", PING);
    tellc(&["build", &program, "-q"]).ends(0);
    std::fs::read(folder.path("ping.tellimg")).expect("written")
}

fn refused(folder: &Folder, bytes: &[u8]) {
    let path = folder.file("bad.tellimg", bytes);
    let ran = tellc(&["run", &path, "--arg", "A.x=1", "--max-steps", "1000"]).ends(1);
    assert!(ran.err.contains("E0601") || ran.err.contains("E0602"), "{ran:?}");
    assert!(ran.err.contains("rule V") && ran.err.contains("help:"), "{ran:?}");
}

#[test]
fn cut_images() {
    let folder = Folder::new();
    let bytes = image(&folder);
    for length in (0..bytes.len()).step_by(17) {
        refused(&folder, &bytes[..length]);
    }
    refused(&folder, &[bytes.as_slice(), b"x"].concat());
}

#[test]
fn flipped_and_random_images() {
    let folder = Folder::new();
    let bytes = image(&folder);
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..60 {
        let mut changed = bytes.clone();
        let at = random() % changed.len();
        changed[at] ^= 1 << (random() % 8);
        refused(&folder, &changed);
    }
    for _ in 0..20 {
        let length = random() % 500;
        let noise: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        refused(&folder, &noise);
        refused(&folder, &[b"TELLIMG\x01", noise.as_slice()].concat());
    }
}

#[test]
fn an_image_is_known_by_its_first_bytes() {
    let folder = Folder::new();
    let bytes = image(&folder);
    let path = folder.file("renamed.bin", bytes);
    tellc(&["run", &path, "--arg", "A.x=1"]).ends(0).prints("A.y = 2");
    tellc(&["run", &path, "--arg", "A.x=1", "--protocol", "Pong"]).ends(2).says("E0704");
}

/// Names that move the cursor, turn the text round and begin lines of their own.
const FORGED: &str = r#"image "P\u{1b}[31m\u{202e}x\nverified      all"
types
  Int
roles
  "A\u{1b}[2J" ("x\n" : Int in r0)
choreography
  end
role "A\u{1b}[2J"
  states
    s0 at n0: end
  registers
    r0 Int
  code
    b0 in s0
      halt
        | "n\u{1b}[0m\nA.y" = r0
"#;

#[test]
fn names_of_images_are_printed_on_one_line() {
    let folder = Folder::new();
    let image = |name: &str, text: &str| {
        let source = folder.file(&format!("{name}.tellasm"), text);
        (source, folder.path(&format!("{name}.tellimg")))
    };
    let (text, good) = image("good", FORGED);
    let (wrong_text, wrong) = image("wrong", &FORGED.replace("s0 at n0: end", "s0 at n0: end\n    s1 join"));
    let inputs = folder.file("inputs.json", r#"{"A\u001b[2J": {"x\n": 3}}"#);
    let protocol = "protocol      P\\u{1b}[31m\\u{202e}x\\nverified      all\n";
    let all = [
        tellc(&["asm", &text]).ends(0).prints(protocol),
        tellc(&["verify", &good]).ends(0).prints(protocol).prints("1 (A\\u{1b}[2J 1)\n"),
        tellc(&["asm", &wrong_text]).ends(0).prints("verdict       refused by V5.2, role `A\\u{1b}[2J`: "),
        tellc(&["verify", &wrong]).ends(1).says("role `A\\u{1b}[2J`\n"),
        tellc(&["run", &wrong]).ends(1).says("role `A\\u{1b}[2J`\n"),
        tellc(&["run", &good]).ends(1).says("`A\\u{1b}[2J.x\n         : Int`"),
        tellc(&["run", &good, "--inputs", &inputs]).ends(0).prints("A\\u{1b}[2J.n\\u{1b}[0m\\nA.y = 3\n"),
        tellc(&["show", &good]).ends(0),
    ];
    for ran in all {
        let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.out.contains(is_raw) && !ran.err.contains(is_raw), "{ran:?}");
        assert!(!ran.out.lines().chain(ran.err.lines()).any(|line| line == "verified      all"), "{ran:?}");
    }
}
