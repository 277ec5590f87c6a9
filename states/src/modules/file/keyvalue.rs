//! `file.keyvalue`: values of keys in a file of `key=value` lines.

use std::path::PathBuf;

use halite_core::diff::split_lines;
use halite_core::edit::Text;
use halite_core::{Changes, Context, Outcome, Result, StateModule, Value, Verdict, map, state};

use super::shared::{is_file, refuse};
use crate::support::expand_user;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&KEYVALUE]);

/// How lines are edited.
#[derive(Default)]
struct How {
    pairs: Vec<(String, Value)>,
    separator: String,
    append: bool,
    prepend: bool,
    count: i64,
    uncomment: Option<String>,
    key_ignore_case: bool,
    value_ignore_case: bool,
    prune: bool,
}

/// An edited text, and its diff in this function's own form.
#[derive(Debug, Default)]
struct Edited {
    lines: Vec<String>,
    diff: Vec<String>,
    changes: usize,
    deleted: usize,
}

impl How {
    /// Edits a text. Salt: `file.keyvalue` behaviour.
    fn edit(&self, text: &str) -> Edited {
        let mut edited = Edited::default();
        let mut left: Vec<i64> = vec![self.count; self.pairs.len()];
        let mut pruned = Vec::new();
        for line in split_lines(text) {
            self.edit_line(line, &mut edited, &mut left, &mut pruned);
        }
        self.add_missing(&mut edited, &left);
        edited.deleted = pruned.len();
        for line in pruned {
            let at = edited.diff.len().min(1);
            edited.diff.insert(at, format!("- {line}"));
        }
        edited
    }

    fn edit_line(
        &self,
        line: &str,
        edited: &mut Edited,
        left: &mut [i64],
        pruned: &mut Vec<String>,
    ) {
        let signs = self.uncomment.as_deref();
        let bare = match signs {
            Some(signs) => line.trim_start_matches(|c| signs.contains(c)),
            None => line.trim_start(),
        };
        let uncommented = bare.len() < line.len();
        let working = if uncommented { bare } else { line };
        let fold = |text: &str| {
            if self.key_ignore_case { text.to_lowercase() } else { text.to_owned() }
        };
        let tested = fold(bare);
        let (key, value) = match working.split_once(self.separator.as_str()) {
            Some((key, value)) => (key, Some(value)),
            None => (working, None),
        };
        if self.prune && !self.pairs.iter().any(|(key, _)| tested.starts_with(&fold(key))) {
            pruned.push(line.to_owned());
            return;
        }
        let mut now = line.to_owned();
        for ((wanted_key, wanted), left) in self.pairs.iter().zip(left) {
            let Some(value) = value.filter(|_| fold(key) == fold(wanted_key)) else { continue };
            let fold = |text: &str| {
                let text = text.trim();
                if self.value_ignore_case { text.to_lowercase() } else { text.to_owned() }
            };
            let mut same = fold(value) == fold(&wanted.to_string());
            let mut change = false;
            if uncommented {
                if *left > 0 {
                    change = true;
                } else {
                    same = true;
                }
            } else if *left == 0 {
                change = true;
            }
            if !same || change {
                edited.diff.push(format!("- {now}"));
                now.clear();
                if *left != 0 {
                    now = format!("{key}{}{wanted}\n", self.separator);
                    edited.diff.push(match wanted {
                        Value::Str(_) => format!("+ {now}"),
                        other => {
                            let kind = other.type_name();
                            format!("+ {} (from {kind} type)\n", now.trim_end())
                        }
                    });
                }
                edited.changes += 1;
            }
            if *left > 0 {
                *left -= 1;
            }
        }
        edited.lines.push(now);
    }

    fn add_missing(&self, edited: &mut Edited, left: &[i64]) {
        let missing = self.pairs.iter().zip(left).filter(|(_, left)| **left > 0);
        let lines: Vec<String> =
            missing.map(|((key, value), _)| format!("{key}{}{value}\n", self.separator)).collect();
        if lines.is_empty() {
            return;
        }
        if self.append {
            // A last line without an end would run into the first of the new ones.
            if let Some(last) =
                edited.lines.last_mut().filter(|l| !l.is_empty() && !l.ends_with('\n'))
            {
                last.push('\n');
            }
            edited.diff.push("- <EOF>\n".into());
            edited.diff.extend(lines.iter().map(|line| format!("+ {line}")));
            edited.diff.push("+ <EOF>\n".into());
            edited.changes += lines.len();
            edited.lines.extend(lines);
        } else if self.prepend {
            edited.diff.insert(0, "  <SOF>\n".into());
            for line in lines {
                edited.diff.insert(1, format!("+ {line}"));
                edited.lines.insert(0, line);
                edited.changes += 1;
            }
        }
    }
}

