//! Whether the arms of a case match every value, and each of them some value of its own.
//!
//! The usefulness algorithm of Maranget, *Warnings for pattern matching* (JFP 2007, §3.1), with a witness.

use crate::hir::{Pattern, PatternKind, Program, variants};
use crate::ty::{Ty, TyKind, Types};
use rustc_hash::FxHashSet;
use tell_ir::image::Const;

/// What is wrong with a list of arms, if anything.
pub(super) enum Verdict {
    /// Every value is matched, every arm is useful.
    Complete,
    /// This arm matches nothing that is left.
    Redundant(usize),
    /// A value that no arm matches, and the pattern of it and all like it.
    Missing { witness: String, pattern: String },
    /// The work limit was reached.
    TooLarge,
}

impl Verdict {
    /// A pattern that is missing, in its own words.
    fn missing(pattern: String) -> Self {
        Self::Missing { witness: pattern.clone(), pattern }
    }
}

/// Steps of the algorithm before it gives up.
const BUDGET: usize = 2_000_000;

/// Deepest recursion; columns of a row and nesting of patterns count.
const MAX_COLUMNS: usize = 1_000;

/// Checks the arms, tried from first to last, of a case on a value of type `ty`.
pub(super) fn check(program: &Program, arms: &[&Pattern], ty: Ty) -> Verdict {
    if let Some(verdict) = check_flat(program, arms, ty) {
        return verdict;
    }
    let mut search = Search { program, budget: BUDGET, one_of_many: true };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (index, arm) in arms.iter().enumerate() {
        let row = vec![Cell::Pattern(arm)];
        match search.witness(&rows, row.clone(), &[ty], 0) {
            Ok(Some(_)) => rows.push(row),
            Ok(None) => return Verdict::Redundant(index),
            Err(OutOfBudget) => return Verdict::TooLarge,
        }
    }
    let mut missing = |one_of_many: bool| {
        search.one_of_many = one_of_many;
        search.witness(&rows, vec![Cell::Any], &[ty], 0)
    };
    match (missing(true), missing(false)) {
        (Ok(Some(witness)), Ok(Some(pattern))) => {
            Verdict::Missing { witness: witness.concat(), pattern: pattern.concat() }
        }
        (Ok(None), _) => Verdict::Complete,
        _ => Verdict::TooLarge,
    }
}

/// The common case, in time linear in the arms: constants, constructors without further tests, and a last resort.
fn check_flat(program: &Program, arms: &[&Pattern], ty: Ty) -> Option<Verdict> {
    let matches_all = |pattern: &Pattern| matches!(pattern.kind, PatternKind::Wildcard | PatternKind::Bind(_));
    let count = variants(program, ty).map(|all| all.len());
    let mut seen: FxHashSet<Flat> = FxHashSet::default();
    let mut is_complete = false;
    for (index, arm) in arms.iter().enumerate() {
        if is_complete {
            return Some(Verdict::Redundant(index));
        }
        let key = match &arm.kind {
            _ if matches_all(arm) => {
                is_complete = true;
                continue;
            }
            PatternKind::Const(value) => Flat::Const(value.clone()),
            PatternKind::Variant(tag, items) if items.iter().all(matches_all) => Flat::Variant(*tag),
            _ => return None,
        };
        if !seen.insert(key) {
            return Some(Verdict::Redundant(index));
        }
        is_complete = match program.types.kind(ty) {
            TyKind::Unit => true,
            TyKind::Bool => seen.len() == 2,
            _ => count == Some(seen.len()),
        };
    }
    // What is missing is named by the general algorithm, which is quick when few rows are left over.
    if is_complete {
        return Some(Verdict::Complete);
    }
    let Some(all) = variants(program, ty) else {
        return (arms.len() > SMALL).then(|| Verdict::missing("_".into()));
    };
    let missing = (0..).zip(&all).find(|(tag, _)| !seen.contains(&Flat::Variant(*tag)));
    missing.filter(|_| arms.len() > SMALL).map(|(_, (name, args))| {
        let holes = holes(args.len()).join(", ");
        Verdict::missing(if args.is_empty() { name.clone() } else { format!("{name}({holes})") })
    })
}

/// Arms below which the general algorithm finds the nicer witness in no time.
const SMALL: usize = 100;

#[derive(PartialEq, Eq, Hash)]
enum Flat {
    Const(Const),
    Variant(u16),
}

struct OutOfBudget;

