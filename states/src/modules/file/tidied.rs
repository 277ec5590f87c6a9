//! `file.tidied`, `file.pruned`, `file.retention_schedule`: old and empty things go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use halite_core::host::{Metadata, Write};
use halite_core::{
    Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, pyre, state,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::shared::{failed, is_dir, refuse, remove};
use crate::support::expand_user;
use crate::support::walk::{listed, walk};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&TIDIED, &PRUNED, &RETENTION_SCHEDULE]);

/// What makes something old or large enough to go.
struct Rule {
    age: i64,
    size: i64,
    both: bool,
    only: Option<bool>,
    clock: String,
    matches: Vec<pyre::Regex>,
    exclude: Vec<pyre::Regex>,
    full_path: bool,
    rmdirs: bool,
    rmlinks: bool,
}

impl Rule {
    fn applies(&self, path: &Path, name: &str, stat: &Metadata, today: Date) -> bool {
        let may = match () {
            () if stat.is_symlink() => self.rmlinks,
            () if stat.is_dir() => self.rmdirs,
            () => true,
        };
        let size = if stat.is_symlink() || stat.is_dir() { 0 } else { stat.size };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let time = match self.clock.as_str() {
            "ctime" => stat.ctime,
            "mtime" => stat.mtime,
            _ => stat.atime,
        };
        let age = date_of(time).map_or(0, |date| i64::from((today - date).get_days()).abs());
        let (old, large) = (age >= self.age, size >= self.size);
        let hit = match self.only {
            Some(true) => old,
            Some(false) => large,
            None if self.both => old && large,
            None => old || large,
        };
        let shown = path.to_string_lossy();
        let subject = if self.full_path { &*shown } else { name };
        let any = |all: &[pyre::Regex]| all.iter().any(|r| r.is_match(subject).unwrap_or(false));
        may && hit && any(&self.matches) && !any(&self.exclude)
    }
}

fn date_of(seconds: f64) -> Option<Date> {
    let at = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(at.to_zoned(TimeZone::system()).date())
}

/// Bytes of a text such as `10K` or `1.5 MB`. Salt: `human_to_bytes` with metric units.
fn bytes_of(size: &Value) -> i64 {
    if let Some(bytes) = size.as_i64() {
        return bytes;
    }
    let text = size.to_string();
    let text = text.trim();
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let number: f64 = text[..end].parse().unwrap_or(0.0);
    let unit = text[end..].trim().to_lowercase();
    let power = unit.chars().next().map_or(Some(0), |c| "bkmgtpezy".find(c));
    // `MB` is metric, `M` and `MiB` are powers of 1024; what is no unit makes it nothing.
    let base: f64 = match unit.get(1..).unwrap_or_default() {
        "b" if !unit.starts_with('b') => 1e3,
        "" => 1024.0,
        "ib" if !unit.starts_with('b') => 1024.0,
        _ => return 0,
    };
    power.and_then(|power| i32::try_from(power).ok()).map_or(0, |p| (number * base.powi(p)) as i64)
}

fn patterns(given: &Value) -> Result<Vec<pyre::Regex>> {
    let compile = |pattern: &Value| {
        let pattern = pattern.to_string();
        pyre::compile_match(&pattern)
            .map_err(|error| Error::execution(format!("'{pattern}': {error}")))
    };
    match given {
        // Python takes a text apart into its characters.
        Value::Str(text) => text.chars().map(|c| compile(&Value::from(c.to_string()))).collect(),
        other => other.as_list().unwrap_or_default().iter().map(compile).collect(),
    }
}

