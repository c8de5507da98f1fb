//! Images whose sessions open sessions of others: `tellc run --with`.

use crate::schema::valid;
use crate::support::{Folder, tellc};

/// One role that says what it was given, and opens nothing.
const CHILD: &str = "\
image Child
types
  Int
roles
  X (n : Int in r0)
choreography
  end
role X
  states
    s0 at n0: end
  registers
    r0 Int
  code
    b0 in s0
      halt
        | n = r0
";

/// Opens a session of another image, whose one role takes a number.
fn opener(name: &str, child: &str, role: &str) -> String {
    format!(
        "\
image {name}
types
  Int
  String
  Endpoint
roles
  A
constants
  1
choreography
  local A -> n1
  end
images
  \"{child}\" | {role}
role A
  states
    s0 at n0: silent -> s1
    s1 at n1: end
  registers
    r0 Int
    r1 Endpoint
    r2 String
  code
    b0 in s0
      r0 = 1
      r1 = open o0:
        | image 0
        | (r0)
      r2 = close r1
    b1 in s1
      halt
        | end = r2
"
    )
}

/// Assembles a text; the file of the image and its content id.
fn assembled(folder: &Folder, name: &str, text: &str) -> (String, String) {
    let source = folder.file(&format!("{name}.tellasm"), text);
    let image = folder.path(&format!("{name}.tellimg"));
    tellc(&["asm", &source, "--check"]).ends(0);
    let out = tellc(&["verify", &image]).ends(0).out;
    let id = out.lines().find_map(|line| line.strip_prefix("content id")).expect("it is printed").trim();
    (image, id.to_owned())
}

#[test]
fn a_nested_image_has_to_be_given() {
    let folder = Folder::new();
    let (child, id) = assembled(&folder, "child", CHILD);
    let (parent, _) = assembled(&folder, "parent", &opener("Parent", &id, "X(Int)"));
    let ran = tellc(&["run", &parent]).ends(1).says("error[E0701]").says("needs a nested image that is not given");
    ran.says(&format!("content id {id}")).says("--with FILE");
    tellc(&["run", &parent, "--with", &child]).ends(0).prints("A.end = \"closed\"");
    tellc(&["run", &parent, "--with", &child, "--with", &child, "--sessions", "3"]).ends(0).prints("3 closed");
    tellc(&["run", &parent, "--with", &folder.path("none.tellimg")]).ends(2).says("E0703");
    tellc(&["run", &parent, "--with", &folder.file("bad.tellimg", "x")]).ends(1).says("E0601");
    tellc(&["run", &parent, "--watch", "--with", "-"]).ends(2).says("`--watch` needs files");
}

#[test]
fn traces_tell_nested_sessions_apart() {
    let folder = Folder::new();
    let (child, id) = assembled(&folder, "child", CHILD);
    let (parent, _) = assembled(&folder, "parent", &opener("Parent", &id, "X(Int)"));
    let (bytes, program) =
        (folder.path("trace.tellt"), folder.file("a.tell", "protocol Parent(A) =\n  let x at A = 1\n"));
    let lines = tellc(&["run", &parent, "--with", &child, "--trace", "-"]).ends(0).out;
    let events = valid("trace.json", &lines);
    assert!(events.iter().any(|event| event["session"] == "0.0" && event["protocol"] == "Child"), "{lines}");
    assert!(events.iter().any(|event| event["session"] == 0 && event["opened"] == "0.0"), "{lines}");
    let log = folder.file("trace.jsonl", &lines);
    tellc(&["check-trace", &log, "--against", &program, "--complete"]).ends(0).prints("conforms to Parent");
    tellc(&["run", "-q", &parent, "--with", &child, "--trace", &bytes]).ends(0);
    let shown = tellc(&["show", &bytes, "--image", &parent, "--with", &child]).ends(0).out;
    assert_eq!(shown.lines().skip(1).collect::<Vec<_>>(), lines.lines().skip(1).collect::<Vec<_>>());
    tellc(&["show", &bytes, "--image", &parent]).ends(1).says("E0706").says(&id);
    tellc(&["show", &bytes, "--with", &child]).ends(2).says("--image");
}

#[test]
fn nested_images_are_given_in_any_order() {
    let folder = Folder::new();
    let (child, first) = assembled(&folder, "child", CHILD);
    let middle =
        opener("Middle", &first, "X(Int)").replace("  A\n", "  A (n : Int in r0)\n").replace("      r0 = 1\n", "");
    let (middle, second) = assembled(&folder, "middle", &middle);
    let (top, _) = assembled(&folder, "top", &opener("Top", &second, "A(Int)"));
    for order in [[&child, &middle], [&middle, &child]] {
        tellc(&["run", &top, "--with", order[0], "--with", order[1]]).ends(0).prints("A.end = \"closed\"");
    }
    tellc(&["run", &top, "--with", &middle]).ends(1).says("E0701").says(&first);
    let ran = tellc(&["run", &top, "--with", &child]).ends(1).says("E0701").says(&second);
    assert!(!ran.err.contains(&first), "{ran:?}");
}

#[test]
fn a_nested_image_can_be_a_program() {
    let folder = Folder::new();
    let program = folder.file(
        "first.tell",
        "protocol First(X; n : Int at X) =\n  let m at X = n + 1\n\nprotocol Second(A, B) =\n  A -> B : Hello\n",
    );
    tellc(&["build", &program]).ends(0);
    let out = tellc(&["verify", &folder.path("first.tellimg")]).ends(0).out;
    let id = out.lines().find_map(|line| line.strip_prefix("content id")).expect("it is printed").trim();
    let (parent, _) = assembled(&folder, "parent", &opener("Parent", id, "X(Int)"));
    tellc(&["run", &parent, "--with", &program]).ends(0).prints("A.end = \"closed\"");
    let (other, _) = assembled(&folder, "other", &opener("Other", id, "Y(Int)"));
    tellc(&["run", &other, "--with", &program]).ends(1).says("E0702").says("its roles take other arguments");
}
