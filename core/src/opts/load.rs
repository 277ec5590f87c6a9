//! From configuration files to [`Opts`]: defaults, the file, its includes, the command line.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::table::{self, Status};
use super::{Opts, Role};
use crate::error::{Error, Result};
use crate::glob::fnmatch;
use crate::text::nearest;
use crate::value::{Map, Type, Value, parse_json};

/// Reads YAML; the renderers' own loader, handed in since core knows no YAML.
pub type ParseYaml<'a> = &'a dyn Fn(&str, &Path) -> Result<Value>;

/// Options that hold a path below `root_dir`.
const BELOW_ROOT: &[&str] = &[
    "autoreject_file",
    "autosign_file",
    "autosign_grains_dir",
    "cachedir",
    "extension_modules",
    "key_logfile",
    "log_file",
    "pidfile",
    "pki_dir",
    "sock_dir",
    "sqlite_queue_dir",
    "syndic_dir",
    "token_dir",
];
/// Options of which only some values can be kept, and what becomes of the others.
const ONLY: &[(&str, &[&str], Status)] = &[
    ("transport", &["zeromq"], Status::Refused("masters and minions talk over ZeroMQ alone")),
    (
        "fileserver_backend",
        &["roots", "file"],
        Status::Missing("files come from `file_roots` alone"),
    ),
];
/// Deepest chain of files that include files.
const INCLUDE_DEPTH: usize = 8;

/// What loading found worth telling, though it could go on.
pub type Warnings = Vec<String>;

/// Loads a configuration: the table's defaults, `conf_file` (a missing one is empty),
/// `default_include` and `include`, then `overrides` from the command line.
///
/// # Errors
/// A file that cannot be read or parsed, and options that are refused; the text names file and
/// option. Wrong types and likely misspellings come back as warnings.
pub fn load(
    role: Role,
    conf_file: &Path,
    overrides: &Map,
    parse: ParseYaml<'_>,
) -> Result<(Opts, Warnings)> {
    let mut warnings = Warnings::new();
    let given = read_with_includes(role, conf_file, parse, &mut warnings)?;
    let mut values = defaults(role);
    for (name, value) in given.iter().chain(overrides) {
        let value = check(role, name.as_str().unwrap_or_default(), value, &mut warnings)?;
        values.insert(name.clone(), value);
    }
    let folder = conf_file.parent().unwrap_or(Path::new("/"));
    values.insert("conf_file".into(), conf_file.into());
    values.insert("config_dir".into(), folder.into());
    let role_name = if role == Role::Master { "master" } else { "minion" };
    values.insert("__role".into(), role_name.into());
    settle_job_age(&mut values, &given, overrides);
    move_below_root(&mut values);
    for name in ["file_roots", "pillar_roots"] {
        spread_roots(&mut values, name);
    }
    Ok((Opts::from_map(role, values), warnings))
}

/// The table's defaults for a role.
pub fn defaults(role: Role) -> Map {
    let mut values = Map::new();
    for opt in table::all().filter(|opt| opt.is_for(role)) {
        let value = opt.default_for(role).and_then(|text| parse_json(text).ok());
        if let Some(value) = value {
            values.insert(opt.name.into(), value);
        }
    }
    values
}

fn read_with_includes(
    role: Role,
    conf_file: &Path,
    parse: ParseYaml<'_>,
    warnings: &mut Warnings,
) -> Result<Map> {
    let mut given = read(conf_file, parse)?.unwrap_or_default();
    let folder = conf_file.parent().unwrap_or(Path::new("/"));
    let usual = if role == Role::Master { "master.d/*.conf" } else { "minion.d/*.conf" };
    let default_include = given.get("default_include").and_then(Value::as_str).unwrap_or(usual);
    let mut patterns = vec![default_include.to_owned()];
    patterns.extend(include_patterns(&given));
    for pattern in patterns {
        include(&mut given, folder, &pattern, parse, warnings, 0)?;
    }
    Ok(given)
}

fn include_patterns(given: &Map) -> Vec<String> {
    match given.get("include") {
        Some(Value::Str(text)) => vec![text.to_string()],
        Some(Value::List(items)) => items.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    }
}

fn include(
    given: &mut Map,
    folder: &Path,
    pattern: &str,
    parse: ParseYaml<'_>,
    warnings: &mut Warnings,
    depth: usize,
) -> Result<()> {
    if depth > INCLUDE_DEPTH {
        let what = format!("configuration includes go deeper than {INCLUDE_DEPTH}: {pattern}");
        return Err(Error::execution(what));
    }
    let files = expand(&folder.join(pattern));
    if files.is_empty() && !pattern.contains(['*', '?', '[']) {
        warnings.push(format!(
            "Warning parsing configuration file: \"include\" path/glob '{pattern}' matches no files"
        ));
    }
    for file in files {
        let Some(more) = read(&file, parse)? else { continue };
        let nested = include_patterns(&more);
        given.extend(more);
        for pattern in nested {
            include(given, file.parent().unwrap_or(folder), &pattern, parse, warnings, depth + 1)?;
        }
    }
    Ok(())
}

