//! Tell literals: `42`, `Dune`, `[1, 2]`, `{ price = 3 }`, `Just(250ms)`. Read with the parser of the language.

use super::{Types, record, sized};
use tell_ir::ty::{Type, TypeId};
use tell_language::ast::{Ast, DeclKind, ExprId, ExprKind, LetValue, StmtKind, UnaryOp};
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_vm::Value;

/// What makes an expression a file. The text is indented, so no line of it starts a declaration.
const BEFORE: &str = "protocol P(A, B) =\n  let v at A = (";
const AFTER: &str = "\n    )\n";

/// A value of type `ty`. A text needs no quotes.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn read(text: &str, ty: TypeId, types: &Types<'_>) -> Result<Value, String> {
    let trimmed = text.trim();
    match types.get(ty) {
        Some(Type::String) if !trimmed.starts_with('"') => return Ok(Value::text(text)),
        Some(Type::Bytes) => return bytes(trimmed),
        _ => {}
    }
    let indented = trimmed.replace('\n', "\n      ");
    let mut interner = Interner::default();
    let parsed = parse(FileId(0), &format!("{BEFORE}{indented}{AFTER}"), &mut interner);
    let wrong = || format!("`{trimmed}` is not `{}`", types.text(ty));
    if let Some(first) = parsed.diagnostics.first() {
        // What follows from our own frame around the text would only confuse.
        return Err(if first.code.0 == "E0102" { wrong() } else { format!("{}: {}", wrong(), first.message) });
    }
    let root = only_expression(&parsed.ast).ok_or_else(wrong)?;
    Reader { ast: &parsed.ast, interner: &interner, types }.value(root, ty)
}

/// The expression between our frame; `None` if the text broke out of it.
fn only_expression(ast: &Ast) -> Option<ExprId> {
    let [decl] = ast.decls.as_slice() else { return None };
    let DeclKind::Protocol(protocol) = &decl.kind else { return None };
    let [stmt] = protocol.body.stmts.as_slice() else { return None };
    match &ast.stmt(*stmt).kind {
        StmtKind::Let { value, body: None, .. } if ast.imports.is_empty() => match **value {
            LetValue::Expr(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// `0x00ff`
pub(super) fn bytes(text: &str) -> Result<Value, String> {
    let wrong = || format!("`{text}` is not `Bytes`, written as `0x00ff`");
    let digits = text.strip_prefix("0x").filter(|digits| digits.len().is_multiple_of(2) && digits.is_ascii());
    let digits = digits.ok_or_else(wrong)?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong());
    let bytes: Result<Vec<u8>, String> = (0..digits.len()).step_by(2).map(byte).collect();
    Ok(Value::bytes(bytes?))
}

struct Reader<'a> {
    ast: &'a Ast,
    interner: &'a Interner,
    types: &'a Types<'a>,
}

impl Reader<'_> {
    fn value(&self, id: ExprId, ty: TypeId) -> Result<Value, String> {
        let text = |symbol| self.interner.text(symbol);
        match (self.types.get(ty), &self.ast.expr(id).kind) {
            (Some(Type::Unit), ExprKind::Unit) => Ok(Value::Unit),
            (Some(Type::Bool), ExprKind::Bool(value)) => Ok(Value::Bool(*value)),
            (Some(Type::Int), ExprKind::Int(value)) => Ok(Value::Int(*value)),
            (Some(Type::Duration), ExprKind::Duration(nanos)) => Ok(Value::Duration(*nanos)),
            (Some(Type::Duration), ExprKind::Unary { op: UnaryOp::Neg, operand }) => {
                match &self.ast.expr(*operand).kind {
                    ExprKind::Duration(nanos) => Ok(Value::Duration(-*nanos)),
                    _ => self.wrong(ty),
                }
            }
            (Some(Type::String), ExprKind::String(value)) => Ok(Value::text(text(*value))),
            (Some(Type::Opaque(name)), ExprKind::String(value)) => Ok(Value::opaque(name, text(*value))),
            (Some(Type::Role), ExprKind::Upper(name)) => {
                self.types.role(text(*name)).ok_or_else(|| format!("there is no role `{}`", text(*name)))
            }
            (Some(Type::List(item)), ExprKind::List(items)) => {
                sized(Value::list(items.iter().map(|id| self.value(*id, *item)).collect::<Result<_, _>>()?))
            }
            (Some(Type::Map(key, item)), ExprKind::List(pairs)) => self.map(pairs, *key, *item),
            (Some(Type::Tuple(parts)), ExprKind::Tuple(items)) if parts.len() == items.len() => {
                let pairs = items.iter().zip(parts);
                sized(Value::tuple(pairs.map(|(id, ty)| self.value(*id, *ty)).collect::<Result<_, _>>()?))
            }
            (Some(Type::Record(fields)), ExprKind::Record(given)) => {
                let names: Vec<&str> = given.iter().map(|(name, _)| text(name.symbol)).collect();
                let find = |name: &str| given.iter().find(|(known, _)| text(known.symbol) == name).map(|(_, id)| id);
                let found = record(fields, find, &names)?;
                sized(Value::tuple(found.into_iter().map(|(ty, id)| self.value(*id, ty)).collect::<Result<_, _>>()?))
            }
            (Some(Type::Maybe(_) | Type::Result(..) | Type::Union(..)), ExprKind::Upper(name)) => {
                self.construct(ty, text(*name), &[])
            }
            (Some(Type::Maybe(_) | Type::Result(..) | Type::Union(..)), ExprKind::Call { callee, args }) => {
                match &self.ast.expr(*callee).kind {
                    ExprKind::Upper(name) => self.construct(ty, text(*name), args),
                    _ => self.wrong(ty),
                }
            }
            _ => self.wrong(ty),
        }
    }

    fn construct(&self, ty: TypeId, name: &str, args: &[ExprId]) -> Result<Value, String> {
        let (tag, params) = self.types.construct(ty, name, args.len())?;
        let args = args.iter().zip(params).map(|(id, ty)| self.value(*id, ty)).collect::<Result<_, _>>()?;
        sized(Value::variant(tag, args))
    }

    /// A map is written as the list of its entries: `[("a", 1), ("b", 2)]`.
    fn map(&self, pairs: &[ExprId], key: TypeId, item: TypeId) -> Result<Value, String> {
        let entry = |id: &ExprId| match &self.ast.expr(*id).kind {
            ExprKind::Tuple(pair) if pair.len() == 2 => Ok((self.value(pair[0], key)?, self.value(pair[1], item)?)),
            _ => Err("a map is written as a list of pairs, `[(\"a\", 1)]`".to_owned()),
        };
        sized(Value::map(pairs.iter().map(entry).collect::<Result<_, _>>()?))
    }

    fn wrong(&self, ty: TypeId) -> Result<Value, String> {
        Err(format!("this is not `{}`", self.types.text(ty)))
    }
}
