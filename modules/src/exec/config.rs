//! `config`: options, and the search through options, grains and pillar that formulas use.
//! Salt: `salt/modules/config.py` behaviour.

use halite_core::value::SubPath;
use halite_core::{Context, ExecModule, Map, Value, function, map};

use crate::support::merge as join;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "config",
    &[&GET, &OPTION, &MERGE, &ITEMS, &DOT_VALS, &BACKUP_MODE, &MANAGE_MODE, &VALID_FILEPROTO],
);

/// Answers for names that nobody has set.
fn defaults() -> Map {
    map! {
        "test.foo" => "unconfigured",
        "ca.cert_base_path" => "/etc/pki",
        "hosts.file" => "/etc/hosts",
        "aliases.file" => "/etc/aliases",
        "mongo.db" => "salt", "mongo.password" => "", "mongo.port" => 27017, "mongo.user" => "",
        "redis.db" => "0", "redis.host" => "salt", "redis.port" => 6379,
        "ldap.uri" => "", "ldap.server" => "localhost", "ldap.port" => "389", "ldap.tls" => false,
        "ldap.no_verify" => false, "ldap.anonymous" => true, "ldap.scope" => 2,
        "ldap.attrs" => (), "ldap.binddn" => "", "ldap.bindpw" => "",
        "virt" => map! { "tunnel" => false, "images" => "/srv/salt-images" },
        "docker.exec_driver" => "docker-exec",
    }
}

/// The master's options, where `pillar_opts` has put them into the pillar.
fn of_master(cx: &Context<'_>) -> Map {
    cx.pillar.get("master").and_then(Value::as_map).cloned().unwrap_or_default()
}

/// Searches a path in options, grains, pillar and the master's options, in this order.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.get pkg:apache
/// salt '*' config.get lxc.container_profile:centos merge=recurse
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    /// The path.
    key: String,
    /// What to give if it is nowhere.
    #[default("".into())]
    default: Value,
    #[default(":".into())] delimiter: String,
    /// `recurse` or `overwrite`: join what all places have, options winning.
    #[default(None)]
    merge: Option<String>,
    #[default(false)] omit_opts: bool,
    #[default(false)] omit_pillar: bool,
    #[default(false)] omit_master: bool,
    #[default(false)] omit_grains: bool,
) -> Value {
    if let Some(strategy) = merge {
        return merged(cx, &strategy).traverse(&key, &delimiter).cloned().unwrap_or(default);
    }
    let places: [(bool, Value); 5] = [
        (omit_opts, cx.opts.values().clone().into()),
        (omit_grains, cx.grains.clone().into()),
        (omit_pillar, cx.pillar.clone().into()),
        (omit_master, of_master(cx).into()),
        (false, defaults().into()),
    ];
    let searched = places.iter().filter(|(omit, _)| !omit);
    let found = searched.map(|(_, place)| place).find_map(|p| p.traverse(&key, &delimiter));
    found.cloned().unwrap_or(default)
}

/// All places joined, the later ones over the earlier ones.
fn merged(cx: &Context<'_>, strategy: &str) -> Value {
    let mut all = defaults();
    let places =
        [of_master(cx), (**cx.pillar).clone(), (**cx.grains).clone(), (**cx.opts.values()).clone()];
    for place in places {
        if strategy == "overwrite" {
            all.extend(place);
        } else {
            join::update(&mut all, place, join::Lists::Replace);
        }
    }
    all.into()
}

/// Gives one option: from the configuration, then grains, pillar, the master's options.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.option redis.host
/// ```
#[function]
fn option(
    cx: &Context<'_>,
    value: String,
    /// What to give if it is nowhere.
    #[default(Value::Null)]
    default: Value,
    #[default(false)] omit_opts: bool,
    #[default(false)] omit_grains: bool,
    #[default(false)] omit_pillar: bool,
    #[default(false)] omit_master: bool,
    /// Look at the defaults only.
    #[default(false)]
    omit_all: bool,
    /// Take the name as a glob and give a map of all that match.
    #[default(false)]
    wildcard: bool,
) -> Value {
    let places: [(bool, Map); 5] = [
        (omit_opts || omit_all, (**cx.opts.values()).clone()),
        (omit_grains || omit_all, (**cx.grains).clone()),
        (omit_pillar || omit_all, (**cx.pillar).clone()),
        (omit_master || omit_all, of_master(cx)),
        (false, defaults()),
    ];
    let places = places.iter().filter(|(omit, _)| !omit).map(|(_, place)| place);
    if !wildcard {
        let fallback = if default.is_null() { "".into() } else { default };
        return places
            .filter_map(|place| place.get(value.as_str()))
            .next()
            .cloned()
            .unwrap_or(fallback);
    }
    let mut found = Map::new();
    for (name, item) in places.flatten() {
        if crate::support::glob_matches(&value, &name.to_string()) {
            found.entry(name.clone()).or_insert_with(|| item.clone());
        }
    }
    match (found.is_empty(), default) {
        (true, Value::Null) => Map::new().into(),
        (true, default) => default,
        (false, _) => found.into(),
    }
}

