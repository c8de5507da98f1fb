//! The flags of a verdict's `run` line, a part of those of `tellc run`.

use crate::value::from_text;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use tell_ir::image::CodeImage;
use tell_ir::supplied::supplied;
use tell_vm::Value;

/// Who makes open choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choose {
    /// Always the first branch.
    First,
    /// A function of the seed.
    #[default]
    Random,
    /// A function of the seed and of how often the role has chosen; independent of how roles take turns.
    ByRole,
}

/// The flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--arg Role.name=value`: a parameter, or a field that the host supplies; a field may have several.
    pub args: Vec<(String, String, String)>,
    /// `--choose`
    pub choose: Choose,
    /// `--seed`
    pub seed: u64,
    /// `--inputs`: per role and name a value, or several, used one after the other.
    pub inputs: BTreeMap<(String, String), Json>,
    /// `--max-steps`
    pub max_steps: Option<u64>,
}

impl Flags {
    /// The flags of a line; file names are relative to `folder`.
    ///
    /// # Errors
    /// An unknown flag, a missing or malformed value, a file that cannot be read.
    pub fn parse(line: &str, folder: &Path) -> Result<Self, String> {
        let mut flags = Self::default();
        let mut words = line.split_whitespace();
        while let Some(flag) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{flag}` has no value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("`{value}` is not a number"));
            match flag {
                "--arg" => flags.args.push(argument(value)?),
                "--seed" => flags.seed = number()?,
                "--max-steps" => flags.max_steps = Some(number()?),
                "--choose" => {
                    flags.choose = match value {
                        "first" => Choose::First,
                        "random" => Choose::Random,
                        _ => return Err(format!("the tests do not know `--choose {value}`")),
                    }
                }
                "--inputs" => flags.inputs = inputs(&folder.join(value))?,
                _ => return Err(format!("the tests do not know `{flag}`")),
            }
        }
        Ok(flags)
    }

    /// The arguments of all roles of an image. What the flags do not give is made by `make`.
    ///
    /// # Errors
    /// A value of another type; an argument of a role or parameter that does not exist.
    pub fn arguments(
        &self,
        image: &CodeImage,
        mut make: impl FnMut(tell_ir::ty::TypeId) -> Result<Value, String>,
    ) -> Result<Vec<Vec<Value>>, String> {
        let params = image.roles.iter().flat_map(|role| role.params.iter().map(|param| (&*role.name, &*param.name)));
        let mut known: Vec<(&str, &str)> = params.collect();
        let fields = supplied(image);
        known.extend(fields.iter().map(|field| (&*image.roles[usize::from(field.role)].name, &*field.name)));
        if let Some((role, name, _)) = self.args.iter().find(|(role, name, _)| !known.contains(&(role, name))) {
            return Err(format!("nothing is called `{role}.{name}`"));
        }
        let mut all = Vec::new();
        for role in &image.roles {
            let mut values = Vec::new();
            for param in &role.params {
                let given = self
                    .args
                    .iter()
                    .rev()
                    .find(|(name, param_name, _)| *name == role.name && *param_name == param.name);
                values.push(match given {
                    Some((_, _, text)) => from_text(text, param.ty, &image.types)?,
                    None => make(param.ty)?,
                });
            }
            all.push(values);
        }
        Ok(all)
    }
}

fn argument(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(left, value)| Some((left.split_once('.')?, value)));
    let Some(((role, name), value)) = parts else { return Err(format!("`{text}` is not `Role.name=value`")) };
    Ok((role.to_owned(), name.to_owned(), value.to_owned()))
}

fn inputs(path: &Path) -> Result<BTreeMap<(String, String), Json>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let json: BTreeMap<String, BTreeMap<String, Json>> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let fields = json
        .into_iter()
        .flat_map(|(role, fields)| fields.into_iter().map(move |(name, value)| ((role.clone(), name), value)));
    Ok(fields.collect())
}
