//! What the files of `pkg` share: what is asked for, and what of it is there.

use halite_core::{Args, Context, Map, Result, Value, args, map};

/// A package asked for, with the version where one is.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    /// Package name.
    pub(super) name: String,
    /// Version, possibly with a comparison before it.
    pub(super) version: Option<String>,
    /// The package file, for `sources`.
    pub(super) source: Option<String>,
}

impl Desired {
    /// Salt: `_get_desired_pkg`: the name, with the version asked for.
    pub(super) fn shown(&self) -> String {
        match &self.version {
            Some(version) if version.starts_with(['<', '>', '=', '!']) => {
                format!("{}{version}", self.name)
            }
            Some(version) => format!("{}={version}", self.name),
            None => self.name.clone(),
        }
    }

    /// As an item of `pkgs` for `pkg.install`.
    pub(super) fn item(&self) -> Value {
        match (&self.source, &self.version) {
            (Some(source), _) => map! {self.name.as_str() => source.as_str()}.into(),
            (None, Some(version)) => map! {self.name.as_str() => version.as_str()}.into(),
            (None, None) => self.name.as_str().into(),
        }
    }
}

/// Reads `name`/`version`, `pkgs` or `sources`, each package once.
pub(super) fn desired(
    name: &str,
    version: Option<&str>,
    pkgs: Option<&Value>,
    sources: Option<&Value>,
) -> Vec<Desired> {
    let mut found: Vec<Desired> = Vec::new();
    let mut add = |name: String, version: Option<String>, source: Option<String>| {
        if !found.iter().any(|known| known.name == name) {
            found.push(Desired { name, version, source });
        }
    };
    let list = sources.or(pkgs).and_then(Value::as_list);
    match list {
        Some(items) => {
            for item in items {
                match item {
                    Value::Map(pairs) => {
                        for (key, value) in pairs.iter() {
                            let text = Some(value.to_string()).filter(|_| value.truthy());
                            match sources {
                                Some(_) => add(key.to_string(), None, text),
                                None => add(key.to_string(), text, None),
                            }
                        }
                    }
                    other => add(other.to_string(), None, None),
                }
            }
        }
        None => {
            for part in name.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                add(part.to_owned(), version.map(str::to_owned), None);
            }
        }
    }
    found
}

/// What is installed, by name.
pub(super) fn installed_list(cx: &Context<'_>) -> Result<Map> {
    cx.call("pkg.list_pkgs", args![])
}

/// Whether the installed version is what is asked for.
pub(super) fn satisfied(cx: &Context<'_>, want: &Desired, list: &Map) -> Result<bool> {
    let name: String = cx.call("pkg.normalize_name", args![want.name.as_str()])?;
    let Some(have) = list.get(name.as_str()).and_then(Value::as_str) else { return Ok(false) };
    let Some(version) = &want.version else { return Ok(true) };
    let at = version.find(|c| !"<>=!".contains(c)).unwrap_or(version.len());
    let (sign, wanted) = version.split_at(at);
    let wanted = wanted.trim();
    if wanted.contains('*') {
        return Ok(halite_core::glob::fnmatch(have, wanted));
    }
    let order: i64 = cx.call("pkg.version_cmp", args![have, wanted])?;
    Ok(match sign {
        "<" => order < 0,
        "<=" => order <= 0,
        ">" => order > 0,
        ">=" => order >= 0,
        "!=" => order != 0,
        _ => order == 0,
    })
}

/// What is to become of packages: `{name: {old, new}}` with the versions that would come.
/// Salt: `_get_installable_versions` behaviour.
pub(super) fn installable(cx: &Context<'_>, targets: &[Desired], current: &Map) -> Result<Map> {
    let open = targets.iter().filter(|t| t.version.is_none() && t.source.is_none());
    let names: Vec<Value> = open.map(|target| target.name.as_str().into()).collect();
    let latest = match names.as_slice() {
        [] => Map::new(),
        [one] => {
            let version: Value = cx.call(
                "pkg.latest_version",
                Args { positional: names.clone(), ..Args::default() },
            )?;
            [(one.clone(), version)].into_iter().collect()
        }
        _ => cx.call("pkg.latest_version", Args { positional: names, ..Args::default() })?,
    };
    let entry = |target: &Desired| {
        let known = latest.get(target.name.as_str()).cloned().filter(Value::truthy);
        let old = current.get(target.name.as_str()).cloned().unwrap_or_else(|| "".into());
        let new = known.unwrap_or_else(|| "installed".into());
        (Value::from(target.name.as_str()), map! {"new" => new, "old" => old}.into())
    };
    Ok(targets.iter().map(entry).collect())
}

/// Whether lists are to be refreshed: as asked, else once when something is to be installed.
pub(super) fn refresh_wanted(refresh: Option<&Value>) -> bool {
    refresh.is_none_or(Value::truthy)
}

/// Names joined by commas.
pub(super) fn names<'a>(list: impl IntoIterator<Item = &'a Desired>) -> String {
    let names: Vec<&str> = list.into_iter().map(|item| item.name.as_str()).collect();
    names.join(", ")
}
