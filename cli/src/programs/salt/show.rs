//! Printing returns, documentation and summaries.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use halite_core::{Map, Opts, Result, Value, map};

use super::Cli;
use crate::{exit, log, output};

/// The width of the lines around a summary.
const RULE: &str = "-------------------------------------------";

/// How a minion came off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Well,
    Failed,
    NoResponse,
    NotConnected,
}

/// Prints results, and remembers how they were.
pub(super) struct Shown<'a> {
    opts: &'a Opts,
    file: Option<&'a Path>,
    /// Whether `--out` was given: a summary would spoil it.
    chosen: bool,
    ends: BTreeMap<String, End>,
}

/// The code of a return: of several functions, the highest. Salt: `_get_retcode` behaviour.
pub(super) fn retcode_of(retcode: Option<&Value>) -> i64 {
    match retcode {
        Some(Value::Map(codes)) => codes.values().filter_map(Value::as_i64).max().unwrap_or(0),
        Some(Value::List(codes)) => codes.iter().filter_map(Value::as_i64).max().unwrap_or(0),
        Some(code) => code.as_i64().unwrap_or(0),
        None => 0,
    }
}

impl<'a> Shown<'a> {
    /// Prints as the command line says.
    pub(super) fn new(cli: &'a Cli, opts: &'a Opts) -> Shown<'a> {
        let file = cli.output.output_file.as_deref();
        Shown { opts, file, chosen: cli.output.output.is_some(), ends: BTreeMap::new() }
    }

    /// Prints any value.
    pub(super) fn display(&self, data: &Value, out: Option<&str>, retcode: i64) -> Result<()> {
        output::display(data, out, self.opts, retcode, self.file)
    }

    /// Counts a return without printing it.
    pub(super) fn count(&mut self, id: &str, retcode: i64) {
        let end = if retcode == 0 { End::Well } else { End::Failed };
        self.ends.insert(id.into(), end);
    }

    /// Prints one return.
    pub(super) fn one(
        &mut self,
        id: &str,
        data: Value,
        out: Option<&str>,
        retcode: i64,
    ) -> Result<()> {
        self.count(id, retcode);
        self.display(&map! {id => data}.into(), out, retcode)
    }

    /// Prints that a minion did not return, unless that is hidden.
    pub(super) fn lost(&mut self, id: &str, text: String, print: bool) -> Result<()> {
        let connected = !text.contains("Not connected");
        let end = if connected { End::NoResponse } else { End::NotConnected };
        self.ends.insert(id.into(), end);
        match print {
            true => self.display(&map! {id => text}.into(), Some("no_return"), 1),
            false => Ok(()),
        }
    }

    /// Prints all returns in one. Salt: `--static` ends with 0 whatever they were.
    pub(super) fn all_together(&self, kept: Map) -> Result<ExitCode> {
        if kept.is_empty() {
            log::complain("ERROR: No return received");
            return Ok(ExitCode::from(exit::REFUSED));
        }
        self.display(&kept.into(), None, 0)?;
        Ok(ExitCode::from(exit::OK))
    }

    /// Prints the documentation that minions sent, each function once.
    pub(super) fn docs(&self, answers: &[Value]) -> Result<ExitCode> {
        if answers.is_empty() {
            log::complain("No minions found to gather docs from");
            return Ok(ExitCode::from(exit::REFUSED));
        }
        let mut docs = BTreeMap::new();
        for (fun, doc) in answers.iter().filter_map(Value::as_map).flatten() {
            if doc.truthy() {
                docs.entry(fun.to_string()).or_insert_with(|| doc.clone());
            }
        }
        for (fun, doc) in docs {
            match self.chosen {
                true => self.display(&map! {fun => doc}.into(), Some("nested"), 0)?,
                false => log::say(&format!("{fun}:\n{doc}\n")),
            }
        }
        Ok(ExitCode::from(exit::OK))
    }

    /// The summary, and the exit code of the whole.
    pub(super) fn end(&self, summary: bool, verbose: bool) -> ExitCode {
        if summary && !self.chosen {
            log::say(&self.summary(verbose));
        }
        let bad = self.ends.values().any(|end| *end != End::Well);
        if bad {
            log::complain("ERROR: Minions returned with non-zero exit code");
        }
        ExitCode::from(if bad { exit::GENERIC } else { exit::OK })
    }

    /// Salt: `_print_returns_summary` behaviour.
    fn summary(&self, verbose: bool) -> String {
        let of = |end: End| -> Vec<&str> {
            let meant = self.ends.iter().filter(|(_, was)| **was == end);
            meant.map(|(id, _)| id.as_str()).collect()
        };
        let (failed, silent, away) = (of(End::Failed), of(End::NoResponse), of(End::NotConnected));
        let gone = silent.len() + away.len();
        let mut lines = vec!["\n".to_owned(), RULE.into(), "Summary".into(), RULE.into()];
        lines.push(format!("# of minions targeted: {}", self.ends.len()));
        lines.push(format!("# of minions returned: {}", self.ends.len() - gone));
        lines.push(format!("# of minions that did not return: {gone}"));
        lines.push(format!("# of minions with errors: {}", failed.len()));
        let named = [
            ("Minions not connected", away),
            ("Minions not responding", silent),
            ("Minions with failures", failed),
        ];
        for (title, ids) in named.into_iter().filter(|(_, ids)| verbose && !ids.is_empty()) {
            lines.push(format!("{title}: {}", ids.join(" ")));
        }
        lines.push(RULE.into());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Role;

    #[test]
    fn the_summary_counts_and_names() {
        let opts = Opts::from_map(Role::Master, Map::new());
        let mut shown = Shown { opts: &opts, file: None, chosen: false, ends: BTreeMap::new() };
        shown.count("a", 0);
        shown.count("b", 3);
        let lost = |word: &str| format!("Minion did not return. [{word}]");
        shown.lost("c", lost("No response"), false).expect("counts");
        shown.lost("d", lost("Not connected"), false).expect("counts");
        let text = shown.summary(true);
        let want = "# of minions targeted: 4\n# of minions returned: 2\n\
                    # of minions that did not return: 2\n# of minions with errors: 1\n\
                    Minions not connected: d\nMinions not responding: c\nMinions with failures: b\n";
        assert!(text.contains(want), "{text}");
        assert!(!shown.summary(false).contains("not connected"));
    }

    #[test]
    fn the_highest_code_counts() {
        assert_eq!(retcode_of(None), 0);
        assert_eq!(retcode_of(Some(&2.into())), 2);
        assert_eq!(retcode_of(Some(&map! {"a" => 0, "b" => 3}.into())), 3);
        assert_eq!(retcode_of(Some(&Value::list([1.into(), 0.into()]))), 1);
    }
}
