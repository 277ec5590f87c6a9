//! `retry`: calling a state again until it comes to the wanted result.

use halite_core::Value;

/// A checked `retry` argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The result that ends it.
    pub until: bool,
    /// Most calls.
    pub attempts: i64,
    /// Seconds between two calls.
    pub interval: i64,
    /// Most further seconds, chosen at random.
    pub splay: i64,
}

const DEFAULT: Retry = Retry { until: true, attempts: 2, interval: 30, splay: 0 };

impl Retry {
    /// Reads the argument; values of a wrong type are the defaults, `False` is no attempt at all.
    /// Salt: `verify_retry_data` behaviour.
    pub fn parse(value: &Value) -> Retry {
        let map = match value {
            Value::Bool(false) => return Retry { attempts: 0, ..DEFAULT },
            Value::Map(map) => map,
            _ => return DEFAULT,
        };
        let int = |key: &str, default| map.get(key).and_then(Value::as_i64).unwrap_or(default);
        Retry {
            until: map.get("until").and_then(Value::as_bool).unwrap_or(DEFAULT.until),
            attempts: int("attempts", DEFAULT.attempts),
            interval: int("interval", DEFAULT.interval),
            splay: int("splay", DEFAULT.splay),
        }
    }

    /// What test mode says.
    pub fn would(&self) -> String {
        format!(
            "The state would be retried every {} seconds (with a splay of up to {} seconds) a \
             maximum of {} times or until a result of {} is returned",
            self.interval,
            self.splay,
            self.attempts,
            Value::from(self.until)
        )
    }

    /// Seconds to wait; `chance` is any number.
    pub fn pause(&self, chance: u64) -> i64 {
        let most = u64::try_from(self.splay).unwrap_or(0);
        self.interval + i64::try_from(chance % (most + 1)).unwrap_or(0)
    }

    /// Whether a result ends it.
    pub fn content(&self, result: Option<bool>) -> bool {
        result == Some(self.until)
    }
}

/// The line about one call that did not come to the wanted result.
pub fn attempt_line(number: i64, result: &Value, comment: &str) -> String {
    format!(
        "Attempt {number}: Returned a result of \"{result}\", with the following comment: \"{comment}\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn wrong_types_are_defaults() {
        assert_eq!(Retry::parse(&true.into()), DEFAULT);
        assert_eq!(Retry::parse(&"x".into()), DEFAULT);
        assert_eq!(Retry::parse(&false.into()).attempts, 0);
        let given = map! {"attempts" => 5, "interval" => "x", "until" => false};
        let want = Retry { attempts: 5, until: false, ..DEFAULT };
        assert_eq!(Retry::parse(&given.into()), want);
    }
}
