//! `pkg` on Debian: the sources of packages, in `sources.list` and the folder beside it.
//! Salt: `salt/modules/aptpkg.py` behaviour.

use std::collections::BTreeMap;
use std::path::Path;

use halite_core::edit::apt::{
    Entry, MAIN_FILE, PARTS_FOLDER, Source, Stanza, comma_words, joined_comments, truth,
};
use halite_core::{
    Apply, Context, Error, ExecModule, Map, Result, Value, args, function, host, map,
};

use super::apt_key::bring_in;
use super::shared::{act, debian, is_true};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("pkg", &[&LIST_REPOS, &GET_REPO, &DEL_REPO, &MOD_REPO]).available(debian);

/// What `mod_repo` may set on a line; on a stanza also the lists of it.
const SETTABLE: [&str; 8] =
    ["uri", "comps", "architectures", "disabled", "file", "dist", "signedby", "trusted"];
const SETTABLE_IN_STANZAS: [&str; 3] = ["uris", "suites", "types"];

/// All sources. A file that cannot be read or understood is passed by, as in Salt.
fn sources(host: &dyn host::Read) -> Vec<Source> {
    let parts = host.read_dir(Path::new(PARTS_FOLDER)).unwrap_or_default().into_iter();
    let parts = parts.filter(|name| name.ends_with(".list") || name.ends_with(".sources"));
    let files = std::iter::once(MAIN_FILE.to_owned())
        .chain(parts.map(|name| format!("{PARTS_FOLDER}{name}")));
    let mut found = Vec::new();
    for file in files {
        let plain =
            host.metadata(Path::new(&file)).ok().flatten().is_some_and(|stat| stat.is_file());
        if let Some(text) = plain.then(|| host.read(Path::new(&file)).ok()).flatten() {
            found.extend(
                Source::parse_file(&file, &String::from_utf8_lossy(&text)).unwrap_or_default(),
            );
        }
    }
    found
}

/// Writes the files of all sources; one in the folder that `emptied` names and that holds none is removed.
fn save(apply: &Apply<'_>, list: &[Source], emptied: &[String]) -> Result<Vec<String>> {
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for source in list {
        let text = texts.entry(source.file()).or_default();
        if matches!(source, Source::Stanza(..)) && !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&source.text());
        text.push('\n');
    }
    for (file, text) in &texts {
        apply.host.write_atomic(Path::new(file), text.as_bytes(), Some(0o644))?;
    }
    let mut removed = Vec::new();
    for file in emptied {
        let left = list.iter().any(|source| source.file() == file && !source.invalid());
        if !left && file.contains("sources.list.d/") {
            apply.host.remove_file(Path::new(file))?;
            removed.push(file.clone());
        } else if !texts.contains_key(file.as_str()) {
            apply.host.write_atomic(Path::new(file), b"", Some(0o644))?;
        }
    }
    Ok(removed)
}

fn grain<'c>(cx: &Context<'c>, name: &str) -> &'c str {
    cx.grains.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn knows_ppas(cx: &Context<'_>) -> bool {
    matches!(grain(cx, "os"), "Ubuntu" | "Mint" | "neon")
}

/// The line of a PPA; any other text is the line itself.
fn line_of(cx: &Context<'_>, repo: &str, auth: Option<&str>) -> String {
    let dist = grain(cx, "oscodename");
    match repo.strip_prefix("ppa:").filter(|_| knows_ppas(cx)).and_then(|ppa| ppa.split_once('/')) {
        Some((owner, ppa)) => match auth {
            Some(auth) => format!(
                "deb https://{auth}@private-ppa.launchpad.net/{owner}/{ppa}/ubuntu {dist} main"
            ),
            None => format!("deb http://ppa.launchpad.net/{owner}/{ppa}/ubuntu {dist} main"),
        },
        None => repo.to_owned(),
    }
}

fn parsed(repo: &str) -> Result<Entry> {
    Entry::parse(repo, MAIN_FILE).map_err(Error::execution)
}

fn bare(uri: &str) -> &str {
    uri.trim_end_matches('/')
}

/// Lists the sources of packages, by their addresses.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.list_repos
/// ```
#[function]
fn list_repos(cx: &Context<'_>, #[kwargs] _rest: Map) -> Map {
    let mut found: Vec<(String, Vec<Value>)> = Vec::new();
    for source in sources(cx.host).iter().filter(|source| !source.invalid()) {
        for (uri, data) in source.listed() {
            match found.iter_mut().find(|(known, _)| *known == uri) {
                Some((_, all)) => all.push(data.into()),
                None => found.push((uri, vec![data.into()])),
            }
        }
    }
    found.into_iter().map(|(uri, all)| (uri.into(), all.into())).collect()
}

