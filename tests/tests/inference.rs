//! What may be left out: deleting one `at R`, or one `: T` of a `let`, gives the same program or is asked for.
//!
//! Who evaluates a local action is inferred (LANGUAGE §4, `let`): the one role that holds all names, else the sender of
//! the next communication. So a text without an `at R` is the text with some role there, or it is refused as ambiguous;
//! it never silently becomes something that cannot be written down.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use tell_compiler::pipeline::Checked;
use tell_ir::codec::encode;
use tell_language::ast::{
    Ast, Block, DeclKind, FunBody, LoopKind, Member, Protocol, RoleRef, StmtId, StmtKind, TypeId,
};
use tell_language::parse::parse;
use tell_language::span::{FileId, Span};
use tell_language::symbol::{Interner, Symbol};
use tell_tests::program::{check, image};
use tell_tests::verdict::Verdict;
use tell_tests::{files, root, text_of};

/// Something that may be left out, and what a program without it may be refused with.
struct Optional {
    /// From `at` to the role, from `:` to the type.
    text: Span,
    /// The roles that could stand there instead; none for a type.
    others: Vec<String>,
    /// The sender of the next communication, if that stands behind it with only local statements in between.
    next: Option<String>,
    /// The error that asks for it.
    asked_for: &'static str,
}

/// What a program is, apart from its layout: its code, or what is wrong with it.
#[derive(PartialEq, Eq)]
enum Meaning {
    Image(Vec<u8>),
    Wrong(Vec<&'static str>),
}

fn meaning(text: &str) -> Meaning {
    let checked: Checked = check("inference.tell", text);
    if checked.has_errors() {
        return Meaning::Wrong(checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect());
    }
    let mut built = image(&checked).unwrap_or_else(|error| panic!("{error}\n{text}"));
    built.debug = None;
    Meaning::Image(encode(&built))
}

/// Programs that are accepted and have a protocol to build.
fn programs() -> Vec<(PathBuf, String)> {
    let corpus = ["runtime", "protocols", "syntax"].map(|folder| root().join("tests/corpus").join(folder));
    let folders = corpus.into_iter().chain([root().join("examples")]);
    let texts = folders.flat_map(|folder| files(&folder, "tell")).map(|path| (path.clone(), text_of(&path)));
    texts
        .filter(|(_, text)| Verdict::of_corpus(text).is_ok_and(|verdict| verdict.is_accepted()))
        .filter(|(path, text)| {
            let checked = check(&path.to_string_lossy(), text);
            !checked.protocols().is_empty() && image(&checked).is_ok()
        })
        .collect()
}

/// Roles of a family that are tried.
const FEW: usize = 4;

/// How the roles of a member are written; of a family the first few.
fn written_roles(member: &Member, names: &Interner) -> Vec<String> {
    let name = names.text(member.name.symbol);
    match member.size {
        None => vec![name.to_owned()],
        Some(_) => (0..FEW).map(|index| format!("{name}[{index}]")).collect(),
    }
}

/// All blocks of a file with the roles of their protocol; functions have none.
fn blocks<'a>(ast: &'a Ast, names: &Interner) -> Vec<(&'a Block, Vec<String>)> {
    let mut protocols: Vec<&Protocol> = Vec::new();
    let mut todo: Vec<(&Block, Vec<String>)> = Vec::new();
    for decl in &ast.decls {
        match &decl.kind {
            DeclKind::Protocol(protocol) => protocols.push(protocol),
            DeclKind::Fun(fun) => todo.extend(fun.body.iter().filter_map(|body| match body {
                FunBody::Block(block) => Some((block, Vec::new())),
                FunBody::Expr(_) => None,
            })),
            _ => {}
        }
    }
    while let Some(protocol) = protocols.pop() {
        protocols.extend(&protocol.locals);
        let header = protocol.header.iter().flatten();
        let roles = header.chain(protocol.roles.iter().flat_map(|(members, _)| members));
        todo.push((&protocol.body, roles.flat_map(|member| written_roles(member, names)).collect()));
    }
    let mut found = Vec::new();
    while let Some((block, roles)) = todo.pop() {
        found.push((block, roles.clone()));
        for stmt in &block.stmts {
            todo.extend(inner(&ast.stmt(*stmt).kind).into_iter().map(|block| (block, roles.clone())));
        }
    }
    found
}

