//! `cron`: users' crontabs, through the program `crontab`.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, function, map,
};

use super::shared::{
    Entry, NO_IDENTIFIER, Tab, When, install, install_file, needs_change, raw, read,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "cron",
    &[
        &RAW_CRON,
        &LIST_TAB,
        &LS,
        &GET_ENTRY,
        &SET_SPECIAL,
        &SET_JOB,
        &RM_SPECIAL,
        &RM_JOB,
        &RM,
        &SET_ENV,
        &RM_ENV,
        &WRITE_CRON_FILE,
        &WRITE_CRON_FILE_VERBOSE,
    ],
)
.available(|_, host| match host.which("crontab") {
    Some(_) => Available::Yes,
    None => Available::No("Cannot load cron module: crontab command not found".into()),
});

/// Text as Python's `str` gives it, `None` and `False` as nothing.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(false) => None,
        other => Some(other.to_string()),
    }
}

/// Gives a crontab as it is.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.raw_cron root
/// ```
#[function]
fn raw_cron(cx: &Context<'_>, user: String) -> Result<String> {
    raw(cx, &user)
}

/// Gives a crontab in parts: what is not Salt's, variables, entries, special entries.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.list_tab root
/// ```
#[function]
fn list_tab(cx: &Context<'_>, user: String) -> Result<Map> {
    Ok(read(cx, &user)?.to_map())
}

/// The same as `cron.list_tab`.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.ls root
/// ```
#[function]
fn ls(cx: &Context<'_>, user: String) -> Result<Map> {
    list_tab(cx, user)
}

/// Gives one entry, found by its identifier or else its command; `False` if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.get_entry root identifier=task1
/// ```
#[function]
fn get_entry(
    cx: &Context<'_>,
    user: String,
    #[default(None)] identifier: Option<String>,
    #[default(None)] cmd: Option<String>,
) -> Result<Value> {
    let tab = read(cx, &user)?;
    let identifier = identifier.filter(|id| !id.is_empty());
    let found = tab.crons.iter().chain(&tab.special).find(|entry| match &identifier {
        Some(id) => entry.identifier.as_ref() == Some(id),
        None => cmd.as_ref().is_some_and(|cmd| *cmd == entry.cmd),
    });
    Ok(found.map_or(Value::Bool(false), |entry| entry.to_map().into()))
}

/// Puts an entry into a crontab: says `new`, `updated` or `present`.
fn put(tab: &mut Tab, mut wanted: Entry) -> &'static str {
    let mut done = "new";
    loop {
        let all = tab.crons.iter().chain(&tab.special);
        let found = all
            .enumerate()
            .find(|(_, entry)| entry.matches(&wanted.cmd, wanted.identifier.as_deref()));
        let Some((at, held)) = found else {
            tab.kind(&wanted.when).push(wanted);
            return done;
        };
        let (fields, changed) = differing(held, &wanted);
        if !changed {
            return if done == "new" { "present" } else { done };
        }
        let held = match at.checked_sub(tab.crons.len()) {
            Some(at) => tab.special.remove(at),
            None => tab.crons.remove(at),
        };
        wanted = merged(&held, wanted, fields);
        done = "updated";
    }
}

/// Which times differ (for entries with times both), and whether anything does.
fn differing(held: &Entry, wanted: &Entry) -> ([bool; 5], bool) {
    let mut fields = [true; 5];
    let when = match (&held.when, &wanted.when) {
        (When::Times(held), When::Times(wanted)) => {
            for (differs, (held, wanted)) in fields.iter_mut().zip(held.iter().zip(wanted)) {
                *differs = needs_change(Some(held), Some(wanted));
            }
            fields.contains(&true)
        }
        (held, wanted) => held != wanted,
    };
    let identifier = held.identifier.as_deref().filter(|id| !id.is_empty());
    let identifier = identifier.unwrap_or(NO_IDENTIFIER);
    let other = needs_change(held.comment.as_deref(), wanted.comment.as_deref())
        || held.commented != wanted.commented
        || wanted.identifier.as_deref() != Some(identifier)
        || held.cmd != wanted.cmd;
    (fields, when || other)
}

/// The new entry in place of `held`, whose own values stay where nothing else is wanted.
fn merged(held: &Entry, mut wanted: Entry, fields: [bool; 5]) -> Entry {
    if let (When::Times(old), When::Times(new)) = (&held.when, &mut wanted.when) {
        for ((new, old), differs) in new.iter_mut().zip(old).zip(fields) {
            if !differs {
                new.clone_from(old);
            }
        }
    }
    wanted.comment = wanted.comment.or_else(|| held.comment.clone());
    let named = wanted.identifier.as_deref().is_some_and(|id| !id.is_empty());
    if !named && held.id() != NO_IDENTIFIER {
        wanted.identifier = Some(held.id().to_owned());
    } else if !named {
        wanted.identifier = None;
    }
    wanted
}

