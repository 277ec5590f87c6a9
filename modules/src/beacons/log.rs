//! `log`: lines of a file that match. Salt: `salt/beacons/log_beacon.py`; here the file's growth wakes
//! it.

use std::path::PathBuf;

use fancy_regex::Regex;
use halite_core::{
    Beacon, BeaconConfig, BeaconModule, Error, Map, Result, Seen, Value, Watch, map, pyre,
};

use crate::support::beacon::{Tail, flat};

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("log", validate, |config| Box::new(Log::new(config)));

/// Most bytes of a log that one look takes; what is beyond is taken by the next.
const LOOK_BYTES: usize = 1024 * 1024;

fn validate(settings: &Value) -> Result<(), String> {
    match flat("log", settings)?.contains_key("file") {
        true => Ok(()),
        false => Err("Configuration for log beacon must contain file option.".into()),
    }
}

fn event(tag: &str, hit: &str, raw: &str, error: &str) -> Map {
    map! { "tag" => tag, "match" => hit, "raw" => raw, "error" => error }
}

struct Log {
    file: PathBuf,
    patterns: Vec<(String, Option<Regex>)>,
    tail: Tail,
}

impl Log {
    fn new(config: &BeaconConfig) -> Log {
        let file = config.get("file").map(ToString::to_string).unwrap_or_default();
        let tags = config.map("tags");
        let patterns = tags.iter().filter_map(|(tag, settings)| {
            let regex = settings.get("regex").filter(|regex| regex.truthy())?;
            Some((tag.to_string(), pyre::compile_match(&regex.to_string()).ok()))
        });
        Log { file: file.into(), patterns: patterns.collect(), tail: Tail::default() }
    }

    /// Events of new text; patterns that cannot be read are told each time, as in Salt.
    fn events(&self, text: &str) -> Vec<Map> {
        let bad = self.patterns.iter().filter(|(_, regex)| regex.is_none());
        let mut events: Vec<Map> = bad.map(|(tag, _)| event(tag, "no", "", "bad regex")).collect();
        for line in text.lines() {
            for (tag, regex) in &self.patterns {
                match regex.as_ref().map(|regex| regex.is_match(line)) {
                    Some(Ok(true)) => events.push(event(tag, "yes", line, "")),
                    Some(Err(_)) => events.push(event(tag, "no", "", "bad match")),
                    Some(Ok(false)) | None => {}
                }
            }
        }
        events
    }
}

impl Beacon for Log {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let added = self.tail.read(watch, &self.file, LOOK_BYTES);
        let mut added = added.map_err(|error| Error::file("read", &self.file, error))?;
        // A line that is still being written waits for its end.
        let whole = added.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if added.len() < LOOK_BYTES || whole > 0 {
            self.tail.put_back(added.len() - whole);
            added.truncate(whole);
        }
        if added.is_empty() {
            return Ok(Seen { events: Vec::new(), again: self.tail.again() });
        }
        let again = match added.len() + 1024 > LOOK_BYTES {
            true => halite_core::beacon::Again::NextRound,
            false => self.tail.again(),
        };
        Ok(Seen { events: self.events(&String::from_utf8_lossy(&added)), again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_from_their_start() {
        let tags = map! {
            "goodbye/world" => map! { "regex" => ".*good-bye.*" },
            "bad" => map! { "regex" => "(" },
        };
        let settings =
            Value::list([map! { "file" => "/x" }.into(), map! { "tags" => tags }.into()]);
        let log = Log::new(&BeaconConfig::new("log", &settings));
        let told: Vec<String> = log
            .events("hello\nsay good-bye now\n")
            .into_iter()
            .map(|e| Value::from(e).repr())
            .collect();
        assert_eq!(
            told,
            [
                "{'tag': 'bad', 'match': 'no', 'raw': '', 'error': 'bad regex'}",
                "{'tag': 'goodbye/world', 'match': 'yes', 'raw': 'say good-bye now', 'error': ''}",
            ]
        );
    }
}
