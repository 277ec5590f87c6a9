//! The line that shows, on a terminal only, how far a job is.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A job that is over before this shows no line.
const QUIET: Duration = Duration::from_secs(1);
/// Most ids that are named as missing.
const NAMES: usize = 3;
/// Back to the first column, and empty to the end.
const CLEAR: &str = "\r\x1b[K";

/// The line.
pub(super) struct Live {
    /// Whether anybody sees it.
    on: bool,
    since: Instant,
    quiet: Duration,
    total: usize,
    returned: usize,
    drawn: bool,
}

impl Live {
    /// For `total` minions; `now` shows it from the start.
    pub(super) fn new(total: usize, now: bool) -> Live {
        let on = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let quiet = if now { Duration::ZERO } else { QUIET };
        Live { on, since: Instant::now(), quiet, total, returned: 0, drawn: false }
    }

    /// One more has returned.
    pub(super) fn returned(&mut self) {
        self.returned += 1;
    }

    /// Draws the line anew.
    pub(super) fn draw<'a>(&mut self, open: impl Iterator<Item = &'a str>) {
        let passed = self.since.elapsed();
        if self.on && passed >= self.quiet {
            write(&format!("{CLEAR}{}", text(self.returned, self.total, passed, open)));
            self.drawn = true;
        }
    }

    /// The line's text.
    pub(super) fn line<'a>(&self, open: impl Iterator<Item = &'a str>) -> String {
        text(self.returned, self.total, self.since.elapsed(), open)
    }

    /// Takes the line away, so that something else can be printed.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write(CLEAR);
        }
    }
}

fn write(text: &str) {
    let mut out = std::io::stderr();
    // A line that cannot be drawn is no loss.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn text<'a>(
    returned: usize,
    total: usize,
    passed: Duration,
    open: impl Iterator<Item = &'a str>,
) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut more = 0;
    for id in open {
        if names.len() < NAMES { names.push(id) } else { more += 1 }
    }
    let mut text =
        format!("{returned} of {} returned, {} s", total.max(returned), passed.as_secs());
    if !names.is_empty() {
        text.push_str(&format!(", waiting for {}", names.join(", ")));
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let open = ["a", "b", "c", "d", "e"];
        let line = text(2, 7, Duration::from_secs(3), open.into_iter());
        assert_eq!(line, "2 of 7 returned, 3 s, waiting for a, b, c and 2 more");
        assert_eq!(text(1, 1, Duration::ZERO, [].into_iter()), "1 of 1 returned, 0 s");
    }
}