/// Reads one file to a map; `None` if it is not there or empty.
fn read(path: &Path, parse: ParseYaml<'_>) -> Result<Option<Map>> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes)
            .map_err(|_| Error::execution(format!("{} is not UTF-8 text", path.display())))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read the configuration", path, error)),
    };
    match parse(&text, path)? {
        Value::Null => Ok(None),
        Value::Map(map) => Ok(Some(std::sync::Arc::unwrap_or_clone(map))),
        other => {
            let kind = other.type_name();
            let what = format!("{} must hold `option: value` lines, not a {kind}", path.display());
            Err(Error::execution(what))
        }
    }
}

/// Files that a path with globs means, sorted.
pub fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = part.as_os_str().to_string_lossy();
        if !crate::glob::is_glob(&name) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in &found {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            let names = entries.flatten().map(|entry| entry.file_name());
            next.extend(
                names
                    .filter(|entry| {
                        let entry = entry.to_string_lossy();
                        fnmatch(&entry, &name) && (!entry.starts_with('.') || name.starts_with('.'))
                    })
                    .map(|entry| folder.join(entry)),
            );
        }
        next.sort();
        found = next;
    }
    found.retain(|path| path.exists());
    found
}

/// Holds one option against the table.
fn check(role: Role, name: &str, value: &Value, warnings: &mut Warnings) -> Result<Value> {
    let Some(opt) = table::find(name) else {
        // What the programs add themselves.
        if name.starts_with("__") {
            return Ok(value.clone());
        }
        let names = table::all().filter(|opt| opt.is_for(role)).map(|opt| opt.name);
        // Modules read options of their own, so an unknown name is only worth a word if it looks
        // like a slip.
        if let Some(near) = nearest(name, names) {
            warnings.push(format!("unknown option `{name}`; did you mean `{near}`?"));
        }
        return Ok(value.clone());
    };
    if value.truthy() {
        unkept(opt.status, &format!("option `{name}` cannot be honoured"), warnings)?;
    }
    if let Some((_, known, status)) = ONLY.iter().find(|(only, _, _)| *only == name) {
        let words = value.as_list().unwrap_or(std::slice::from_ref(value));
        let strange =
            words.iter().find(|word| word.as_str().is_some_and(|word| !known.contains(&word)));
        if let Some(word) = strange {
            let what = format!("option `{name}` cannot be honoured: `{word}` is not there");
            unkept(*status, &what, warnings)?;
        }
    }
    match fit(opt.ty, value) {
        Some(value) => Ok(value),
        None => {
            let (want, got) = (opt.ty.name(), value.type_name());
            warnings.push(format!("option `{name}` should be {want}, not {got}: {}", value.repr()));
            Ok(value.clone())
        }
    }
}

/// What is told of an option that is set and cannot be kept.
fn unkept(status: Status, what: &str, warnings: &mut Warnings) -> Result<()> {
    match status {
        Status::Refused(why) => Err(Error::execution(format!("{what}: {why}"))),
        Status::Missing(why) => {
            warnings.push(format!("{what}: {why}"));
            Ok(())
        }
        Status::Used | Status::Accepted => Ok(()),
    }
}

/// The value as the table's type, where that loses nothing.
fn fit(ty: Type, value: &Value) -> Option<Value> {
    match (ty, value) {
        (_, Value::Null) | (Type::Any, _) => Some(value.clone()),
        (Type::Bool, Value::Bool(_)) => Some(value.clone()),
        (Type::Bool, Value::Int(int)) => Some(Value::Bool(*int != 0)),
        (Type::Int, Value::Int(_)) | (Type::Float, Value::Float(_) | Value::Int(_)) => {
            Some(value.clone())
        }
        (Type::Int, Value::Float(float)) if float.fract() == 0.0 => Some(Value::Int(*float as i64)),
        (Type::Int, Value::Str(text)) => text.trim().parse().ok().map(Value::Int),
        (Type::Float, Value::Str(text)) => text.trim().parse().ok().map(Value::Float),
        (Type::Str, Value::Str(_) | Value::Bool(_)) => Some(value.clone()),
        (Type::Str, Value::Int(_) | Value::Float(_)) => Some(Value::str(value.to_string())),
        (Type::List, Value::List(_)) | (Type::Map, Value::Map(_)) => Some(value.clone()),
        (Type::List, Value::Str(_)) => Some(Value::list([value.clone()])),
        _ => None,
    }
}