/// Removes old or large files below a folder.
///
/// ```yaml
/// cleanup:
///   file.tidied:
///     - name: /tmp/salt_test
///     - rmdirs: True
///     - matches:
///       - foo
/// ```
#[state]
fn tidied<'a>(
    cx: &Context<'a>,
    /// Path of the folder.
    name: String,
    /// Days.
    #[default(0)]
    age: i64,
    /// Python patterns that names begin with.
    #[default(Value::Null)]
    matches: Value,
    #[default(false)] rmdirs: bool,
    /// Bytes, or a text such as `10M`.
    #[default(Value::Int(0))]
    size: Value,
    /// Python patterns of what stays.
    #[default(Value::Null)]
    exclude: Value,
    #[default(false)] full_path_match: bool,
    #[default(false)] _followlinks: bool,
    /// `atime`, `mtime` or `ctime`.
    #[default(Value::str("atime"))]
    time_comparison: Value,
    /// Whether age, size or both must fit: `OR` or `AND`.
    #[default("OR".into())]
    age_size_logical_operator: String,
    #[default(None)] age_size_only: Option<String>,
    #[default(true)] rmlinks: bool,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    let top = PathBuf::from(&name);
    if !top.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    if !is_dir(cx.host, &top) {
        return refuse(format!("{name} does not exist or is not a directory."));
    }
    let all = Value::list([Value::str(".*")]);
    let rule = Rule {
        age,
        size: bytes_of(&size),
        both: age_size_logical_operator.eq_ignore_ascii_case("and"),
        only: match age_size_only.map(|only| only.to_lowercase()).as_deref() {
            Some("age") => Some(true),
            Some("size") => Some(false),
            _ => None,
        },
        clock: time_comparison.to_string().to_lowercase(),
        matches: patterns(if matches.is_null() { &all } else { &matches })?,
        exclude: patterns(&exclude)?,
        full_path: full_path_match,
        rmdirs,
        rmlinks,
    };
    let today = date_of(cx.host.now_micros() as f64 / 1e6).unwrap_or_default();
    let mut gone = Vec::new();
    // From the bottom up: what is in a folder goes before it.
    for level in walk(cx.host, &top, None).into_iter().rev() {
        for entry in level.files.iter().chain(&level.dirs) {
            let path = level.path.join(entry);
            let Some(stat) = cx.host.symlink_metadata(&path)? else { continue };
            if rule.applies(&path, entry, &stat, today) {
                gone.push(path);
            }
        }
    }
    if gone.is_empty() {
        return Ok(Verdict::correct(format!("Nothing to remove from directory {name}")));
    }
    let changes = map! {"removed" => listed(&gone)};
    let would = Outcome::would(format!("{name} is set for tidy"), changes);
    Ok(Verdict::change(would, move |apply| {
        for (done, path) in gone.iter().enumerate() {
            if let Err(error) = remove(apply.host, path) {
                let changes = map! {"removed" => listed(&gone[..done])};
                return Ok(Outcome::failed(error.to_string(), changes));
            }
        }
        let count = gone.len();
        let comment = format!("Removed {count} files or directories from directory {name}");
        Ok(Outcome::done(comment, map! {"removed" => listed(&gone)}))
    }))
}

/// Removes empty folders at and below a path from the bottom up: those that went, and a line for
/// each that did not. Salt: `file.rmdir`.
fn remove_empty(
    host: &dyn Write,
    top: &Path,
    recurse: bool,
    before: Option<f64>,
) -> (Vec<PathBuf>, Vec<Value>) {
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    let old = |path: &Path| {
        before.is_none_or(|before| matches!(host.metadata(path), Ok(Some(s)) if s.mtime < before))
    };
    let mut all = vec![top.to_path_buf()];
    if recurse {
        for level in walk(host, top, None) {
            all.extend(level.dirs.iter().map(|dir| level.path.join(dir)));
        }
    }
    for path in all.into_iter().rev().filter(|path| old(path)) {
        let shown = path.display().to_string();
        let fault = match host.read_dir(&path) {
            _ if host.symlink_metadata(&path).is_ok_and(|s| s.is_some_and(|s| s.is_symlink())) => {
                Some("[Errno 20] Not a directory".to_owned())
            }
            Ok(entries) if entries.is_empty() => {
                host.remove_dir_all(&path).err().map(|error| error.to_string())
            }
            Ok(_) => Some("[Errno 39] Directory not empty".into()),
            Err(error) => Some(error.to_string()),
        };
        match fault {
            None => deleted.push(path),
            Some(fault) => {
                let text = format!("{fault}: '{shown}'");
                errors.push(Value::list([shown.into(), text.into()]));
            }
        }
    }
    (deleted, errors)
}

