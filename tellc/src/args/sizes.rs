//! Sizes of role families on the command line: `--bind N=3`.

use crate::outcome::Trouble;
use clap::Args;
use tell_compiler::resolve::family::{Binds, MAX_ROLES};

/// Sizes of role families.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Sizes {
    /// Size of the families of roles that are declared with this name, as `W[N]`
    #[arg(long = "bind", value_name = "NAME=SIZE", value_parser = size)]
    binds: Vec<(String, u32)>,
}

impl Sizes {
    /// The sizes by name.
    ///
    /// # Errors
    /// One that is given twice.
    pub(crate) fn by_name(&self) -> Result<Binds, Trouble> {
        let mut all = Binds::new();
        for (name, size) in &self.binds {
            if all.insert(name.clone(), *size).is_some() {
                return Err(Trouble::usage(format!("the size `{name}` is given twice")));
            }
        }
        Ok(all)
    }
}

fn size(text: &str) -> Result<(String, u32), String> {
    let (name, size) = text.split_once('=').ok_or("write `NAME=SIZE`, as in `N=3`")?;
    match size.trim().parse() {
        Ok(size @ 1..=MAX_ROLES) => Ok((name.trim().to_owned(), size)),
        _ => Err(format!("a size is a number from 1 to {MAX_ROLES}")),
    }
}
