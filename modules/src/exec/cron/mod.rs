//! A crontab as text and as data, and how a command finds its line in it. Salt:
//! `salt/modules/cron.py` behaviour.

use std::path::PathBuf;
use std::time::Duration;

use halite_core::host::{Command, Output};
use halite_core::{Apply, Context, Map, Result, Value, map};

/// The line below which Salt owns a crontab.
const TAG: &str = "# Lines below here are managed by Salt, do not edit";
/// What marks the identifier of an entry, in the comment above it.
const MARK: &str = "SALT_CRON_IDENTIFIER";
/// The identifier of an entry that has none.
pub(super) const NO_IDENTIFIER: &str = "NO ID SET";
/// What stands before an entry that is switched off.
const DISABLED: &str = "#DISABLED#";
/// How long one `crontab` call may take.
const WAIT: Duration = Duration::from_secs(60);

/// When an entry runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum When {
    /// Minute, hour, day of month, month, day of week.
    Times([String; 5]),
    /// `@daily` and its kin.
    Special(String),
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) when: When,
    pub(super) cmd: String,
    pub(super) identifier: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) commented: bool,
}

/// A crontab.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tab {
    /// Lines that are not Salt's.
    pub(super) pre: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    /// Entries with times first, then special ones: the order of the file that Salt writes.
    pub(super) crons: Vec<Entry>,
    pub(super) special: Vec<Entry>,
}

/// Whether a value that is there now has to give way to a wanted one; `None` wants nothing.
pub(super) fn needs_change(old: Option<&str>, new: Option<&str>) -> bool {
    match new {
        None => false,
        Some("random") => old == Some("*"),
        new => old != new,
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl Entry {
    /// Its identifier, or the one of all that have none.
    pub(super) fn id(&self) -> &str {
        filled(self.identifier.as_deref()).unwrap_or(NO_IDENTIFIER)
    }

    /// Whether this is the entry that a command and an identifier mean.
    pub(super) fn matches(&self, cmd: &str, identifier: Option<&str>) -> bool {
        let wanted = filled(identifier).unwrap_or(NO_IDENTIFIER);
        let unnamed = self.id() == NO_IDENTIFIER;
        if unnamed && self.cmd == cmd {
            return true;
        }
        wanted == self.id() && !unnamed
    }

    fn write(&self, out: &mut String) {
        if self.comment.is_some() || self.identifier.is_some() {
            out.push('#');
            if let Some(comment) = filled(self.comment.as_deref()) {
                let comment = match self.when {
                    When::Times(_) => comment,
                    When::Special(_) => comment.trim_end(),
                };
                out.push_str(&format!(" {}", comment.replace('\n', "\n# ")));
            }
            if let Some(identifier) = filled(self.identifier.as_deref()) {
                out.push_str(&format!(" {MARK}:{identifier}"));
            }
            out.push('\n');
        }
        if self.commented {
            out.push_str(DISABLED);
        }
        let when = match &self.when {
            When::Times(times) => times.join(" "),
            When::Special(special) => special.clone(),
        };
        out.push_str(&format!("{when} {}\n", self.cmd));
    }

    pub(super) fn to_map(&self) -> Map {
        let mut entry = match &self.when {
            When::Times([minute, hour, daymonth, month, dayweek]) => map! {
                "minute" => minute, "hour" => hour, "daymonth" => daymonth, "month" => month,
                "dayweek" => dayweek,
            },
            When::Special(special) => map! {"spec" => special},
        };
        entry.extend(map! {
            "cmd" => &self.cmd, "identifier" => self.identifier.clone(),
            "comment" => self.comment.clone(), "commented" => self.commented,
        });
        entry
    }
}

impl Tab {
    /// Reads a crontab.
    pub(super) fn parse(text: &str) -> Tab {
        let mut tab = Tab::default();
        let mut lines = text.lines();
        tab.pre = lines.by_ref().take_while(|line| *line != TAG).map(str::to_owned).collect();
        let (mut comment, mut identifier): (Option<String>, Option<String>) = (None, None);
        for line in lines.filter(|line| *line != TAG) {
            let (line, commented) = match line.strip_prefix(DISABLED) {
                Some(rest) => (rest, true),
                None => (line, false),
            };
            let (when, cmd) = if line.starts_with('@') {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [special, cmd @ ..] = words.as_slice() else { continue };
                if cmd.is_empty() {
                    continue;
                }
                (When::Special((*special).into()), cmd.join(" "))
            } else if line.starts_with('#') {
                let (text, id) = comment_line(line);
                identifier = id.or(identifier);
                comment = Some(match comment {
                    Some(above) => format!("{above}\n{text}"),
                    None => text,
                });
                continue;
            } else if let Some((name, value)) = variable(line) {
                tab.env.push((name, value));
                continue;
            } else {
                let words: Vec<&str> = line.splitn(6, ' ').collect();
                let [a, b, c, d, e, cmd] = words[..] else { continue };
                (When::Times([a, b, c, d, e].map(str::to_owned)), cmd.to_owned())
            };
            let entry = Entry {
                when,
                cmd,
                identifier: identifier.take(),
                comment: comment.take(),
                commented,
            };
            tab.kind(&entry.when).push(entry);
        }
        tab
    }

    /// The part that an entry belongs to.
    pub(super) fn kind(&mut self, when: &When) -> &mut Vec<Entry> {
        match when {
            When::Times(_) => &mut self.crons,
            When::Special(_) => &mut self.special,
        }
    }

    /// The text to install.
    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        for line in self.pre.iter().map(String::as_str).chain([TAG]) {
            out.push_str(line);
            out.push('\n');
        }
        for (name, value) in &self.env {
            let value = if value.is_empty() { "\"\"" } else { value };
            out.push_str(&format!("{name}={value}\n"));
        }
        for entry in self.crons.iter().chain(&self.special) {
            entry.write(&mut out);
        }
        out
    }

    /// As `cron.list_tab` gives it.
    pub(super) fn to_map(&self) -> Map {
        let entries = |list: &[Entry]| list.iter().map(Entry::to_map).collect::<Vec<_>>();
        let pair = |(name, value): &(String, String)| map! {"name" => name, "value" => value};
        map! {
            "pre" => self.pre.clone(), "crons" => entries(&self.crons),
            "special" => entries(&self.special),
            "env" => self.env.iter().map(pair).collect::<Vec<_>>(),
        }
    }
}

/// A comment's text and the identifier in it.
fn comment_line(line: &str) -> (String, Option<String>) {
    let text = line.trim_start_matches(['#', ' ']);
    match text.split_once(MARK) {
        Some((before, after)) => {
            let id = after.split(MARK).next().unwrap_or_default();
            let mut rest = id.chars();
            rest.next();
            let id = Some(rest.as_str().to_owned()).filter(|id| !id.is_empty());
            (before.trim_end().to_owned(), id)
        }
        None => (text.to_owned(), None),
    }
}

/// `NAME=value`: an equals sign before the first space.
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    (!name.is_empty() && !name.contains(' ')).then(|| (name.into(), value.into()))
}

