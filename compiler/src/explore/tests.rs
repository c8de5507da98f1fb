//! Machines made by hand: every kind of problem with its shortest run, branches side by side, scopes.

use super::{Bounds, Event, Exploration, Problem, ProblemKind, Status, System, Termination, What, diagram, explore};
use crate::graph::{Branch, CaseArm, CaseOn, Graph, Label, NodeId, NodeKind};
use crate::hir::Program;
use crate::monitor::{AlarmKind, Monitor, Observed};
use crate::project::machine::{Kind, Machine, Scope as ScopeOf, Site, State, StateId, Step, Values};
use tell_ir::sort::Sort;
use tell_language::span::Span;

/// A state: rows are partner, label, next state.
#[derive(Clone)]
enum Do {
    Send(Vec<(u32, &'static str, u32)>),
    Recv(Vec<(u32, &'static str, u32)>),
    /// The same, but nothing need come.
    Await(Vec<(u32, &'static str, u32)>),
    Mixed(Vec<(bool, u32, &'static str, u32)>, bool),
    /// An unnamed shared decision of all who name the same node.
    Case(usize, Vec<u32>),
    Par(Vec<u32>, u32),
    /// Owner, body, outcomes, then.
    Scope(u32, u32, Vec<(&'static str, u32)>, u32),
    Join,
    End,
}
use Do::{Await, Case, End, Join, Mixed, Par, Recv, Scope, Send};

struct Made {
    graph: Graph,
    machines: Vec<Machine>,
}

fn step(target: u32) -> Step {
    Step { target: StateId(target), values: Values::default() }
}

fn steps(targets: &[u32]) -> Vec<Step> {
    targets.iter().map(|target| step(*target)).collect()
}

impl Made {
    fn new(roles: &[&[Do]]) -> Self {
        let names = (0..roles.len()).map(|role| format!("R{role}")).collect();
        let mut graph = Graph { roles: names, ..Graph::default() };
        // Node 0 is the one scope, nodes 1 and 2 are shared decisions.
        for _ in 0..3 {
            let cont = NodeId(0);
            let arms = vec![CaseArm { pattern: None, cont, span: Span::default(), next: Span::default() }; 2];
            let on = CaseOn::Opaque;
            graph.add(NodeKind::Case { deciders: [].into(), on, arms }, Span::default());
        }
        let mut made = Self { graph, machines: Vec::new() };
        for (role, states) in (0..).zip(roles) {
            let states = states.iter().map(|state| made.state(role, state)).collect();
            made.machines.push(Machine {
                role,
                states,
                start: Values::default(),
                is_coinductive: false,
                entries: Vec::new(),
                decisions: Vec::new(),
            });
        }
        made
    }

    fn row(&mut self, from: u32, to: u32, label: &str, target: u32) -> (Site, Step) {
        let label = self.graph.label(Label { name: label.to_owned(), fields: Vec::new(), sort: Sort::Unit });
        let branches =
            vec![Branch { label, fields: Vec::new(), cont: NodeId(0), span: Span::default(), next: Span::default() }];
        let node = self.graph.add(NodeKind::Comm { from, to, branches }, Span::default());
        (Site { node, branch: 0, env: [].into() }, step(target))
    }

    fn state(&mut self, role: u32, state: &Do) -> State {
        let finals = matches!(state, Await(_)).then(Box::default);
        let kind = match state {
            End => Kind::End { finals: [].into() },
            Join => Kind::Join { carried: [].into() },
            Send(rows) => {
                let sends = rows.iter().map(|(peer, label, target)| self.row(role, *peer, label, *target)).collect();
                Kind::Send { sends }
            }
            Recv(rows) | Await(rows) => {
                let rows = rows.iter().map(|(peer, label, target)| self.row(*peer, role, label, *target)).collect();
                Kind::Recv { rows, finals }
            }
            Mixed(rows, may_end) => {
                let mut action = |(sends, peer, label, target): &(bool, u32, &str, u32)| {
                    let (from, to) = if *sends { (role, *peer) } else { (*peer, role) };
                    self.row(from, to, label, *target)
                };
                Kind::Mixed { actions: rows.iter().map(&mut action).collect(), may_end: *may_end }
            }
            Case(node, targets) => {
                let node = NodeId(u32::try_from(*node).expect("small"));
                Kind::Case { site: Site { node, branch: 0, env: [].into() }, steps: steps(targets) }
            }
            Par(branches, then) => {
                let then = Box::new(step(*then));
                Kind::Par { branches: steps(branches).into(), then, joined: [].into() }
            }
            Scope(owner, body, outcomes, then) => Kind::Scope(Box::new(ScopeOf {
                owner: *owner,
                body: step(*body),
                outcomes: outcomes.iter().map(|(name, target)| ((*name).to_owned(), step(*target))).collect(),
                then: step(*then),
                site: Site { node: NodeId(0), branch: 0, env: [].into() },
                done: [].into(),
                joined: [].into(),
                cells: [].into(),
            })),
        };
        State { kind, slots: 0, nodes: [NodeId(0)].into(), inside: None }
    }

    fn explore(&self) -> Exploration {
        explore(&Program::default(), &self.graph, &self.machines, Bounds::default())
    }

    fn label(&self, name: &str) -> u32 {
        let at = self.graph.labels.iter().position(|label| label.name == name).expect("a label of the test");
        u32::try_from(at).expect("small")
    }

    fn sent(&self, from: u32, to: u32, label: &str) -> Event {
        Event { role: from, is_send: true, peer: to, label: self.label(label) }
    }

    fn taken(&self, from: u32, to: u32, label: &str) -> Event {
        Event { role: to, is_send: false, peer: from, label: self.label(label) }
    }
}

#[test]
fn a_message_goes_over() {
    let made = Made::new(&[&[Send(vec![(1, "M", 1)]), End], &[Recv(vec![(0, "M", 1)]), End]]);
    let found = made.explore();
    assert_eq!(found.problem, None);
    assert_eq!((found.states, found.complete, found.queue_bound), (3, true, Some(1)));
    assert_eq!((found.termination, found.may_wait), (Termination::Always, vec![]));
}

#[test]
fn two_roles_that_wait_for_each_other_are_a_deadlock() {
    let made = Made::new(&[
        &[Send(vec![(2, "Start", 1)]), Recv(vec![(1, "A", 2)]), Send(vec![(1, "B", 3)]), End],
        &[Recv(vec![(0, "B", 1)]), Send(vec![(0, "A", 2)]), End],
        &[Recv(vec![(0, "Start", 1)]), End],
    ]);
    let run = vec![made.sent(0, 2, "Start"), made.taken(0, 2, "Start")];
    let kind = ProblemKind::Deadlock { waiting: vec![0, 1] };
    assert_eq!(made.explore().problem, Some(Problem { kind, run }));
}

#[test]
fn the_shortest_way_into_a_deadlock_is_shown() {
    let made = Made::new(&[
        &[
            Send(vec![(1, "Long", 1), (1, "Bad", 2)]),
            Send(vec![(1, "Long", 0), (1, "Bad", 2)]),
            Recv(vec![(1, "No", 2)]),
        ],
        &[Recv(vec![(0, "Long", 0), (0, "Bad", 1)]), End],
    ]);
    let run = vec![made.sent(0, 1, "Bad"), made.taken(0, 1, "Bad")];
    let kind = ProblemKind::Deadlock { waiting: vec![0] };
    assert_eq!(made.explore().problem, Some(Problem { kind, run }));
}

#[test]
fn a_message_nobody_takes_is_an_orphan_at_the_end() {
    let made = Made::new(&[&[Send(vec![(1, "M", 1)]), End], &[End]]);
    let run = vec![made.sent(0, 1, "M")];
    let kind = ProblemKind::Orphan { from: 0, to: 1, label: made.label("M") };
    assert_eq!(made.explore().problem, Some(Problem { kind, run }));
}

#[test]
fn a_message_nobody_takes_is_an_orphan_while_others_go_on_for_ever() {
    let made = Made::new(&[
        &[Send(vec![(2, "Lost", 1)]), Send(vec![(1, "Ping", 2)]), Recv(vec![(1, "Pong", 1)])],
        &[Recv(vec![(0, "Ping", 1)]), Send(vec![(0, "Pong", 0)])],
        &[End],
    ]);
    let found = made.explore();
    let kind = ProblemKind::Orphan { from: 0, to: 2, label: made.label("Lost") };
    assert_eq!(found.problem, Some(Problem { kind, run: vec![made.sent(0, 2, "Lost")] }));
    assert_eq!((found.termination, found.complete), (Termination::Never, true));
}

#[test]
fn another_label_than_the_awaited_one_is_unexpected() {
    let made = Made::new(&[&[Send(vec![(1, "N", 1)]), End], &[Recv(vec![(0, "M", 1)]), End]]);
    let kind = ProblemKind::Unexpected { role: 1, from: 0, label: made.label("N") };
    assert_eq!(made.explore().problem, Some(Problem { kind, run: vec![made.sent(0, 1, "N")] }));
}

#[test]
fn a_message_that_comes_before_its_turn_is_expected_while_another_partner_may_send() {
    let made = Made::new(&[
        &[Send(vec![(1, "Later", 1)]), Send(vec![(2, "Go", 2)]), End],
        &[Recv(vec![(2, "First", 1), (0, "Other", 2)]), Recv(vec![(0, "Later", 2)]), End],
        &[Recv(vec![(0, "Go", 1)]), Send(vec![(1, "First", 2)]), End],
    ]);
    assert_eq!(made.explore().problem, None);
}

#[test]
fn a_label_of_another_sort_is_unexpected() {
    let mut made = Made::new(&[&[Send(vec![(1, "M", 1)]), End], &[Recv(vec![(0, "M", 1)]), End]]);
    let label = made.graph.label(Label { name: "M".into(), fields: Vec::new(), sort: Sort::Int });
    let NodeKind::Comm { branches, .. } = &mut made.graph.nodes[3].kind else { panic!("the first row") };
    branches[0].label = label;
    let problem = made.explore().problem.expect("a problem");
    assert_eq!(problem.kind, ProblemKind::Unexpected { role: 1, from: 0, label });
}

#[test]
fn a_channel_without_a_bound_has_none_and_the_others_keep_theirs() {
    let made = Made::new(&[
        &[Send(vec![(1, "M", 0), (1, "Stop", 1)]), End],
        &[Recv(vec![(0, "M", 0), (0, "Stop", 1)]), Send(vec![(2, "Done", 2)]), End],
        &[Recv(vec![(1, "Done", 1)]), End],
    ]);
    let found = made.explore();
    let bounds: Vec<Option<u32>> = found.edges.iter().map(|edge| edge.bound).collect();
    assert_eq!((found.problem, found.complete, found.queue_bound), (None, false, None));
    assert_eq!(bounds, [None, Some(1)]);
    assert_eq!(found.termination, Termination::Possible);
}

#[test]
fn too_many_configurations_are_said() {
    let made = Made::new(&[&[Send(vec![(1, "M", 0)])], &[Recv(vec![(0, "M", 0)])]]);
    let found = explore(&Program::default(), &made.graph, &made.machines, Bounds { states: 3, queue: 1_000 });
    assert_eq!((found.states, found.complete, found.queue_bound), (3, false, None));
    assert_eq!(found.termination, Termination::Unknown);
}

#[test]
fn who_may_wait_for_ever_is_said_also_while_others_go_on() {
    let made = Made::new(&[
        &[Send(vec![(1, "On", 0), (1, "Off", 1)]), Send(vec![(2, "Bye", 2)]), End],
        &[Recv(vec![(0, "On", 0), (0, "Off", 1)]), End],
        &[Await(vec![(0, "Bye", 1)]), End],
    ]);
    assert_eq!(made.explore().may_wait, Vec::<u32>::new());
    let made = Made::new(&[
        &[Send(vec![(1, "M", 1), (1, "N", 2)]), Send(vec![(2, "Bye", 2)]), End],
        &[Recv(vec![(0, "M", 1), (0, "N", 1)]), End],
        &[Await(vec![(0, "Bye", 1)]), End],
    ]);
    let found = made.explore();
    assert_eq!((found.may_wait, found.problem), (vec![2], None));
}

#[test]
fn a_mixed_state_takes_any_of_its_actions_or_stays() {
    let rows = vec![(true, 1, "Mine", 1), (false, 1, "Yours", 1)];
    let made = Made::new(&[&[Mixed(rows, true), End], &[Await(vec![(0, "Mine", 1)]), End]]);
    let found = made.explore();
    assert_eq!((found.problem, found.termination), (None, Termination::Always));
    let rows = vec![(true, 1, "Mine", 1), (false, 1, "Yours", 1)];
    let made = Made::new(&[&[Mixed(rows, false), End], &[Send(vec![(0, "Yours", 1)]), End]]);
    let kind = made.explore().problem.map(|problem| problem.kind);
    assert!(matches!(kind, Some(ProblemKind::Orphan { .. })), "{kind:?}");
}

#[test]
fn branches_side_by_side_meet_at_their_join() {
    let made = Made::new(&[
        &[
            Par(vec![1, 3], 5),
            Send(vec![(1, "A", 2)]),
            Join,
            Recv(vec![(1, "B", 4)]),
            Join,
            Send(vec![(1, "C", 6)]),
            End,
        ],
        &[
            Par(vec![1, 3], 5),
            Recv(vec![(0, "A", 2)]),
            Join,
            Send(vec![(0, "B", 4)]),
            Join,
            Recv(vec![(0, "C", 6)]),
            End,
        ],
    ]);
    let found = made.explore();
    assert_eq!((found.problem, found.complete, found.termination), (None, true, Termination::Always));
    // A and B pass in any order: 3 × 3 configurations. C may be sent while A is under way, and is taken last.
    assert_eq!((found.states, found.queue_bound), (9 + 3, Some(2)));
}

#[test]
fn a_branch_that_never_ends_keeps_the_join_waiting() {
    let made = Made::new(&[
        &[Par(vec![1, 3], 5), Send(vec![(1, "A", 2)]), Join, Recv(vec![(1, "B", 4)]), Join, End],
        &[Recv(vec![(0, "A", 1)]), End],
    ]);
    let problem = made.explore().problem.expect("a problem");
    assert_eq!(problem.kind, ProblemKind::Deadlock { waiting: vec![0] });
}

#[test]
fn an_unnamed_decision_goes_the_same_way_for_all() {
    let decider = |first: Do, second: Do| vec![Case(1, vec![1, 2]), first, second, End];
    let (a, b) = (
        decider(Send(vec![(1, "L", 0)]), Send(vec![(1, "R", 3)])),
        decider(Recv(vec![(0, "L", 0)]), Recv(vec![(0, "R", 3)])),
    );
    let found = Made::new(&[&a, &b]).explore();
    assert_eq!((found.problem, found.termination), (None, Termination::Possible));
    let b = decider(Recv(vec![(0, "R", 0)]), Recv(vec![(0, "L", 3)]));
    let kind = Made::new(&[&a, &b]).explore().problem.map(|problem| problem.kind);
    assert!(matches!(kind, Some(ProblemKind::Unexpected { role: 1, .. })), "{kind:?}");
}

/// A scope in which R0 sends to R1 and may give up after a deadline.
fn scope(with_timeout: &[Do], other: &[Do]) -> Made {
    Made::new(&[with_timeout, other])
}

#[test]
fn an_abandoned_scope_ends_for_everybody_and_its_messages_are_dropped() {
    let owner = [
        Scope(0, 1, vec![("timeout", 3)], 5),
        Send(vec![(1, "Try", 2)]),
        Recv(vec![(1, "Answer", 4)]),
        Send(vec![(1, "Late", 4)]),
        Join,
        Send(vec![(1, "Bye", 6)]),
        End,
    ];
    let other = [
        Scope(0, 1, vec![("timeout", 3)], 5),
        Recv(vec![(0, "Try", 2)]),
        Send(vec![(0, "Answer", 4)]),
        Recv(vec![(0, "Late", 4)]),
        Join,
        Recv(vec![(0, "Bye", 6)]),
        End,
    ];
    let found = scope(&owner, &other).explore();
    assert_eq!((found.problem, found.complete, found.termination), (None, true, Termination::Always));
}

#[test]
fn a_scope_in_a_loop_stays_finite() {
    let owner = [Scope(0, 1, vec![("timeout", 3)], 0), Send(vec![(1, "Try", 2)]), Recv(vec![(1, "Answer", 3)]), Join];
    let other = [Scope(0, 1, vec![("timeout", 3)], 0), Recv(vec![(0, "Try", 2)]), Send(vec![(0, "Answer", 3)]), Join];
    let found = scope(&owner, &other).explore();
    assert_eq!((found.problem, found.termination), (None, Termination::Never));
    assert!(found.states < 10_000, "{} configurations", found.states);
}

#[test]
fn an_outcome_without_a_deadline_does_not_cure_a_deadlock() {
    let owner = [Scope(0, 1, vec![("fail", 2)], 3), Recv(vec![(1, "Never", 2)]), Join, End];
    let other = [Scope(0, 1, vec![("fail", 2)], 3), Recv(vec![(0, "Never", 2)]), Join, End];
    let problem = scope(&owner, &other).explore().problem.expect("a problem");
    assert_eq!(problem.kind, ProblemKind::Deadlock { waiting: vec![0, 1] });
    let owner = [Scope(0, 1, vec![("timeout", 2)], 3), Recv(vec![(1, "Never", 2)]), Join, End];
    let other = [Scope(0, 1, vec![("timeout", 2)], 3), Recv(vec![(0, "Never", 2)]), Join, End];
    assert_eq!(scope(&owner, &other).explore().problem, None);
}

#[test]
fn a_run_can_be_replayed_step_by_step() {
    let made = Made::new(&[&[Send(vec![(1, "A", 1), (1, "B", 1)]), End], &[Recv(vec![(0, "A", 1), (0, "B", 1)]), End]]);
    let mut system = System::new(&Program::default(), &made.graph, &made.machines, Bounds::default());
    let start = system.initial();
    let moves = system.moves(&start);
    let label = made.label("B");
    let chosen = moves.iter().find(|step| step.what == What::Send { to: 1, label }).expect("it is offered");
    let sent = system.apply(&start, chosen).expect("the channel has room");
    let moves = system.moves(&sent);
    assert_eq!(moves.iter().map(|step| step.what).collect::<Vec<_>>(), [What::Recv { from: 0, label }]);
    let end = system.apply(&sent, &moves[0]).expect("nothing forbids it");
    assert_eq!(system.status(&end), Status::Ended { waiting: vec![] });
}

#[test]
fn a_diagram_shows_what_is_late_and_what_is_lost() {
    let made = Made::new(&[
        &[Send(vec![(1, "Now", 1)]), Send(vec![(2, "Late", 2)]), Send(vec![(1, "Lost", 3)]), End],
        &[Recv(vec![(0, "Now", 1)]), Send(vec![(0, "Back", 2)]), End],
        &[Recv(vec![(0, "Late", 1)]), End],
    ]);
    let run = [
        made.sent(0, 1, "Now"),
        made.taken(0, 1, "Now"),
        made.sent(0, 2, "Late"),
        made.sent(1, 0, "Back"),
        made.sent(0, 1, "Lost"),
        made.taken(0, 2, "Late"),
    ];
    let expected = "\
R0                      R1                      R2
|----------Now--------->|                       |
|---------------Late---------------…            |
|            x--Back----|                       |
|---Lost---x            |                       |
|            …--------------Late--------------->|
not received: `Back` from R1 to R0, `Lost` from R0 to R1
";
    assert_eq!(diagram(&made.graph, &run), expected);
}

/// Whether a monitor accepts these events: role, whether it sends, peer, label; and whether all may be over then.
fn watched(made: &Made, events: &[(&str, bool, &str, &str)]) -> Result<bool, AlarmKind> {
    let program = Program::default();
    let monitor = Monitor::new(&program, &made.graph, &made.machines)?;
    let mut session = monitor.session();
    for (role, is_send, peer, label) in events.iter().copied() {
        let observed = Observed { role, is_send, peer, label };
        monitor.observe(&mut session, &observed, &|_| true).map_err(|alarm| alarm.kind)?;
    }
    Ok(monitor.is_complete(&session))
}

#[test]
fn a_monitor_lets_branches_side_by_side_go_in_any_order() {
    let sender =
        [Par(vec![1, 2], 3), Send(vec![(1, "A", 4)]), Send(vec![(2, "B", 4)]), Send(vec![(1, "C", 5)]), Join, End];
    let made = Made::new(&[
        &sender,
        &[Recv(vec![(0, "A", 1)]), Recv(vec![(0, "C", 2)]), End],
        &[Recv(vec![(0, "B", 1)]), End],
    ]);
    let (a, b, c) = (("R0", true, "R1", "A"), ("R0", true, "R2", "B"), ("R0", true, "R1", "C"));
    let taken = [("R1", false, "R0", "A"), ("R1", false, "R0", "C"), ("R2", false, "R0", "B")];
    assert_eq!(watched(&made, &[&[a, b, c], &taken[..]].concat()), Ok(true));
    assert_eq!(watched(&made, &[b, a, c]), Ok(false));
    assert_eq!(watched(&made, &[a, c]), Err(AlarmKind::UnexpectedPeer));
}

#[test]
fn a_monitor_lets_a_scope_be_abandoned_and_its_messages_be_dropped() {
    let owner = [
        Scope(0, 1, vec![("timeout", 3)], 5),
        Send(vec![(1, "Try", 2)]),
        Recv(vec![(1, "Answer", 4)]),
        Send(vec![(1, "Late", 4)]),
        Join,
        End,
    ];
    let other = [
        Scope(0, 1, vec![("timeout", 3)], 5),
        Recv(vec![(0, "Try", 2)]),
        Send(vec![(0, "Answer", 4)]),
        Recv(vec![(0, "Late", 4)]),
        Join,
        End,
    ];
    let made = Made::new(&[&owner, &other]);
    let (tried, late) = (("R0", true, "R1", "Try"), ("R0", true, "R1", "Late"));
    assert_eq!(watched(&made, &[tried, late, ("R1", false, "R0", "Late")]), Ok(true));
    assert_eq!(watched(&made, &[late, ("R1", false, "R0", "Late")]), Ok(true));
    assert_eq!(watched(&made, &[late, tried]), Err(AlarmKind::UnexpectedPeer));
}
