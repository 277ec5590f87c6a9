//! `pkgrepo`: the sources of packages. Salt: `salt/states/pkgrepo.py` behaviour.

use std::path::Path;

use halite_core::edit::apt::{self, Entry, Source};
use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("pkgrepo", &[&MANAGED, &ABSENT]);

/// Options that exclude each other. Salt goes on all the same; its test mode shows a failure.
const APART: [(&str, &[&str]); 2] =
    [("key_url", &["keyid", "keyserver"]), ("key_text", &["keyid", "keyserver", "key_url"])];

fn is_true(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.eq_ignore_ascii_case("true"),
        other => other.truthy(),
    }
}

fn family<'c>(cx: &Context<'c>) -> &'c str {
    cx.grains.get("os_family").and_then(Value::as_str).unwrap_or_default()
}

/// A call with a source's name and all options.
fn call(repo: &str, options: &Map) -> Args {
    let mut named = options.clone();
    named.insert("repo".into(), repo.into());
    Args::named(named)
}

/// What Salt refuses before it looks at anything.
fn refused(cx: &Context<'_>, options: &Map) -> Option<String> {
    let given = |name: &str| options.get(name).is_some_and(|value| !value.is_null());
    if !cx.exec.contains("pkg.get_repo") {
        return Some("Repo management not implemented on this platform".into());
    }
    if options.contains_key("repo") {
        let what = "'repo' is not a supported argument for this state. The 'name' argument is probably what was intended.";
        return Some(what.into());
    }
    if given("enabled") && given("disabled") {
        return Some("Only one of enabled/disabled is allowed".into());
    }
    let url = options.get("key_url").and_then(Value::as_str).unwrap_or_default();
    if url.trim().starts_with("http:")
        && options.get("allow_insecure_key").is_some_and(|v| !v.truthy())
    {
        let what = "Cannot have 'key_url' using http with 'allow_insecure_key' set to True";
        return Some(what.into());
    }
    None
}

/// Takes out of the options whether the source is to be off.
fn turned_off(options: &mut Map) -> bool {
    let enabled = options.shift_remove("enabled").filter(|value| !value.is_null());
    let disabled = options.shift_remove("disabled").filter(|value| !value.is_null());
    options.shift_remove("allow_insecure_key");
    match (&enabled, &disabled) {
        (Some(on), _) => !is_true(on),
        (None, Some(off)) => is_true(off),
        (None, None) => false,
    }
}

/// Sees to it that a source of packages is there as described.
#[state]
fn managed<'a>(
    cx: &Context<'a>,
    name: String,
    /// On Ubuntu: a Personal Package Archive, `owner/name`.
    #[default(None)]
    ppa: Option<Value>,
    /// On Fedora: a project of copr.
    #[default(None)]
    copr: Option<String>,
    /// Whether keys go through `apt-key`, where that program is.
    #[default(true)]
    aptkey: bool,
    #[kwargs] mut options: Map,
) -> Result<Verdict<'a>> {
    if let Some(why) = refused(cx, &options) {
        return Ok(Verdict::fail(why));
    }
    let off = turned_off(&mut options);
    let mut repo = name.clone();
    let debian = family(cx) == "Debian";
    options.insert("name".into(), name.as_str().into());
    if debian {
        if let Some(ppa) = ppa {
            repo = format!("ppa:{ppa}");
        }
        options.insert("disabled".into(), off.into());
    } else {
        if let (Some(copr), "RedHat") = (copr, family(cx)) {
            repo = format!("copr:{copr}");
        }
        if let Some(human) = options.shift_remove("humanname") {
            options.insert("name".into(), human);
        }
        options.insert("enabled".into(), (!off).into());
    }
    let examined = cx.call::<Map>("pkg.get_repo", call(&repo, &options)).and_then(|before| {
        Ok((before, if debian { wanted(cx, &repo, &options)? } else { options.clone() }))
    });
    let (before, mut want) = match examined {
        Ok(pair) => pair,
        Err(error) => {
            return Ok(Verdict::fail(format!("Failed to examine repo '{name}': {error}")));
        }
    };
    if !before.is_empty() && !crowded(cx, &name, &options) {
        want.shift_remove("file");
        if as_wanted(cx, &before, &want, &options) {
            return Ok(Verdict::correct(format!("Package repo '{name}' already configured")));
        }
    }
    let mut would = Outcome::would(
        format!(
            "Package repo '{name}' would be configured. This may cause pkg states to behave differently than stated if \
             this action is repeated without test=True, due to the differences in the configured repositories."
        ),
        match before.is_empty() {
            true => map! { "repo" => name.as_str() },
            false => moved(&want, &before, &want),
        },
    );
    let has = |name: &&str| options.contains_key(*name);
    if APART.iter().any(|(one, others)| has(one) && others.iter().any(has)) {
        would.result = Some(false);
    }
    if debian {
        options.insert("aptkey".into(), (aptkey && cx.host.which("apt-key").is_some()).into());
    }
    let plan = Plan { name, repo, before, want };
    Ok(Verdict::change(would, move |apply| plan.run(apply, options)))
}

