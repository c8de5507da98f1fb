//! Calls are written out where they stand: no recursion, and a limit to what a function becomes.

use crate::check::call::{circles, left_last};
use crate::hir::{Block, ExprKind, FunBody, FunCode, FunId, Program, StmtKind};
use std::collections::VecDeque;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// Most expressions of a function, those of all it calls included.
const MAX_WEIGHT: usize = 100_000;

/// Deepest nesting of a function's expressions and statements, those of all it calls included.
const MAX_HEIGHT: usize = 400;

/// Whom a function calls, and where.
type Calls = Vec<(usize, Span)>;

/// Reports functions that call themselves, or that are too large when all calls are written out. Their bodies are
/// dropped; the others learn their weight.
pub(super) fn check(program: &mut Program, diagnostics: &mut Vec<Diagnostic>) {
    let calls: Vec<Calls> = (0..program.funs.len()).map(|fun| calls(program, fun)).collect();
    let callees: Vec<Vec<usize>> =
        calls.iter().map(|calls| calls.iter().map(|(callee, _)| *callee).collect()).collect();
    let circles = circles(&callees);
    let mut reported = Vec::new();
    for fun in 0..callees.len() {
        if callees[fun].iter().any(|callee| circles[*callee] == circles[fun]) && !reported.contains(&circles[fun]) {
            reported.push(circles[fun]);
            diagnostics.push(recursion(program, fun, &calls));
        }
    }
    for fun in (0..callees.len()).filter(|fun| reported.contains(&circles[*fun])) {
        forget(program, fun);
    }
    let mut heights = vec![0; callees.len()];
    for fun in left_last(&callees) {
        let Some(checked) = body(program, fun) else { continue };
        let weight = callees[fun].iter().filter_map(|callee| body(program, *callee)).map(|callee| callee.weight);
        let weight = checked.body.exprs.len() + weight.sum::<usize>();
        let height = height(checked, &heights);
        if let Some(diagnostic) = too_large(program, fun, weight, height) {
            diagnostics.push(diagnostic);
            forget(program, fun);
        } else if let FunCode::Local { body: Some(body), .. } = &mut program.funs[fun].code {
            body.weight = weight;
            heights[fun] = height;
        }
    }
}

fn body(program: &Program, fun: usize) -> Option<&FunBody> {
    match &program.funs[fun].code {
        FunCode::Local { body, .. } => body.as_deref(),
        FunCode::Native(_) => None,
    }
}

fn forget(program: &mut Program, fun: usize) {
    if let FunCode::Local { body, .. } = &mut program.funs[fun].code {
        *body = None;
    }
}

/// All calls of a function; one that it passes to an operation counts as one.
fn calls(program: &Program, fun: usize) -> Calls {
    let Some(checked) = body(program, fun) else { return Vec::new() };
    let called = checked.body.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Call { fun, .. } | ExprKind::Function { fun, .. } => Some((fun.index(), expr.span)),
        _ => None,
    });
    called.collect()
}

/// The report of a function that calls itself: the shortest circle.
fn recursion(program: &Program, fun: usize, calls: &[Calls]) -> Diagnostic {
    let name = |fun: usize| program.text(program.funs[fun].name);
    let circle = circle(fun, calls);
    let mut path: Vec<String> = circle.iter().map(|(caller, ..)| format!("`{}`", name(*caller))).collect();
    path.push(format!("`{}`", name(fun)));
    let file = |fun: usize| program.modules[program.funs[fun].module].file;
    let text = format!("function `{}` calls itself: {}", name(fun), path.join(" calls "));
    let declared = Diagnostic::new(Code("E0226"), text).label(file(fun), program.funs[fun].span, "this function");
    let labelled = circle.iter().fold(declared, |diagnostic, (caller, callee, span)| {
        diagnostic.label(file(*caller), *span, format!("`{}` calls `{}` here", name(*caller), name(*callee)))
    });
    labelled.help("write a loop: `loop while (…)` or `loop repeat n` with a cell")
}

/// A shortest way from a function back to itself: caller, callee, place.
fn circle(fun: usize, calls: &[Calls]) -> Vec<(usize, usize, Span)> {
    let mut before: Vec<Option<(usize, Span)>> = vec![None; calls.len()];
    let mut todo = VecDeque::from([fun]);
    while let Some(caller) = todo.pop_front() {
        for (callee, span) in &calls[caller] {
            if before[*callee].is_none() {
                before[*callee] = Some((caller, *span));
                todo.push_back(*callee);
            }
        }
        if before[fun].is_some() {
            break;
        }
    }
    let mut circle = Vec::new();
    let mut callee = fun;
    while let Some((caller, span)) = before[callee] {
        circle.push((caller, callee, span));
        callee = caller;
        if caller == fun {
            break;
        }
    }
    circle.reverse();
    circle
}

/// How deep a body nests when calls are written out. Expressions come after their parts.
fn height(checked: &FunBody, heights: &[usize]) -> usize {
    let exprs = &checked.body.exprs;
    let mut nested: Vec<usize> = Vec::with_capacity(exprs.len());
    for expr in exprs {
        let parts = expr.kind.children().into_iter().map(|part| nested[part.index()]);
        let callee = match expr.kind {
            ExprKind::Call { fun: FunId(fun), .. } => heights[fun as usize],
            _ => 0,
        };
        nested.push(1 + parts.max().unwrap_or(0).max(callee));
    }
    block_height(&checked.body.block) + nested.into_iter().max().unwrap_or(0)
}

/// How deep statements nest.
fn block_height(block: &Block) -> usize {
    let mut deepest = 0;
    let mut todo = vec![(block, 1)];
    while let Some((block, depth)) = todo.pop() {
        deepest = deepest.max(depth);
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Case { arms, .. } => todo.extend(arms.iter().map(|arm| (&arm.body, depth + 1))),
                StmtKind::Loop { body, .. } => todo.push((body, depth + 1)),
                _ => {}
            }
        }
    }
    deepest
}

fn too_large(program: &Program, fun: usize, weight: usize, height: usize) -> Option<Diagnostic> {
    let known = &program.funs[fun];
    let name = program.text(known.name);
    let (text, limit) = if weight > MAX_WEIGHT {
        let text = format!("function `{name}` has {weight} expressions when its calls are written out");
        (text, format!("at most {MAX_WEIGHT} are possible"))
    } else if height > MAX_HEIGHT {
        let text = format!("function `{name}` nests {height} levels deep when its calls are written out");
        (text, format!("at most {MAX_HEIGHT} are possible"))
    } else {
        return None;
    };
    let file = program.modules[known.module].file;
    let help = "call fewer functions that call others, or write a loop";
    Some(Diagnostic::new(Code("E0405"), text).label(file, known.span, limit).help(help))
}
