//! Laws of the structural projection and its merge on generated types, and a second implementation to compare with:
//! the definitions of PROJECTION §2 on trees with names, read off word by word.

use std::collections::BTreeSet;
use tell_compiler::structural::{Rule, project_tree};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::Label;
use tell_tests::globals::{Shape, global, shrink, with};
use tell_tests::notation;
use tell_tests::numbers::Numbers;

const RULES: [Rule; 2] = [Rule::Plain, Rule::Full];

/// A projection in normal form; `None` if it is refused.
fn projected(global: &GlobalType, role: u32, rule: Rule) -> Option<String> {
    project_tree(global, role, rule).ok().map(|local| notation::local(&local))
}

/// A role that does not occur and all that may.
fn roles(global: &GlobalType) -> std::ops::RangeInclusive<u32> {
    0..=u32::try_from(global.roles.len()).expect("few roles")
}

/// Looks for a counterexample among the types of the seeds, and shrinks it.
fn holds_for(seeds: std::ops::Range<u64>, shape: Shape, holds: impl Fn(&GlobalType) -> bool) {
    if let Some(bad) = seeds.map(|seed| with(seed, shape)).find(|global| !holds(global)) {
        panic!("does not hold for\n{}", shrink(&bad, &|global| !holds(global)));
    }
}

/// A local type as a tree with names.
#[derive(Clone, Debug)]
enum Tree {
    End,
    Var(String),
    Rec(String, Box<Tree>),
    Send(u32, Vec<(Label, Tree)>),
    Recv(u32, Vec<(Label, Tree)>),
}

use Tree::{End, Rec, Recv, Send, Var};

/// The definition of projection.
fn defined(global: &GlobalType, id: GlobalId, role: u32, rule: Rule, fresh: &mut u32) -> Option<Tree> {
    if !occurs(global, id, role) && free_global(global, id).is_empty() {
        return Some(End);
    }
    match global.node(id) {
        GlobalNode::End => Some(End),
        GlobalNode::Var(name) => Some(Var(name.clone())),
        GlobalNode::Rec(name, body) => {
            let body = defined(global, *body, role, rule, fresh)?;
            Some(match &body {
                Var(same) if same == name => End,
                _ if !free(&body).contains(name) => body,
                _ => Rec(name.clone(), Box::new(body)),
            })
        }
        GlobalNode::Comm { sender, receiver, branches } => {
            let mut rows = Vec::new();
            for (label, rest) in branches {
                rows.push((label.clone(), defined(global, *rest, role, rule, fresh)?));
            }
            if *sender == role {
                return Some(Send(*receiver, rows));
            }
            if *receiver == role {
                return Some(Recv(*sender, rows));
            }
            let mut rests = rows.into_iter().map(|(_, rest)| rest);
            let first = rests.next()?;
            rests.try_fold(first, |left, right| merged(left, right, rule, fresh))
        }
        _ => None,
    }
}

/// The definition of merge.
fn merged(left: Tree, right: Tree, rule: Rule, fresh: &mut u32) -> Option<Tree> {
    if text(&left) == text(&right) {
        return Some(left);
    }
    if rule == Rule::Plain {
        return None;
    }
    match (left, right) {
        (Recv(one, mut rows), Recv(other, others)) if one == other => {
            for (label, rest) in others {
                match rows.iter_mut().find(|(known, _)| known.name == label.name) {
                    Some((known, _)) if known.sort != label.sort => return None,
                    Some((_, known)) => *known = merged(known.clone(), rest, rule, fresh)?,
                    None => rows.push((label, rest)),
                }
            }
            Some(Recv(one, rows))
        }
        (Send(one, mut rows), Send(other, others)) if one == other && rows.len() == others.len() => {
            for (label, rest) in others {
                let (_, known) = rows.iter_mut().find(|(known, _)| *known == label)?;
                *known = merged(known.clone(), rest, rule, fresh)?;
            }
            Some(Send(one, rows))
        }
        (Rec(x, left), Rec(y, right)) => {
            *fresh += 1;
            let name = format!("F{fresh}");
            let body = merged(renamed(*left, &x, &name), renamed(*right, &y, &name), rule, fresh)?;
            Some(Rec(name, Box::new(body)))
        }
        _ => None,
    }
}