/// Gives the data of a source of packages; an empty map if there is none like it. What is given is a whole line.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.get_repo 'deb http://deb.debian.org/debian bookworm main'
/// ```
#[function]
fn get_repo(cx: &Context<'_>, repo: String, #[kwargs] options: Map) -> Result<Map> {
    find(cx, &repo, &options)
}

fn find(cx: &Context<'_>, repo: &str, options: &Map) -> Result<Map> {
    let auth = options.get("ppa_auth").and_then(Value::as_str);
    let mut wanted = parsed(&line_of(cx, repo, auth))?;
    if let (Some(auth), Some((scheme, rest))) = (auth, wanted.uri.split_once("://"))
        && !rest.starts_with(auth)
    {
        wanted.uri = format!("{scheme}://{auth}@{rest}");
    }
    let listed = sources(cx.host).into_iter().filter(|source| !source.invalid());
    let found = listed.flat_map(|source| source.listed()).find(|(uri, data)| {
        let is = |key: &str, value: &str| data.get(key).and_then(Value::as_str) == Some(value);
        let has = |comp: &String| {
            let comps = data.get("comps").and_then(Value::as_list).unwrap_or_default();
            comps.iter().any(|own| own.as_str() == Some(comp))
        };
        is("type", &wanted.kind)
            && bare(uri) == bare(&wanted.uri)
            && is("dist", &wanted.dist)
            && (wanted.comps.is_empty() || wanted.comps.iter().any(has))
    });
    Ok(found.map(|(_, data)| data).unwrap_or_default())
}

/// Removes a source of packages. A file of the folder that then holds none is removed as well.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.del_repo 'deb http://deb.debian.org/debian bookworm main'
/// ```
#[function]
fn del_repo(apply: &Apply<'_>, repo: String, #[kwargs] options: Map) -> Result<String> {
    let auth = options.get("ppa_auth").and_then(Value::as_str);
    let line = line_of(apply.cx, &repo, auth);
    let wanted = parsed(&line)?;
    let ppa = line != repo;
    let mut files: Vec<String> = Vec::new();
    let mut left = Vec::new();
    for source in sources(apply.cx.host) {
        let of_ppa = ppa
            && wanted.kind == "deb"
            && source.kind() == "deb-src"
            && source.uris() == [wanted.uri.as_str()];
        let same = source.kind().split_whitespace().any(|kind| kind == wanted.kind)
            && source.architectures() == wanted.architectures
            && source.uris().iter().any(|uri| bare(uri) == bare(&wanted.uri));
        let here = !source.invalid() && (same || of_ppa) && source.suites().contains(&wanted.dist);
        let file = source.file().to_owned();
        match here.then(|| without(source.clone(), &wanted)) {
            None | Some(Taken::Nothing) => left.push(source),
            Some(taken) => {
                if !files.contains(&file) {
                    files.push(file);
                }
                if let Taken::Part(rest) = taken {
                    left.push(*rest);
                }
            }
        }
    }
    if files.is_empty() {
        return Err(Error::execution(format!("Repo {line} doesn't exist in the sources.list(s)")));
    }
    let removed = save(apply, &left, &files)?;
    let said = files.iter().map(|file| match removed.contains(file) {
        true => format!("File {file} containing repo '{line}' has been removed."),
        false => format!("Repo '{line}' has been removed from {file}.\n"),
    });
    let said = said.collect();
    apply.call_value("pkg.refresh_db", args![])?;
    Ok(said)
}

/// What is left of a source.
enum Taken {
    Nothing,
    All,
    Part(Box<Source>),
}

/// Takes the suite, if the components are the same, or the components out of a source.
fn without(mut source: Source, wanted: &Entry) -> Taken {
    let own = source.comps();
    let same = own.iter().all(|comp| wanted.comps.contains(comp))
        && wanted.comps.iter().all(|comp| own.contains(comp));
    let rest = |all: Vec<String>, taken: &[String]| -> Vec<String> {
        all.into_iter().filter(|one| !taken.contains(one)).collect()
    };
    if same {
        let suites = rest(source.suites(), std::slice::from_ref(&wanted.dist));
        return match &mut source {
            Source::Stanza(stanza, _) if !suites.is_empty() => {
                stanza.set("Suites", &suites.join(" "));
                Taken::Part(Box::new(source))
            }
            _ => Taken::All,
        };
    }
    let comps = rest(own.clone(), &wanted.comps);
    if comps.len() == own.len() {
        return Taken::Nothing;
    }
    if comps.is_empty() {
        return Taken::All;
    }
    match &mut source {
        Source::Line(entry) => entry.comps = comps,
        Source::Stanza(stanza, _) => stanza.set("Components", &comps.join(" ")),
    }
    Taken::Part(Box::new(source))
}