#[derive(Clone, Copy)]
enum Cell<'a> {
    Any,
    Pattern(&'a Pattern),
}

type Row<'a> = Vec<Cell<'a>>;

/// The outermost constructor of a pattern.
#[derive(Clone, PartialEq)]
enum Head {
    Const(Const),
    /// Tag and number of arguments.
    Variant(u16, usize),
    Product(usize),
    List(usize),
}

impl<'a> Cell<'a> {
    fn head(self) -> Option<Head> {
        let Cell::Pattern(pattern) = self else { return None };
        match &pattern.kind {
            PatternKind::Wildcard | PatternKind::Bind(_) => None,
            PatternKind::Const(value) => Some(Head::Const(value.clone())),
            PatternKind::Variant(tag, items) => Some(Head::Variant(*tag, items.len())),
            PatternKind::Product(items) => Some(Head::Product(items.len())),
            PatternKind::List(items) => Some(Head::List(items.len())),
        }
    }

    /// The cells below the head, if the cell can match it.
    fn specialise(self, head: &Head, arity: usize) -> Option<Vec<Cell<'a>>> {
        match (self, self.head()) {
            (_, None) => Some(vec![Cell::Any; arity]),
            (Cell::Pattern(pattern), Some(own)) if own == *head => match &pattern.kind {
                PatternKind::Variant(_, items) | PatternKind::Product(items) | PatternKind::List(items) => {
                    Some(items.iter().map(Cell::Pattern).collect())
                }
                _ => Some(Vec::new()),
            },
            _ => None,
        }
    }
}

struct Search<'a> {
    program: &'a Program,
    budget: usize,
    /// Whether a number or list that nobody matches is shown by example, and not as `_`.
    one_of_many: bool,
}