/// The type with another name, which is fresh, for a free variable.
fn renamed(tree: Tree, from: &str, to: &str) -> Tree {
    let rows = |rows: Vec<(Label, Tree)>| rows.into_iter().map(|(l, rest)| (l, renamed(rest, from, to))).collect();
    match tree {
        Var(name) if name == from => Var(to.to_owned()),
        Rec(name, body) if name != from => Rec(name, Box::new(renamed(*body, from, to))),
        Send(partner, branches) => Send(partner, rows(branches)),
        Recv(partner, branches) => Recv(partner, rows(branches)),
        other => other,
    }
}

fn free(tree: &Tree) -> BTreeSet<String> {
    match tree {
        End => BTreeSet::new(),
        Var(name) => [name.clone()].into(),
        Rec(name, body) => free(body).into_iter().filter(|free| free != name).collect(),
        Send(_, rows) | Recv(_, rows) => rows.iter().flat_map(|(_, rest)| free(rest)).collect(),
    }
}

/// The normal form, as [`notation::local`] writes it.
fn text(tree: &Tree) -> String {
    notation::local(&local_type(tree))
}

fn local_type(tree: &Tree) -> LocalType {
    fn add(tree: &Tree, nodes: &mut Vec<LocalNode>) -> LocalId {
        let mut rows =
            |rows: &[(Label, Tree)]| rows.iter().map(|(label, rest)| (label.clone(), add(rest, nodes))).collect();
        let partner = |role: &u32| ROLES[*role as usize].to_owned();
        let node = match tree {
            End => LocalNode::End,
            Var(name) => LocalNode::Var(name.clone()),
            Send(to, branches) => LocalNode::Send(partner(to), rows(branches)),
            Recv(from, branches) => LocalNode::Recv(partner(from), rows(branches)),
            Rec(name, body) => LocalNode::Rec(name.clone(), add(body, nodes)),
        };
        nodes.push(node);
        LocalId(u32::try_from(nodes.len() - 1).expect("a small type"))
    }
    let mut nodes = Vec::new();
    let root = add(tree, &mut nodes);
    LocalType { nodes, root }
}

const ROLES: [&str; 5] = ["A", "B", "C", "D", "E"];

fn parts(node: &GlobalNode) -> Vec<GlobalId> {
    match node {
        GlobalNode::Rec(_, body) => vec![*body],
        GlobalNode::Comm { branches, .. } => branches.iter().map(|(_, rest)| *rest).collect(),
        _ => Vec::new(),
    }
}

fn occurs(global: &GlobalType, id: GlobalId, role: u32) -> bool {
    let node = global.node(id);
    let here = matches!(node, GlobalNode::Comm { sender, receiver, .. } if *sender == role || *receiver == role);
    here || parts(node).into_iter().any(|part| occurs(global, part, role))
}

fn free_global(global: &GlobalType, id: GlobalId) -> BTreeSet<&str> {
    match global.node(id) {
        GlobalNode::Var(name) => [name.as_str()].into(),
        GlobalNode::Rec(name, body) => free_global(global, *body).into_iter().filter(|free| free != name).collect(),
        node => parts(node).into_iter().flat_map(|part| free_global(global, part)).collect(),
    }
}

#[test]
fn the_projection_is_the_defined_one() {
    let agrees = |global: &GlobalType| {
        RULES.into_iter().all(|rule| {
            roles(global).all(|role| {
                let expected = defined(global, global.root, role, rule, &mut 0);
                projected(global, role, rule) == expected.map(|tree| text(&tree))
            })
        })
    };
    holds_for(0..20_000, Shape::default(), agrees);
}

