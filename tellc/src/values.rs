//! Values from outside: Tell literals ([`literal`]) and JSON ([`json`]), read by the type they must have.

pub(crate) mod json;
pub(crate) mod literal;

use tell_ir::image::CodeImage;
use tell_ir::ty::{Type, TypeId};
use tell_vm::{Value, type_text};

/// Reads a value of an image's types.
#[derive(Clone, Copy)]
pub(crate) struct Types<'a> {
    types: &'a [Type],
    /// Names of the roles.
    roles: &'a [String],
}

impl<'a> Types<'a> {
    /// Of these types, where roles have these names.
    pub(crate) const fn new(types: &'a [Type], roles: &'a [String]) -> Self {
        Self { types, roles }
    }

    fn get(&self, ty: TypeId) -> Option<&'a Type> {
        self.types.get(ty.0 as usize)
    }

    /// The type as it is written.
    pub(crate) fn text(&self, ty: TypeId) -> String {
        type_text(ty, self.types)
    }

    fn role(&self, name: &str) -> Option<Value> {
        let index = self.roles.iter().position(|role| role == name)?;
        u16::try_from(index).ok().map(Value::Role)
    }

    /// The index of a constructor and the types of its arguments.
    fn variant(&self, ty: TypeId, name: &str) -> Result<(u16, Vec<TypeId>), String> {
        let known: Vec<(&str, Vec<TypeId>)> = match self.get(ty) {
            Some(Type::Maybe(some)) => vec![("Nothing", vec![]), ("Just", vec![*some])],
            Some(Type::Result(err, ok)) => vec![("Err", vec![*err]), ("Ok", vec![*ok])],
            Some(Type::Union(_, variants)) => {
                variants.iter().map(|(name, args)| (name.as_str(), args.clone())).collect()
            }
            _ => Vec::new(),
        };
        let found = (0..).zip(known.iter()).find(|(_, (known, _))| *known == name);
        match found {
            Some((tag, (_, args))) => Ok((tag, args.clone())),
            None => {
                let names: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
                Err(format!("`{}` has no constructor `{name}`; it has {}", self.text(ty), names.join(", ")))
            }
        }
    }

    /// A constructor's value from arguments that were read.
    fn construct(&self, ty: TypeId, name: &str, args: usize) -> Result<(u16, Vec<TypeId>), String> {
        let (tag, params) = self.variant(ty, name)?;
        if params.len() != args {
            return Err(format!("`{name}` takes {}, not {args}", arguments(params.len())));
        }
        Ok((tag, params))
    }
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        count => format!("{count} arguments"),
    }
}

/// What is known about the roles of an image.
pub(crate) fn role_names(image: &CodeImage) -> Vec<String> {
    image.roles.iter().map(|role| role.name.clone()).collect()
}

/// The fields of a record in the order of its type, each with its value.
fn record<'v, V>(
    fields: &[(String, TypeId)],
    given: impl Fn(&str) -> Option<&'v V>,
    names: &[&str],
) -> Result<Vec<(TypeId, &'v V)>, String> {
    if let Some(extra) = names.iter().find(|name| !fields.iter().any(|(field, _)| field == **name)) {
        return Err(format!("there is no field `{extra}`"));
    }
    let of = |(name, ty): &(String, TypeId)| {
        given(name).map(|value| (*ty, value)).ok_or(format!("field `{name}` is missing"))
    };
    fields.iter().map(of).collect()
}

/// Structured values are bounded.
fn sized<E: std::fmt::Display>(value: Result<Value, E>) -> Result<Value, String> {
    value.map_err(|error| error.to_string())
}
