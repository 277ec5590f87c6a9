//! `pkg` on Debian: the keys that sign packages. Salt: `salt/modules/aptpkg.py` behaviour.

use std::path::{Path, PathBuf};

use halite_core::edit::apt::Entry;
use halite_core::host::Command;
use halite_core::{
    Apply, Args, Context, Error, ExecModule, Map, Result, Value, args, function, map,
};

use super::shared::{act, ask, debian};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("pkg", &[&GET_REPO_KEYS, &ADD_REPO_KEY, &DEL_REPO_KEY]).available(debian);

/// Where keys are that no program manages.
const KEY_FOLDER: &str = "/etc/apt/keyrings";

/// Lists the keys.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.get_repo_keys
/// ```
#[function]
fn get_repo_keys(
    cx: &Context<'_>,
    /// Whether `apt-key` is asked, where that program is.
    #[default(true)]
    aptkey: bool,
    /// The folder of keys, without `apt-key`.
    #[default(None)]
    keydir: Option<String>,
) -> Result<Value> {
    known(cx, aptkey, Path::new(keydir.as_deref().unwrap_or(KEY_FOLDER)))
}

fn known(cx: &Context<'_>, aptkey: bool, folder: &Path) -> Result<Value> {
    if aptkey && cx.host.which("apt-key").is_some() {
        let list = [
            "apt-key",
            "adv",
            "--batch",
            "--list-public-keys",
            "--with-fingerprint",
            "--with-fingerprint",
            "--with-colons",
            "--fixed-list-mode",
        ];
        let out = ask(cx, &list)?;
        return Ok(if out.success() { keys(&out.stdout_text()) } else { Map::new() }.into());
    }
    if !cx.host.metadata(folder)?.is_some_and(|stat| stat.is_dir()) {
        return Ok(false.into());
    }
    let mut found = Map::new();
    for name in cx.host.read_dir(folder)? {
        found.extend(keys_in(cx, &folder.join(name))?);
    }
    Ok(found.into())
}

fn keys_in(cx: &Context<'_>, file: &Path) -> Result<Map> {
    let file = file.display().to_string();
    let list = ["gpg", "--no-default-keyring", "--keyring", &file, "--list-keys", "--with-colons"];
    Ok(keys(&ask(cx, &list)?.stdout_text()))
}

/// Reads gpg's lines of fields. A field that is a number is one, an empty one is none.
fn keys(text: &str) -> Map {
    let mut found: Vec<(String, Map)> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').map(str::trim).collect();
        let field = |at: usize| match fields.get(at).copied().unwrap_or_default() {
            "" => Value::Null,
            text => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        };
        let props = || {
            map! { "algorithm" => field(3), "bits" => field(2), "capability" => field(11),
            "date_creation" => field(5), "date_expiration" => field(6),
            "keyid" => fields.get(4).copied().unwrap_or_default(), "validity" => field(1) }
        };
        let last = found.last_mut().map(|(_, key)| key);
        match (fields[0], last) {
            ("pub", _) => {
                found.push((fields.get(4).copied().unwrap_or_default().to_owned(), props()))
            }
            ("sub", Some(key)) => drop(key.insert("subkey".into(), props().into())),
            ("fpr", Some(key)) => match key.get_mut("subkey").and_then(Value::as_map_mut) {
                Some(sub) => drop(sub.insert("fingerprint".into(), field(9))),
                None => drop(key.insert("fingerprint".into(), field(9))),
            },
            ("uid", Some(key)) => {
                key.insert("uid".into(), field(9));
                key.insert("uid_hash".into(), field(7));
            }
            _ => {}
        }
    }
    found.into_iter().map(|(id, key)| (id.into(), key.into())).collect()
}

/// Adds a key: from a file or an address, as text, or by its id from a key server.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.add_repo_key salt://apt/test.key
/// salt '*' pkg.add_repo_key keyserver=keyserver.ubuntu.com keyid=0000AAAA
/// ```
#[function]
fn add_repo_key(
    apply: &Apply<'_>,
    #[default(None)] path: Option<String>,
    #[default(None)] text: Option<String>,
    #[default(None)] keyserver: Option<String>,
    #[default(None)] keyid: Option<String>,
    #[default("base".into())] saltenv: String,
    /// Whether `apt-key` is used, where that program is.
    #[default(true)]
    aptkey: bool,
    /// The folder for the key, without `apt-key`.
    #[default(None)]
    keydir: Option<String>,
    /// The key's file in that folder.
    #[default(None)]
    keyfile: Option<String>,
) -> Result<bool> {
    let folder = PathBuf::from(keydir.as_deref().unwrap_or(KEY_FOLDER));
    if !aptkey && !apply.cx.host.exists(&folder) {
        apply.call_value(
            "file.makedirs_perms",
            args![folder.display().to_string(); mode = "0755"],
        )?;
    }
    let aptkey = aptkey && apply.cx.host.which("apt-key").is_some();
    if let Some(id) = &keyid
        && let Value::Map(keys) = known(apply.cx, aptkey, &folder)?
        && keys.keys().any(|own| own.as_str().is_some_and(|own| own.ends_with(id.as_str())))
    {
        return Ok(true);
    }
    if let Some(path) = path {
        let cached: Value = apply.call("cp.cache_file", args![path, saltenv])?;
        let Some(cached) = cached.as_str().filter(|cached| !cached.is_empty()) else {
            return Ok(false);
        };
        return match aptkey {
            true => Ok(act(apply, &["apt-key", "add", cached].map(str::to_owned))?.success()),
            false => copy(apply, Path::new(cached), &folder, keyfile),
        };
    }
    if let Some(text) = text {
        let command = Command::new(["apt-key", "add", "-"]);
        let command = Command { stdin: Some(text.into_bytes()), ..command };
        return Ok(apply.host.run(&command)?.success());
    }
    receive(apply, keyserver, keyid, (!aptkey).then_some((folder, keyfile)))
}