#[test]
fn what_plain_projects_full_projects_to_the_same() {
    let holds = |global: &GlobalType| {
        roles(global).all(|role| match projected(global, role, Rule::Plain) {
            Some(plain) => projected(global, role, Rule::Full) == Some(plain),
            None => true,
        })
    };
    holds_for(0..20_000, Shape { choice: true, par: true }, holds);
}

#[test]
fn both_rules_accept_and_refuse_often_enough_to_be_tested() {
    let mut counts = [0; 3];
    for global in (0..2_000).map(global) {
        let all = |rule| roles(&global).all(|role| projected(&global, role, rule).is_some());
        counts[usize::from(all(Rule::Plain)) + usize::from(all(Rule::Full))] += 1;
    }
    println!("neither, full only, both: {counts:?} of 2000");
    assert!(counts.into_iter().all(|count| count > 100), "{counts:?}");
}

#[test]
fn a_role_that_does_not_occur_projects_to_the_end() {
    let nobody = |global: &GlobalType| *roles(global).end();
    let holds = |global: &GlobalType| projected(global, nobody(global), Rule::Plain).as_deref() == Some("end");
    holds_for(0..20_000, Shape { choice: true, par: true }, holds);
}

#[test]
fn the_projection_of_a_closed_type_is_closed() {
    // the normal form marks variables without a binder
    let holds = |global: &GlobalType| {
        roles(global)
            .all(|role| projected(global, role, Rule::Full).is_none_or(|text| !text.contains('?') || closed(&text)))
    };
    holds_for(0..20_000, Shape { choice: true, par: true }, holds);
}

fn closed(text: &str) -> bool {
    // a receive is `A?{`; a free variable has nothing behind its mark
    text.match_indices('?').all(|(at, _)| text[at + 1..].starts_with('{'))
}

/// The type with `μX.G` in place of `X`, for a type that is `μX.G`.
fn unfolded(global: &GlobalType) -> GlobalType {
    let GlobalNode::Rec(name, body) = global.node(global.root) else { return global.clone() };
    let mut nodes = global.nodes.clone();
    let root = replaced(*body, name, global.root, &mut nodes);
    GlobalType { roles: global.roles.clone(), nodes, root }
}

fn replaced(id: GlobalId, name: &str, by: GlobalId, nodes: &mut Vec<GlobalNode>) -> GlobalId {
    let mut node = nodes[id.0 as usize].clone();
    match &mut node {
        GlobalNode::Var(same) if same == name => return by,
        GlobalNode::Rec(other, body) if other != name => *body = replaced(*body, name, by, nodes),
        GlobalNode::Comm { branches, .. } => {
            branches.iter_mut().for_each(|(_, rest)| *rest = replaced(*rest, name, by, nodes));
        }
        _ => return id,
    }
    nodes.push(node);
    GlobalId(u32::try_from(nodes.len() - 1).expect("a small type"))
}

fn unfolded_local(local: &LocalType) -> LocalType {
    let LocalNode::Rec(name, body) = local.node(local.root) else { return local.clone() };
    let mut nodes = local.nodes.clone();
    let root = replaced_local(*body, name, local.root, &mut nodes);
    LocalType { nodes, root }
}

fn replaced_local(id: LocalId, name: &str, by: LocalId, nodes: &mut Vec<LocalNode>) -> LocalId {
    let mut node = nodes[id.0 as usize].clone();
    match &mut node {
        LocalNode::Var(same) if same == name => return by,
        LocalNode::Rec(other, body) if other != name => *body = replaced_local(*body, name, by, nodes),
        LocalNode::Send(_, rows) | LocalNode::Recv(_, rows) => {
            rows.iter_mut().for_each(|(_, rest)| *rest = replaced_local(*rest, name, by, nodes));
        }
        _ => return id,
    }
    nodes.push(node);
    LocalId(u32::try_from(nodes.len() - 1).expect("a small type"))
}

