//! Constructs of LANGUAGE that are checked, but that no instruction executes yet: `build` refuses them with `E0901`.

use crate::graph::Graph;
use crate::hir::Program;
use rustc_hash::FxHashSet;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

macro_rules! constructs {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A construct that is checked and not executed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Construct { $($(#[$doc])* $name),* }

        impl Construct {
            /// All of them; `tellc explain E0901` prints this list.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// How the construct is called in messages.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}
constructs! {
    /// `handler h for E …`
    Handler = "a `handler` declaration";
    /// `A handles E with h …`
    Region = "a handler region (`handles … with`)";
    /// `on abort v => …`
    Abort = "an `on abort` block";
    /// `Fn(A) -> B`
    FunctionType = "a function type (`Fn(A) -> B`)";
    /// `transfer Session from A to B`
    Transfer = "`transfer`";
    /// `handoff op to B with r`
    Handoff = "`handoff`";
    /// `publish x as Fact`
    Publish = "`publish`";
    /// `materialize p from Fact`
    Materialize = "`materialize`";
    /// `dependent work w required for op`
    DependentWork = "`dependent work`";
    /// `begin`, `await`, `resolve`, `invalidate`
    OperationStep = "an operation step (`begin`, `await`, `resolve`, `invalidate`)";
    /// `operation op(…) …`
    Operation = "an `operation` declaration";
    /// `agreement_profile …`
    AgreementProfile = "an `agreement_profile` declaration";
    /// `profile …`
    Profile = "a `profile` declaration";
    /// `proof_bundle …`
    ProofBundle = "a `proof_bundle` declaration";
    /// `protocol P requires B`, `… under Prof`
    ProtocolAuthority = "`requires` or `under` on a protocol";
    /// `fragment …`
    Fragment = "`fragment`";
    /// `guest runtime …`
    GuestRuntime = "`guest runtime`";
    /// `cluster|ring|mesh …`
    Topology = "a role topology (`cluster`, `ring`, `mesh`)";
    /// `agreement_use : required`, performed outside an operation with an agreement
    RequiredAgreement = "an operation with `agreement_use : required` outside an `operation` with an `agreement`";
    /// A key of `A { … } -> B : M` that nothing acts on.
    SenderHint = "this hint of the sender";
}

/// A construct and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The construct.
    pub construct: Construct,
    /// Its file.
    pub file: FileId,
    /// Where it stands.
    pub span: Span,
}

impl Refused {
    /// The report of it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::new(Code("E0901"), format!("{} is not executable yet", self.construct.text()))
            .label(self.file, self.span, "not executable yet")
            .help("it can be checked and projected; `tellc explain E0901` lists what this version does not execute")
    }
}

/// What keeps a choreography from being built: constructs among the declarations and in the protocols it consists of.
#[must_use]
pub fn refusals(program: &Program, graph: &Graph) -> Vec<Diagnostic> {
    let mut seen = FxHashSet::default();
    let protocols = graph.instances.iter().map(|instance| instance.protocol).filter(|id| seen.insert(*id));
    let bodies = protocols.filter_map(|id| program.protocol(id).body.as_ref()).flat_map(|body| &body.refused);
    let mut refused: Vec<&Refused> = program.refused.iter().chain(bodies).collect();
    refused.sort_by_key(|one| (one.file.0, one.span.start));
    refused.into_iter().map(Refused::diagnostic).collect()
}
