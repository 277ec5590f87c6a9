//! Dates and times as people write them (`8:00am`, `Monday 5pm`, `2026-11-27 14:00`). Python:
//! `dateutil.parser.parse`, its common forms.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(String),
    Word(String),
    Mark(char),
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Words that say nothing.
const JUMPS: &[&str] =
    &["at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd", "th", "z", "utc", "gmt"];
/// Longest text that is read, in bytes.
const TEXT_BYTES: usize = 256;

/// Reads a date, a time, or both. What the text leaves out comes from `now`: its date, midnight.
/// `None` if it is neither.
pub fn parse(text: &str, now: DateTime) -> Option<DateTime> {
    if text.len() > TEXT_BYTES {
        return None;
    }
    let tokens = tokens(text)?;
    let mut parts = Parts::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += match token {
            Token::Number(digits) => parts.number(digits, &tokens[at + 1..])?,
            Token::Word(word) => parts.word(word)?,
            Token::Mark(' ' | ',' | '-' | '/' | '.' | ';') => 1,
            Token::Mark('+') => return None,
            Token::Mark(_) => return None,
        };
    }
    parts.resolve(now)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found: Vec<Token> = Vec::new();
    let mut chars = text.trim().chars().peekable();
    while let Some(first) = chars.next() {
        let mut take = |fits: fn(char) -> bool| {
            let mut word = String::from(first);
            while let Some(next) = chars.next_if(|c| fits(*c)) {
                word.push(next);
            }
            word
        };
        found.push(match first {
            c if c.is_ascii_digit() => Token::Number(take(|c| c.is_ascii_digit())),
            c if c.is_ascii_alphabetic() => {
                Token::Word(take(|c| c.is_ascii_alphabetic()).to_ascii_lowercase())
            }
            c if c.is_whitespace() => Token::Mark(' '),
            c if c.is_ascii_punctuation() => Token::Mark(c),
            _ => return None,
        });
    }
    (!found.is_empty()).then_some(found)
}

#[derive(Default)]
struct Parts {
    hour: Option<i8>,
    minute: i8,
    second: i8,
    nanos: i32,
    weekday: Option<usize>,
    month: Option<i8>,
    /// Where among the numbers the named month stood.
    month_at: usize,
    numbers: Vec<(i16, usize)>,
}

fn small(digits: &str) -> Option<i8> {
    digits.parse().ok().filter(|_| digits.len() <= 2)
}

impl Parts {
    fn word(&mut self, word: &str) -> Option<usize> {
        let starts = |names: &[&str]| names.iter().position(|name| word.starts_with(name));
        if let "am" | "pm" | "a" | "p" = word {
            return self.half(word.starts_with('p'));
        }
        if JUMPS.contains(&word) {
            return Some(1);
        }
        let long =
            word.len() == 3 || word.len() > 4 || matches!(word, "sept" | "june" | "july" | "tues");
        if let Some(month) = starts(&MONTHS).filter(|_| long) {
            self.month_at = self.numbers.len();
            return self.month.replace(i8::try_from(month).ok()? + 1).is_none().then_some(1);
        }
        self.weekday = Some(starts(&DAYS).filter(|_| long)?);
        Some(1)
    }

    /// `am` or `pm` behind an hour.
    fn half(&mut self, afternoon: bool) -> Option<usize> {
        let hour = self.hour.filter(|hour| (0..=12).contains(hour))?;
        self.hour = Some(hour % 12 + if afternoon { 12 } else { 0 });
        Some(1)
    }

    /// A number with what follows it; gives how many tokens that is.
    fn number(&mut self, digits: &str, rest: &[Token]) -> Option<usize> {
        let after_blank = match rest {
            [Token::Mark(' '), next, ..] => Some(next),
            _ => None,
        };
        let half = |token: Option<&Token>| matches!(token, Some(Token::Word(word)) if matches!(word.as_str(), "am" | "pm" | "a" | "p"));
        match rest {
            [Token::Mark(':'), Token::Number(minute), rest @ ..] => {
                self.hour = Some(small(digits)?);
                self.minute = small(minute)?;
                Some(3 + self.seconds(rest)?)
            }
            _ if half(rest.first()) || half(after_blank) => {
                self.hour = Some(small(digits)?);
                Some(1)
            }
            _ => self.date_number(digits),
        }
    }

    fn seconds(&mut self, rest: &[Token]) -> Option<usize> {
        let [Token::Mark(':'), Token::Number(second), rest @ ..] = rest else { return Some(0) };
        self.second = small(second)?;
        let [Token::Mark('.'), Token::Number(part), ..] = rest else { return Some(2) };
        let nine: String = part.chars().chain("000000000".chars()).take(9).collect();
        self.nanos = nine.parse().ok()?;
        Some(4)
    }

    fn date_number(&mut self, digits: &str) -> Option<usize> {
        let part = |from: usize, to: usize| digits.get(from..to);
        match digits.len() {
            8 | 12 | 14 => {
                self.numbers.push((part(0, 4)?.parse().ok()?, 4));
                self.numbers.push((part(4, 6)?.parse().ok()?, 2));
                self.numbers.push((part(6, 8)?.parse().ok()?, 2));
                if digits.len() > 8 {
                    self.hour = Some(small(part(8, 10)?)?);
                    self.minute = small(part(10, 12)?)?;
                }
                if digits.len() == 14 {
                    self.second = small(part(12, 14)?)?;
                }
            }
            // `20131130T0800`: four digits behind a whole date are a time.
            4 | 6 if self.numbers.len() == 3 && self.hour.is_none() => {
                self.hour = Some(small(part(0, 2)?)?);
                self.minute = small(part(2, 4)?)?;
                if digits.len() == 6 {
                    self.second = small(part(4, 6)?)?;
                }
            }
            1..=4 => self.numbers.push((digits.parse().ok()?, digits.len())),
            _ => return None,
        }
        (self.numbers.len() <= 3).then_some(1)
    }

