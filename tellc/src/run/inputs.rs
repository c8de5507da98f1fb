//! What the host has to give: collected, typed and complete before the run starts.

use crate::args::{Assignment, Run};
use crate::compile::unknown;
use crate::host::{Fields, Given, Raw};
use crate::input::{bad_json, bytes, shown, text};
use crate::outcome::Trouble;
use crate::prompt::{NoLine, Prompt};
use crate::values::{Types, literal, role_names};
use serde_json::Value as Json;
use std::path::Path;
use tell_ir::image::CodeImage;
use tell_ir::supplied::{Supplied, supplied};
use tell_ir::ty::TypeId;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Files, Span};
use tell_vm::Value;

/// What was given for a run.
pub(super) struct Inputs {
    /// Per role, the values of its parameters.
    pub(super) params: Vec<Vec<Value>>,
    /// What is given for supplied fields.
    pub(super) fields: Fields,
}

/// Collects `--arg` and `--inputs`; asks for what is missing, if somebody is there.
///
/// # Errors
/// `E0701`, `E0702`, `E0704`, `E0705`: everything that is missing or wrong, at once.
pub(super) fn gather(image: &CodeImage, args: &Run, keyboard: Option<&Prompt>) -> Result<Inputs, Trouble> {
    let roles = role_names(image);
    let params = image.roles.iter().map(|role| vec![None; role.params.len()]).collect();
    let mut gathering = Gathering {
        image,
        roles: &roles,
        supplied: supplied(image),
        params,
        fields: Fields::new(),
        files: Files::default(),
        wrong: Vec::new(),
    };
    if let Some(path) = &args.inputs {
        gathering.inputs_file(path)?;
    }
    for assignment in &args.args {
        gathering.assignment(assignment);
    }
    if !gathering.wrong.is_empty() {
        return Err(Trouble::report(gathering.wrong, gathering.files));
    }
    match keyboard {
        Some(keyboard) => gathering.ask(keyboard)?,
        None => gathering.complete()?,
    }
    let params = gathering.params.into_iter().map(|values| values.into_iter().flatten().collect()).collect();
    Ok(Inputs { params, fields: gathering.fields })
}

struct Gathering<'a> {
    image: &'a CodeImage,
    roles: &'a [String],
    supplied: Vec<Supplied>,
    params: Vec<Vec<Option<Value>>>,
    fields: Fields,
    /// The words of the command line that diagnostics point into.
    files: Files,
    wrong: Vec<Diagnostic>,
}

/// What a name of a role stands for.
enum Wanted {
    /// A parameter: position and type.
    Param(usize, TypeId),
    /// A field that the host supplies, of one of these types.
    Field(Vec<TypeId>),
}

