//! Clauses of the declarations of LANGUAGE §6: which there are, and what may stand in them.
//!
//! Words come from the seed documents where those have them: `admissibility` names their determinism profiles,
//! `engine` their engines, capabilities their capability gates. The other vocabularies are ours.

use super::What;
use crate::resolve::declared::Generics;
use crate::resolve::once::Once;
use crate::resolve::{Resolver, Texts};
use tell_language::ast::{self, Authority, AuthorityKind, Clause, ClauseKind, ClauseValue, ExprKind, Name, Path};
use tell_language::diagnostic::did_you_mean;

/// Needed under a profile whose admissibility is not `full` (seed: determinism profiles).
pub(super) const MIXED_PROFILE: &str = "mixed_profile";

/// Needed to begin an operation with an agreement profile.
pub(crate) const AGREEMENT: &str = "agreement";

/// What a bundle can list (seed: capability gates; `agreement` is ours).
const CAPABILITIES: &[&str] = &[
    AGREEMENT,
    "advanced_mode",
    "live_migration",
    "autoscale_repartition",
    "placement_refinement",
    "relaxed_reordering",
    MIXED_PROFILE,
];

/// How far an agreement has come, from the least to the most.
const LEVELS: &[&str] = &["proposed", "decided", "finalized"];

/// What happens when an operation is late or stalls.
const ESCALATIONS: &[&str] = &["escalate", "cancel", "fail", "diagnose"];

/// What may be the value of a clause.
#[derive(Clone, Copy)]
enum Wants {
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or the second with a number: `threshold(2)`.
    Counted(&'static [&'static str], &'static str),
    /// One of these words or a duration.
    Window(&'static [&'static str]),
    /// A duration or `Frag(k)`.
    Within,
    /// A string.
    Text,
    /// A list of capabilities.
    Capabilities,
    /// A name that is looked up elsewhere.
    Name,
}

/// How often a clause stands in a declaration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    AtMostOnce,
    Any,
}

/// A clause: its word, its value, how often.
type Spec = (&'static str, Wants, Times);

const OPERATION: &[Spec] = &[
    ("within", Wants::Within, Times::Any),
    ("progress", Wants::Word(&["immediate", "may_block", "bounded"]), Times::Once),
    ("requires", Wants::Name, Times::AtMostOnce),
    ("agreement", Wants::Name, Times::AtMostOnce),
    ("prestate", Wants::Name, Times::AtMostOnce),
    ("compose", Wants::Counted(&["all_success", "first_success"], "threshold_success"), Times::AtMostOnce),
];

const AGREEMENT_PROFILE: &[Spec] = &[
    ("visibility", Wants::Word(&["hidden", "pending", "public"]), Times::Once),
    ("rule", Wants::Counted(&["unanimous", "majority", "any", "leader"], "threshold"), Times::Once),
    ("usable_at", Wants::Word(LEVELS), Times::Once),
    ("finalized_at", Wants::Word(LEVELS), Times::Once),
    ("evidence", Wants::Word(&["votes", "certificate", "witness"]), Times::Once),
];

const PROFILE: &[Spec] = &[
    ("fairness", Wants::Word(&["none", "weak", "strong"]), Times::Once),
    ("admissibility", Wants::Word(&["full", "modulo_effects", "modulo_commutativity", "replay"]), Times::Once),
    ("escalation_window", Wants::Window(&["bounded", "unbounded"]), Times::Once),
];

const PROOF_BUNDLE: &[Spec] = &[
    ("version", Wants::Text, Times::AtMostOnce),
    ("issuer", Wants::Text, Times::AtMostOnce),
    ("constraint", Wants::Text, Times::Any),
    ("requires", Wants::Capabilities, Times::Once),
];

const GUEST_RUNTIME: &[Spec] = &[
    ("engine", Wants::Word(&["cooperative", "threaded"]), Times::AtMostOnce),
    ("version", Wants::Text, Times::AtMostOnce),
];

/// What a declaration is called.
pub(super) const fn title(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::Operation => "operation",
        AuthorityKind::AgreementProfile => "agreement profile",
        AuthorityKind::Profile => "profile",
        AuthorityKind::ProofBundle => "proof bundle",
        AuthorityKind::RoleSet => "role set",
        AuthorityKind::Cluster => "cluster",
        AuthorityKind::Ring => "ring",
        AuthorityKind::Mesh => "mesh",
    }
}