fn commit(apply: &Apply<'_>, user: &str, tab: &Tab, done: &str) -> Result<String> {
    Ok(install(apply, user, tab)?.unwrap_or_else(|| done.to_owned()))
}

fn store(apply: &Apply<'_>, user: &str, wanted: Entry) -> Result<String> {
    let mut tab = read(apply.cx, user)?;
    match put(&mut tab, wanted) {
        "present" => Ok("present".into()),
        done => commit(apply, user, &tab, done),
    }
}

/// Sets an entry with a special time.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.set_special root @hourly 'echo foobar'
/// ```
#[function]
fn set_special(
    apply: &Apply<'_>,
    user: String,
    /// `@daily` and its kin.
    special: String,
    cmd: String,
    /// Write it switched off.
    #[default(false)]
    commented: bool,
    #[default(Value::Null)] comment: Value,
    #[default(Value::Null)] identifier: Value,
) -> Result<String> {
    let wanted = Entry {
        when: When::Special(special),
        cmd,
        identifier: text(&identifier),
        comment: text(&comment),
        commented,
    };
    store(apply, &user, wanted)
}

/// A number of a range; which one cannot be foretold.
fn random(low: u64, high: u64) -> String {
    let number = RandomState::new().build_hasher().finish();
    (low + number % (high - low + 1)).to_string()
}

/// Times with `random` and `low:high` replaced by numbers.
fn drawn(times: [String; 5]) -> Result<[String; 5]> {
    let [minute, hour, daymonth, month, dayweek] = times;
    let draw = |value: String, low: u64, high: u64| -> Result<String> {
        if value == "random" {
            return Ok(random(low, high));
        }
        let parts: Vec<&str> = value.split(':').collect();
        let [a, b] = parts[..] else { return Ok(value) };
        let number = |text: &str| {
            let what = || Error::execution(format!("'{value}' is no range of numbers"));
            text.trim().parse::<u64>().map_err(|_| what())
        };
        let (a, b) = (number(a)?, number(b)?);
        Ok(random(a.min(b), a.max(b)))
    };
    let month = draw(month, 1, 12)?;
    let days = match month.as_str() {
        "1" | "3" | "5" | "7" | "8" | "10" | "12" => 31,
        "4" | "6" | "9" | "11" => 30,
        _ => 28,
    };
    let daymonth = if daymonth == "random" { random(1, days) } else { daymonth };
    Ok([draw(minute, 0, 59)?, draw(hour, 0, 23)?, daymonth, month, draw(dayweek, 0, 6)?])
}

/// Sets an entry with times.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.set_job root '*' '*' '*' '*' 1 /usr/local/weekly
/// ```
#[function]
fn set_job(
    apply: &Apply<'_>,
    user: String,
    minute: Value,
    hour: Value,
    daymonth: Value,
    month: Value,
    dayweek: Value,
    cmd: String,
    /// Write it switched off.
    #[default(false)]
    commented: bool,
    #[default(Value::Null)] comment: Value,
    #[default(Value::Null)] identifier: Value,
) -> Result<String> {
    let times = [minute, hour, daymonth, month, dayweek].map(|v| v.to_string().to_lowercase());
    let wanted = Entry {
        when: When::Times(times),
        cmd,
        identifier: text(&identifier),
        comment: text(&comment),
        commented,
    };
    let mut tab = read(apply.cx, &user)?;
    let done = put(&mut tab, wanted);
    if done == "present" {
        return Ok(done.into());
    }
    if let Some(Entry { when: When::Times(times), .. }) = tab.crons.last_mut() {
        *times = drawn(std::mem::take(times))?;
    }
    commit(apply, &user, &tab, done)
}

/// Removes an entry with a special time.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.rm_special root /usr/bin/foo
/// ```
#[function]
fn rm_special(
    apply: &Apply<'_>,
    user: String,
    cmd: String,
    #[default(None)] special: Option<String>,
    #[default(Value::Null)] identifier: Value,
) -> Result<String> {
    let mut tab = read(apply.cx, &user)?;
    let id = text(&identifier);
    let at = tab.special.iter().position(|entry| {
        let right = special.as_ref().is_none_or(|s| entry.when == When::Special(s.clone()));
        right && entry.matches(&cmd, id.as_deref())
    });
    let done = if at.is_some() { "removed" } else { "absent" };
    at.map(|at| tab.special.remove(at));
    commit(apply, &user, &tab, done)
}

/// Removes an entry with times; those that are given have to be the entry's.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.rm_job root /usr/local/weekly
/// salt '*' cron.rm_job root /usr/bin/foo dayweek=1
/// ```
#[function]
fn rm_job(
    apply: &Apply<'_>,
    user: String,
    cmd: String,
    #[default(Value::Null)] minute: Value,
    #[default(Value::Null)] hour: Value,
    #[default(Value::Null)] daymonth: Value,
    #[default(Value::Null)] month: Value,
    #[default(Value::Null)] dayweek: Value,
    #[default(Value::Null)] identifier: Value,
) -> Result<String> {
    let mut tab = read(apply.cx, &user)?;
    let (id, times) = (text(&identifier), [minute, hour, daymonth, month, dayweek]);
    let at = tab.crons.iter().position(|entry| {
        let When::Times(held) = &entry.when else { return false };
        let same = held.iter().zip(&times).all(|(held, wanted)| {
            let wanted = wanted.clone();
            let random = wanted.to_string().to_lowercase() == "random" && held != "*";
            wanted.is_null() || *held == wanted.to_string() || random
        });
        same && entry.matches(&cmd, id.as_deref())
    });
    let Some(at) = at else { return Ok("absent".into()) };
    tab.crons.remove(at);
    commit(apply, &user, &tab, "removed")
}