/// Joins one option of the configuration, the master's options and the pillar.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.merge schedule
/// ```
#[function]
fn merge(
    cx: &Context<'_>,
    value: String,
    #[default("".into())] default: Value,
    #[default(false)] omit_opts: bool,
    #[default(false)] omit_master: bool,
    #[default(false)] omit_pillar: bool,
) -> Value {
    let places = [
        (omit_opts, (**cx.opts.values()).clone()),
        (omit_master, of_master(cx)),
        (omit_pillar, (**cx.pillar).clone()),
    ];
    let mut result: Option<Value> = None;
    let held = places.iter().filter(|(omit, _)| !omit).filter_map(|(_, p)| p.get(value.as_str()));
    for item in held {
        result = Some(match result {
            None if item.as_str().is_some() => return item.clone(),
            None => item.clone(),
            Some(Value::Map(over)) if item.as_map().is_some() => {
                let mut under = item.as_map().cloned().unwrap_or_default();
                under.extend((*over).clone());
                under.into()
            }
            Some(Value::List(first)) if item.as_list().is_some() => {
                Value::list(first.iter().chain(item.as_list().unwrap_or_default()).cloned())
            }
            Some(other) => other,
        });
    }
    result.or_else(|| defaults().get(value.as_str()).cloned()).unwrap_or(default)
}

/// Gives the whole configuration.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.items
/// ```
#[function]
fn items(cx: &Context<'_>) -> Value {
    cx.opts.values().clone().into()
}

/// Gives all options whose name begins with a word and a dot.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.dot_vals host
/// ```
#[function]
fn dot_vals(cx: &Context<'_>, value: String) -> Map {
    let prefix = format!("{value}.");
    let master = of_master(cx);
    let all = master.iter().chain(cx.opts.values().iter());
    let named = all.filter(|(key, _)| key.as_str().is_some_and(|key| key.starts_with(&prefix)));
    named.map(|(key, item)| (key.clone(), item.clone())).collect()
}

/// Gives the backup mode to use: the one given, else the configured one.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.backup_mode
/// ```
#[function]
fn backup_mode(cx: &Context<'_>, #[default("".into())] backup: Value) -> Value {
    if backup.truthy() {
        return backup;
    }
    cx.opts.get("backup_mode").cloned().unwrap_or_else(|| "".into())
}

/// Gives a file mode in the form that is compared: `0644`, without needless zeros.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.manage_mode 0755
/// ```
#[function]
fn manage_mode(mode: Value) -> Value {
    normal_mode(&mode)
}

/// Salt: `salt.utils.files.normalize_mode` behaviour.
pub(crate) fn normal_mode(mode: &Value) -> Value {
    if mode.is_null() {
        return Value::Null;
    }
    // YAML reads 0644 as a number in base 8; what users mean are the digits.
    let text = match mode {
        Value::Str(text) => text.to_string(),
        other => other.to_string(),
    };
    let text = text.trim_matches('"').trim_matches('\'');
    let text = text.strip_prefix("0o").unwrap_or(text).trim_start_matches('0');
    format!("{text:0>4}").into()
}

/// Whether a URL's scheme is one from which files can be fetched.
///
/// CLI Example:
///
/// ```text
/// salt '*' config.valid_fileproto salt://path/to/file
/// ```
#[function]
fn valid_fileproto(uri: String) -> bool {
    is_file_proto(&uri)
}

/// Salt: `salt.utils.files.VALID_PROTOS`.
pub(crate) fn is_file_proto(uri: &str) -> bool {
    let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
    ["salt", "http", "https", "ftp", "s3", "swift", "file"].contains(&scheme)
}
