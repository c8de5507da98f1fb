//! Values: order, text, types, limits.

use super::fixture::{
    BOOL, BYTES, DURATION, INT, INTS, MAP, MAYBE, OFFER, ORDER, PAIR, REPLY, RESULT, STRING, TREE, UNIT, types,
};
use crate::value::{MAX_DEPTH, MAX_SIZE, Value, conforms, show, to_text, type_text};
use proptest::prelude::*;
use tell_ir::ty::{Type, TypeId};

#[test]
fn a_value_is_small() {
    assert!(size_of::<Value>() <= 16);
}

fn shown(value: Value, ty: TypeId) -> String {
    assert!(conforms(&value, ty, &types()), "{value:?}");
    show(&value, ty, &types())
}

#[test]
fn text_of_values() {
    let built = |value: Result<Value, _>| value.expect("it is small");
    assert_eq!(shown(Value::Unit, UNIT), "()");
    assert_eq!(shown(Value::Bool(true), BOOL), "true");
    assert_eq!(shown(Value::text("a\n\u{200D}\u{7}"), STRING), "\"a\\n\\u{200D}\\u{7}\"");
    assert_eq!(to_text(&Value::text("a\nb"), STRING, &types()), "a\nb");
    assert_eq!(shown(Value::bytes(*b"\x00\xff"), BYTES), "0x00ff");
    let record = built(Value::record(vec![("title", Value::text("T")), ("price", Value::Int(30))]));
    assert_eq!(shown(record, OFFER), "{ price = 30, title = \"T\" }");
    let map =
        vec![(Value::Int(2), Value::text("b")), (Value::Int(1), Value::text("x")), (Value::Int(1), Value::text("a"))];
    assert_eq!(shown(built(Value::map(map)), MAP), "Map[(1, \"a\"), (2, \"b\")]");
    assert_eq!(shown(built(Value::just(Value::Int(3))), MAYBE), "Just(3)");
    assert_eq!(shown(Value::nothing(), MAYBE), "Nothing");
    assert_eq!(shown(built(Value::ok(Value::Int(3))), RESULT), "Ok(3)");
    assert_eq!(shown(built(Value::err(Value::text("e"))), RESULT), "Err(\"e\")");
    assert_eq!(shown(built(Value::variant(1, vec![])), REPLY), "Silent");
    assert_eq!(shown(Value::opaque("Order", "17"), ORDER), "<Order \"17\">");
    let spans = [0, 1, 1_000_000, -2_500_000_000, 60_000_000_000, 7_200_000_000_000];
    let shown_spans: Vec<String> = spans.iter().map(|n| shown(Value::Duration(*n), DURATION)).collect();
    assert_eq!(shown_spans, ["0s", "1ns", "1ms", "-2500ms", "1m", "2h"]);
    // A value of another type is shown by its shape.
    assert_eq!(show(&built(Value::variant(5, vec![Value::Int(1)])), REPLY, &types()), "#5(1)");
    assert_eq!(show(&Value::Int(1), TypeId(999), &types()), "1");
}

#[test]
fn text_of_types() {
    let mut types = types();
    let next = types.len() as u32;
    types.push(Type::Map(INT, MAYBE));
    types.push(Type::Tuple(vec![TypeId(next), INTS]));
    assert_eq!(type_text(TypeId(next + 1), &types), "(Map Int (Maybe Int), List Int)");
    assert_eq!(type_text(OFFER, &types), "{ price : Int, title : String }");
    types.push(Type::List(TypeId(next + 2)));
    assert!(type_text(TypeId(next + 2), &types).ends_with('…'));
}

#[test]
fn wrong_types_do_not_conform() {
    let types = types();
    let pair = Value::tuple(vec![Value::Int(1), Value::Int(2)]).expect("small");
    for (value, ty) in [
        (Value::Int(1), STRING),
        (pair.clone(), PAIR),
        (Value::list(vec![Value::Int(1), Value::Unit]).expect("small"), INTS),
        (Value::variant(2, vec![]).expect("small"), REPLY),
        (Value::variant(0, vec![]).expect("small"), REPLY),
        (Value::variant(1, vec![Value::Unit]).expect("small"), MAYBE),
        (Value::opaque("Invoice", "1"), ORDER),
        (Value::Unit, TypeId(999)),
    ] {
        assert!(!conforms(&value, ty, &types), "{value:?}");
    }
}

