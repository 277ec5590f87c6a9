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
