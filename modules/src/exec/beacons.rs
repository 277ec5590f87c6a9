//! `beacons`: looks after the beacons of the running minion. Salt: `salt/modules/beacons.py`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::diff;
use halite_core::services::ManageOrder;
use halite_core::{
    Apply, Args, BeaconConfig, Context, ExecModule, Map, Result, Value, function, map,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "beacons",
    &[
        &LIST,
        &LIST_AVAILABLE,
        &ADD,
        &MODIFY,
        &DELETE,
        &SAVE,
        &ENABLE,
        &DISABLE,
        &ENABLE_BEACON,
        &DISABLE_BEACON,
        &RESET,
    ],
);

/// How long the minion's answer is waited for, in seconds, where `timeout` sets nothing.
const WAIT_SECS: f64 = 60.0;

/// What is common to all calls: dry run, patience.
struct Asked {
    test: bool,
    wait: Value,
}

impl Asked {
    fn new(kwargs: &Map) -> Asked {
        let wait = kwargs.get("timeout").cloned().unwrap_or_else(|| (WAIT_SECS as i64).into());
        Asked { test: kwargs.get("test").is_some_and(Value::truthy), wait }
    }

    /// Gives the minion an order and waits for its answer.
    fn order(&self, cx: &Context<'_>, answer: &str, data: Map) -> Result<Option<Map>> {
        let answer = format!("/salt/minion/minion_{answer}_complete");
        let secs = self.wait.as_f64().unwrap_or(WAIT_SECS).clamp(0.0, 86_400.0);
        let wait = Duration::from_secs_f64(secs);
        cx.services.manage(&ManageOrder { tag: "manage_beacons", data, answer: &answer, wait })
    }

    fn late(&self, what: &str) -> String {
        let wait = &self.wait;
        format!("Did not receive the beacon {what} before the timeout of {wait}s")
    }
}

fn done(result: bool, comment: impl Into<Value>) -> Map {
    map! { "comment" => comment.into(), "result" => result }
}

fn yaml(cx: &Context<'_>, data: Map) -> Result<Value> {
    cx.call(
        "slsutil.serialize",
        Args {
            positional: vec!["yaml".into(), data.into()],
            named: map! { "default_flow_style" => false },
        },
    )
}

fn all(cx: &Context<'_>, asked: &Asked, opts: bool, pillar: bool) -> Result<Value> {
    let data = map! { "func" => "list", "include_pillar" => pillar, "include_opts" => opts };
    let answer = asked.order(cx, "beacons_list", data)?;
    Ok(answer.and_then(|data| data.get("beacons").cloned()).unwrap_or_default())
}

/// Lists the beacons that are configured.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.list
/// ```
#[function]
fn list_(
    cx: &Context<'_>,
    /// As YAML text.
    #[default(true)]
    return_yaml: bool,
    /// Those of the pillar.
    #[default(true)]
    include_pillar: bool,
    /// Those of the configuration.
    #[default(true)]
    include_opts: bool,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let beacons = all(cx, &Asked::new(&kwargs), include_opts, include_pillar)?;
    if return_yaml { yaml(cx, map! { "beacons" => beacons }) } else { Ok(beacons) }
}

fn names_available(cx: &Context<'_>, asked: &Asked) -> Result<Value> {
    let answer = asked.order(cx, "beacons_list_available", map! { "func" => "list_available" })?;
    Ok(answer.and_then(|data| data.get("beacons").cloned()).unwrap_or_default())
}

/// Lists the beacons that can be configured on this machine.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.list_available
/// ```
#[function]
fn list_available(
    cx: &Context<'_>,
    /// As YAML text.
    #[default(true)]
    return_yaml: bool,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let names = names_available(cx, &Asked::new(&kwargs))?;
    match (names.truthy(), return_yaml) {
        (false, _) => Ok(map! { "beacons" => Map::new() }.into()),
        (true, true) => yaml(cx, map! { "beacons" => names }),
        (true, false) => Ok(names),
    }
}

/// Whether settings are valid, in the minion's words; `None` if it did not say.
fn validate(
    cx: &Context<'_>,
    asked: &Asked,
    name: &str,
    data: &Value,
) -> Result<Option<(bool, String)>> {
    let order = map! { "name" => name, "beacon_data" => data, "func" => "validate_beacon" };
    let answer = asked.order(cx, "beacon_validation", order)?;
    Ok(answer.map(|answer| {
        let comment = answer.get("vcomment").map(ToString::to_string).unwrap_or_default();
        (answer.get("valid").is_some_and(Value::truthy), comment)
    }))
}