/// Asks a key server: for `apt-key`, or for a file of its own in a folder.
fn receive(
    apply: &Apply<'_>,
    server: Option<String>,
    id: Option<String>,
    place: Option<(PathBuf, Option<String>)>,
) -> Result<bool> {
    let fault = |what: String| Error::usage("pkg.add_repo_key", what);
    let (server, id) = match (server, id) {
        (Some(server), Some(id)) => (server, id),
        (Some(server), None) => {
            return Err(fault(format!("No keyid or keyid too short for keyserver: {server}")));
        }
        (None, Some(id)) => return Err(fault(format!("No keyserver specified for keyid: {id}"))),
        (None, None) => {
            return Err(fault("add_repo_key() takes at least 1 argument (0 given)".into()));
        }
    };
    let Some((folder, file)) = place else {
        let argv = ["apt-key", "adv", "--batch", "--keyserver", &server, "--recv", &id];
        return Ok(act(apply, &argv.map(str::to_owned))?.success());
    };
    let Some(file) = file.map(|file| folder.join(file)) else { return Ok(false) };
    let ring = file.display().to_string();
    let argv = [
        "gpg",
        "--no-default-keyring",
        "--keyring",
        &ring,
        "--keyserver",
        &server,
        "--recv-keys",
        &id,
    ];
    let done = act(apply, &argv.map(str::to_owned))?.success();
    if done {
        apply.host.chmod(&file, 0o644)?;
    }
    Ok(done)
}

/// Puts a key into its folder; one in letters is made binary, unless its file is to end in `.asc`.
fn copy(apply: &Apply<'_>, source: &Path, folder: &Path, file: Option<String>) -> Result<bool> {
    let own =
        source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = file.unwrap_or(own);
    let mut key = apply.cx.host.read(source)?;
    let letters = String::from_utf8_lossy(&key).trim_start_matches('-').starts_with("BEGIN PGP");
    if letters && !file.ends_with(".asc") {
        if apply.cx.host.which("gpg").is_none() {
            return Ok(false);
        }
        let out = apply
            .cx
            .host
            .query(&Command { stdin: Some(key), ..Command::new(["gpg", "--dearmor"]) })?;
        if !out.success() {
            return Ok(false);
        }
        key = out.stdout;
    }
    let dest = folder.join(file);
    apply.host.write_atomic(&dest, &key, Some(0o644))?;
    apply.host.chmod(&dest, 0o644)?;
    Ok(true)
}

/// Removes a key. Gives its id.
///
/// CLI Example:
///
/// ```text
/// salt '*' pkg.del_repo_key keyid=0123ABCD
/// ```
#[function]
fn del_repo_key(
    apply: &Apply<'_>,
    #[default(None)] name: Option<String>,
    #[default(true)] aptkey: bool,
    #[default(None)] keydir: Option<String>,
    #[kwargs] options: Map,
) -> Result<Value> {
    let folder = PathBuf::from(keydir.as_deref().unwrap_or(KEY_FOLDER));
    if !aptkey && !apply.cx.host.exists(&folder) {
        return Ok(false.into());
    }
    let id = match options.get("keyid_ppa").is_some_and(Value::truthy) {
        true => ppa_key(apply, name.as_deref())?,
        false => match options.get("keyid") {
            Some(id) => id.to_string(),
            None => {
                let what = "keyid or keyid_ppa and PPA name must be passed";
                return Err(Error::usage("pkg.del_repo_key", what));
            }
        },
    };
    if aptkey && apply.cx.host.which("apt-key").is_some() {
        let out = act(apply, &["apt-key", "del", &id].map(str::to_owned))?;
        if !out.success() {
            return Err(Error::execution(format!(
                "Failed to remove keyid {id}: {}",
                out.stderr_text().trim()
            )));
        }
        return Ok(id.into());
    }
    if id.len() != 8 && id.len() != 16 {
        return Ok(false.into());
    }
    for file in apply.cx.host.read_dir(&folder)? {
        let path = folder.join(file);
        if keys_in(apply.cx, &path)?
            .keys()
            .any(|own| own.as_str().is_some_and(|own| own.ends_with(&id)))
        {
            apply.host.remove_file(&path)?;
            return Ok(id.into());
        }
    }
    Ok(false.into())
}

