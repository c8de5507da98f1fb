//! `tellc fmt`: in place, on standard output, and only looking.

use crate::support::{Folder, PING, tellc, tellc_with};

/// [`PING`], written otherwise.
const UGLY: &str = "protocol Ping(A,B;x:Int at A)=\n     A->B:Ping(x)   -- there\n\n\n     B->A:Pong(y : Int=x+1)";

const NEAT: &str =
    "protocol Ping(A, B; x : Int at A) =\n  A -> B : Ping(x)  -- there\n\n  B -> A : Pong(y : Int = x + 1)\n";

const BROKEN: &str = "protocol   Ping(A, B) =\n  A -> -> B : Ping\n";

fn text(path: &str) -> String {
    std::fs::read_to_string(path).expect("readable")
}

#[test]
fn files_and_folders_are_formatted_in_place() {
    let folder = Folder::new();
    let ugly = folder.file("ugly.tell", UGLY);
    let deep = folder.file("deep/ugly.tell", UGLY);
    let neat = folder.file("deep/neat.tell", PING);
    let hidden = folder.file(".hidden/ugly.tell", UGLY);
    let notes = folder.file("notes.txt", UGLY);
    let ran = tellc(&["fmt", &folder.path("")]).ends(0).says("3 files read: 2 files changed").says(&ugly);
    assert_eq!(ran.out, "");
    assert_eq!([text(&ugly), text(&deep), text(&neat)], [NEAT, NEAT, PING]);
    assert_eq!([text(&hidden), text(&notes)], [UGLY, UGLY]);
    tellc(&["fmt", &ugly, &deep]).ends(0).says("2 files read: 0 files changed");
    assert_eq!(folder.names(), [".hidden", "deep", "notes.txt", "ugly.tell"]);
    assert_eq!(tellc(&["fmt", "-q", &ugly]).ends(0).err, "");
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let ran = tellc_with(&["fmt", "-"], UGLY.as_bytes()).ends(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), (NEAT, ""));
    let ran = tellc_with(&["fmt", "-", "--stdin-filename", "shop.tell"], BROKEN.as_bytes()).ends(1);
    assert!(ran.says("shop.tell:2:8").out.is_empty());
    tellc_with(&["fmt", "--check", "-"], UGLY.as_bytes()).ends(1).prints("<stdin>\n@@ -1,2 +1,2 @@\n");
}

#[test]
fn check_changes_nothing_and_shows_what_would_change() {
    let folder = Folder::new();
    let (ugly, neat) = (folder.file("ugly.tell", UGLY), folder.file("neat.tell", PING));
    let ran = tellc(&["fmt", "--check", &ugly, &neat]).ends(1).says("2 files read: 1 file would change");
    let first = UGLY.lines().next().expect("a line");
    assert!(ran.out.starts_with(&format!("{ugly}\n@@ -1,2 +1,2 @@\n-{first}\n")), "{}", ran.out);
    let quiet = tellc(&["fmt", "--check", "-q", &ugly, &neat]).ends(1);
    assert_eq!((quiet.out, quiet.err.as_str()), (format!("{ugly}\n"), ""));
    assert_eq!(text(&ugly), UGLY);
    tellc(&["fmt", "--check", &neat]).ends(0).says("0 files would change");
    let crlf = folder.file("crlf.tell", PING.replace('\n', "\r\n"));
    tellc(&["fmt", "--check", &crlf]).ends(1).prints("only the ends of lines change");
}

#[test]
fn line_ends_and_a_byte_order_mark_are_made_plain() {
    let folder = Folder::new();
    let path = folder.file("crlf.tell", format!("\u{feff}{}", PING.replace('\n', "\r\n")));
    tellc(&["fmt", &path]).ends(0);
    assert_eq!(text(&path), PING);
}

#[test]
fn a_file_with_a_syntax_error_is_left_alone_and_does_not_keep_others_from_it() {
    let folder = Folder::new();
    let (broken, ugly) = (folder.file("broken.tell", BROKEN), folder.file("ugly.tell", UGLY));
    let missing = folder.path("missing.tell");
    tellc(&["fmt", &broken, &ugly]).ends(1).says("E0102").says("broken.tell:2:8").says("1 file left alone");
    assert_eq!([text(&broken), text(&ugly)], [BROKEN, NEAT]);
    tellc(&["fmt", &missing, &broken]).ends(2).says("E0703").says("E0102");
    tellc(&["fmt", &folder.file("global.json", "{}")]).ends(2).says("is no program");
    let empty = Folder::new();
    tellc(&["fmt", &empty.path("")]).ends(2).says("no `.tell` file");
    // what is wrong with the meaning of a program does not matter
    let wrong = folder.file("wrong.tell", "protocol Ping(A, B) =\n    A -> C : Ping\n");
    tellc(&["fmt", &wrong]).ends(0);
    assert_eq!(text(&wrong), "protocol Ping(A, B) =\n  A -> C : Ping\n");
    tellc(&["fmt", "--format", "json", &broken]).ends(1).prints("\"code\":\"E0102\"");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay_and_formatted_files_are_not_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = Folder::new();
    let path = folder.file("ugly.tell", UGLY);
    let mode = |path: &str| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    let protect = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let link = folder.path("link.tell");
    symlink(&path, &link).expect("there is room");
    protect(0o640);
    tellc(&["fmt", &link]).ends(0);
    assert_eq!((text(&path).as_str(), mode(&path)), (NEAT, 0o640));
    assert!(std::fs::symlink_metadata(&link).expect("it exists").is_symlink());
    let inode = || std::fs::metadata(&path).expect("it exists").ino();
    let before = inode();
    tellc(&["fmt", &path]).ends(0);
    assert_eq!(inode(), before);
    std::fs::write(&path, UGLY).expect("there is room");
    protect(0o440);
    tellc(&["fmt", &path]).ends(2).says("E0703").says("permission denied");
    assert_eq!(text(&path), UGLY);
}