/// Adds a beacon.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.add ps "[{'processes': {'salt-master': 'stopped', 'apache2': 'stopped'}}]"
/// ```
#[function]
fn add(apply: &Apply<'_>, name: String, beacon_data: Value, #[kwargs] kwargs: Map) -> Result<Map> {
    let asked = Asked::new(&kwargs);
    if all(apply, &asked, true, true)?.get(&name).is_some() {
        return Ok(done(true, format!("Beacon {name} is already configured.")));
    }
    let config = BeaconConfig::new(&name, &beacon_data);
    let module = config.get("beacon_module").map_or_else(|| name.clone(), ToString::to_string);
    let names = names_available(apply, &asked)?;
    let there = names.as_list().is_some_and(|all| all.iter().any(|n| n.as_str() == Some(&module)));
    if !there {
        return Ok(done(false, format!("Beacon \"{module}\" is not available.")));
    }
    if asked.test {
        return Ok(done(true, format!("Beacon: {name} would be added.")));
    }
    match validate(apply, &asked, &name, &beacon_data)? {
        Some((true, _)) => {}
        Some((false, why)) => {
            let comment = format!("Beacon {name} configuration invalid, not adding.\n{why}");
            return Ok(done(false, comment));
        }
        None => return Ok(done(false, asked.late("add complete event"))),
    }
    let order = map! { "name" => name.as_str(), "beacon_data" => &beacon_data, "func" => "add" };
    let Some(answer) = asked.order(apply, "beacon_add", order)? else {
        return Ok(done(false, asked.late("add complete event")));
    };
    if !complete(&answer) {
        return Ok(done(false, comment_of(&answer)));
    }
    let now = answer.get("beacons").and_then(|all| all.get(&name)).cloned().unwrap_or_default();
    match now == beacon_data {
        true => Ok(done(true, format!("Added beacon: {name}."))),
        false => Ok(done(false, format!("Failed to add beacon {name}."))),
    }
}

fn complete(answer: &Map) -> bool {
    answer.get("complete").is_some_and(Value::truthy)
}

fn comment_of(answer: &Map) -> String {
    answer.get("comment").map(ToString::to_string).unwrap_or_default()
}

/// The settings, one `key:value` a line, for a diff.
fn lines(settings: &Value) -> String {
    let pairs = BeaconConfig::new("", settings).items;
    pairs.iter().flatten().map(|(key, value)| format!("{key}:{value}\n")).collect()
}

/// Changes a beacon that is configured.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.modify ps "[{'salt-master': 'stopped'}, {'apache2': 'stopped'}]"
/// ```
#[function]
fn modify(
    apply: &Apply<'_>,
    name: String,
    beacon_data: Value,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let asked = Asked::new(&kwargs);
    let beacons = all(apply, &asked, true, true)?;
    let Some(current) = beacons.get(&name) else {
        return Ok(done(true, format!("Beacon {name} is not configured.")));
    };
    if asked.test {
        return Ok(done(true, format!("Beacon: {name} would be modified.")));
    }
    match validate(apply, &asked, &name, &beacon_data)? {
        Some((true, _)) => {}
        Some((false, why)) => {
            let comment = format!("Beacon {name} configuration invalid, not modifying.\n{why}");
            return Ok(done(false, comment));
        }
        None => return Ok(done(false, asked.late("modify complete  event"))),
    }
    if *current == beacon_data {
        return Ok(done(true, format!("Job {name} in correct state")));
    }
    let changed = diff::unified(&lines(current), &lines(&beacon_data));
    let order = map! { "name" => name.as_str(), "beacon_data" => &beacon_data, "func" => "modify" };
    let answer = asked.order(apply, "beacon_modify", order)?;
    let mut ret = match &answer {
        None => done(false, asked.late("modify complete  event")),
        Some(answer) if !complete(answer) => done(false, comment_of(answer)),
        Some(_) => done(true, format!("Modified beacon: {name}.")),
    };
    ret.insert("changes".into(), map! { "diff" => changed }.into());
    Ok(ret)
}

/// Removes a beacon.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.delete ps
/// ```
#[function]
fn delete(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    let asked = Asked::new(&kwargs);
    if asked.test {
        return Ok(done(true, format!("Beacon: {name} would be deleted.")));
    }
    let order = map! { "name" => name.as_str(), "func" => "delete" };
    Ok(match asked.order(apply, "beacon_delete", order)? {
        None => done(false, asked.late("delete complete event")),
        Some(answer) if !complete(&answer) => done(false, comment_of(&answer)),
        Some(_) => done(true, format!("Deleted beacon: {name}.")),
    })
}

