//! Times of a crontab line. Python: `croniter`, whose forms schedules are written in.

use jiff::ToSpan;
use jiff::civil::DateTime;

/// Which values of a field are meant, and what else a field of days may say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Field {
    values: Vec<u16>,
    /// Everything is meant.
    any: bool,
    /// `L` as day of the month.
    last_day: bool,
    /// Days of the week by their place in the month: `5#2`; 0 as place is the last (`L5`).
    places: Vec<(u16, u8)>,
}

/// A line of a crontab: minute, hour, day, month, weekday, and seconds if there are six.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    second: Option<Field>,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Years ahead that are searched: 29 February on a given weekday comes within 40.
const YEARS: i16 = 50;

/// What a line may be called.
const NAMES: &[(&str, &str)] = &[
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// A value of a field; a name counts from `first`.
fn value(text: &str, names: &[&str], first: u16) -> Option<u16> {
    let lower = text.to_ascii_lowercase();
    match names.iter().position(|name| *name == lower) {
        Some(at) => Some(u16::try_from(at).ok()? + first),
        None => text.parse().ok(),
    }
}

impl Field {
    /// Reads one field whose values are `low..=high`.
    fn parse(text: &str, low: u16, high: u16, names: &[&str]) -> Option<Field> {
        let mut field = Field::default();
        for part in text.split(',') {
            field.part(part, (low, high), names)?;
        }
        field.values.sort_unstable();
        field.values.dedup();
        field.any |= field.values.len() == usize::from(high - low) + 1;
        Some(field)
    }

    fn part(&mut self, part: &str, (low, high): (u16, u16), names: &[&str]) -> Option<()> {
        let weekday = names.len() == DAYS.len();
        if part.eq_ignore_ascii_case("l") && high == 31 {
            self.last_day = true;
            return Some(());
        }
        if let Some((day, place)) = part.split_once('#').filter(|_| weekday) {
            let place = place.parse().ok().filter(|place| (1..=5).contains(place))?;
            self.places.push((value(day, names, low)? % 7, place));
            return Some(());
        }
        if let Some(day) = part.strip_prefix(['L', 'l']).filter(|_| weekday) {
            self.places.push((value(day, names, low)? % 7, 0));
            return Some(());
        }
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u16>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        // Sunday is 0 and 7.
        let top = if weekday { 7 } else { high };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => {
                self.any |= step == 1;
                (low, high)
            }
            Some((from, to)) => (value(from, names, low)?, value(to, names, low)?),
            None if part.contains('/') => (value(range, names, low)?, high),
            None => (value(range, names, low)?, value(range, names, low)?),
        };
        if from < low || to < low || from > top || to > top {
            return None;
        }
        let count = high - low + 1;
        // A range that ends before it begins goes on at the start.
        let to = if to < from { to + count } else { to };
        for value in (from..=to).step_by(usize::from(step)) {
            self.values.push((value - low) % count + low);
        }
        Some(())
    }

    fn has(&self, value: i8) -> bool {
        self.any
            || u16::try_from(value).is_ok_and(|value| self.values.binary_search(&value).is_ok())
    }

    /// As field of weekdays.
    fn has_weekday(&self, at: DateTime) -> bool {
        let weekday = at.weekday().to_sunday_zero_offset();
        let number = u16::try_from(weekday).unwrap_or(0);
        let nth = u8::try_from((at.day() - 1) / 7 + 1).unwrap_or(0);
        let last = at.day() + 7 > at.date().days_in_month();
        self.has(weekday)
            || self
                .places
                .iter()
                .any(|(day, place)| *day == number && (*place == nth || (*place == 0 && last)))
    }

    /// As field of days of the month.
    fn has_day(&self, at: DateTime) -> bool {
        self.has(at.day()) || (self.last_day && at.day() == at.date().days_in_month())
    }
}