#[test]
fn projection_commutes_with_unfolding() {
    let commutes = |global: &GlobalType| {
        let GlobalNode::Rec(name, body) = global.node(global.root) else { return true };
        let is_used = free_global(global, *body).contains(name.as_str());
        RULES.into_iter().all(|rule| {
            roles(global).all(|role| {
                let folded = project_tree(global, role, rule).ok();
                // a binder whose variable is not free was dropped
                let expected = folded.map(|local| if is_used { unfolded_local(&local) } else { local });
                projected(&unfolded(global), role, rule) == expected.map(|local| notation::local(&local))
            })
        })
    };
    // every closed recursion inside counts as a type of its own
    let holds = |global: &GlobalType| {
        let ids = (0..global.nodes.len()).map(|at| GlobalId(u32::try_from(at).expect("a small type")));
        let is_loop = |id: &GlobalId| matches!(global.node(*id), GlobalNode::Rec(..));
        let closed = ids.filter(is_loop).filter(|id| free_global(global, *id).is_empty());
        closed.map(|root| GlobalType { root, ..global.clone() }).all(|global| commutes(&global))
    };
    holds_for(0..10_000, Shape::default(), holds);
}

/// The same type with equal nodes once.
fn shared(global: &GlobalType) -> GlobalType {
    let mut nodes: Vec<GlobalNode> = Vec::new();
    let mut places: Vec<GlobalId> = Vec::new();
    for node in &global.nodes {
        let mut node = node.clone();
        let change = |id: &mut GlobalId| *id = places[id.0 as usize];
        match &mut node {
            GlobalNode::Rec(_, body) => change(body),
            GlobalNode::Comm { branches, .. } => branches.iter_mut().for_each(|(_, rest)| change(rest)),
            _ => {}
        }
        let at = nodes.iter().position(|known| *known == node).unwrap_or_else(|| {
            nodes.push(node);
            nodes.len() - 1
        });
        places.push(GlobalId(u32::try_from(at).expect("a small type")));
    }
    GlobalType { roles: global.roles.clone(), nodes, root: places[global.root.0 as usize] }
}

#[test]
fn sharing_makes_no_difference() {
    let holds = |global: &GlobalType| {
        let shared = shared(global);
        roles(global).all(|role| projected(global, role, Rule::Full) == projected(&shared, role, Rule::Full))
    };
    holds_for(0..10_000, Shape::default(), holds);
}

/// A global type in which every exchange is one of `Me`, who therefore has exactly one local type. What comes at a
/// place is mostly the same for one `base`, so that two such types often merge.
fn side(numbers: &mut Numbers, base: u64, budget: usize, binders: &mut Vec<&'static str>) -> String {
    let mut fixed = if numbers.percent(3) { numbers.clone() } else { Numbers::new(base) };
    if budget == 0 || fixed.percent(10) {
        return match binders.len() {
            0 => "end".to_owned(),
            count if fixed.percent(70) => binders[fixed.below(count)].to_owned(),
            _ => "end".to_owned(),
        };
    }
    let partner = *fixed.pick(&["P", "Q"]);
    let is_receive = fixed.percent(70);
    let binder = (binders.len() < 3 && fixed.percent(25)).then(|| ["X", "Y", "Z", "V", "W"][numbers.below(5)]);
    binders.extend(binder);
    let mut rows = Vec::new();
    for (at, label) in (0u64..).zip(["n", "o(int)", "p"]) {
        // receives may know a label or not, sends may not
        let is_there = if is_receive { numbers.percent(65) } else { fixed.percent(60) };
        let label = if label == "o(int)" && numbers.percent(2) { "o(bool)" } else { label };
        let rest = side(numbers, base.wrapping_mul(31).wrapping_add(at + 1), budget - 1, binders);
        if is_there {
            rows.push(format!("{label}. {rest}"));
        }
    }
    if rows.is_empty() {
        rows.push("q. end".to_owned());
    }
    let first = numbers.below(rows.len());
    rows.rotate_left(first);
    binders.truncate(binders.len() - usize::from(binder.is_some()));
    let (from, to) = if is_receive { (partner, "Me") } else { ("Me", partner) };
    let binder = binder.map_or(String::new(), |name| format!("rec {name}. "));
    format!("{binder}{from}->{to}{{{}}}", rows.join(", "))
}

