//! Dead letters: what should have been reacted to and was not, with the reason. A file of JSON lines below `cachedir`.

use std::path::PathBuf;

use halite_core::value::{JsonStyle, to_json};
use halite_core::{Map, Opts, Value, map};
use halite_engines::Lines;

use crate::events::stamp;

/// Bytes of one file; one full one is kept beside it.
const FILE_BYTES: u64 = 8 << 20;
/// Bytes of the data of one event that are kept.
const DATA_BYTES: usize = 64 << 10;
/// Letters written a second; more are counted and told in one.
const PER_SECOND: u32 = 200;

/// Where they are.
pub(crate) fn path(opts: &Opts) -> PathBuf {
    opts.path("cachedir").join("reactor").join("dead_letters")
}

/// The letters of this run.
pub(crate) struct DeadLetters {
    lines: Lines,
    second: i64,
    written: u32,
    left_out: u64,
}

/// One letter.
pub(crate) struct Letter<'a> {
    /// `render`, `rate`, `concurrency`, `queue`, `loop`, `bad`, `refused`, `missed`.
    pub(crate) reason: &'a str,
    /// What happened, for people.
    pub(crate) why: String,
    /// The tag of the rule.
    pub(crate) rule: &'a str,
    /// The event.
    pub(crate) tag: &'a str,
    /// Its data.
    pub(crate) data: &'a Value,
    /// The SLS file and the ID in it, where one is concerned.
    pub(crate) sls: &'a str,
    /// See `sls`.
    pub(crate) id: &'a str,
}

impl DeadLetters {
    /// Letters in `path`.
    pub(crate) fn new(path: PathBuf) -> DeadLetters {
        DeadLetters { lines: Lines::new(path, FILE_BYTES, 1), second: 0, written: 0, left_out: 0 }
    }

    /// Keeps a letter. `now` in microseconds since 1970 UTC.
    pub(crate) fn keep(&mut self, now: i64, letter: &Letter<'_>) {
        let second = now / 1_000_000;
        if second != self.second {
            let left_out = std::mem::take(&mut self.left_out);
            (self.second, self.written) = (second, 0);
            if left_out > 0 {
                let why = format!("{left_out} more letters in one second were not kept");
                self.write(&map! {"at" => stamp(now), "reason" => "more", "why" => why});
            }
        }
        self.written += 1;
        if self.written > PER_SECOND {
            self.left_out += 1;
            return;
        }
        let data = to_json(letter.data, style());
        let data =
            if data.len() > DATA_BYTES { "VALUE_TRIMMED".into() } else { letter.data.clone() };
        self.write(&map! {
            "at" => stamp(now), "reason" => letter.reason, "why" => letter.why.as_str(), "rule" => letter.rule,
            "sls" => letter.sls, "id" => letter.id, "tag" => letter.tag, "data" => data,
        });
    }

    fn write(&mut self, letter: &Map) {
        if let Err(error) = self.lines.add(&to_json(&letter.clone().into(), style())) {
            tracing::error!(%error, "A dead letter of the reactor is lost");
        }
    }
}

fn style() -> JsonStyle {
    JsonStyle { indent: None, sort_keys: false, keep_unicode: false, compact: true }
}