/// Removes a folder if it is empty, and empty folders in it.
#[state]
fn pruned<'a>(
    cx: &Context<'a>,
    /// Path of the folder.
    name: String,
    /// Remove empty folders below it too.
    #[default(false)]
    recurse: bool,
    /// Remove what can be removed.
    #[default(false)]
    ignore_errors: bool,
    /// Only folders older than this many days.
    #[default(Value::Null)]
    older_than: Value,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    let path = PathBuf::from(&name);
    let recurse = recurse || ignore_errors;
    if !is_dir(cx.host, &path) {
        return Ok(Verdict::correct(format!("Directory {name} is not present")));
    }
    let comment = format!("Directory {name} is set for removal");
    let would = Outcome::would(comment, map! {"deleted" => name.as_str()});
    // What is no number of days counts as none.
    let days = match &older_than {
        Value::Str(text) => text.trim().parse::<i64>().ok().map(|days| days as f64),
        other => other.as_f64().map(f64::trunc),
    };
    Ok(Verdict::change(would, move |apply| {
        let now = apply.host.now_micros() as f64 / 1e6;
        let before = days.filter(|days| *days != 0.0).map(|days| now - days * 86400.0);
        let (mut deleted, errors) = remove_empty(apply.host, &path, recurse, before);
        let whole = deleted.contains(&path) && errors.is_empty();
        if recurse && (whole || ignore_errors) && !deleted.is_empty() {
            deleted.sort();
            let comment = format!("Recursively removed empty directories under {name}");
            return Ok(Outcome::done(comment, map! {"deleted" => listed(&deleted)}));
        }
        if whole {
            return Ok(Outcome::done(
                format!("Removed directory {name}"),
                map! {"deleted" => name},
            ));
        }
        let changes = map! {"deleted" => listed(&deleted), "errors" => errors};
        Ok(Outcome::failed(format!("Failed to remove directory {name}"), changes))
    }))
}

/// The times of kept backups, by which the rules pick.
type Times = BTreeMap<Vec<i64>, String>;

/// The first of every one of the last `count` periods; a period is what shares `depth` numbers.
fn firsts(times: &Times, depth: usize, count: usize) -> BTreeSet<String> {
    let mut periods: BTreeMap<&[i64], &String> = BTreeMap::new();
    for (key, file) in times {
        periods.entry(&key[..depth.min(key.len())]).or_insert(file);
    }
    periods.into_iter().rev().take(count).map(|(_, file)| file.clone()).collect()
}

