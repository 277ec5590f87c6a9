//! How far state runs are, shown on a terminal while they go on: a line for each minion.
//!
//! The lines are drawn on standard error with the cursor left in front of them, so that whatever is
//! printed next takes their place; [`CLEAR`] wipes the rest away.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use halite_core::services::{Ended, RunStep};

/// To the first column, and everything behind the cursor away.
pub(crate) const CLEAR: &str = "\r\x1b[J";
/// A run that is over before this shows nothing.
const QUIET: Duration = Duration::from_secs(1);
/// How often the lines are drawn anew at most.
const REDRAW: Duration = Duration::from_millis(100);
/// Most minions with a line of their own.
const ROWS_MAX: usize = 12;
/// What is assumed of a terminal that does not tell its width.
const COLUMNS: usize = 80;

/// One minion's run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    total: usize,
    done: usize,
    changed: usize,
    failed: usize,
    /// The state that runs, or the last one that ended.
    current: String,
}

/// The lines.
pub(crate) struct Board {
    on: bool,
    since: Instant,
    last: Option<Instant>,
    rows: BTreeMap<String, Row>,
    drawn: bool,
}

/// Whether somebody sits before this terminal: both outputs must be one.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal() && std::io::stdout().is_terminal()
}

impl Board {
    /// Nothing yet.
    pub(crate) fn new() -> Board {
        let since = Instant::now();
        Board { on: is_watched(), since, last: None, rows: BTreeMap::new(), drawn: false }
    }

    /// A step of a minion's run.
    pub(crate) fn step(&mut self, minion: &str, step: &RunStep<'_>) {
        let row = self.rows.entry(minion.to_owned()).or_default();
        row.total = step.total.max(row.done);
        row.current = format!("{} ({})", step.id, step.fun);
        if let Some(ended) = step.ended {
            row.done += 1;
            row.total = row.total.max(row.done);
            row.changed += usize::from(ended == Ended::Changed);
            row.failed += usize::from(ended == Ended::Failed);
        }
    }

    /// A minion is through.
    pub(crate) fn remove(&mut self, minion: &str) {
        self.rows.remove(minion);
    }

    /// Whether there is anything to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Draws the lines, below `head` if there is one, unless it is too early.
    pub(crate) fn draw(&mut self, head: Option<&str>) {
        let now = Instant::now();
        let soon = self.last.is_some_and(|last| now - last < REDRAW);
        if !self.on || soon || now - self.since < QUIET {
            return;
        }
        self.last = Some(now);
        let lines = self.lines(head, columns());
        let up = match lines.len() {
            0 | 1 => String::new(),
            many => format!("\x1b[{}A", many - 1),
        };
        write(&format!("{CLEAR}{}{up}\r", lines.join("\n")));
        self.drawn = true;
    }

    /// Takes the lines away, so that something else can be printed.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write(CLEAR);
            self.last = None;
        }
    }

    fn lines(&self, head: Option<&str>, columns: usize) -> Vec<String> {
        let width = self.rows.keys().map(|id| id.chars().count()).max().unwrap_or(0).min(30);
        let mut lines: Vec<String> = head.map(str::to_owned).into_iter().collect();
        for (id, row) in self.rows.iter().take(ROWS_MAX) {
            let mut line = format!("{id:<width$}  {} of {}", row.done, row.total);
            for (count, word) in [(row.changed, "changed"), (row.failed, "failed")] {
                if count > 0 {
                    line.push_str(&format!(", {count} {word}"));
                }
            }
            lines.push(format!("{line}  {}", row.current));
        }
        if self.rows.len() > ROWS_MAX {
            lines.push(format!("and {} more", self.rows.len() - ROWS_MAX));
        }
        // A line that wraps could not be taken away again.
        let shown = |line: String| -> String {
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(columns - 1).collect()
        };
        lines.into_iter().map(shown).collect()
    }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map_or(COLUMNS, |size| usize::from(size.ws_col)).max(20)
}

fn write(text: &str) {
    let mut out = std::io::stderr();
    // A line that cannot be drawn is no loss.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, ended: Option<Ended>) -> RunStep<'_> {
        RunStep { total: 3, id, fun: "test.nop", ended }
    }

    #[test]
    fn each_minion_has_a_line_that_fits() {
        let mut board = Board::new();
        board.step("web1", &step("a", None));
        board.step("web1", &step("a", Some(Ended::Changed)));
        board.step("web1", &step("b\u{1b}[2J", None));
        board.step("db", &step("x", Some(Ended::Failed)));
        let want =
            ["db    1 of 3, 1 failed  x (test.nop)", "web1  1 of 3, 1 changed  b [2J (test.nop)"];
        assert_eq!(board.lines(None, 80), want);
        assert_eq!(board.lines(Some("head"), 10), ["head", "db    1 o", "web1  1 o"]);
        board.remove("db");
        assert_eq!(board.lines(None, 80).len(), 1);
    }

    #[test]
    fn many_minions_are_counted() {
        let mut board = Board::new();
        (0..20).for_each(|n| board.step(&format!("m{n}"), &step("a", None)));
        let lines = board.lines(None, 80);
        assert_eq!((lines.len(), lines[12].as_str()), (13, "and 8 more"));
    }
}
