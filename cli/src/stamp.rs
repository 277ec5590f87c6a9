//! Moments as text.

/// Now, as events carry it: UTC with microseconds and offset.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A moment in microseconds since 1970, as local time for people.
pub(crate) fn local(unix_micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(unix_micros).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment in microseconds since 1970, as the jid of a job that was sent then.
pub(crate) fn jid(unix_micros: i64, utc: bool) -> String {
    let at = jiff::Timestamp::from_microsecond(unix_micros).unwrap_or_default();
    let zone = if utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() };
    at.to_zoned(zone).strftime("%Y%m%d%H%M%S%6f").to_string()
}

/// How long ago something was, in one rounded unit: `42 s`, `3 min`, `5 h`, `2 d`.
pub(crate) fn age(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{} s", seconds.max(0)),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stamp_has_microseconds_and_an_offset() {
        let text = now();
        assert_eq!(text.len(), "2026-11-21T22:55:06.160140+00:00".len(), "{text}");
    }

    #[test]
    fn a_jid_has_20_digits() {
        assert_eq!(jid(1_700_000_000_000_123, true), "20231114221320000123");
    }

    #[test]
    fn an_age_has_one_unit() {
        assert_eq!(
            [age(-1), age(119), age(600), age(7200), age(172_800)],
            ["0 s", "119 s", "10 min", "2 h", "2 d"]
        );
    }
}