    /// Year, month and day, as far as they are given.
    fn date(&self) -> Option<(Option<i16>, Option<i16>, Option<i16>)> {
        let numbers: Vec<i16> = self.numbers.iter().map(|(number, _)| *number).collect();
        let is_year = |index: usize| self.numbers[index].1 > 2 || numbers[index] > 31;
        let named = self.month.map(i16::from);
        Some(match (named, numbers.as_slice()) {
            (Some(month), []) => (None, Some(month), None),
            (Some(month), [a]) if is_year(0) => (Some(*a), Some(month), None),
            (Some(month), [a]) => (None, Some(month), Some(*a)),
            (Some(month), [a, b]) if is_year(0) => (Some(*a), Some(month), Some(*b)),
            (Some(month), [a, b]) if is_year(1) || self.month_at < 2 => {
                (Some(*b), Some(month), Some(*a))
            }
            (None, []) => (None, None, None),
            (None, [a]) if is_year(0) => (Some(*a), None, None),
            (None, [a]) => (None, None, Some(*a)),
            (None, [a, b]) if is_year(0) => (Some(*a), Some(*b), None),
            (None, [a, b]) if is_year(1) => (Some(*b), Some(*a), None),
            (None, [a, b]) if *a > 12 => (None, Some(*b), Some(*a)),
            (None, [a, b]) => (None, Some(*a), Some(*b)),
            (None, [a, b, c]) if is_year(0) && *b > 12 => (Some(*a), Some(*c), Some(*b)),
            (None, [a, b, c]) if is_year(0) => (Some(*a), Some(*b), Some(*c)),
            (None, [a, b, c]) if *a > 12 => (Some(*c), Some(*b), Some(*a)),
            (None, [a, b, c]) => (Some(*c), Some(*a), Some(*b)),
            _ => return None,
        })
    }

    fn resolve(&self, now: DateTime) -> Option<DateTime> {
        let (year, month, day) = self.date()?;
        let nothing = year.is_none() && month.is_none() && day.is_none();
        if nothing && self.hour.is_none() && self.weekday.is_none() {
            return None;
        }
        let year = match year {
            Some(short) if self.numbers.iter().all(|(_, digits)| *digits <= 2) => {
                near_century(short, now.year())
            }
            Some(year) => year,
            None => now.year(),
        };
        let month = i8::try_from(month.unwrap_or(now.month().into())).ok()?;
        let first = Date::new(year, month, 1).ok()?;
        let given = day.map(i8::try_from).transpose().ok()?;
        // A day that is not given and the month does not have becomes its last.
        let day_of_month = given.unwrap_or_else(|| now.day().min(first.days_in_month()));
        let mut date = Date::new(year, month, day_of_month).ok()?;
        if let Some(weekday) = self.weekday.filter(|_| given.is_none()) {
            let today = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
            let ahead = (weekday + 7 - today) % 7;
            let ahead: Span = i64::try_from(ahead).ok()?.days();
            date = date.checked_add(ahead).ok()?;
        }
        let time = Time::new(self.hour.unwrap_or(0), self.minute, self.second, self.nanos).ok()?;
        Some(date.to_datetime(time))
    }
}

/// A year of two digits, within fifty years of now.
fn near_century(short: i16, now: i16) -> i16 {
    let year = now / 100 * 100 + short;
    match year {
        year if year >= now + 50 => year - 100,
        year if year < now - 50 => year + 100,
        year => year,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `dateutil.parser.parse(text, default=2017-11-29 00:00)` gives (a Wednesday).
    #[test]
    fn texts_are_read_as_dateutil_reads_them() {
        let now: DateTime = "2017-11-29T13:14:15".parse().expect("is a time");
        let cases = [
            ("8:00am", "2017-11-29T08:00:00"),
            ("8am", "2017-11-29T08:00:00"),
            ("12am", "2017-11-29T00:00:00"),
            ("12pm", "2017-11-29T12:00:00"),
            ("5:00 PM", "2017-11-29T17:00:00"),
            ("17:30:05.25", "2017-11-29T17:30:05.25"),
            ("11/29/2017 4:00pm", "2017-11-29T16:00:00"),
            ("29/11/2017", "2017-11-29T00:00:00"),
            ("2017-11-29 16:00", "2017-11-29T16:00:00"),
            ("2017-11-29T16:00:00", "2017-11-29T16:00:00"),
            ("November 30, 2013 4:00pm", "2013-11-30T16:00:00"),
            ("30 Nov 2013", "2013-11-30T00:00:00"),
            ("Nov 30", "2017-11-30T00:00:00"),
            ("Monday 5:00am", "2017-12-04T05:00:00"),
            ("Wednesday 3pm", "2017-11-29T15:00:00"),
            ("tue 3:00pm", "2017-12-05T15:00:00"),
            ("20131130T0800", "2013-11-30T08:00:00"),
            ("20131130", "2013-11-30T00:00:00"),
            ("1/2/18", "2018-01-02T00:00:00"),
            ("Feb", "2017-02-28T00:00:00"),
            ("1st of March 2018 at 7:05", "2018-03-01T07:05:00"),
        ];
        for (text, want) in cases {
            let want: DateTime = want.parse().expect("is a time");
            assert_eq!(parse(text, now), Some(want), "{text:?}");
        }
        for bad in ["", "13/13/2017", "25:00", "8:61am", "nonsense", "tomorrow", "::", "éa"] {
            assert_eq!(parse(bad, now), None, "{bad:?}");
        }
    }
}
