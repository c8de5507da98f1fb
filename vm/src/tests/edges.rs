//! The ring of an edge.

use crate::edge::{Edge, Stamp};
use crate::runs::Part;
use crate::value::Value;
use std::collections::VecDeque;

#[test]
fn an_edge_is_a_queue_wherever_its_ring_begins_when_it_grows() {
    for hint in [None, Some(0), Some(1), Some(3), Some(u32::MAX)] {
        let mut edge = Edge::between(0, 1);
        let mut queue = VecDeque::new();
        let mut sent = 0;
        for round in 0_u32..200 {
            let pops = if round % 3 == 0 { round % 7 } else { 1 };
            for _ in 0..2 {
                let number = edge.push(7, &Value::Int(i64::from(sent)), Part::SESSION, hint);
                assert_eq!(number, sent);
                queue.push_back(sent);
                sent += 1;
            }
            for _ in 0..pops {
                assert_eq!(edge.head().map(|head| head.stamp.number), queue.front().copied());
                let mut register = Value::Unit;
                let number = edge.pop(&mut register).map(|Stamp { number, .. }| number);
                assert_eq!(
                    (number, register.as_int()),
                    (queue.front().copied(), queue.front().copied().map(i64::from))
                );
                queue.pop_front();
            }
            assert_eq!((edge.len(), edge.is_empty()), (queue.len(), queue.is_empty()));
        }
        assert!(edge.len() > 16, "it has grown");
    }
}

#[test]
fn an_edge_keeps_no_payload_that_was_taken_and_a_pop_of_nothing_changes_nothing() {
    let text = std::sync::Arc::new(crate::value::node::Text::new("x".into()));
    let mut edge = Edge::between(0, 1);
    edge.push(0, &Value::Str(std::sync::Arc::clone(&text)), Part::SESSION, None);
    let mut register = Value::Unit;
    assert!(edge.pop(&mut register).is_some());
    assert!(edge.pop(&mut register).is_none());
    assert_eq!(register.as_str(), Some("x"));
    drop(register);
    assert_eq!(std::sync::Arc::strong_count(&text), 1);
}