/// A source that is to become as wanted.
struct Plan {
    name: String,
    repo: String,
    before: Map,
    want: Map,
}

impl Plan {
    fn run(&self, apply: &Apply<'_>, mut options: Map) -> Result<Outcome> {
        let (name, repo) = (&self.name, self.repo.as_str());
        if options.get("clean_file").is_some_and(Value::truthy)
            && let Some(file) = options.get("file").and_then(Value::as_str)
        {
            apply.host.write_atomic(Path::new(file), b"", Some(0o644))?;
        }
        if let Err(error) = apply.call_value("pkg.mod_repo", call(repo, &options)) {
            let what = format!("Failed to configure repo '{name}': {error}");
            return Ok(Outcome::failed(what, Map::new()));
        }
        options.shift_remove("aptkey");
        Ok(match apply.call::<Map>("pkg.get_repo", call(repo, &options)) {
            Ok(after) => {
                let changes = match self.before.is_empty() {
                    true => map! { "repo" => repo },
                    false => moved(&self.want, &self.before, &after),
                };
                Outcome::done(format!("Configured package repo '{name}'"), changes)
            }
            Err(error) => {
                let what = format!("Failed to confirm config of repo '{name}': {error}");
                Outcome::failed(what, Map::new())
            }
        })
    }
}

/// `{key: {old, new}}` of the keys that are looked at.
fn moved(keys: &Map, before: &Map, after: &Map) -> Map {
    let mut changes = Map::new();
    for key in keys.keys() {
        let at = |side: &Map| side.get(key).cloned().unwrap_or_default();
        if at(before) != at(after) {
            changes.insert(key.clone(), map! { "new" => at(after), "old" => at(before) }.into());
        }
    }
    changes
}

/// The data of an apt source as the options describe it.
fn wanted(cx: &Context<'_>, repo: &str, options: &Map) -> Result<Map> {
    let grain = |name: &str| cx.grains.get(name).and_then(Value::as_str).unwrap_or_default();
    let (mut line, mut options) = (repo.to_owned(), options.clone());
    if let (Some((owner, ppa)), "Ubuntu" | "Mint" | "neon") =
        (repo.strip_prefix("ppa:").and_then(|ppa| ppa.split_once('/')), grain("os"))
    {
        let dist = grain("oscodename");
        line = match options.get("ppa_auth") {
            Some(auth) => format!(
                "deb https://{auth}@private-ppa.launchpad.net/{owner}/{ppa}/ubuntu {dist} main"
            ),
            None => format!("deb http://ppa.launchpad.net/{owner}/{ppa}/ubuntu {dist} main"),
        };
        let file = format!("{}{owner}-{ppa}-{dist}.list", apt::PARTS_FOLDER);
        options.entry("file".into()).or_insert_with(|| file.into());
    }
    Source::wanted(&line, &options).map_err(halite_core::Error::execution)
}

/// Whether a file that is to hold this source alone holds something else.
fn crowded(cx: &Context<'_>, name: &str, options: &Map) -> bool {
    let file = options.get("file").and_then(Value::as_str);
    let clean = options.get("clean_file").is_some_and(Value::truthy);
    let text = file.filter(|_| clean).and_then(|file| cx.host.read(Path::new(file)).ok());
    let text = text.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    text.lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with('#') && line != name.trim())
}