impl Search<'_> {
    /// A value vector that `query` matches and no row does, one printed pattern per column.
    fn witness(
        &mut self,
        rows: &[Row<'_>],
        query: Row<'_>,
        types: &[Ty],
        depth: usize,
    ) -> Result<Option<Vec<String>>, OutOfBudget> {
        self.budget = self.budget.checked_sub(1 + rows.len()).ok_or(OutOfBudget)?;
        if depth > MAX_COLUMNS || types.len() > MAX_COLUMNS {
            return Err(OutOfBudget);
        }
        let Some((first, rest)) = query.split_first() else {
            return Ok(rows.is_empty().then(Vec::new));
        };
        let heads = match first.head() {
            Some(head) => vec![head],
            None => match self.all_heads(types[0], rows) {
                Some(heads) => heads,
                None => return self.default_witness(rows, rest, types, depth),
            },
        };
        for head in heads {
            let below = self.below(&head, types[0]);
            let columns: Vec<Ty> = below.iter().chain(&types[1..]).copied().collect();
            let rows: Vec<Row<'_>> = rows.iter().filter_map(|row| specialise_row(row, &head, below.len())).collect();
            let query = specialise_row(&query, &head, below.len()).expect("the query matches its own head");
            if let Some(mut found) = self.witness(&rows, query, &columns, depth + 1)? {
                let rest = found.split_off(below.len());
                let mut witness = vec![self.print(&head, types[0], &found)];
                witness.extend(rest);
                return Ok(Some(witness));
            }
        }
        Ok(None)
    }

    /// The case where the rows do not name every head: some other value is left.
    fn default_witness(
        &mut self,
        rows: &[Row<'_>],
        rest: &[Cell<'_>],
        types: &[Ty],
        depth: usize,
    ) -> Result<Option<Vec<String>>, OutOfBudget> {
        let others: Vec<Row<'_>> =
            rows.iter().filter(|row| row[0].head().is_none()).map(|row| row[1..].to_vec()).collect();
        let Some(found) = self.witness(&others, rest.to_vec(), &types[1..], depth + 1)? else { return Ok(None) };
        let seen: Vec<Head> = rows.iter().filter_map(|row| row[0].head()).collect();
        let mut witness = vec![self.unseen(types[0], &seen)];
        witness.extend(found);
        Ok(Some(witness))
    }

    /// All heads of the type, if the rows' heads are all there are.
    fn all_heads(&self, ty: Ty, rows: &[Row<'_>]) -> Option<Vec<Head>> {
        let all: Vec<Head> = match self.program.types.kind(ty) {
            TyKind::Unit => vec![Head::Const(Const::Unit)],
            TyKind::Bool => vec![Head::Const(Const::Bool(true)), Head::Const(Const::Bool(false))],
            TyKind::Tuple(items) => vec![Head::Product(items.len())],
            TyKind::Record(fields) => vec![Head::Product(fields.len())],
            _ => {
                (0..).zip(variants(self.program, ty)?).map(|(tag, (_, args))| Head::Variant(tag, args.len())).collect()
            }
        };
        let seen: Vec<Head> = rows.iter().filter_map(|row| row[0].head()).collect();
        all.iter().all(|head| seen.contains(head)).then_some(all)
    }

    /// Types of the columns below a head; where the type is not known because of an error, so are they.
    fn below(&self, head: &Head, ty: Ty) -> Vec<Ty> {
        let (mut types, arity) = match (head, self.program.types.kind(ty)) {
            (Head::Const(_), _) => (Vec::new(), 0),
            (Head::Variant(tag, arity), _) => {
                let all = variants(self.program, ty).unwrap_or_default();
                (all.into_iter().nth(usize::from(*tag)).map_or(Vec::new(), |(_, args)| args), *arity)
            }
            (Head::Product(arity), TyKind::Tuple(items)) => (items.to_vec(), *arity),
            (Head::Product(arity), TyKind::Record(fields)) => (fields.iter().map(|(_, ty)| *ty).collect(), *arity),
            (Head::List(arity), TyKind::List(element)) => (vec![*element; *arity], *arity),
            (Head::Product(arity) | Head::List(arity), _) => (Vec::new(), *arity),
        };
        types.resize(arity, Types::ERROR);
        types
    }

    fn print(&self, head: &Head, ty: Ty, items: &[String]) -> String {
        match (head, self.program.types.kind(ty)) {
            (Head::Variant(tag, _), _) => {
                let all = variants(self.program, ty).unwrap_or_default();
                let name = all.get(usize::from(*tag)).map_or("_", |(name, _)| name.as_str()).to_owned();
                if items.is_empty() { name } else { format!("{name}({})", items.join(", ")) }
            }
            (Head::Product(_), TyKind::Record(fields)) => {
                let fields: Vec<_> = fields
                    .iter()
                    .zip(items)
                    .map(|((name, _), item)| format!("{} = {item}", self.program.text(*name)))
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
            (Head::Product(_), _) => format!("({})", items.join(", ")),
            (Head::List(_), _) => format!("[{}]", items.join(", ")),
            (Head::Const(value), _) => print_const(value),
        }
    }

    /// A value none of the heads matches.
    fn unseen(&self, ty: Ty, seen: &[Head]) -> String {
        let is_finite = *self.program.types.kind(ty) == TyKind::Bool || variants(self.program, ty).is_some();
        if seen.is_empty() || !is_finite && !self.one_of_many {
            return "_".into();
        }
        if let Some(all) = variants(self.program, ty) {
            let missing = (0..).zip(&all).find(|(tag, (_, args))| !seen.contains(&Head::Variant(*tag, args.len())));
            let print = |(tag, (_, args)): (u16, &(String, Vec<Ty>))| {
                self.print(&Head::Variant(tag, args.len()), ty, &holes(args.len()))
            };
            return missing.map_or_else(|| "_".into(), print);
        }
        let is_new = |head: &Head| !seen.contains(head);
        let naturals = || 0..=i64::try_from(seen.len()).unwrap_or(i64::MAX);
        let value = match self.program.types.kind(ty) {
            TyKind::Bool => [true, false].map(|value| Head::Const(Const::Bool(value))).into_iter().find(is_new),
            TyKind::Int => naturals().map(|value| Head::Const(Const::Int(value))).find(is_new),
            TyKind::List(_) => (0..=seen.len()).map(Head::List).find(is_new),
            _ => None,
        };
        match value {
            Some(Head::List(length)) => format!("[{}]", holes(length).join(", ")),
            Some(Head::Const(value)) => print_const(&value),
            _ => "_".into(),
        }
    }
}

fn holes(count: usize) -> Vec<String> {
    vec!["_".to_owned(); count]
}

fn specialise_row<'a>(row: &[Cell<'a>], head: &Head, arity: usize) -> Option<Row<'a>> {
    let mut narrowed = row[0].specialise(head, arity)?;
    narrowed.extend_from_slice(&row[1..]);
    Some(narrowed)
}

fn print_const(value: &Const) -> String {
    match value {
        Const::Unit => "()".into(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Duration(value) => format!("{}ms", value / 1_000_000),
        Const::Str(value) => format!("{value:?}"),
        Const::Session => "session".into(),
    }
}
