//! Depth-first through numbered things, with an explicit stack: orders and cycles.

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Closed,
}

/// Something on the stack, and where it is still to be gone on from there.
pub type Open = (u32, Vec<u32>);

/// Everything that can be reached from the roots, each behind all it leads to, as far as there are no cycles. Where a way
/// leads back into the stack, `cycle` gets the part of the stack that it closes.
pub fn depth_first(
    count: usize,
    roots: impl IntoIterator<Item = u32>,
    next: &dyn Fn(u32) -> Vec<u32>,
    cycle: &mut dyn FnMut(&[Open]),
) -> Vec<u32> {
    let mut marks = vec![Mark::New; count];
    let mut closed = Vec::new();
    for root in roots {
        if marks[root as usize] != Mark::New {
            continue;
        }
        marks[root as usize] = Mark::Open;
        let mut stack = vec![(root, next(root))];
        while let Some((at, todo)) = stack.last_mut() {
            let at = *at;
            let Some(behind) = todo.pop() else {
                marks[at as usize] = Mark::Closed;
                closed.push(at);
                stack.pop();
                continue;
            };
            match marks[behind as usize] {
                Mark::Closed => {}
                Mark::New => {
                    marks[behind as usize] = Mark::Open;
                    stack.push((behind, next(behind)));
                }
                Mark::Open => {
                    let start = stack.iter().rposition(|(open, _)| *open == behind);
                    cycle(&stack[start.expect("what is open is on the stack")..]);
                }
            }
        }
    }
    closed
}
