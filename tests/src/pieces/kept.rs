//! Images that two verifiers disagreed about, as files that stay readable when images get new tables.

use serde_json::{Value, json};
use tell_ir::image::{CodeImage, Function};
use tell_ir::machine::LocalMachine;

/// A kept image.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What became clear about it.
    pub why: String,
    /// The rule that refuses it, if one does.
    pub rule: Option<String>,
    /// It.
    pub image: CodeImage,
}

/// The text of a file.
///
/// # Panics
/// Never: an image is plain data.
#[must_use]
pub fn write(kept: &Kept) -> String {
    let image = serde_json::to_value(&kept.image).expect("an image is plain data");
    let mut text = json!({ "why": kept.why, "rule": kept.rule, "image": image }).to_string();
    text.push('\n');
    text
}

/// What a file keeps.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Kept, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (why, rule) = (text(&value["why"]).ok_or("it does not say why it is kept")?, text(&value["rule"]));
    let image = complete(value["image"].take())?;
    let image = serde_json::from_value(image).map_err(|error| error.to_string())?;
    Ok(Kept { why, rule, image })
}

/// The image with empty tables where there were none when it was kept.
fn complete(mut image: Value) -> Result<Value, String> {
    let plain = |value: Result<Value, serde_json::Error>| value.map_err(|error| error.to_string());
    fill(&mut image, &plain(serde_json::to_value(CodeImage::default()))?);
    let function = plain(serde_json::to_value(Function::default()))?;
    let machine = plain(serde_json::to_value(LocalMachine::default()))?;
    for (table, entry) in [("functions", function), ("machines", machine)] {
        image[table].as_array_mut().into_iter().flatten().for_each(|known| fill(known, &entry));
    }
    Ok(image)
}

/// Adds the fields that a value does not have.
fn fill(value: &mut Value, fields: &Value) {
    if let (Some(known), Some(fields)) = (value.as_object_mut(), fields.as_object()) {
        for (name, field) in fields {
            known.entry(name.clone()).or_insert_with(|| field.clone());
        }
    }
}
