//! Hints of a sender: `A { priority : high } -> B : Ping` (LANGUAGE §3).

use super::super::Checker;
use crate::refused::Construct;
use crate::resolve::once::Once;
use tell_language::ast::{Annotation, ExprKind};
use tell_language::diagnostic::did_you_mean;

const PRIORITIES: [&str; 3] = ["low", "normal", "high"];

impl Checker<'_> {
    /// The keys are known ones, each once, with one of their values.
    pub(in crate::check) fn hints(&mut self, annotation: &Annotation) {
        let mut once = Once::default();
        for (key, value) in &annotation.entries {
            if let Some(first) = once.earlier(*key) {
                self.duplicate_field(first, *key);
                continue;
            }
            let expr = self.ast().expr(*value).clone();
            let (is_right, help) = match self.text(key.symbol) {
                "priority" => {
                    let similar = match expr.kind {
                        ExprKind::Var(word) => did_you_mean(self.text(word), PRIORITIES),
                        _ => None,
                    };
                    let is_right = matches!(expr.kind, ExprKind::Var(word) if PRIORITIES.contains(&self.text(word)));
                    let help = similar.map_or_else(
                        || "write one of low, normal, high".to_owned(),
                        |similar| format!("did you mean `{similar}`?"),
                    );
                    (is_right, help)
                }
                "lossy" => (expr.kind == ExprKind::Bool(true), "write `lossy : true`, or remove it".to_owned()),
                other => {
                    let text = format!("the hint `{other}` is not executable yet");
                    self.report("E0901", key.span, text, "not executable yet", "the hints are `priority` and `lossy`");
                    continue;
                }
            };
            if !is_right && expr.kind != ExprKind::Error {
                let text = format!("this is no value of `{}`", self.text(key.symbol));
                self.report("E0256", expr.span, text, "unknown value", &help);
            }
        }
        self.refuse(Construct::SenderHint, annotation.span);
    }
}