/// The blocks directly inside a statement.
fn inner(kind: &StmtKind) -> Vec<&Block> {
    match kind {
        StmtKind::Choice { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        StmtKind::Case { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        StmtKind::If { then, els, .. } => [then].into_iter().chain(els).collect(),
        StmtKind::Rec { body, .. } | StmtKind::Loop { body, .. } | StmtKind::For { body, .. } => vec![body],
        StmtKind::Let { body, .. } => body.iter().collect(),
        StmtKind::Par { branches } => branches.iter().collect(),
        StmtKind::Scope(scope) => [&scope.body].into_iter().chain(scope.outcomes.iter().map(|arm| &arm.body)).collect(),
        StmtKind::Region(region) => vec![&region.body],
        _ => Vec::new(),
    }
}

/// From the last `word` before `inner` to its end.
fn with_word(text: &str, word: &str, inner: Span) -> Span {
    let at = text[..inner.start as usize].rfind(word).expect("the word stands before it");
    Span::new(u32::try_from(at).expect("a file is small"), inner.end)
}

/// All `at R` of a text that may be left out.
fn roles(text: &str) -> Vec<Optional> {
    let mut names = Interner::default();
    let ast = parse(FileId(0), text, &mut names).ast;
    let mut found = Vec::new();
    for (block, roles) in blocks(&ast, &names) {
        for (index, stmt) in block.stmts.iter().enumerate() {
            let (at, asked_for): (Option<RoleRef>, _) = match &ast.stmt(*stmt).kind {
                StmtKind::If { at, .. } | StmtKind::Case { at, .. } => (*at, "E0303"),
                StmtKind::Let { at, .. }
                | StmtKind::Var { at, .. }
                | StmtKind::Assert { at, .. }
                | StmtKind::Perform { at, .. } => (*at, "E0304"),
                _ => (None, ""),
            };
            let Some(role) = at.filter(|role| role.index.is_none()) else { continue };
            let written = names.text(role.name.symbol);
            let others = roles.iter().filter(|other| *other != written).cloned().collect();
            let next = next_sender(&ast, &block.stmts[index + 1..]).map(|name| names.text(name).to_owned());
            found.push(Optional { text: with_word(text, "at", role.name.span), others, next, asked_for });
        }
    }
    found
}

/// Who sends first in statements of one block, if only local ones stand before.
fn next_sender(ast: &Ast, stmts: &[StmtId]) -> Option<Symbol> {
    for stmt in stmts {
        match &ast.stmt(*stmt).kind {
            StmtKind::Message { from: sender, .. }
            | StmtKind::Choice { decider: sender, .. }
            | StmtKind::Loop { kind: LoopKind::Decide { by: sender } | LoopKind::WhileBy { by: sender, .. }, .. } => {
                return Some(sender.name.symbol);
            }
            StmtKind::Let { body: None, .. }
            | StmtKind::Var { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Assert { .. }
            | StmtKind::Perform { .. } => {}
            _ => return None,
        }
    }
    None
}

/// All `: T` of a `let` in a text.
fn types(text: &str) -> Vec<Optional> {
    let mut names = Interner::default();
    let ast = parse(FileId(0), text, &mut names).ast;
    let mut found = Vec::new();
    for (block, _) in blocks(&ast, &names) {
        for stmt in &block.stmts {
            let ty: Option<TypeId> = match &ast.stmt(*stmt).kind {
                StmtKind::Let { ty, .. } | StmtKind::Var { ty, .. } => *ty,
                _ => None,
            };
            let Some(ty) = ty else { continue };
            let text = with_word(text, ":", ast.ty(ty).span);
            found.push(Optional { text, others: Vec::new(), next: None, asked_for: "E0310" });
        }
    }
    found
}

fn replaced(text: &str, span: Span, by: &str) -> String {
    format!("{}{by}{}", &text[..span.start as usize], &text[span.end as usize..])
}

/// What the program without it is.
fn outcome(text: &str, optional: &Optional) -> Result<&'static str, String> {
    let without = replaced(text, optional.text, "");
    let found = meaning(&without);
    if found == meaning(text) {
        return Ok("the same");
    }
    if matches!(&found, Meaning::Wrong(codes) if codes == &[optional.asked_for]) {
        return Ok("asked for");
    }
    for other in &optional.others {
        if found == meaning(&replaced(text, optional.text, &format!("at {other}"))) {
            return match &optional.next {
                Some(next) if next != other.split('[').next().unwrap_or(other) => {
                    Err(format!("`{next}` sends next, but it is at `{other}`\n{without}"))
                }
                _ => Ok("the next sender"),
            };
        }
    }
    match found {
        Meaning::Wrong(codes) => Err(format!("{codes:?}\n{without}")),
        Meaning::Image(_) => Err(format!("another program\n{without}")),
    }
}

/// Leaves out everything that may be, one at a time; how often there is which outcome.
#[track_caller]
fn outcomes(of: fn(&str) -> Vec<Optional>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (path, text) in programs() {
        for optional in of(&text) {
            match outcome(&text, &optional) {
                Ok(what) => *counts.entry(what).or_default() += 1,
                Err(error) => panic!("{}, without {:?}: {error}", path.display(), &text[optional.text.range()]),
            }
        }
    }
    println!("{counts:?}");
    counts
}

#[test]
fn a_role_that_is_left_out_is_the_inferred_one_or_asked_for() {
    let counts = outcomes(roles);
    assert!(counts["the same"] >= 20 && counts["asked for"] >= 1, "{counts:?}");
}

#[test]
fn a_type_that_is_left_out_is_inferred_or_asked_for() {
    let counts = outcomes(types);
    assert!(counts["the same"] >= 3 && counts["asked for"] >= 1, "{counts:?}");
}
