//! Long running helpers of master and minion: what brings events in (`webhook`, `script`), what carries them out
//! (`http_logstash`, `syslog`, `file`). Each runs on a thread of its own beside the daemon, is
//! started again when it fails, and ends with the bus. Salt: `salt.engines`.

mod file;
mod http_logstash;
mod lines;
mod reader;
mod script;
mod supervise;
mod syslog;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use halite_core::{Map, Opts, Result, Value};
use halite_net::bus::Bus;

pub use lines::Lines;

/// Fires an event: tag and data.
pub type Fire = Arc<dyn Fn(&str, Map) -> Result<()> + Send + Sync>;

/// The daemon around an engine.
#[derive(Clone)]
pub struct Home {
    /// The configuration.
    pub opts: Opts,
    /// The bus that is read.
    pub bus: Bus,
    /// Where events go: the master's bus, from a master or through a minion.
    pub fire: Fire,
    /// Set when the daemon stops.
    pub stop: Arc<AtomicBool>,
}

/// An engine: runs until the daemon stops; an error starts it again after a while.
type Run = fn(&Map, &Home) -> Result<()>;

/// What there is, by Salt's names; `file` and `syslog` are ours.
const ENGINES: &[(&str, Run)] = &[
    ("file", file::run),
    ("http_logstash", http_logstash::run),
    ("script", script::run),
    ("syslog", syslog::run),
    ("webhook", webhook::run),
];

/// An engine of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Which engine it is: `engine_module`, or the name.
    pub module: String,
    /// Its settings.
    pub settings: Map,
}

/// The engines of the option, which is a list of names and one-key maps, or a map. Salt: `start_engines`.
pub fn entries(option: Option<&Value>) -> Vec<Entry> {
    let entry = |name: &Value, settings: Option<&Value>| {
        let mut settings = settings.map(settings_of).unwrap_or_default();
        let module = settings.shift_remove("engine_module");
        let name = name.to_string();
        Entry {
            module: module.map_or_else(|| name.clone(), |module| module.to_string()),
            name,
            settings,
        }
    };
    match option {
        Some(Value::Map(map)) => {
            map.iter().map(|(name, settings)| entry(name, Some(settings))).collect()
        }
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Map(map) => map.first().map(|(name, settings)| entry(name, Some(settings))),
                Value::Str(_) => Some(entry(item, None)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Settings are a map; a list of one-key maps, as some write it, is one too.
fn settings_of(value: &Value) -> Map {
    match value {
        Value::Map(map) => (**map).clone(),
        Value::List(items) => {
            let maps = items.iter().filter_map(Value::as_map);
            maps.flat_map(|map| map.iter()).map(|(k, v)| (k.clone(), v.clone())).collect()
        }
        _ => Map::new(),
    }
}

/// Starts the engines of the configuration. `others` are run by the daemon itself.
pub fn start(home: &Home, others: &[&str]) {
    for entry in entries(home.opts.get("engines")) {
        if others.contains(&entry.module.as_str()) {
            continue;
        }
        match ENGINES.iter().find(|(name, _)| *name == entry.module) {
            Some((_, run)) => supervise::start(entry, *run, home.clone()),
            None => {
                let there: Vec<&str> = ENGINES.iter().map(|(name, _)| *name).collect();
                tracing::error!(
                    "engines: there is no engine `{}`; it is left out. There are: {}, {}",
                    entry.module,
                    others.join(", "),
                    there.join(", ")
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn all_forms_of_the_option_are_read() {
        let list = vec![
            Value::from("webhook"),
            map! {"script" => map! {"cmd" => "a"}}.into(),
            map! {"second" => map! {"engine_module" => "script", "cmd" => "b"}}.into(),
            map! {"file" => vec![map! {"path" => "/x"}, map! {"keep" => 2}]}.into(),
            5.into(),
        ];
        let found = entries(Some(&list.into()));
        let names: Vec<_> = found.iter().map(|e| (e.name.as_str(), e.module.as_str())).collect();
        let want =
            [("webhook", "webhook"), ("script", "script"), ("second", "script"), ("file", "file")];
        assert_eq!(names, want);
        assert_eq!(found[2].settings, map! {"cmd" => "b"});
        assert_eq!(found[3].settings, map! {"path" => "/x", "keep" => 2});
        let map = map! {"webhook" => map! {"port" => 1}, "reactor" => ()};
        assert_eq!(entries(Some(&map.into())).len(), 2);
        assert!(entries(None).is_empty());
    }
}