/// `crontab` for a user: with `-u` for another user's, as that user where only it may.
fn command(cx: &Context<'_>, user: &str, rest: &[&str]) -> Result<Command> {
    let own = rustix::process::geteuid().as_raw();
    let same = cx.host.user(user)?.is_some_and(|user| user.uid == own);
    let no_option = ["Solaris", "AIX"]
        .contains(&cx.grains.get("os_family").and_then(Value::as_str).unwrap_or_default());
    let mut words = vec!["crontab"];
    if !same && !no_option && own == 0 {
        words.extend(["-u", user]);
    }
    words.extend(rest);
    let mut command = Command::new(words);
    if no_option || (!same && own != 0) {
        command.runas = Some(user.to_owned());
    }
    command.env.extend(cx.job.env());
    command.timeout = Some(WAIT);
    Ok(command)
}

/// The crontab as it is; empty if there is none.
pub(super) fn raw(cx: &Context<'_>, user: &str) -> Result<String> {
    let text = cx.host.query(&command(cx, user, &["-l"])?)?.stdout_text();
    let header = text.starts_with("# DO NOT EDIT THIS FILE - edit the master and reinstall.");
    let skip = if header { 3 } else { 0 };
    Ok(text.split_inclusive('\n').skip(skip).collect())
}

/// The crontab as data.
pub(super) fn read(cx: &Context<'_>, user: &str) -> Result<Tab> {
    Ok(Tab::parse(&raw(cx, user)?))
}

/// Installs a file as a user's crontab.
pub(super) fn install_file(apply: &Apply<'_>, user: &str, path: &str) -> Result<Output> {
    apply.host.run(&command(apply.cx, user, &[path])?)
}

/// Installs a crontab; `Some` is what `crontab` complains of.
pub(super) fn install(apply: &Apply<'_>, user: &str, tab: &Tab) -> Result<Option<String>> {
    let folder = apply.cx.host.env("TMPDIR").unwrap_or_else(|| "/tmp".into());
    let name = format!(".crontab.{}.{:x}", std::process::id(), apply.cx.host.now_micros());
    let path = PathBuf::from(folder).join(name);
    apply.host.write_atomic(&path, tab.render().as_bytes(), Some(0o600))?;
    let own = rustix::process::geteuid().as_raw();
    let shown = path.display().to_string();
    let installed = match apply.cx.host.user(user)? {
        // The file is read by the user's own crontab program where options cannot name the user.
        Some(user) if own == 0 && user.uid != 0 => {
            apply.host.chown(&path, Some(user.uid), None, false)
        }
        _ => Ok(()),
    }
    .and_then(|()| install_file(apply, user, &shown));
    apply.host.remove_file(&path)?;
    let out = installed?;
    Ok((!out.success()).then(|| out.stderr_text().trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        let text = "MINE=1\n# Lines below here are managed by Salt, do not edit\nMAILTO=root\n\
                    # SALT_CRON_IDENTIFIER:/bin/one\n5 */2 * * * /bin/one -a  b=c\n\
                    #DISABLED#* * * * * /bin/dis\n# why\n# so SALT_CRON_IDENTIFIER:two\n\
                    @daily /bin/two\n";
        let tab = Tab::parse(text);
        assert_eq!(tab.render(), text);
        assert_eq!(tab.special[0].comment.as_deref(), Some("why\nso"));
        assert_eq!(tab.crons[0].cmd, "/bin/one -a  b=c");
        assert!(tab.crons[1].commented);
    }

    #[test]
    fn entries_are_found_by_identifier_or_by_command() {
        let entry = |id: Option<&str>| Entry {
            when: When::Special("@daily".into()),
            cmd: "x".into(),
            identifier: id.map(str::to_owned),
            comment: None,
            commented: false,
        };
        assert!(entry(Some("a")).matches("y", Some("a")));
        assert!(!entry(Some("a")).matches("x", Some("b")));
        assert!(entry(None).matches("x", Some("b")));
        assert!(!entry(None).matches("y", None));
    }
}