/// Writes the beacons of the configuration to `beacons.conf`.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.save
/// ```
#[function]
fn save(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    let beacons = all(apply, &Asked::new(&kwargs), true, false)?;
    let file = conf_file(apply, "beacons.conf");
    let text = match beacons.truthy() {
        true => format!("{}\n", yaml(apply, map! { "beacons" => beacons })?),
        false => String::new(),
    };
    let shown = file.display();
    Ok(match apply.host.write_atomic(&file, text.as_bytes(), None) {
        Ok(()) => done(true, format!("Beacons saved to {shown}.")),
        Err(_) => {
            let why = format!("Unable to write to beacons file at {shown}. Check permissions.");
            done(false, why)
        }
    })
}

/// A file beside those that the configuration includes by default.
pub(crate) fn conf_file(cx: &Context<'_>, name: &str) -> PathBuf {
    let conf = cx.opts.path("conf_file");
    let include = match cx.opts.str("default_include") {
        "" => "minion.d/*.conf",
        include => include,
    };
    let folder = Path::new(include).parent().unwrap_or(Path::new("")).to_path_buf();
    conf.parent().unwrap_or(Path::new("/etc/salt")).join(folder).join(name)
}

fn switch_all(apply: &Apply<'_>, on: bool, kwargs: &Map) -> Result<Map> {
    let asked = Asked::new(kwargs);
    let (word, said) = if on { ("enable", "Enabled") } else { ("disable", "Disabled") };
    if asked.test {
        return Ok(done(true, format!("Beacons would be {word}d.")));
    }
    let answer = asked.order(apply, &format!("beacons_{word}d"), map! { "func" => word })?;
    let now = answer.as_ref().and_then(|answer| answer.get("beacons")?.get("enabled").cloned());
    Ok(match (answer, now.map(|now| now.truthy())) {
        (_, Some(now)) if now == on => done(true, format!("{said} beacons on minion.")),
        (Some(_), _) => done(false, format!("Failed to {word} beacons on minion.")),
        (None, _) => done(false, asked.late(&format!("{word}d complete event"))),
    })
}

/// Enables all beacons.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.enable
/// ```
#[function]
fn enable(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    switch_all(apply, true, &kwargs)
}

/// Disables all beacons.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.disable
/// ```
#[function]
fn disable(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    switch_all(apply, false, &kwargs)
}

fn switch(apply: &Apply<'_>, name: &str, on: bool, kwargs: &Map) -> Result<Map> {
    let asked = Asked::new(kwargs);
    let (word, said) = if on { ("enable", "Enabled") } else { ("disable", "Disabled") };
    if name.is_empty() {
        return Ok(done(false, "Beacon name is required."));
    }
    if asked.test {
        return Ok(done(true, format!("Beacon {name} would be {word}d.")));
    }
    if all(apply, &asked, true, true)?.get(name).is_none() {
        return Ok(done(false, format!("Beacon {name} is not currently configured.")));
    }
    let order = map! { "func" => format!("{word}_beacon"), "name" => name };
    let Some(answer) = asked.order(apply, &format!("beacon_{word}d"), order)? else {
        return Ok(done(false, asked.late(&format!("{word}d complete event"))));
    };
    if !complete(&answer) {
        return Ok(done(false, comment_of(&answer)));
    }
    let settings = answer.get("beacons").and_then(|all| all.get(name)).cloned();
    let config = BeaconConfig::new(name, &settings.unwrap_or_default());
    let now = config.get("enabled").is_some_and(Value::truthy);
    Ok(match (config.get("enabled").is_some() && now == on, on) {
        (true, _) => done(true, format!("{said} beacon {name} on minion.")),
        (false, true) => done(false, format!("Failed to enable beacon {name} on minion.")),
        (false, false) => done(false, "Failed to disable beacon on minion."),
    })
}

/// Enables a beacon.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.enable_beacon ps
/// ```
#[function]
fn enable_beacon(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    switch(apply, &name, true, &kwargs)
}

/// Disables a beacon.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.disable_beacon ps
/// ```
#[function]
fn disable_beacon(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    switch(apply, &name, false, &kwargs)
}

/// Forgets the beacons of the configuration until the minion starts anew.
///
/// CLI Example:
///
/// ```text
/// salt '*' beacons.reset
/// ```
#[function]
fn reset(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    let asked = Asked::new(&kwargs);
    if asked.test {
        return Ok(done(true, "Beacons would be reset."));
    }
    let answer = asked.order(apply, "beacon_reset", map! { "func" => "reset" })?;
    Ok(match answer {
        Some(answer) if complete(&answer) => done(true, "Beacon configuration reset."),
        Some(answer) => done(false, comment_of(&answer)),
        None => {
            let wait = &asked.wait;
            done(
                false,
                format!("Did not receive the beacon reset event before the timeout of {wait}s"),
            )
        }
    })
}