/// Sees to the values of keys in a file of `key=value` lines.
///
/// ```yaml
/// /etc/ssh/sshd_config:
///   file.keyvalue:
///     - key_values:
///         permitrootlogin: 'without-password'
///     - separator: ' '
///     - uncomment: '# '
///     - key_ignore_case: True
/// ```
#[state]
fn keyvalue<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    #[default(Value::Null)] key: Value,
    #[default(Value::Null)] value: Value,
    /// Keys with their values.
    #[default(Value::Null)]
    key_values: Value,
    #[default("=".into())] separator: String,
    #[default(false)] append_if_not_found: bool,
    #[default(false)] prepend_if_not_found: bool,
    #[default(false)] _search_only: bool,
    #[default(true)] show_changes: bool,
    #[default(false)] ignore_if_missing: bool,
    /// How many lines of one key may be set; further ones go.
    #[default(1)]
    count: i64,
    /// Signs that make a line a comment; such lines are taken into use.
    #[default(None)]
    uncomment: Option<String>,
    #[default(false)] key_ignore_case: bool,
    #[default(false)] value_ignore_case: bool,
    #[default(false)] create_if_missing: bool,
    /// Remove lines of other keys.
    #[default(false)]
    prune: bool,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.keyvalue");
    }
    let pairs: Vec<(String, Value)> = match (key.is_null() || value.is_null(), &key_values) {
        (false, Value::Map(_)) => {
            return refuse("file.keyvalue can not combine key_values with key and value");
        }
        (false, _) => vec![(key.to_string(), value)],
        (true, Value::Map(map)) if !map.is_empty() => {
            map.iter().map(|(key, value)| (key.to_string(), value.clone())).collect()
        }
        (true, other) => {
            let what = if other.truthy() { "is not a dictionary" } else { "is empty" };
            return refuse(format!(
                "file.keyvalue key and value not supplied and key_values {what}"
            ));
        }
    };
    let path = PathBuf::from(&name);
    let there = is_file(cx.host, &path);
    if !there && (!create_if_missing || cx.host.exists(&path)) {
        let result = Some(ignore_if_missing);
        return Ok(Verdict::Settled(Outcome::new(result, format!("unable to open {name}"))));
    }
    let old = if there { cx.host.read(&path)? } else { Vec::new() };
    let text = Text::from_bytes(&old);
    let how = How {
        pairs,
        separator,
        append: append_if_not_found || !there,
        prepend: prepend_if_not_found,
        count,
        uncomment,
        key_ignore_case,
        value_ignore_case,
        prune,
    };
    let edited = how.edit(&text.text);
    let (changed, deleted) = (edited.changes, edited.deleted);
    if changed == 0 && deleted == 0 {
        return Ok(Verdict::correct(""));
    }
    let mut comment =
        format!("File {name} is set to be changed ({changed} lines modified, {deleted} deleted)");
    let mut changes = Changes::new();
    if show_changes {
        comment += "\nPredicted diff:\n\r\t\t";
        comment += &edited.diff.join("\r\t\t");
        changes = map! {"diff" => edited.diff.concat()};
    }
    let would = Outcome::would(comment, changes.clone());
    let bytes = text.to_bytes(&edited.lines.concat());
    Ok(Verdict::change(would, move |apply| {
        if let Err(error) = apply.host.write_atomic(&path, &bytes, None) {
            tracing::error!("{error}");
            return Ok(Outcome::failed(format!("{name} not writable"), changes));
        }
        Ok(Outcome::done(format!("Changed {changed}, deleted {deleted} lines"), changes))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, how: How, want: &str, changes: usize) {
        let edited = how.edit(text);
        assert_eq!((edited.lines.concat().as_str(), edited.changes), (want, changes));
    }

    #[test]
    fn values_are_set_and_comments_taken_into_use() {
        let how = |key: &str, value: &str| How {
            pairs: vec![(key.into(), value.into())],
            separator: "=".into(),
            count: 1,
            ..How::default()
        };
        check("a=1\nb=2\n", how("b", "3"), "a=1\nb=3\n", 1);
        check("a=1\n", how("a", "1"), "a=1\n", 0);
        check("a=1", How { append: true, ..how("c", "9") }, "a=1\nc=9\n", 1);
        check("a=1\n", How { prepend: true, ..how("c", "9") }, "c=9\na=1\n", 1);
        check("#a=1\n", How { uncomment: Some("#".into()), ..how("a", "2") }, "a=2\n", 1);
        check("A=1\n", How { key_ignore_case: true, ..how("a", "2") }, "A=2\n", 1);
        check("a=1\na=2\n", how("a", "1"), "a=1\n", 1);
    }
}