/// Changes a source of packages, or adds it: a whole line, and what is to be set over it.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.mod_repo 'deb http://deb.debian.org/debian bookworm main' comps=main,contrib
/// ```
#[function]
fn mod_repo(
    apply: &Apply<'_>,
    repo: String,
    #[default("base".into())] saltenv: String,
    /// Whether keys go through `apt-key`, where that program is.
    #[default(true)]
    aptkey: bool,
    #[kwargs] mut options: Map,
) -> Result<Map> {
    let cx = apply.cx;
    let refresh = ["refresh_db", "refresh"].into_iter().find_map(|name| options.get(name));
    let refresh = refresh.is_none_or(Value::truthy);
    let aptkey = aptkey && cx.host.which("apt-key").is_some();
    let mut line = repo.clone();
    if repo.starts_with("ppa:") {
        if let Some(done) = ppa(apply, &repo, refresh, &mut options)? {
            return Ok(done);
        }
        line = line_of(cx, &repo, options.get("ppa_auth").and_then(Value::as_str));
    }
    let wanted = parsed(&line)?;
    if wanted.invalid {
        return Err(Error::execution(format!(
            "Name {line} is not valid. This must be the complete repo entry as seen in the sources file"
        )));
    }
    bring_in(apply, &wanted, &saltenv, aptkey, &options)?;
    options.insert("signedby".into(), wanted.signed_by.as_str().into());
    let mut comps = wanted.comps.clone();
    match options.get("comps").map(comma_words) {
        Some(more) => {
            comps.extend(more.iter().filter(|comp| !wanted.comps.contains(comp)).cloned())
        }
        None => drop(options.insert("comps".into(), comps.clone().into())),
    }
    let architectures =
        options.get("architectures").map_or(wanted.architectures.clone(), comma_words);
    let disabled = options.get("disabled").map(is_true);
    if let Some(disabled) = disabled.or_else(|| options.get("enabled").map(|on| !is_true(on))) {
        options.insert("disabled".into(), disabled.into());
    }
    let mut list = sources(cx.host);
    let at = match place(&list, &wanted, &options, &comps, &architectures) {
        Some(at) => at,
        None => {
            let trusted =
                options.get("trusted").is_some_and(|t| truth(&t.to_string()) == Some(true));
            if !aptkey && wanted.signed_by.is_empty() && !trusted {
                let what = "missing 'signedby' or 'trusted' option when apt-key is missing";
                return Err(Error::execution(what));
            }
            list.push(fresh(&line, &wanted, &options)?);
            list.len() - 1
        }
    };
    if architectures.is_empty() && list[at].architectures().is_empty() {
        options.shift_remove("architectures");
    } else {
        options.insert("architectures".into(), architectures.into());
    }
    set(&mut list[at], &line, &wanted, &options);
    save(apply, &list, &[])?;
    if refresh {
        apply.call_value("pkg.refresh_db", args![])?;
    }
    Ok(map! { line.as_str() => find(cx, &line, &Map::new())? })
}

/// The place of the source that is to be changed.
fn place(
    list: &[Source],
    wanted: &Entry,
    options: &Map,
    comps: &[String],
    architectures: &[String],
) -> Option<usize> {
    let option = |name: &str| options.get(name).and_then(Value::as_str);
    let kind_is =
        |source: &Source, kind: &str| source.kind().split_whitespace().any(|own| own == kind);
    list.iter().position(|source| {
        let named = kind_is(source, &wanted.kind)
            && source.uris().iter().any(|uri| bare(uri) == bare(&wanted.uri))
            && source.suites().contains(&wanted.dist);
        let by_option = option("dist")
            .is_some_and(|dist| source.suites().iter().any(|own| own == dist))
            && option("type").is_some_and(|kind| kind_is(source, kind));
        let own = source.comps();
        !source.invalid()
            && (named || by_option)
            && (own.is_empty()
                || comps.iter().any(|comp| own.contains(comp))
                || source.architectures() != architectures)
    })
}

