//! Lines from the keyboard (or whatever standard input is), given up at Ctrl-C.
//!
//! A thread reads one line per request, so that nothing is taken that nobody asked for, and so that waiting for a line
//! can end when the run is interrupted.

use crate::interrupt::Interrupt;
use crate::output::Output;
use std::cell::OnceCell;
use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tell_language::render::one_line;

/// Longest line that is read, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// How often a wait looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// What came instead of a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLine {
    /// There is no more input.
    #[error("there is no more input")]
    End,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The input cannot be read.
    #[error("the input cannot be read: {0}")]
    Failed(io::Error),
}

/// The reader; clones share it.
#[derive(Clone)]
pub(crate) struct Prompt {
    output: Output,
    interrupt: Interrupt,
    thread: Rc<OnceCell<Reader>>,
}

struct Reader {
    requests: Sender<()>,
    lines: Receiver<io::Result<Option<String>>>,
}

impl Prompt {
    /// A reader that starts with the first line asked for.
    pub(crate) fn new(output: Output, interrupt: Interrupt) -> Self {
        Self { output, interrupt, thread: Rc::new(OnceCell::new()) }
    }

    /// The next line, without its line break.
    ///
    /// # Errors
    /// [`NoLine`]
    pub(crate) fn line(&self) -> Result<String, NoLine> {
        // Whoever answers has to see what came before; a reader that is gone shows at the next write.
        let _ = self.output.flush();
        let reader = self.thread.get_or_init(start);
        let gone = || NoLine::Failed(io::Error::other("the reader stopped"));
        reader.requests.send(()).map_err(|_| gone())?;
        loop {
            match reader.lines.recv_timeout(LOOK) {
                Ok(Ok(Some(line))) => return Ok(line),
                Ok(Ok(None)) => return Err(NoLine::End),
                Ok(Err(error)) => return Err(NoLine::Failed(error)),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) if self.interrupt.is_set() => return Err(NoLine::Interrupted),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Asks until `read` understands the answer; what it says about a wrong one is shown.
    ///
    /// # Errors
    /// [`NoLine`]
    pub(crate) fn ask<T>(&self, question: &str, mut read: impl FnMut(&str) -> Result<T, String>) -> Result<T, NoLine> {
        loop {
            // Standard output shows results only; a prompt is none. There is no other place to complain at.
            let _ = self.output.flush();
            let _ = io::stderr().write_all(one_line(question).as_bytes());
            let line = self.line().inspect_err(|_| {
                let _ = writeln!(io::stderr());
            })?;
            match read(line.trim()) {
                Ok(answer) => return Ok(answer),
                Err(complaint) => {
                    let _ = writeln!(io::stderr(), "{}", one_line(&complaint));
                }
            }
        }
    }
}

fn start() -> Reader {
    let (requests, wanted) = channel::<()>();
    let (send, lines) = channel();
    std::thread::spawn(move || {
        while wanted.recv().is_ok() {
            if send.send(read_line()).is_err() {
                return;
            }
        }
    });
    Reader { requests, lines }
}

fn read_line() -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    } else if bytes.len() as u64 == MAX_LINE {
        return Err(io::Error::other(format!("a line longer than {MAX_LINE} bytes")));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| io::Error::other("a line that is not UTF-8"))
}