impl Cron {
    /// Reads a line of five fields, or six with seconds at the end; `None` if it is none.
    pub fn parse(text: &str) -> Option<Cron> {
        let text = text.trim();
        let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        let text = named.map_or(text, |(_, line)| line);
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday, rest @ ..] = fields.as_slice() else { return None };
        let second = match rest {
            [] => None,
            [second] => Some(Field::parse(second, 0, 59, &[])?),
            _ => return None,
        };
        Some(Cron {
            second,
            minute: Field::parse(minute, 0, 59, &[])?,
            hour: Field::parse(hour, 0, 23, &[])?,
            day: Field::parse(day, 1, 31, &[])?,
            month: Field::parse(month, 1, 12, MONTHS)?,
            weekday: Field::parse(weekday, 0, 6, DAYS)?,
        })
    }

    /// Day and weekday: where both are limited, one of them is enough.
    fn has_date(&self, at: DateTime) -> bool {
        match (self.day.any, self.weekday.any) {
            (true, _) => self.weekday.has_weekday(at),
            (_, true) => self.day.has_day(at),
            _ => self.day.has_day(at) || self.weekday.has_weekday(at),
        }
    }

    /// The first moment after `now`; `None` if none comes.
    pub fn next(&self, now: DateTime) -> Option<DateTime> {
        let whole = now.date().to_datetime(now.time().with().subsec_nanosecond(0).build().ok()?);
        let mut at = match &self.second {
            Some(_) => whole.checked_add(1.second()).ok()?,
            None => {
                let minute = whole.with().second(0).build().ok()?;
                minute.checked_add(1.minute()).ok()?
            }
        };
        let last = now.year() + YEARS;
        while at.year() <= last {
            let day = at.with().hour(0).minute(0).second(0).build().ok()?;
            if !self.month.has(at.month()) {
                at = day.first_of_month().checked_add(1.month()).ok()?;
            } else if !self.has_date(at) {
                at = day.checked_add(1.day()).ok()?;
            } else if !self.hour.has(at.hour()) {
                at = at.with().minute(0).second(0).build().ok()?.checked_add(1.hour()).ok()?;
            } else if !self.minute.has(at.minute()) {
                at = at.with().second(0).build().ok()?.checked_add(1.minute()).ok()?;
            } else if self.second.as_ref().is_some_and(|second| !second.has(at.second())) {
                at = at.checked_add(1.second()).ok()?;
            } else {
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, now: &str, want: &[&str]) {
        let cron = Cron::parse(line).expect("is a line");
        let mut at: DateTime = now.parse().expect("is a time");
        for want in want {
            at = cron.next(at).expect("there is one");
            assert_eq!(at, want.parse::<DateTime>().expect("is a time"), "{line:?} after {now}");
        }
    }

    /// As croniter 7.0.0 gives them.
    #[test]
    fn lines_give_croniters_times() {
        let now = "2017-11-29T16:00:30";
        check("*/15 * * * *", now, &["2017-11-29T16:15:00", "2017-11-29T16:30:00"]);
        check("0 16 29 11 *", now, &["2018-11-29T16:00:00"]);
        check(
            "0 12 * * mon-fri",
            now,
            &["2017-11-30T12:00:00", "2017-12-01T12:00:00", "2017-12-04T12:00:00"],
        );
        check("0 0 1 * *", now, &["2017-12-01T00:00:00", "2018-01-01T00:00:00"]);
        check(
            "0 0 13 * fri",
            now,
            &["2017-12-01T00:00:00", "2017-12-08T00:00:00", "2017-12-13T00:00:00"],
        );
        check("0 0 29 2 *", now, &["2020-02-29T00:00:00"]);
        check("0 0 L * *", now, &["2017-11-30T00:00:00", "2017-12-31T00:00:00"]);
        check("0 0 * * 5#2", now, &["2017-12-08T00:00:00", "2018-01-12T00:00:00"]);
        check("0 0 * * L5", now, &["2017-12-29T00:00:00"]);
        check(
            "30 22-2 * * *",
            now,
            &["2017-11-29T22:30:00", "2017-11-29T23:30:00", "2017-11-30T00:30:00"],
        );
        check("* * * * * */20", now, &["2017-11-29T16:00:40", "2017-11-29T16:01:00"]);
        check("@daily", now, &["2017-11-30T00:00:00"]);
        check("0 0 * * 7", now, &["2017-12-03T00:00:00"]);
        check(
            "5/20 * * * *",
            now,
            &[
                "2017-11-29T16:05:00",
                "2017-11-29T16:25:00",
                "2017-11-29T16:45:00",
                "2017-11-29T17:05:00",
            ],
        );
    }

    #[test]
    fn nonsense_is_no_line() {
        for line in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "a * * * *",
            "*/0 * * * *",
            "* * * * 1#6",
            "* * * * * * * *",
            "@often",
        ] {
            assert_eq!(Cron::parse(line), None, "{line:?}");
        }
    }
}
