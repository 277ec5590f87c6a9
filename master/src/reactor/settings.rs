//! The options of the reactor. Salt: `reactor`, `reactor_*`, and the settings of the engine of that name.

use std::path::PathBuf;
use std::time::Duration;

use halite_core::{Error, Map, Opts, Result, Value};
use halite_render::yaml;
use halite_states::reactor::{Limits, Rules};

/// Parsed options.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The rules.
    pub(crate) rules: Rules,
    /// The file that holds them, if the option names one.
    pub(crate) file: Option<PathBuf>,
    /// How often that file is looked at.
    pub(crate) refresh: Duration,
    /// Workers for runner, wheel and caller reactions.
    pub(crate) threads: usize,
    /// Reactions that may wait for a worker.
    pub(crate) hwm: usize,
    /// `reactor_limits`.
    pub(crate) limits: Value,
}

/// Most workers, whatever the configuration says.
const THREADS_MAX: i64 = 256;
/// Most reactions that wait, whatever the configuration says.
const HWM_MAX: i64 = 1_000_000;

impl Settings {
    /// Reads the options; `None` if there is no reactor.
    ///
    /// # Errors
    /// Limits or a rule file that cannot be read.
    pub(crate) fn of(opts: &Opts) -> Result<Option<Settings>> {
        let engine = engine_of(opts);
        if engine.is_none() && !opts.bool("reactor") {
            return Ok(None);
        }
        let engine = engine.unwrap_or_default();
        let number = |engine_name: &str, name: &str, default: i64, most: i64| {
            let own = engine.get(engine_name).and_then(Value::as_i64);
            own.unwrap_or_else(|| opts.int(name, default)).clamp(1, most)
        };
        if opts.get("reactor_niceness").is_some() {
            tracing::warn!("reactor_niceness is not used: the reactor is a thread of the master");
        }
        let file = Some(opts.path("reactor")).filter(|path| !path.as_os_str().is_empty());
        let rules = rules_of(opts)?;
        let limits = opts.get("reactor_limits").cloned().unwrap_or_default();
        for rule in rules.iter() {
            Limits::of(&limits, rule.tag.pattern())
                .map_err(|fault| Error::execution(fault.to_string()))?;
        }
        let count = |number: i64| usize::try_from(number).unwrap_or(1);
        let refresh = number("refresh_interval", "reactor_refresh_interval", 60, 86_400);
        Ok(Some(Settings {
            rules,
            file,
            refresh: Duration::from_secs(refresh.unsigned_abs()),
            threads: count(number("worker_threads", "reactor_worker_threads", 10, THREADS_MAX)),
            hwm: count(number("worker_hwm", "reactor_worker_hwm", 10_000, HWM_MAX)),
            limits,
        }))
    }
}

/// The settings of the engine `reactor`, if the configuration lists it.
fn engine_of(opts: &Opts) -> Option<Map> {
    let found = match opts.get("engines")? {
        Value::Map(engines) => engines.get("reactor").cloned(),
        Value::List(engines) => engines.iter().find_map(|engine| match engine {
            Value::Str(name) if &**name == "reactor" => Some(Value::Null),
            Value::Map(map) => map.get("reactor").cloned(),
            _ => None,
        }),
        _ => None,
    };
    found.map(|settings| settings.as_map().cloned().unwrap_or_default())
}

/// The rules of the option, or of the file that it names.
///
/// # Errors
/// If the file cannot be read or is no YAML.
pub(crate) fn rules_of(opts: &Opts) -> Result<Rules> {
    let option = opts.get("reactor").cloned().unwrap_or_default();
    let value = match &option {
        Value::Str(path) => {
            let text = std::fs::read_to_string(&**path)
                .map_err(|error| Error::file("read the reactor map", &**path, error))?;
            yaml::load(&text).map_err(|error| {
                Error::execution(format!(
                    "Failed to parse YAML in reactor map: \"{path}\": {error}"
                ))
            })?
        }
        _ => option,
    };
    let (rules, odd) = Rules::parse(&value);
    odd.iter().for_each(|what| tracing::warn!("{what}"));
    Ok(rules)
}
