//! Tests of duality.

use super::*;
use crate::local::LocalId;
use crate::sort::{Label, Sort};
use crate::unfold::unfold_local;

fn label(name: &str) -> Label {
    Label { name: name.to_owned(), sort: Sort::Int }
}

/// `rec X. par { +{ S!L. S?M. X, S!N. end } and { timed A { S?M. end } on late { end }. end }. end` of role `A`.
fn sample() -> LocalType {
    let server = || "S".to_owned();
    let nodes = vec![
        LocalNode::End,
        LocalNode::Var("X".to_owned()),
        LocalNode::Recv(server(), vec![(label("M"), LocalId(1))]),
        LocalNode::Send(server(), vec![(label("L"), LocalId(2)), (label("N"), LocalId(0))]),
        LocalNode::RecvAny(vec![(server(), label("M"), LocalId(0))]),
        LocalNode::Timed {
            owner: "A".to_owned(),
            body: LocalId(4),
            outcomes: vec![("late".to_owned(), LocalId(0))],
            then: LocalId(0),
        },
        LocalNode::Par { branches: vec![LocalId(3), LocalId(5)], then: LocalId(0) },
        LocalNode::Rec("X".to_owned(), LocalId(6)),
    ];
    LocalType { nodes, root: LocalId(7) }
}

#[test]
fn sends_and_receives_change_places() {
    let expected = "rec X.\npar {\n  &{\n    A?L(Int).\n      A!M(Int).\n      X\n    A?N(Int).\n      end\n  }\n} and {\n  \
                    timed A {\n    A!M(Int).\n    end\n  } on late {\n    end\n  }.\n  end\n}.\nend";
    assert_eq!(dual(&sample(), "A").expect("one partner").to_string(), expected);
}

#[test]
fn the_dual_of_the_dual_is_the_type() {
    let there = dual(&sample(), "A").expect("one partner");
    assert_eq!(dual(&there, "S"), Ok(sample()));
}

#[test]
fn duality_and_unfolding_commute() {
    let one = dual(&unfold_local(&sample()), "A");
    let two = dual(&sample(), "A").map(|ty| unfold_local(&ty));
    assert_eq!(one, two);
}

#[test]
fn a_type_without_a_single_partner_has_none() {
    let receive = |from: &str| LocalNode::Recv(from.to_owned(), vec![(label("L"), LocalId(0))]);
    let after = |mut nodes: Vec<LocalNode>| {
        nodes.insert(0, LocalNode::End);
        LocalType { root: LocalId(nodes.len() as u32 - 1), nodes }
    };
    let second = LocalNode::Send("C".to_owned(), vec![(label("L"), LocalId(1))]);
    let two = after(vec![receive("B"), second]);
    assert_eq!(dual(&two, "A"), Err(NoDual::TwoPartners("B".to_owned(), "C".to_owned())));
    assert_eq!(dual(&after(vec![receive("A")]), "A"), Err(NoDual::Itself("A".to_owned())));
    let case = LocalNode::Case(vec![("Yes".to_owned(), LocalId(0))]);
    assert_eq!(dual(&after(vec![case]), "A"), Err(NoDual::Case));
    let scope = LocalNode::Timed { owner: "T".to_owned(), body: LocalId(1), outcomes: Vec::new(), then: LocalId(0) };
    let foreign = after(vec![receive("B"), scope]);
    assert_eq!(dual(&foreign, "A"), Err(NoDual::TwoPartners("B".to_owned(), "T".to_owned())));
}

#[test]
fn what_is_not_part_of_the_type_does_not_matter() {
    let stray = LocalNode::Send("C".to_owned(), vec![(label("L"), LocalId(0))]);
    let ty =
        LocalType { nodes: vec![LocalNode::End, stray, LocalNode::Rec("X".to_owned(), LocalId(0))], root: LocalId(2) };
    assert!(dual(&ty, "A").is_ok());
}
