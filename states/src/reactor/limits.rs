//! The option `reactor_limits`: how often and how much at a time a rule may react. Ours; Salt has none.

use halite_core::Value;
use halite_core::glob::Glob;

/// Events that may wait for a rule unless `queue` says otherwise.
pub(super) const QUEUE: usize = 1_000;

/// What holds one rule back. Nothing by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Microseconds without another event of the same tag before the last one is reacted to; 0 reacts at once.
    pub debounce: i64,
    /// How many reactions within how many microseconds.
    pub rate: Option<(u32, i64)>,
    /// Events that are reacted to at a time; 0 is no limit.
    pub concurrency: usize,
    /// Events that may wait for a free place.
    pub queue: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { debounce: 0, rate: None, concurrency: 0, queue: QUEUE }
    }
}

/// What is wrong with the option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reactor_limits: {tag}: {what}")]
pub struct LimitFault {
    /// The rule.
    pub tag: String,
    /// What, and what would be right.
    pub what: String,
}

impl Limits {
    /// The limits of the rule with this tag: those of the first entry whose glob is or matches it.
    ///
    /// # Errors
    /// An unknown key, or a value that is none.
    pub fn of(option: &Value, tag: &str) -> Result<Limits, LimitFault> {
        let entries = option.as_map().into_iter().flatten();
        let mut found = entries.filter(|(key, _)| {
            let key = key.to_string();
            key == tag || Glob::new(&key).matches(tag)
        });
        match found.next() {
            Some((_, entry)) => {
                Limits::parse(entry).map_err(|what| LimitFault { tag: tag.to_owned(), what })
            }
            None => Ok(Limits::default()),
        }
    }

    fn parse(entry: &Value) -> Result<Limits, String> {
        let mut limits = Limits::default();
        let entry = entry.as_map().ok_or_else(|| format!("{entry} is no map of limits"))?;
        for (key, value) in entry {
            let count = || {
                let number = value.as_i64().and_then(|number| usize::try_from(number).ok());
                number.ok_or_else(|| format!("{key}: {value} is no count"))
            };
            match key.as_str() {
                Some("debounce") => {
                    let time = duration(value);
                    limits.debounce = time.ok_or_else(|| {
                        format!("debounce: {value} is no time, such as 2 or 500ms")
                    })?;
                }
                Some("rate") => {
                    let rate = rate(value);
                    limits.rate = Some(rate.ok_or_else(|| {
                        format!("rate: {value} is no rate, such as 10/m or 3/5s")
                    })?);
                }
                Some("concurrency") => limits.concurrency = count()?,
                Some("queue") => limits.queue = count()?,
                _ => return Err(format!("`{key}` is none of debounce, rate, concurrency, queue")),
            }
        }
        Ok(limits)
    }
}

/// `2`, `0.5`, `500ms`, `2s`, `5m`, `1h` as microseconds.
fn duration(value: &Value) -> Option<i64> {
    let text = value.to_string();
    let text = text.trim();
    let units = [("ms", 1_000.0), ("s", 1e6), ("m", 6e7), ("h", 3.6e9)];
    let (number, unit) = units
        .iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, *unit)))
        .unwrap_or((text, 1e6));
    let number: f64 = if number.is_empty() { 1.0 } else { number.trim().parse().ok()? };
    let micros = number * unit;
    // A week is more than anybody waits for an event.
    (0.0..=6.048e11).contains(&micros).then_some(micros as i64)
}

/// `10/m`, `3/5s`; a number alone is a second's.
fn rate(value: &Value) -> Option<(u32, i64)> {
    let text = value.to_string();
    let (count, period) = text.split_once('/').unwrap_or((&text, "s"));
    let count = count.trim().parse().ok().filter(|count| *count > 0)?;
    let period = duration(&period.trim().into()).filter(|period| *period > 0)?;
    Some((count, period))
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn limits_are_read_by_tag() {
        let option = map! {
            "salt/beacon/*" => map! {"debounce" => "500ms", "rate" => "3/5s", "concurrency" => 2},
            "*" => map! {"rate" => 100, "queue" => 7},
        };
        let of = |tag| Limits::of(&option.clone().into(), tag).expect("reads");
        let want =
            Limits { debounce: 500_000, rate: Some((3, 5_000_000)), concurrency: 2, queue: QUEUE };
        assert_eq!(of("salt/beacon/*"), want);
        assert_eq!(of("salt/beacon/*/load/*"), want);
        assert_eq!(of("x"), Limits { rate: Some((100, 1_000_000)), queue: 7, ..Limits::default() });
        assert_eq!(Limits::of(&Value::Null, "x"), Ok(Limits::default()));
        for bad in [
            map! {"*" => map! {"rate" => "lots"}},
            map! {"*" => map! {"debounce" => "-1"}},
            map! {"*" => map! {"speed" => 1}},
            map! {"*" => 5},
            map! {"*" => map! {"queue" => -1}},
        ] {
            assert!(Limits::of(&bad.clone().into(), "x").is_err(), "{bad:?}");
        }
    }
}