/// `keep_jobs` (hours) counts where `keep_jobs_seconds` is not given.
fn settle_job_age(values: &mut Map, given: &Map, overrides: &Map) {
    let set = |name: &str| given.get(name).or_else(|| overrides.get(name));
    if let (Some(hours), None) = (set("keep_jobs"), set("keep_jobs_seconds")) {
        if let Some(hours) = hours.as_f64() {
            values.insert("keep_jobs_seconds".into(), ((hours * 3600.0) as i64).into());
        }
    }
}

/// Puts `root_dir` before every path that is not below it already.
/// Salt: `salt.config.prepend_root_dir` behaviour.
fn move_below_root(values: &mut Map) {
    let root = values.get("root_dir").and_then(Value::as_str).unwrap_or("/").to_owned();
    let root = std::path::absolute(&root).unwrap_or_else(|_| PathBuf::from(&root));
    values.insert("root_dir".into(), root.as_path().into());
    for name in BELOW_ROOT {
        let Some(text) = values.get(*name).and_then(Value::as_str) else { continue };
        if text.is_empty() || text.contains("://") || Path::new(text).starts_with(&root) {
            continue;
        }
        let path = root.join(text.trim_start_matches('/'));
        values.insert((*name).into(), path.as_path().into());
    }
}

/// Makes each environment's roots a list, with globs expanded.
fn spread_roots(values: &mut Map, name: &str) {
    let Some(Value::Map(envs)) = values.get(name) else { return };
    let mut spread = Map::new();
    for (env, roots) in envs.iter() {
        let roots = match roots {
            Value::List(roots) => roots.iter().map(Value::to_string).collect(),
            Value::Null => Vec::new(),
            one => vec![one.to_string()],
        };
        let mut paths = Vec::new();
        for root in roots {
            if crate::glob::is_glob(&root) {
                let found = expand(Path::new(&root));
                paths.extend(found.iter().map(|path| Value::from(path.as_path())));
            } else {
                paths.push(Value::str(root));
            }
        }
        let env = if env.as_str().is_some() { env.clone() } else { env.to_string().into() };
        spread.insert(env, Value::from(paths));
    }
    values.insert(name.into(), spread.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name = json` lines: enough of a language for these tests.
    fn lines(text: &str, _path: &Path) -> Result<Value> {
        let mut map = Map::new();
        for line in text.lines() {
            let (name, value) = line.split_once('=').unwrap_or((line, "null"));
            let value = parse_json(value.trim()).map_err(|e| Error::execution(e.to_string()))?;
            map.insert(name.trim().into(), value);
        }
        Ok(map.into())
    }

    fn loaded(text: &str, more: &str) -> Result<(Opts, Warnings)> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("minion");
        fs::write(&file, text).expect("writes");
        fs::create_dir(folder.path().join("minion.d")).expect("writes");
        fs::write(folder.path().join("minion.d/x.conf"), more).expect("writes");
        load(Role::Minion, &file, &Map::new(), &lines)
    }

    #[test]
    fn files_go_over_defaults_and_includes_over_files() {
        let (opts, warnings) =
            loaded("id = \"a\"\nmaster_port = \"4711\"", "id = \"b\"").expect("loads");
        assert_eq!(opts.str("id"), "b");
        assert_eq!(opts.int("master_port", 0), 4711);
        assert_eq!(opts.int("auth_tries", 0), 7);
        assert!(opts.bool("sign_pub_messages"), "a minion verifies by default");
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn slips_are_named_and_broken_promises_refused() {
        let (_, warnings) =
            loaded("mastr_port = 1\nmy_module.x = 2\nfailhard = {}", "").expect("loads");
        assert_eq!(
            warnings,
            [
                "unknown option `mastr_port`; did you mean `master_port`?",
                "option `failhard` should be bool, not dict: {}"
            ]
        );
        for (text, name) in [("ssl = true", "`ssl`"), ("transport = \"tcp\"", "`tcp`")] {
            let error = loaded(text, "").expect_err("is refused").to_string();
            assert!(error.contains(name), "{error}");
        }
        let (_, told) = loaded("fileserver_backend = [\"roots\", \"git\"]", "").expect("loads");
        assert!(told.iter().any(|text| text.contains("`git` is not there")), "{told:?}");
        let (_, told) = loaded("fileserver_backend = [\"roots\"]", "").expect("loads");
        assert_eq!(told, Warnings::new());
    }

    #[test]
    fn paths_move_below_the_root() {
        let (opts, _) =
            loaded("root_dir = \"/tmp/r\"\ncachedir = \"/tmp/r/c\"", "").expect("loads");
        assert_eq!(opts.str("pki_dir"), "/tmp/r/etc/salt/pki/minion");
        assert_eq!(opts.str("cachedir"), "/tmp/r/c");
    }
}
