//! Effects with their operations.

use super::declared::Generics;
use super::{Resolver, Texts};
use crate::hir::{Effect, EffectId, Op};
use crate::resolve::once::Once;
use tell_ir::image::{Agreement, Class, Modality, OpMeta, Reentrancy, Region};
use tell_language::ast::{self, DeclKind};
use tell_language::diagnostic::did_you_mean;
use tell_language::symbol::Symbol;

/// The metadata keys in the order of LANGUAGE §2.
const KEYS: [&str; 5] = ["class", "progress", "region", "agreement_use", "reentrancy"];

impl Resolver<'_> {
    /// Declares the effects of all modules.
    pub(super) fn declare_effects(&mut self) {
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                if let DeclKind::Effect(effect) = decl.kind {
                    self.effect(module, &effect);
                }
            }
        }
    }

    fn effect(&mut self, module: usize, effect: &ast::Effect) {
        let params: Vec<Symbol> = effect.params.iter().map(|param| param.symbol).collect();
        let mut ops: Vec<Op> = Vec::new();
        let mut once = Once::default();
        for op in &effect.ops {
            if let Some(first) = once.earlier(op.name) {
                self.report_duplicate(module, "E0213", "operation", first, op.name.span);
                continue;
            }
            let mut generics = Generics { names: params.clone(), open: true };
            let op_params =
                op.params.iter().map(|param| self.operation_parameter(module, *param, &mut generics)).collect();
            let result = self.ty(module, op.result, &mut generics);
            let meta = self.metadata(module, op);
            ops.push(Op { name: op.name.symbol, params: op_params, result, meta });
        }
        let id = EffectId(u32::try_from(self.program.effects.len()).expect("fewer than 2^32 effects"));
        let short = self.program.text(effect.name.symbol).to_owned();
        let owner = &self.program.modules[module].name;
        let full_name = if owner.is_empty() { short } else { format!("{owner}.{short}") };
        let arity = u32::try_from(params.len()).expect("fewer than 2^32 parameters");
        self.program.effects.push(Effect { name: effect.name.symbol, full_name, params: arity, ops });
        if self.take_place(module, "effect", effect.name) {
            self.names_mut(module).effects.insert(effect.name.symbol, id);
        }
    }

    fn metadata(&mut self, module: usize, op: &ast::Operation) -> OpMeta {
        let mut meta = default_meta(op.modality.unwrap_or(ast::Modality::Command));
        let mut once = Once::default();
        for (key, value) in &op.metadata {
            if let Some(first) = once.earlier(*key) {
                self.report_duplicate(module, "E0212", "metadata field", first, key.span);
                continue;
            }
            let key_text = self.program.text(key.symbol).to_owned();
            let value_text = self.program.text(value.symbol).to_owned();
            if !KEYS.contains(&key_text.as_str()) {
                let help = similar_or_list(&key_text, &KEYS);
                self.report(
                    module,
                    "E0218",
                    key.span,
                    Texts::new(format!("there is no metadata field `{key_text}`"), "unknown field", help),
                );
            } else if let Err(words) = set(&mut meta, &key_text, &value_text) {
                let text = format!("`{value_text}` is not a value of `{key_text}`");
                self.report(
                    module,
                    "E0218",
                    value.span,
                    Texts::new(text, "unknown value", similar_or_list(&value_text, &words)),
                );
            }
        }
        self.check_metadata(module, op, &meta);
        meta
    }

    fn check_metadata(&mut self, module: usize, op: &ast::Operation, meta: &OpMeta) {
        let place = |key: &str, resolver: &Self| {
            op.metadata
                .iter()
                .find(|(name, _)| resolver.program.text(name.symbol) == key)
                .map_or(op.name.span, |(_, value)| value.span)
        };
        if meta.modality == Modality::Observe && meta.class != Class::Observational {
            let text = format!("an `observe` operation cannot have class `{}`", meta.class.text());
            let span = place("class", self);
            self.report(
                module,
                "E0219",
                span,
                Texts::new(text, "contradicts `observe`", "write `class : observational`, or another modality"),
            );
        }
        if meta.modality == Modality::Observe && meta.agreement == Agreement::Required {
            let span = place("agreement_use", self);
            let help = "write `agreement_use : forbidden`, or another modality: an observation is no evidence";
            self.report(
                module,
                "E0219",
                span,
                Texts::new("an `observe` operation cannot need an agreement", "contradicts `observe`", help),
            );
        }
        if meta.modality == Modality::Authoritative && !meta.may_block {
            let span = place("progress", self);
            let help = "write `progress : may_block`: evidence can take time";
            self.report(
                module,
                "E0219",
                span,
                Texts::new("an `authoritative` operation cannot be `immediate`", "contradicts `authoritative`", help),
            );
        }
    }
}

/// Metadata of an operation that writes none (LANGUAGE §2).
fn default_meta(modality: ast::Modality) -> OpMeta {
    let (modality, class, may_block, region, agreement) = match modality {
        ast::Modality::Authoritative => {
            (Modality::Authoritative, Class::Authoritative, true, Region::Session, Agreement::None)
        }
        ast::Modality::Observe => {
            (Modality::Observe, Class::Observational, false, Region::Session, Agreement::Forbidden)
        }
        ast::Modality::Command => (Modality::Command, Class::BestEffort, true, Region::Session, Agreement::None),
    };
    OpMeta { modality, class, may_block, region, agreement, reentrancy: Reentrancy::Allow }
}

/// Sets one field, or answers the words it may have.
fn set(meta: &mut OpMeta, key: &str, value: &str) -> Result<(), Vec<&'static str>> {
    fn pick<T: Copy>(all: &'static [(&'static str, T)], value: &str) -> Result<T, Vec<&'static str>> {
        let found = all.iter().find(|(text, _)| *text == value).map(|(_, word)| *word);
        found.ok_or_else(|| all.iter().map(|(text, _)| *text).collect())
    }
    match key {
        "class" => meta.class = pick(Class::ALL, value)?,
        "progress" => meta.may_block = pick(&[("immediate", false), ("may_block", true)], value)?,
        "region" => meta.region = pick(Region::ALL, value)?,
        "agreement_use" => meta.agreement = pick(Agreement::ALL, value)?,
        _ => meta.reentrancy = pick(Reentrancy::ALL, value)?,
    }
    Ok(())
}

fn similar_or_list(wanted: &str, words: &[&str]) -> String {
    match did_you_mean(wanted, words.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("write one of {}", words.join(", ")),
    }
}