/// A new source for the end of its file.
fn fresh(line: &str, wanted: &Entry, options: &Map) -> Result<Source> {
    let file = options.get("file").and_then(Value::as_str).unwrap_or(MAIN_FILE);
    if !file.ends_with(".sources") {
        return Entry::parse(line, file).map(Source::Line).map_err(Error::execution);
    }
    let mut stanza = Stanza::default();
    stanza.set("Types", &wanted.kind);
    stanza.set("URIs", &wanted.uri);
    stanza.set("Suites", &wanted.dist);
    stanza.set("Components", &wanted.comps.join(" "));
    if wanted.trusted == Some(true) && !options.contains_key("trusted") {
        stanza.set("Trusted", "yes");
    }
    Ok(Source::Stanza(stanza, file.to_owned()))
}

/// Sets what the options name.
fn set(source: &mut Source, line: &str, wanted: &Entry, options: &Map) {
    let comments = options.get("comments").map(joined_comments);
    let known = |name: &str, stanza: bool| {
        SETTABLE.contains(&name) || stanza && SETTABLE_IN_STANZAS.contains(&name)
    };
    let settable = options.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
    match source {
        Source::Line(entry) => {
            entry.line = format!("{}\n", line.trim_end_matches('\n'));
            if let Some(comment) = comments {
                entry.comment = comment;
            }
            settable
                .filter(|(key, _)| known(key, false))
                .for_each(|(key, value)| entry.set(key, value));
            if !options.contains_key("uri") {
                entry.uri.clone_from(&wanted.uri);
            }
        }
        Source::Stanza(stanza, file) => {
            if let Some(comment) = comments {
                let marked = comment.lines().all(|line| line.starts_with('#'));
                let mark = if marked { "" } else { "#" };
                stanza.header = comment.lines().map(|line| format!("{mark}{line}")).collect();
            }
            for (key, value) in settable.filter(|(key, _)| known(key, true)) {
                match key {
                    "file" => *file = value.to_string(),
                    "signedby" if wanted.signed_by.is_empty() => stanza.set("Signed-By", ""),
                    _ => stanza.set_option(key, value),
                }
            }
        }
    }
}

/// Adds a PPA by `apt-add-repository`; where that cannot do it, fills in what the line needs.
fn ppa(apply: &Apply<'_>, repo: &str, refresh: bool, options: &mut Map) -> Result<Option<Map>> {
    let cx = apply.cx;
    let name = &repo["ppa:".len()..];
    if !knows_ppas(cx) {
        return Err(Error::execution(format!(
            "cannot parse \"ppa:\" style repo definitions: {repo}"
        )));
    }
    let private = options.contains_key("ppa_auth");
    if cx.host.which("apt-add-repository").is_some() && !private {
        let known = find(cx, repo, options)?;
        if !known.is_empty() {
            return Ok(Some(map! { repo => known }));
        }
        let argv = ["apt-add-repository", "-y", repo].map(str::to_owned);
        let out = act(apply, &argv)?;
        if !out.success() {
            return Err(Error::execution(format!(
                "Unable to add PPA '{name}'. '{}' exited with status {}: '{}'",
                Value::from(argv.to_vec()).repr(),
                out.retcode,
                out.stderr_text().trim_end()
            )));
        }
        if refresh {
            apply.call_value("pkg.refresh_db", args![])?;
        }
        let said = map! { "pid" => i64::from(out.pid), "retcode" => out.retcode,
        "stdout" => out.stdout_text().trim_end(), "stderr" => out.stderr_text().trim_end() };
        return Ok(Some(map! { repo => said }));
    }
    let Some((owner, ppa)) = name.split_once('/') else {
        return Err(Error::execution(format!(
            "Unable to get PPA info from argument. Expected format \"<PPA_OWNER>/<PPA_NAME>\" (e.g. saltstack/salt) \
             not found.  Received '{name}' instead."
        )));
    };
    let dist = grain(cx, "oscodename");
    options.insert("dist".into(), dist.into());
    options
        .entry("file".into())
        .or_insert_with(|| format!("{PARTS_FOLDER}{owner}-{ppa}-{dist}.list").into());
    options.entry("keyserver".into()).or_insert_with(|| "keyserver.ubuntu.com".into());
    if !options.contains_key("keyid") {
        if private {
            return Err(Error::execution(format!(
                "Private PPAs require a keyid to be specified: {name}"
            )));
        }
        let url = format!("https://launchpad.net/api/1.0/~{owner}/+archive/{ppa}");
        let told: Map =
            apply.call("http.query", args![url; decode = true, decode_type = "json"])?;
        let key = told.get("dict").and_then(|data| data.get("signing_key_fingerprint")).cloned();
        let unknown = || Error::execution(format!("Launchpad does not know about {name}"));
        options.insert("keyid".into(), key.ok_or_else(unknown)?);
    }
    Ok(None)
}