impl<'a> Gathering<'a> {
    fn types(&self) -> Types<'a> {
        Types::new(&self.image.types, self.roles)
    }

    /// What is meant by `role.name`.
    fn wanted(&self, role: &str, name: &str) -> Result<(usize, Wanted), Box<Diagnostic>> {
        let Some(index) = self.roles.iter().position(|known| known == role) else {
            let names: Vec<&str> = self.roles.iter().map(String::as_str).collect();
            return Err(Box::new(unknown("role", role, &names)));
        };
        let params = &self.image.roles[index].params;
        if let Some((at, param)) = params.iter().enumerate().find(|(_, param)| param.name == name) {
            return Ok((index, Wanted::Param(at, param.ty)));
        }
        let of_role: Vec<&Supplied> = self.supplied.iter().filter(|field| usize::from(field.role) == index).collect();
        let types: Vec<TypeId> = of_role.iter().filter(|field| field.name == name).map(|field| field.ty).collect();
        if types.is_empty() {
            let names = params.iter().map(|param| param.name.as_str()).chain(of_role.iter().map(|f| f.name.as_str()));
            let names: Vec<&str> = names.collect();
            return Err(Box::new(unknown(&format!("parameter or supplied field of `{role}` called"), name, &names)));
        }
        Ok((index, Wanted::Field(types)))
    }

    /// One `--arg`.
    fn assignment(&mut self, assignment: &Assignment) {
        let Assignment { role, name, value } = assignment;
        let shown = format!("{role}.{name}={value}");
        let file = self.files.add("--arg", shown.as_str());
        let place = |start: usize, len: usize| -> (FileId, Span) {
            let of = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            (file, Span::new(of(start), of(start + len)))
        };
        let value_at = place(role.len() + name.len() + 2, value.len());
        match self.wanted(role, name) {
            Err(diagnostic) => {
                let is_role = self.roles.contains(role);
                let (file, span) = if is_role { place(role.len() + 1, name.len()) } else { place(0, role.len()) };
                self.wrong.push(diagnostic.label(file, span, "not in this program"));
            }
            Ok((index, Wanted::Param(at, ty))) => match literal::read(value, ty, &self.types()) {
                Ok(read) if self.params[index][at].is_none() => self.params[index][at] = Some(read),
                Ok(_) => self.mistake(role, name, "it is given twice", Some(value_at)),
                Err(wrong) => self.mistyped(role, name, &[ty], &wrong, Some(value_at)),
            },
            Ok((index, Wanted::Field(types))) => {
                let raw = Raw::Literal(value.clone());
                match self.read_as_any(&raw, &types) {
                    Ok(()) => self.add(index, name, raw),
                    Err(wrong) => self.mistyped(role, name, &types, &wrong, Some(value_at)),
                }
            }
        }
    }

    /// A value for a field: the only one so far is used each time, several one after the other.
    fn add(&mut self, role: usize, name: &str, raw: Raw) {
        let key = (u16::try_from(role).unwrap_or(u16::MAX), name.to_owned());
        let given = match self.fields.remove(&key) {
            None => Given::Always(raw),
            Some(Given::Always(first)) => Given::Each(vec![first, raw]),
            Some(Given::Each(mut values)) => {
                values.push(raw);
                Given::Each(values)
            }
        };
        self.fields.insert(key, given);
    }

    fn inputs_file(&mut self, path: &Path) -> Result<(), Trouble> {
        const HELP: &str = "write one object per role: {\"Buyer\": {\"title\": \"Dune\", \"offer\": [10, 20]}}";
        let name = shown(path);
        let text = text(&name, bytes(path)?)?;
        let json: Json = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            bad_json(&name, &text, Some((error.line(), error.column())), message, HELP)
        })?;
        let Json::Object(roles) = json else { return Err(bad_json(&name, &text, None, "it is not an object", HELP)) };
        for (role, entries) in roles {
            let Json::Object(entries) = entries else {
                let message = format!("what it has for `{role}` is not an object");
                return Err(bad_json(&name, &text, None, &message, HELP));
            };
            for (field, value) in entries {
                self.entry(&role, &field, value);
            }
        }
        Ok(())
    }

    /// One entry of an inputs file.
    fn entry(&mut self, role: &str, name: &str, value: Json) {
        match self.wanted(role, name) {
            Err(diagnostic) => self.wrong.push(*diagnostic),
            Ok((index, Wanted::Param(at, ty))) => match Raw::Json(value).read(ty, &self.types()) {
                Ok(read) => self.params[index][at] = Some(read),
                Err(wrong) => self.mistyped(role, name, &[ty], &wrong, None),
            },
            Ok((index, Wanted::Field(types))) => {
                let key = (u16::try_from(index).unwrap_or(u16::MAX), name.to_owned());
                let raw = Raw::Json(value);
                let given = match (self.read_as_any(&raw, &types), raw) {
                    (Err(_), Raw::Json(Json::Array(items))) => {
                        let items: Vec<Raw> = items.into_iter().map(Raw::Json).collect();
                        let checked = items.iter().try_for_each(|item| self.read_as_any(item, &types));
                        checked.map(|()| Given::Each(items))
                    }
                    (checked, raw) => checked.map(|()| Given::Always(raw)),
                };
                match given {
                    Ok(given) => drop(self.fields.insert(key, given)),
                    Err(wrong) => self.mistyped(role, name, &types, &wrong, None),
                }
            }
        }
    }

    /// Whether a value is of one of these types.
    fn read_as_any(&self, raw: &Raw, types: &[TypeId]) -> Result<(), String> {
        let mut wrong = Ok(());
        for ty in types {
            match raw.read(*ty, &self.types()) {
                Ok(_) => return Ok(()),
                Err(text) => wrong = Err(text),
            }
        }
        wrong
    }

    fn mistyped(&mut self, role: &str, name: &str, types: &[TypeId], wrong: &str, place: Option<(FileId, Span)>) {
        let types: Vec<String> = types.iter().map(|ty| format!("`{}`", self.types().text(*ty))).collect();
        let text = format!("`{role}.{name}` has to be {}", types.join(" or "));
        let diagnostic = Diagnostic::new(Code("E0702"), text).help("`tellc run --help` says how values are written");
        self.wrong.push(match place {
            Some((file, span)) => diagnostic.label(file, span, wrong),
            None => diagnostic.note(wrong),
        });
    }

    fn mistake(&mut self, role: &str, name: &str, wrong: &str, place: Option<(FileId, Span)>) {
        let diagnostic = Diagnostic::new(Code("E0702"), format!("`{role}.{name}`: {wrong}"))
            .help("a parameter has one value; only supplied fields take several");
        self.wrong.push(match place {
            Some((file, span)) => diagnostic.label(file, span, "the second value"),
            None => diagnostic,
        });
    }

    /// Parameters without a value: role and position.
    fn open_params(&self) -> Vec<(usize, usize)> {
        let roles = self.params.iter().enumerate();
        let open = roles.flat_map(|(role, values)| {
            values.iter().enumerate().filter(|(_, value)| value.is_none()).map(move |(at, _)| (role, at))
        });
        open.collect()
    }

    /// Asks for missing parameters; missing fields are asked for when they are sent.
    fn ask(&mut self, keyboard: &Prompt) -> Result<(), Trouble> {
        for (role, at) in self.open_params() {
            let param = &self.image.roles[role].params[at];
            let types = self.types();
            let question = format!("{}.{} : {} = ", self.roles[role], param.name, types.text(param.ty));
            match keyboard.ask(&question, |line| literal::read(line, param.ty, &types)) {
                Ok(value) => self.params[role][at] = Some(value),
                Err(NoLine::Interrupted) => {
                    let text = "the run was interrupted before it started";
                    return Err(Trouble::plain(Diagnostic::new(Code("F0006"), text).help("nothing was run")));
                }
                Err(NoLine::End | NoLine::Failed(_)) => return self.complete(),
            }
        }
        Ok(())
    }

    /// `E0701`, if anything is missing.
    fn complete(&self) -> Result<(), Trouble> {
        let mut missing = Vec::new();
        let mut args = Vec::new();
        for (role, at) in self.open_params() {
            let param = &self.image.roles[role].params[at];
            missing.push(format!(
                "`{}.{} : {}`, a parameter",
                self.roles[role],
                param.name,
                self.types().text(param.ty)
            ));
            args.push(format!("--arg {}.{}=…", self.roles[role], param.name));
        }
        for Supplied { role, name, ty } in &self.supplied {
            if !self.fields.contains_key(&(*role, name.clone())) {
                let role = &self.roles[usize::from(*role)];
                let text =
                    format!("`{role}.{name} : {}`, a message field that the host supplies", self.types().text(*ty));
                missing.push(text);
                let arg = format!("--arg {role}.{name}=…");
                if !args.contains(&arg) {
                    args.push(arg);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let count = missing.len();
        let text = format!("the run needs {count} more value{} from its host", if count == 1 { "" } else { "s" });
        let mut diagnostic = Diagnostic::new(Code("E0701"), text).help(format!(
            "give {} with `{}`, or in a file with `--inputs FILE.json`",
            if count == 1 { "it" } else { "them" },
            args.join(" ")
        ));
        diagnostic.notes = missing;
        Err(Trouble::plain(diagnostic))
    }
}