const fn specs(kind: AuthorityKind) -> &'static [Spec] {
    match kind {
        AuthorityKind::Operation => OPERATION,
        AuthorityKind::AgreementProfile => AGREEMENT_PROFILE,
        AuthorityKind::Profile => PROFILE,
        AuthorityKind::ProofBundle => PROOF_BUNDLE,
        AuthorityKind::RoleSet | AuthorityKind::Cluster | AuthorityKind::Ring | AuthorityKind::Mesh => &[],
    }
}

impl Wants {
    /// What to write, as a person reads it.
    fn text(self) -> String {
        match self {
            Self::Word(words) => words.join(", "),
            Self::Counted(words, counted) => format!("{}, {counted}(2)", words.join(", ")),
            Self::Window(words) => format!("{}, 5s", words.join(", ")),
            Self::Within => "5s, F(1)".into(),
            Self::Text => "\"…\"".into(),
            Self::Capabilities => format!("[{}]", CAPABILITIES.join(", ")),
            Self::Name => "its name".into(),
        }
    }
}

impl Resolver<'_> {
    /// Values, numbers and combinations of the clauses of a declaration.
    pub(super) fn check_clauses(&mut self, module: usize, declared: &Authority) {
        self.check_against(module, declared.name, title(declared.kind), &declared.clauses, specs(declared.kind));
        match declared.kind {
            AuthorityKind::Operation => self.check_operation(module, declared),
            AuthorityKind::AgreementProfile => self.check_levels(module, declared),
            _ => {}
        }
    }

    /// The clauses of a `fragment` or `guest runtime`, wherever it stands.
    pub(in crate::resolve) fn check_guest_clauses(&mut self, module: usize, guest: &ast::Guest) {
        let (what, specs) = match guest.kind {
            ast::GuestKind::Fragment => ("fragment", &[] as &[Spec]),
            ast::GuestKind::Runtime => ("guest runtime", GUEST_RUNTIME),
        };
        self.check_against(module, guest.name, what, &guest.clauses, specs);
    }

    fn check_against(&mut self, module: usize, owner: Name, what: &str, clauses: &[Clause], specs: &[Spec]) {
        let mut once = Once::default();
        for clause in clauses {
            let word = self.program.text(clause.word.symbol).to_owned();
            let Some((_, wants, times)) = specs.iter().find(|(known, ..)| *known == word) else {
                self.unknown_word(module, what, clause.word, specs);
                continue;
            };
            if let (Some(first), true) = (once.earlier(clause.word), *times != Times::Any) {
                let texts = Texts::new(format!("`{word}` is given twice"), "given again here", "remove one of them");
                self.report_with(module, "E0254", clause.word.span, texts, (first, "first given here"));
                continue;
            }
            self.check_value(module, &word, *wants, &clause.value);
        }
        let name = self.program.text(owner.symbol).to_owned();
        for (word, wants, _) in specs.iter().filter(|(_, _, times)| *times == Times::Once) {
            if !clauses.iter().any(|clause| self.program.text(clause.word.symbol) == *word) {
                let help = format!("add `{word} …`: {}", wants.text());
                let texts = Texts::new(format!("{what} `{name}` has no `{word}`"), "it has to be said", help);
                self.report(module, "E0255", owner.span, texts);
            }
        }
    }

    /// The parser knows the words of all declarations; those of guests are known here.
    fn unknown_word(&mut self, module: usize, what: &str, word: Name, specs: &[Spec]) {
        if !matches!(what, "fragment" | "guest runtime") {
            return;
        }
        let text = self.program.text(word.symbol).to_owned();
        let known: Vec<&str> = specs.iter().map(|(word, ..)| *word).collect();
        let help = match did_you_mean(&text, known.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if known.is_empty() => "remove it".to_owned(),
            None => format!("write one of {}", known.join(", ")),
        };
        let texts = Texts::new(format!("a {what} has no clause `{text}`"), "unknown clause", help);
        self.report(module, "E0253", word.span, texts);
    }

    fn check_value(&mut self, module: usize, word: &str, wants: Wants, value: &ClauseValue) {
        let is_right = match (wants, &value.kind) {
            (Wants::Word(words) | Wants::Window(words), ClauseKind::Name { path, args: None }) => {
                self.is_one_of(path, words)
            }
            (Wants::Counted(words, _), ClauseKind::Name { path, args: None }) => self.is_one_of(path, words),
            (Wants::Counted(_, counted), ClauseKind::Name { path, args: Some(args) }) => {
                self.is_one_of(path, &[counted]) && self.is_count(module, args)
            }
            (Wants::Window(_) | Wants::Within, ClauseKind::Literal(id)) => {
                matches!(self.program.modules[module].ast.expr(*id).kind, ExprKind::Duration(time) if time > 0)
            }
            (Wants::Within, ClauseKind::Name { path, args: Some(_) }) => {
                self.surface_name(module, What::Fragment, path);
                true
            }
            (Wants::Text, ClauseKind::Literal(id)) => {
                matches!(self.program.modules[module].ast.expr(*id).kind, ExprKind::String(_))
            }
            (Wants::Capabilities, ClauseKind::List(items)) => {
                return items.clone().iter().for_each(|item| self.check_capability(module, *item));
            }
            (Wants::Name, ClauseKind::Name { args: None, .. }) => true,
            _ => false,
        };
        if !is_right {
            let found = self.program.files.get(self.program.modules[module].file).text[value.span.range()].to_owned();
            let similar = match wants {
                Wants::Word(words) | Wants::Counted(words, _) | Wants::Window(words) => {
                    did_you_mean(&found, words.iter().copied())
                }
                _ => None,
            };
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("write one of {}", wants.text()),
            };
            let texts = Texts::new(format!("`{found}` is not a value of `{word}`"), "unknown value", help);
            self.report(module, "E0253", value.span, texts);
        }
    }

    fn is_one_of(&self, path: &Path, words: &[&str]) -> bool {
        path.names.len() == 1 && words.contains(&self.program.text(path.last().symbol))
    }

    /// Whether the arguments are one number from 1.
    fn is_count(&self, module: usize, args: &[ast::ExprId]) -> bool {
        let ast = &self.program.modules[module].ast;
        matches!(args, [count] if matches!(ast.expr(*count).kind, ExprKind::Int(count) if count >= 1))
    }

    fn check_capability(&mut self, module: usize, id: ast::ExprId) {
        let expr = self.program.modules[module].ast.expr(id).clone();
        let text = self.program.files.get(self.program.modules[module].file).text[expr.span.range()].to_owned();
        if matches!(expr.kind, ExprKind::Error) || CAPABILITIES.contains(&text.as_str()) {
            return;
        }
        let help = match did_you_mean(&text, CAPABILITIES.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("the capabilities are {}", CAPABILITIES.join(", ")),
        };
        let texts = Texts::new(format!("there is no capability `{text}`"), "unknown capability", help);
        self.report(module, "E0253", expr.span, texts);
    }

    /// The capabilities a bundle lists; what is no capability is reported with its clauses.
    pub(super) fn capabilities(&self, module: usize, bundle: &Authority) -> Vec<&'static str> {
        let text = &self.program.files.get(self.program.modules[module].file).text;
        let Some(clause) = self.clause(bundle, "requires") else { return Vec::new() };
        let ClauseKind::List(items) = &clause.value.kind else { return Vec::new() };
        let spans = items.iter().map(|item| self.program.modules[module].ast.expr(*item).span);
        spans.filter_map(|span| CAPABILITIES.iter().find(|known| **known == &text[span.range()]).copied()).collect()
    }

    /// The first clause of a word.
    pub(super) fn clause<'c>(&self, declared: &'c Authority, word: &str) -> Option<&'c Clause> {
        declared.clauses.iter().find(|clause| self.program.text(clause.word.symbol) == word)
    }

    /// What the first clause of a word names.
    pub(super) fn named_clause(
        &mut self,
        module: usize,
        declared: &Authority,
        word: &str,
        what: What,
    ) -> Option<usize> {
        let ClauseKind::Name { path, args: None } = &self.clause(declared, word)?.value.kind else { return None };
        self.surface_name(module, what, path)
    }

    /// What the clauses of an operation need of each other.
    fn check_operation(&mut self, module: usize, declared: &Authority) {
        let progress =
            self.clause(declared, "progress").map(|clause| self.value_text(module, &clause.value).to_owned());
        let has_deadline = declared
            .clauses
            .iter()
            .any(|clause| self.program.text(clause.word.symbol) == "within" && is_literal(&clause.value));
        let place = |word: &str| self.clause(declared, word).map(|clause| clause.word.span);
        let (agreement, prestate, progress_span) = (place("agreement"), place("prestate"), place("progress"));
        if let (Some(prestate), None) = (prestate, agreement) {
            let help = "add `agreement A`, or remove it";
            self.report(
                module,
                "E0255",
                prestate,
                Texts::new("`prestate` belongs to an `agreement`", "without one", help),
            );
        }
        let (Some(progress), Some(span)) = (progress, progress_span) else { return };
        if progress == "bounded" && !has_deadline {
            let texts = Texts::new("a bounded operation needs a time", "bounded by what?", "add `within 5s`");
            self.report(module, "E0255", span, texts);
        }
        if let (true, Some(agreement)) = (progress == "immediate", agreement) {
            let help = "write `progress may_block`: an agreement takes time";
            let texts =
                Texts::new("an operation with an agreement is not `immediate`", "contradicts `agreement`", help);
            self.report_with(module, "E0255", span, texts, (agreement, "the agreement"));
        }
        self.check_escalations(module, declared, has_deadline);
        self.check_prestate(module, declared);
    }

    /// `on timeout => s`, `on stall => s`
    fn check_escalations(&mut self, module: usize, declared: &Authority, has_deadline: bool) {
        let mut once = Once::default();
        for outcome in &declared.outcomes {
            let word = self.program.text(outcome.outcome.symbol).to_owned();
            if let Some(first) = once.earlier(outcome.outcome) {
                let text = format!("`on {word}` is given twice");
                let texts = Texts::new(text, "given again here", "remove one of them");
                self.report_with(module, "E0254", outcome.outcome.span, texts, (first, "first given here"));
                continue;
            }
            self.check_value(module, &format!("on {word}"), Wants::Word(ESCALATIONS), &outcome.value);
            if word == "timeout" && !has_deadline {
                let texts = Texts::new("`on timeout` needs a time", "after how long?", "add `within 5s`");
                self.report(module, "E0255", outcome.outcome.span, texts);
            }
        }
    }

    /// The state an agreement is about is a type.
    fn check_prestate(&mut self, module: usize, declared: &Authority) {
        let Some(clause) = self.clause(declared, "prestate") else { return };
        if let ClauseKind::Name { path, args: None } = clause.value.kind.clone() {
            self.named(module, &path, &[], &mut Generics::default(), 0);
        }
    }

    /// Nothing is usable later than it is final.
    fn check_levels(&mut self, module: usize, declared: &Authority) {
        let level = |word: &str| {
            let value = &self.clause(declared, word)?.value;
            Some((LEVELS.iter().position(|level| *level == self.value_text(module, value))?, value.span))
        };
        let (Some((usable, span)), Some((finalized, other))) = (level("usable_at"), level("finalized_at")) else {
            return;
        };
        if usable > finalized {
            let texts =
                Texts::new("usable only after it is finalized", "later than `finalized_at`", "exchange the two");
            self.report_with(module, "E0255", span, texts, (other, "final from here on"));
        }
    }

    fn value_text(&self, module: usize, value: &ClauseValue) -> &str {
        &self.program.files.get(self.program.modules[module].file).text[value.span.range()]
    }
}

fn is_literal(value: &ClauseValue) -> bool {
    matches!(value.kind, ClauseKind::Literal(_))
}
