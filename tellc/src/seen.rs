//! What a command has looked at on the disk, for `--watch`: every file with its state when it was read, also those
//! that were not there.
//!
//! A command runs in one thread; what it saw belongs to that.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// Files and folders, and how they were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    files: BTreeMap<PathBuf, Option<State>>,
    /// Folders whose programs were listed.
    folders: BTreeMap<PathBuf, Vec<PathBuf>>,
}

/// What a change of a file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    modified: Option<SystemTime>,
    length: u64,
}

impl State {
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { modified: data.modified().ok(), length: data.len() })
    }
}

/// A file is about to be read, or is not there.
pub(crate) fn file(path: &Path) {
    SEEN.with_borrow_mut(|seen| {
        seen.files.entry(path.to_owned()).or_insert_with(|| State::of(path));
    });
}

/// The programs below a folder were listed.
pub(crate) fn folder(path: &Path, programs: &[PathBuf]) {
    SEEN.with_borrow_mut(|seen| {
        seen.folders.insert(path.to_owned(), programs.to_vec());
    });
}

/// All that was seen since this was asked for the last time.
pub(crate) fn take() -> Seen {
    SEEN.take()
}

impl Seen {
    /// Whether something is not as it was. `list` lists the programs below a folder.
    pub(crate) fn has_changed(&self, list: impl Fn(&Path) -> Vec<PathBuf>) -> bool {
        self.files.iter().any(|(path, state)| State::of(path) != *state)
            || self.folders.iter().any(|(path, programs)| list(path) != *programs)
    }

    /// The folders in which such a change happens: those that exist and are nearest.
    pub(crate) fn places(&self) -> Vec<PathBuf> {
        let listed = self.folders.iter().flat_map(|(folder, programs)| {
            programs.iter().filter_map(|program| program.parent()).chain([folder.as_path()])
        });
        let parents = self.files.keys().filter_map(|file| file.parent()).chain(listed);
        let existing = parents.map(|folder| {
            let named =
                |folder: &Path| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() };
            folder.ancestors().map(named).find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("."))
        });
        let mut places: Vec<PathBuf> = existing.collect();
        places.sort();
        places.dedup();
        places
    }
}