/// The last eight digits of the key of a PPA, as Launchpad tells them.
fn ppa_key(apply: &Apply<'_>, name: Option<&str>) -> Result<String> {
    let parts =
        name.and_then(|name| name.strip_prefix("ppa:")).and_then(|name| name.split_once('/'));
    let Some((owner, ppa)) = parts else {
        return Err(Error::usage("pkg.del_repo_key", "keyid_ppa requires that a PPA be passed"));
    };
    let url = format!("https://launchpad.net/api/1.0/~{owner}/+archive/{ppa}");
    let told: Map = apply.call("http.query", args![url; decode = true, decode_type = "json"])?;
    let print = told.get("dict").and_then(|data| data.get("signing_key_fingerprint"));
    match print.and_then(Value::as_str).and_then(|print| print.get(print.len().checked_sub(8)?..)) {
        Some(end) => Ok(end.to_owned()),
        None => Err(Error::execution(format!("Launchpad does not know about {owner}/{ppa}"))),
    }
}

/// Brings in the key that the options name: by its id, from an address, or as text.
pub(super) fn bring_in(
    apply: &Apply<'_>,
    wanted: &Entry,
    saltenv: &str,
    aptkey: bool,
    options: &Map,
) -> Result<()> {
    let text = |name: &str| options.get(name).map(Value::to_string);
    let signed_by = Path::new(&wanted.signed_by);
    let folder =
        signed_by.parent().map(|folder| folder.display().to_string()).filter(|f| !f.is_empty());
    let file = signed_by.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut call = Args::default();
    call.named.insert("aptkey".into(), aptkey.into());
    call.named.insert("saltenv".into(), saltenv.into());
    if let (Some(folder), false) = (folder, aptkey) {
        call.named.insert("keydir".into(), folder.into());
    }
    if let Some(ids) = options.get("keyid") {
        let server = text("keyserver").filter(|server| !server.is_empty());
        let (Some(server), true) = (server, ids.truthy()) else {
            return Err(Error::execution("both keyserver and keyid options required."));
        };
        call.named.insert("keyserver".into(), server.as_str().into());
        call.named.extend(file.map(|file| (Value::from("keyfile"), file.into())));
        let ids = match ids {
            Value::List(ids) => ids.to_vec(),
            one => vec![one.clone()],
        };
        for id in ids {
            // YAML may have read a key's number as one.
            let id = id.as_i64().map_or_else(|| id.to_string(), |number| format!("{number:#x}"));
            if aptkey {
                fetch(apply, &server, &id)?;
                continue;
            }
            let mut call = call.clone();
            call.named.insert("keyid".into(), id.as_str().into());
            if !apply.call::<bool>("pkg.add_repo_key", call)? {
                return Err(Error::execution(format!("Error: Could not add key: {id}")));
            }
        }
        return Ok(());
    }
    let fault = if let Some(url) = text("key_url") {
        call.named.insert("path".into(), url.as_str().into());
        call.named.extend(file.map(|file| (Value::from("keyfile"), file.into())));
        format!("Error: failed to add key from {url}")
    } else if let Some(key) = text("key_text") {
        call.named.insert("text".into(), key.as_str().into());
        call.named.insert("aptkey".into(), true.into());
        format!("Error: failed to add key:\n{key}")
    } else {
        return Ok(());
    };
    match apply.call::<bool>("pkg.add_repo_key", call)? {
        true => Ok(()),
        false => Err(Error::execution(fault)),
    }
}

/// Has `apt-key` fetch a key that it does not have.
fn fetch(apply: &Apply<'_>, server: &str, id: &str) -> Result<()> {
    if ask(apply.cx, &["apt-key", "export", id])?.stdout_text().starts_with("-----BEGIN PGP") {
        return Ok(());
    }
    let argv =
        ["apt-key", "adv", "--batch", "--keyserver", server, "--logger-fd", "1", "--recv-keys", id];
    let out = act(apply, &argv.map(str::to_owned))?;
    match out.success() {
        true => Ok(()),
        false => {
            let said = out.stdout_text();
            Err(Error::execution(format!("Error: key retrieval failed: {}", said.trim_end())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_gpg_become_keys() {
        let text = "tru:t:1\npub:-:4096:1:0E98404D386FA1D9:1610000000:1700000000::-:::scSC:\nfpr:::::::::AB:\n\
                    uid:-::::16::HASH::Debian <d@x>:\nsub:-:4096:1:6ED0E7B82643E131:1610000000:::::s:\nfpr:::::::::CD:\n";
        let keys = keys(text);
        let key = keys.get("0E98404D386FA1D9").expect("it is there");
        assert_eq!(key.get("bits"), Some(&4096.into()));
        assert_eq!(key.get("fingerprint"), Some(&"AB".into()));
        assert_eq!(key.get("subkey").and_then(|sub| sub.get("fingerprint")), Some(&"CD".into()));
        assert_eq!(key.get("uid"), Some(&"Debian <d@x>".into()));
    }
}