/// Keeps backups by a schedule and removes the others.
///
/// ```yaml
/// /var/backups/example_directory:
///   file.retention_schedule:
///     - retain:
///         most_recent: 5
///         first_of_day: 14
/// ```
#[state]
fn retention_schedule<'a>(
    cx: &Context<'a>,
    /// Path of the folder.
    name: String,
    /// `most_recent`, `first_of_hour`, `_day`, `_week`, `_month`, `_year`: how many of each, or `all`.
    retain: Map,
    /// How names of files tell their time; else it is that of the last change.
    #[default(None)]
    strptime_format: Option<String>,
    #[default(Value::Null)] _timezone: Value,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.retention_schedule");
    }
    let folder = PathBuf::from(&name);
    if !is_dir(cx.host, &folder) {
        return refuse("Name provided to file.retention must be a directory");
    }
    let (mut by_month, mut by_week) = (Times::new(), Times::new());
    let (mut known, mut ignored) = (BTreeSet::new(), BTreeSet::from([".".to_owned(), "..".into()]));
    for file in cx.host.read_dir(&folder)? {
        let Some((month, week)) = time_keys(cx, &folder, &file, strptime_format.as_deref())? else {
            ignored.insert(file);
            continue;
        };
        by_month.insert(month, file.clone());
        by_week.insert(week, file.clone());
        known.insert(file);
    }
    let mut kept = BTreeSet::new();
    for (rule, count) in &retain {
        let count = match count.as_str() {
            Some("all") => usize::MAX,
            _ => count.to_string().trim().parse().unwrap_or(0),
        };
        kept.extend(match rule.to_string().as_str() {
            "first_of_year" => firsts(&by_month, 1, count),
            "first_of_month" => firsts(&by_month, 2, count),
            "first_of_day" => firsts(&by_month, 3, count),
            "first_of_hour" => firsts(&by_month, 4, count),
            "most_recent" => firsts(&by_month, usize::MAX, count),
            "first_of_week" => firsts(&by_week, 2, count.saturating_add(1)),
            other => return Err(Error::execution(format!("'{other}'"))),
        });
    }
    let gone: Vec<String> = known.iter().rev().filter(|f| !kept.contains(*f)).cloned().collect();
    let listed = |all: &BTreeSet<String>| all.iter().rev().cloned().collect::<Vec<_>>();
    let count = gone.len();
    if gone.is_empty() {
        let done = if cx.test() { "would have been" } else { "were" };
        return Ok(Verdict::correct(format!("0 backups {done} removed from {name}.\n")));
    }
    let changes = map! {
        "retained" => listed(&kept), "deleted" => gone.clone(), "ignored" => listed(&ignored),
    };
    let comment = format!("{count} backups would have been removed from {name}.\n");
    Ok(Verdict::change(Outcome::would(comment, changes.clone()), move |apply| {
        for file in &gone {
            if let Err(error) = remove(apply.host, &folder.join(file)) {
                return Ok(failed(error.to_string()));
            }
        }
        Ok(Outcome::done(format!("{count} backups were removed from {name}.\n"), changes))
    }))
}

/// Year, month, day, hour, time; and year, week, weekday, time.
fn time_keys(
    cx: &Context<'_>,
    folder: &Path,
    file: &str,
    format: Option<&str>,
) -> Result<Option<(Vec<i64>, Vec<i64>)>> {
    let (at, exact) = match format {
        Some(format) => {
            let Ok(parsed) = jiff::fmt::strtime::parse(format, file) else { return Ok(None) };
            let Ok(date) = parsed.to_date() else { return Ok(None) };
            let at = match parsed.to_time() {
                Ok(time) => date.to_datetime(time),
                Err(_) => date.at(0, 0, 0, 0),
            };
            let exact = at.to_zoned(TimeZone::UTC).map_or(0, |at| at.timestamp().as_microsecond());
            (at, exact)
        }
        None => {
            let Some(stat) = cx.host.symlink_metadata(&folder.join(file))? else { return Ok(None) };
            let exact = (stat.mtime * 1e6) as i64;
            let Ok(at) = jiff::Timestamp::from_microsecond(exact) else { return Ok(None) };
            (at.to_zoned(TimeZone::system()).datetime(), exact)
        }
    };
    let (year, week) = (i64::from(at.year()), at.date().iso_week_date());
    let month = vec![year, i64::from(at.month()), i64::from(at.day()), i64::from(at.hour()), exact];
    let day = i64::from(week.weekday().to_monday_zero_offset());
    Ok(Some((month, vec![year, i64::from(week.week()), day, exact])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, want) in [("10", 10), ("1K", 1024), ("1KB", 1000), ("1.5MiB", 1_572_864)] {
            assert_eq!(bytes_of(&Value::str(text)), want);
        }
        assert_eq!(bytes_of(&Value::Int(7)), 7);
    }

    #[test]
    fn the_first_of_the_last_periods_stays() {
        let times: Times = [([2020, 1, 1], "a"), ([2020, 1, 9], "b"), ([2020, 2, 3], "c")]
            .into_iter()
            .map(|(key, file)| (key.to_vec(), file.to_owned()))
            .collect();
        assert_eq!(firsts(&times, 2, 9).into_iter().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(firsts(&times, 1, 1).into_iter().collect::<Vec<_>>(), ["a"]);
        assert_eq!(firsts(&times, usize::MAX, 2).into_iter().collect::<Vec<_>>(), ["b", "c"]);
    }
}
