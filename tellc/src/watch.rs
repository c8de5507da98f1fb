//! `--watch`: runs a command again whenever something it looked at has changed. The only door to `notify`.
//!
//! The operating system says that something happened in a folder; whether that matters is decided by comparing the
//! files with what the command saw (`seen`). So nothing is missed that happens while the command runs, and what else
//! happens in the folder does not matter.

use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Trouble, finish};
use crate::output::Output;
use crate::{programs, seen};
use notify::{RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tell_language::diagnostic::{Code, Diagnostic};

/// Several changes that follow each other this closely are one.
const PAUSE: Duration = Duration::from_millis(100);

/// Changes that do not pause are one after this time.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often Ctrl-C is looked for, and files are compared even if nobody said that something happened.
const TICK: Duration = Duration::from_millis(50);
const UNTOLD: Duration = Duration::from_secs(2);

/// Runs `command` now and after every change, until Ctrl-C.
///
/// # Errors
/// `E0703` if the operating system cannot tell of changes.
pub(crate) fn watch(output: &Output, mut command: impl FnMut() -> Result<Exit, Trouble>) -> Result<Exit, Trouble> {
    let interrupt = Interrupt::install().map_err(|error| Trouble::io("heard", "Ctrl-C", &error))?;
    let (tell, told) = channel();
    let watcher = notify::recommended_watcher(move |_| {
        // Nobody listens any more when the process ends.
        let _ = tell.send(());
    });
    let mut watched = Watched { watcher: watcher.map_err(|error| unwatchable(&error))?, folders: BTreeSet::new() };
    loop {
        seen::take();
        finish(command(), output);
        let seen = seen::take();
        output.status(format_args!("--- {} UTC, waiting for changes; Ctrl-C ends ---", time_of_day()));
        loop {
            watched.add(seen.places());
            if seen.has_changed(|folder| programs::list(folder).unwrap_or_default()) {
                break;
            }
            if !wait(&told, &interrupt) {
                return Ok(Exit::Ok);
            }
        }
        settle(&told);
        output.status(format_args!("--- {} UTC, changed ---", time_of_day()));
    }
}

/// Waits until something may have happened; false on Ctrl-C.
fn wait(told: &Receiver<()>, interrupt: &Interrupt) -> bool {
    let start = Instant::now();
    while !interrupt.is_set() && start.elapsed() < UNTOLD {
        if told.recv_timeout(TICK).is_ok() {
            // What happens in a busy folder is looked at once for all.
            std::thread::sleep(TICK);
            while told.try_recv().is_ok() {}
            break;
        }
    }
    !interrupt.is_set()
}

/// Waits for a pause: whoever writes a file may not be done with it.
fn settle(told: &Receiver<()>) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE && told.recv_timeout(PAUSE).is_ok() {}
}

/// The folders whose changes are told.
struct Watched {
    watcher: notify::RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    /// A folder that cannot be watched, or is gone and back, is tried again the next time.
    fn add(&mut self, folders: Vec<PathBuf>) {
        self.folders.retain(|folder| folder.is_dir());
        for folder in folders {
            if !self.folders.contains(&folder) && self.watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                self.folders.insert(folder);
            }
        }
    }
}

fn unwatchable(error: &notify::Error) -> Trouble {
    let text = format!("changes cannot be watched: {error}");
    Trouble::plain(Diagnostic::new(Code("E0703"), text).help("run the command without `--watch`"))
}

/// Hours, minutes and seconds.
fn time_of_day() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
