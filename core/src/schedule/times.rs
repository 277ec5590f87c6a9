//! Reading the times of a job's settings.

use jiff::civil::DateTime;

use crate::dates;
use crate::value::{Map, Value};

/// How times are written where a job does not say.
pub(super) const FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

/// A date that people wrote, or one that YAML has read already.
pub(super) fn read(value: &Value, now: DateTime) -> Option<DateTime> {
    dates::parse(&value.to_string(), now)
}

/// A time in a given form. Python: `datetime.strptime`.
pub(super) fn strptime(text: &str, format: &str) -> Option<DateTime> {
    let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
    let date = match parsed.to_date() {
        Ok(date) => date,
        // A form without a date means 1 January 1900.
        Err(_) => jiff::civil::date(1900, 1, 1),
    };
    let time = parsed.to_time().unwrap_or_else(|_| jiff::civil::Time::midnight());
    Some(date.to_datetime(time))
}

/// The start and the end of a range.
///
/// # Errors
/// Salt's texts; `what` is put behind "start" and "end".
pub(super) fn range(
    range: &Value,
    what: &str,
    gap: &str,
    name: &str,
    now: DateTime,
) -> Result<(DateTime, DateTime), String> {
    let Some(range) = range.as_map() else {
        return Err(format!(
            "schedule.handle_func: Invalid, range must be specified as a dictionary.{gap}Ignoring \
             job {name}."
        ));
    };
    let end = |which: &str| {
        let value = range.get(which).cloned().unwrap_or_default();
        let bad = || format!("Invalid date string for {which}{what}. Ignoring job {name}.");
        read(&value, now).ok_or_else(bad)
    };
    let (start, end) = (end("start")?, end("end")?);
    if end > start {
        return Ok((start, end));
    }
    Err(format!(
        "schedule.handle_func: Invalid range, end must be larger than start. Ignoring job {name}."
    ))
}

/// The times of `skip_explicit` and `run_explicit`, in order.
pub(super) fn explicit(data: &Map, key: &str) -> Vec<DateTime> {
    let items = data.get(key).and_then(Value::as_list).unwrap_or_default();
    let times = items.iter().filter_map(|item| {
        let time = item.get("time")?.to_string();
        let format = item.get("time_fmt").map(ToString::to_string);
        strptime(&time, format.as_deref().unwrap_or(FORMAT))
    });
    times.collect()
}

/// A splay in seconds.
pub(super) fn draw(
    splay: &Value,
    name: &str,
    chance: &mut dyn FnMut(i64, i64) -> i64,
) -> Result<i64, String> {
    let number = |value: Option<&Value>| {
        value.and_then(|v| v.as_i64().or_else(|| v.to_string().trim().parse().ok()))
    };
    match splay {
        Value::Map(ends) => match (number(ends.get("start")), number(ends.get("end"))) {
            (Some(start), Some(end)) if end >= start => Ok(chance(start, end)),
            _ => Err(format!(
                "schedule.handle_func: Invalid Splay, end must be larger than start. Ignoring job \
                 {name}."
            )),
        },
        other => match number(Some(other)).filter(|most| *most >= 1) {
            Some(most) => Ok(chance(1, most)),
            None => Err(format!("Invalid splay {}. Ignoring job {name}.", other.repr())),
        },
    }
}