/// A global type whose projection to `Me` is that local type.
fn realised(local: &LocalType, id: LocalId) -> String {
    let rows = |rows: &[(Label, LocalId)]| {
        let row = |(label, rest): &(Label, LocalId)| {
            let sort = match label.sort.to_string().to_lowercase().as_str() {
                "unit" => String::new(),
                sort => format!("({sort})"),
            };
            format!("{}{sort}. {}", label.name, realised(local, *rest))
        };
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    };
    match local.node(id) {
        LocalNode::Var(name) => name.clone(),
        LocalNode::Rec(name, body) => format!("rec {name}. {}", realised(local, *body)),
        LocalNode::Send(partner, branches) => format!("Me->{partner}{{{}}}", rows(branches)),
        LocalNode::Recv(partner, branches) => format!("{partner}->Me{{{}}}", rows(branches)),
        _ => "end".to_owned(),
    }
}

fn project_me(text: &str) -> Option<LocalType> {
    let global = notation::global(text);
    let me = global.roles.iter().position(|role| role == "Me").unwrap_or(global.roles.len());
    project_tree(&global, u32::try_from(me).expect("few roles"), Rule::Full).ok()
}

/// The merge of the local types that two such global types stand for, as one of that kind.
fn merge(left: &str, right: &str) -> Option<String> {
    let local = project_me(&format!("U->V{{l. {left}, m. {right}}}"))?;
    Some(realised(&local, local.root))
}

/// The normal form of the local type behind it.
fn normal(text: Option<String>) -> Option<String> {
    text.map(|text| notation::local(&project_me(&text).expect("`Me` sees everything")))
}

fn check_laws(a: &str, b: &str, c: &str) -> bool {
    let (ab, bc) = (merge(a, b), merge(b, c));
    let left = ab.as_deref().and_then(|ab| merge(ab, c));
    let right = bc.as_deref().and_then(|bc| merge(a, bc));
    let at_once = project_me(&format!("U->V{{l. {a}, m. V->U{{n. {b}, o. U->V{{p. {b}, q. {c}}}}}}}"));
    let at_once = at_once.map(|local| notation::local(&local));
    let is_merged = ab.is_some();
    assert_eq!(normal(ab.clone()), normal(merge(b, a)), "commutative: {a} and {b}");
    assert_eq!(normal(merge(a, a)), normal(Some(a.to_owned())), "idempotent: {a}");
    if let Some(ab) = ab {
        assert_eq!(normal(merge(&ab, b)), normal(Some(ab.clone())), "{ab} has {b} in it");
    }
    assert_eq!(normal(left.clone()), normal(right), "associative: {a} and {b} and {c}");
    assert_eq!(at_once, normal(left), "at once: {a} and {b} and {c}");
    is_merged
}

#[test]
fn merge_is_commutative_associative_and_idempotent() {
    let mut merged = 0;
    for seed in 0..10_000 {
        let mut numbers = Numbers::new(seed);
        let base = numbers.word();
        let [a, b, c] = [(); 3].map(|()| side(&mut numbers, base, 1 + seed as usize % 3, &mut Vec::new()));
        merged += usize::from(check_laws(&a, &b, &c));
    }
    println!("{merged} of 10000 pairs merge");
    assert!((3_000..9_000).contains(&merged), "{merged} of 10000 pairs merge");
}

#[test]
fn merge_keeps_its_laws_on_projections() {
    let of = |seed: u64| {
        let global = global(seed);
        let local = roles(&global).find_map(|role| project_tree(&global, role, Rule::Full).ok());
        local.map_or("end".to_owned(), |local| realised(&local, local.root))
    };
    for seed in 0..3_000 {
        check_laws(&of(seed), &of(seed + 1), &of(seed / 2));
    }
}