/// Whether a source is as wanted, key by key.
fn as_wanted(cx: &Context<'_>, before: &Map, want: &Map, options: &Map) -> bool {
    let family = family(cx);
    want.iter().all(|(key, new)| {
        let name = key.as_str().unwrap_or_default();
        let Some(old) = before.get(key) else {
            return match name {
                "enabled" => family == "RedHat" && is_true(new),
                "comps" | "key_url" => false,
                _ => true,
            };
        };
        match name {
            "comps" | "key_url" => sorted(new) == sorted(old),
            "line" if family == "Debian" => {
                want.get("disabled").is_some_and(Value::truthy) || same_line(new, old, options)
            }
            "comments" if family == "RedHat" => {
                apt::joined_comments(new) == apt::joined_comments(old)
            }
            "architectures" if new.truthy() => sorted(new) == sorted(old),
            _ if matches!(family, "RedHat" | "Suse")
                && (new.as_bool().is_some() || old.as_bool().is_some()) =>
            {
                is_true(new) == is_true(old)
            }
            _ => new.to_string() == old.to_string(),
        }
    })
}

fn sorted(value: &Value) -> Vec<String> {
    let mut words = match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => vec![other.to_string()],
    };
    words.sort();
    words
}

/// Whether two lines say the same, whatever the order of components, and with the comments asked for.
fn same_line(new: &Value, old: &Value, options: &Map) -> bool {
    let parts = |line: &str| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.len() > 3 {
            words[3..].sort();
        }
        words
    };
    let old = old.to_string();
    let (line, comments) = old.split_once('#').unwrap_or((&old, ""));
    let wanted = options.get("comments").map(apt::joined_comments);
    parts(&new.to_string()) == parts(line) && wanted.is_none_or(|wanted| wanted == comments.trim())
}

/// Sees to it that a source of packages is not there.
#[state]
fn absent<'a>(cx: &Context<'a>, name: String, #[kwargs] mut options: Map) -> Result<Verdict<'a>> {
    let mut repo = name;
    let os = cx.grains.get("os").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (option, here) in
        [("ppa", matches!(os.as_str(), "Ubuntu" | "Mint")), ("copr", family(cx) == "RedHat")]
    {
        if let Some(given) = here.then(|| options.shift_remove(option)).flatten() {
            let given = given.to_string();
            let prefix = format!("{option}:");
            repo = if given.starts_with(&prefix) { given } else { prefix + &given };
        }
    }
    let key = ["keyid", "keyid_ppa"].iter().any(|k| options.get(*k).is_some_and(|v| !v.is_null()));
    if key && !cx.exec.contains("pkg.del_repo_key") {
        return Ok(Verdict::fail("Repo key management is not implemented for this platform"));
    }
    let debian = family(cx) == "Debian";
    let line = if debian { apt::strip_uri(&repo) } else { repo.clone() };
    let mut found = match cx.call::<Map>("pkg.get_repo", call(&line, &options)) {
        Ok(found) => found,
        Err(error) => {
            return Ok(Verdict::fail(format!("Failed to configure repo '{repo}': {error}")));
        }
    };
    if debian && !found.is_empty() {
        let wanted = Entry::parse(&line, apt::MAIN_FILE).map(|entry| entry.architectures);
        let wanted = Value::from(wanted.unwrap_or_default());
        if found.get("architectures").map(sorted) != Some(sorted(&wanted)) {
            found.clear();
        }
    }
    if found.is_empty() {
        return Ok(Verdict::correct(format!("Package repo {repo} is absent")));
    }
    let would = Outcome::new(
        None,
        format!(
            "Package repo '{repo}' will be removed. This may cause pkg states to behave differently than stated if this \
             action is repeated without test=True, due to the differences in the configured repositories."
        ),
    );
    Ok(Verdict::change(would, move |apply| {
        if let Err(error) = apply.call_value("pkg.del_repo", call(&line, &options)) {
            return Ok(Outcome::failed(error.to_string(), Map::new()));
        }
        let left: Map = apply.call("pkg.list_repos", args![])?;
        if left.contains_key(line.as_str()) {
            return Ok(Outcome::failed(format!("Failed to remove repo {repo}"), Map::new()));
        }
        let mut outcome =
            Outcome::done(format!("Removed repo {repo}"), map! { "repo" => repo.as_str() });
        if key {
            let mut named = options;
            named.insert("name".into(), line.as_str().into());
            match apply.call_value("pkg.del_repo_key", Args::named(named)) {
                Ok(id) => {
                    outcome.comment.push_str(&format!(", and keyid {id}"));
                    outcome.changes.insert("keyid".into(), id);
                }
                Err(error) => {
                    outcome.result = Some(false);
                    outcome.comment.push_str(&format!(", but failed to remove key: {error}"));
                }
            }
        }
        Ok(outcome)
    }))
}