/// The same as `cron.rm_job`.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.rm root /usr/local/weekly
/// ```
#[function]
fn rm(
    apply: &Apply<'_>,
    user: String,
    cmd: String,
    #[default(Value::Null)] minute: Value,
    #[default(Value::Null)] hour: Value,
    #[default(Value::Null)] daymonth: Value,
    #[default(Value::Null)] month: Value,
    #[default(Value::Null)] dayweek: Value,
    #[default(Value::Null)] identifier: Value,
) -> Result<String> {
    rm_job(apply, user, cmd, minute, hour, daymonth, month, dayweek, identifier)
}

/// Sets a variable of a crontab.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.set_env root MAILTO user@example.com
/// ```
#[function]
fn set_env(
    apply: &Apply<'_>,
    user: String,
    name: String,
    #[default(Value::Null)] value: Value,
) -> Result<String> {
    let mut tab = read(apply.cx, &user)?;
    let wanted = if value.is_null() { String::new() } else { value.to_string() };
    let held = tab.env.iter().position(|(held, _)| *held == name);
    let done = match held {
        Some(at) if tab.env[at].1 == wanted && !value.is_null() => return Ok("present".into()),
        Some(at) => {
            tab.env.remove(at);
            "updated"
        }
        None => "new",
    };
    tab.env.push((name, wanted));
    commit(apply, &user, &tab, done)
}

/// Removes a variable of a crontab.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.rm_env root MAILTO
/// ```
#[function]
fn rm_env(apply: &Apply<'_>, user: String, name: String) -> Result<String> {
    let mut tab = read(apply.cx, &user)?;
    let held = tab.env.iter().rposition(|(held, _)| *held == name);
    let done = if held.is_some() { "removed" } else { "absent" };
    held.map(|at| tab.env.remove(at));
    commit(apply, &user, &tab, done)
}

/// Makes a file a user's crontab.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.write_cron_file root /tmp/new_cron
/// ```
#[function]
fn write_cron_file(apply: &Apply<'_>, user: String, path: String) -> Result<bool> {
    Ok(install_file(apply, &user, &path)?.success())
}

/// Makes a file a user's crontab, and gives what `crontab` said.
///
/// CLI Example:
///
/// ```text
/// salt '*' cron.write_cron_file_verbose root /tmp/new_cron
/// ```
#[function]
fn write_cron_file_verbose(apply: &Apply<'_>, user: String, path: String) -> Result<Map> {
    let out = install_file(apply, &user, &path)?;
    Ok(map! {
        "pid" => out.pid, "retcode" => out.retcode, "stdout" => out.stdout_text().trim_end(),
        "stderr" => out.stderr_text().trim_end(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(times: &str, cmd: &str, id: Option<&str>) -> Entry {
        let words: Vec<String> = times.split(' ').map(str::to_owned).collect();
        Entry {
            when: When::Times(words.try_into().expect("five words")),
            cmd: cmd.into(),
            identifier: id.map(str::to_owned),
            comment: None,
            commented: false,
        }
    }

    #[test]
    fn putting_adds_updates_or_leaves() {
        let mut tab = Tab::default();
        assert_eq!(put(&mut tab, job("1 * * * *", "a", Some("a"))), "new");
        assert_eq!(put(&mut tab, job("1 * * * *", "a", Some("a"))), "present");
        assert_eq!(put(&mut tab, job("random * * * *", "a", Some("a"))), "present");
        assert_eq!(put(&mut tab, job("2 * * * *", "b", Some("a"))), "updated");
        assert_eq!(tab.crons, [job("2 * * * *", "b", Some("a"))]);
        let daily =
            Entry { when: When::Special("@daily".into()), ..job("1 * * * *", "b", Some("a")) };
        assert_eq!(put(&mut tab, daily.clone()), "updated");
        assert_eq!((tab.crons.len(), &tab.special[..]), (0, &[daily][..]));
    }

    #[test]
    fn drawn_times_are_in_range() {
        let times = drawn(["5:5", "random", "random", "2", "*"].map(str::to_owned)).expect("draws");
        assert_eq!((times[0].as_str(), times[3].as_str(), times[4].as_str()), ("5", "2", "*"));
        assert!(times[1].parse::<u8>().expect("an hour") < 24);
        assert!((1..=28).contains(&times[2].parse::<u8>().expect("a day")));
    }
}
