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