#[test]
fn growth_is_bounded_everywhere() {
    let mut tree = Value::variant(0, vec![]).expect("small");
    let mut steps = 0;
    while let Ok(next) = Value::variant(1, vec![tree.clone(), tree.clone()]) {
        tree = next;
        steps += 1;
    }
    assert!((20..30).contains(&steps) && tree.size() <= MAX_SIZE);
    assert!(conforms(&tree, TREE, &types()) && tree == tree.clone());
    let leaf = Value::variant(0, vec![]).expect("small");
    let mut typed = leaf.clone();
    while let Ok(next) = Value::variant(1, vec![typed.clone(), leaf.clone()]) {
        typed = next;
    }
    assert_eq!(typed.depth(), MAX_DEPTH);
    assert!(conforms(&typed, TREE, &types()) && show(&typed, TREE, &types()).starts_with("Node(Node("));
    let mut comb = Value::Unit;
    while let Ok(next) = Value::list(vec![comb.clone()]) {
        comb = next;
    }
    assert_eq!(comb.depth(), MAX_DEPTH);
    let copy = (0..MAX_DEPTH).fold(Value::Unit, |inner, _| Value::list(vec![inner]).expect("within the limit"));
    assert!(copy == comb && copy.cmp(&comb).is_eq());
    assert_eq!(show(&comb, TypeId(999), &types()).len(), 2 * MAX_DEPTH as usize + 2);
}

/// A type of the table with a value of it.
fn typed() -> impl Strategy<Value = (TypeId, Value)> {
    let maybe = prop::option::of(-3_i64..3).prop_map(|n| match n {
        Some(n) => Value::just(Value::Int(n)).expect("small"),
        None => Value::nothing(),
    });
    let tree = Just(Value::variant(0, vec![]).expect("small")).prop_recursive(5, 40, 2, |inner| {
        (inner.clone(), inner).prop_map(|(a, b)| Value::variant(1, vec![a, b]).expect("small"))
    });
    let list = prop::collection::vec(-3_i64..3, 0..5)
        .prop_map(|items| Value::list(items.into_iter().map(Value::Int).collect()).expect("small"));
    let map = prop::collection::vec((-3_i64..3, "[a-c]{0,2}"), 0..5).prop_map(|entries| {
        Value::map(entries.into_iter().map(|(k, v)| (Value::Int(k), Value::text(v))).collect()).expect("small")
    });
    prop_oneof![
        any::<i64>().prop_map(|n| (INT, Value::Int(n))),
        any::<i64>().prop_map(|n| (DURATION, Value::Duration(n))),
        ".{0,5}".prop_map(|s| (STRING, Value::text(s))),
        maybe.prop_map(|v| (MAYBE, v)),
        tree.prop_map(|v| (TREE, v)),
        list.prop_map(|v| (INTS, v)),
        map.prop_map(|v| (MAP, v)),
    ]
}

proptest! {
    #[test]
    fn the_order_is_total((_, a) in typed(), (_, b) in typed(), (_, c) in typed()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }

    #[test]
    fn equal_text_means_equal_value((ty, a) in typed(), (other, b) in typed()) {
        let types = types();
        prop_assert!(conforms(&a, ty, &types) && conforms(&b, other, &types));
        if ty == other {
            prop_assert_eq!(a == b, show(&a, ty, &types) == show(&b, ty, &types));
        }
    }

    #[test]
    fn depth_and_size_are_those_of_the_unfolded_value((_, value) in typed()) {
        let (depth, size) = measured(&value);
        prop_assert_eq!((value.depth(), value.size()), (depth, size));
    }
}

fn measured(value: &Value) -> (u32, u32) {
    let items: &[Value] = match value {
        Value::Str(text) => return (0, 1 + text.as_str().len() as u32),
        Value::List(node) | Value::Map(node) | Value::Product(node) => node.items(),
        Value::Union { args: Some(node), .. } => node.items(),
        _ => return (0, 1),
    };
    items.iter().map(measured).fold((1, 1), |(depth, size), (d, s)| (depth.max(d + 1), size + s))
}
