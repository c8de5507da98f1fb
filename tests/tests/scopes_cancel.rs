//! Cancelling a scope of a role that has to leave one around it (LANGUAGE §4).

use tell_ir::verify::verify;
use tell_tests::program::build;
use tell_vm::{SessionEnd, VM, VMConfig};

const TEXT: &str = "\
protocol P(A, B) =
  timeout 10s B at
    timeout 10s A at
      A -> B : M
    on timeout => {}
    on cancel => {}
    B -> A : N
  on timeout => {}
  on cancel => {}
";

/// `B` cancels the outer scope while `A`, inside both, can run; then `A` cancels the inner one. `A` still has to leave the
/// outer one, at every step at which that can happen.
#[test]
fn who_has_to_leave_a_scope_still_has_to_after_a_cancellation_inside() {
    let verified = verify(build("cancel.tell", TEXT).expect("it builds")).expect("it verifies");
    let mut both = 0;
    for steps in 0..12 {
        let mut machine = VM::new(VMConfig { quantum: 1, slice: 1, ..VMConfig::default() }).expect("a configuration");
        let image = machine.load_choreography(verified.clone()).expect("it loads");
        let session = machine.open(image, &[vec![], vec![]]).expect("it opens");
        machine.run(steps, &mut || false);
        let outer = machine.cancel_scope(&session, 1).is_ok();
        let inner = machine.cancel_scope(&session, 0).is_ok();
        both += usize::from(outer && inner);
        machine.run(1_000, &mut || false);
        let report = machine.take_report(&session).expect("it ends");
        assert_eq!(report.end, SessionEnd::Closed, "after {steps} steps, cancelled {outer} and {inner}");
    }
    println!("both were cancelled {both} times");
}
