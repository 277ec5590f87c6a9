//! `ssh`: keys of other machines that are known. Salt: `salt/modules/ssh.py`.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{fingerprint, folder_above, here, hosts_file, user as user_of, write};
use crate::support::programs::{ask, tell};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "ssh",
    &[
        &GET_KNOWN_HOST_ENTRIES,
        &RECV_KNOWN_HOST_ENTRIES,
        &CHECK_KNOWN_HOST,
        &SET_KNOWN_HOST,
        &RM_KNOWN_HOST,
        &HASH_KNOWN_HOSTS,
    ],
)
.available(here);

const PORT: i64 = 22;
/// How often a machine is asked that does not answer.
const ATTEMPTS: usize = 5;

/// `None` that gives an answer for users in place of a result.
type Answer<T> = Result<Result<T, Value>>;

fn error<T>(text: impl Into<String>) -> Answer<T> {
    Ok(Err(map! {"status" => "error", "error" => text.into()}.into()))
}

fn port_of(port: &Value) -> Option<i64> {
    match port {
        Value::Str(text) => text.parse().ok(),
        other => other.as_i64(),
    }
    .filter(|port| *port != 0)
}

/// A machine as ssh writes it.
fn full_name(hostname: &str, port: &Value) -> String {
    match port_of(port).filter(|port| *port != PORT) {
        Some(port) => format!("[{hostname}]:{port}"),
        None => hostname.to_owned(),
    }
}

/// Machine, type, key and fingerprint of each line.
fn entries(text: &str, kind: Option<&str>) -> Result<Vec<Map>> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [hostname, enc, key] = words[..] else { continue };
        if let Some(print) = fingerprint(key, kind)? {
            found.push(map! {
                "hostname" => hostname, "key" => key, "enc" => enc, "fingerprint" => print,
            });
        }
    }
    Ok(found)
}

fn program(cx: &Context<'_>, name: &str) -> Result<()> {
    match cx.host.which(name) {
        Some(_) => Ok(()),
        None => Err(Error::execution(format!("'{name}' binary is not found in $PATH."))),
    }
}

/// What `ssh-keygen -F` finds in a file.
fn search(cx: &Context<'_>, name: &str, file: &Path) -> Result<String> {
    program(cx, "ssh-keygen")?;
    let file = file.display().to_string();
    let mut command = Command::new(["ssh-keygen", "-F", name, "-f", &file]);
    command.merge_stderr = true;
    Ok(ask(cx.host, command)?.stdout)
}

struct Known<'a> {
    user: Option<&'a str>,
    hostname: &'a str,
    config: Option<&'a str>,
    port: &'a Value,
    kind: Option<&'a str>,
}

impl Known<'_> {
    /// What is known of the machine.
    fn held(&self, cx: &Context<'_>) -> Answer<Vec<Map>> {
        let file = match hosts_file(cx, self.config, self.user) {
            Ok(file) => file,
            Err(answer) => return Ok(Err(answer.into())),
        };
        let text = search(cx, &full_name(self.hostname, self.port), &file)?;
        Ok(Ok(entries(&text, self.kind)?))
    }

    /// What the machine says of itself.
    fn received(
        &self,
        cx: &Context<'_>,
        enc: Option<&str>,
        hash: bool,
        timeout: &Value,
    ) -> Result<Vec<Map>> {
        program(cx, "ssh-keyscan")?;
        let mut words = vec!["ssh-keyscan".to_owned()];
        words.extend(
            port_of(self.port).into_iter().flat_map(|port| ["-p".into(), port.to_string()]),
        );
        words.extend(enc.into_iter().flat_map(|enc| ["-t".to_owned(), enc.to_owned()]));
        words.extend(hash.then(|| "-H".to_owned()));
        words.extend(["-T".to_owned(), timeout.to_string(), self.hostname.to_owned()]);
        for _ in 0..ATTEMPTS {
            let mut command = Command::new(words.clone());
            command.merge_stderr = true;
            let said = ask(cx.host, command)?;
            if !said.success() {
                cx.job.set_retcode(said.retcode);
            }
            if !said.stdout.is_empty() {
                return entries(&said.stdout, self.kind);
            }
        }
        Ok(Vec::new())
    }
}

fn text<'m>(entry: &'m Map, key: &str) -> &'m str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn or_none(found: Vec<Map>) -> Value {
    if found.is_empty() { Value::Null } else { found.into() }
}

/// Gives what is known of a machine.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.get_known_host_entries <user> <hostname>
/// ```
#[function]
fn get_known_host_entries(
    cx: &Context<'_>,
    user: Option<String>,
    hostname: String,
    /// The file, absolute or below the home of the user.
    #[default(None)]
    config: Option<String>,
    #[default(Value::Null)] port: Value,
    /// The digest of fingerprints.
    #[default(None)]
    fingerprint_hash_type: Option<String>,
) -> Result<Value> {
    let known = Known {
        user: user.as_deref(),
        hostname: &hostname,
        config: config.as_deref(),
        port: &port,
        kind: fingerprint_hash_type.as_deref(),
    };
    Ok(known.held(cx)?.map_or_else(|answer| answer, or_none))
}

/// Asks a machine for its keys.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.recv_known_host_entries <hostname> enc=<enc> port=<port>
/// ```
#[function]
fn recv_known_host_entries(
    cx: &Context<'_>,
    hostname: String,
    #[default(None)] enc: Option<String>,
    #[default(Value::Null)] port: Value,
    /// Whether the name is hidden.
    #[default(true)]
    hash_known_hosts: bool,
    /// How many seconds it may take.
    #[default(5.into())]
    timeout: Value,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<Value> {
    let kind = fingerprint_hash_type.as_deref();
    let known = Known { user: None, hostname: &hostname, config: None, port: &port, kind };
    Ok(or_none(known.received(cx, enc.as_deref(), hash_known_hosts, &timeout)?))
}

/// Says what setting a key of a machine would do: `add`, `update` or (nothing) `exists`.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.check_known_host <user> <hostname> key='AAAA...FAaQ=='
/// ```
#[function]
fn check_known_host(
    cx: &Context<'_>,
    #[default(None)] user: Option<String>,
    #[default(None)] hostname: Option<String>,
    #[default(None)] key: Option<String>,
    #[default(None)] fingerprint: Option<String>,
    #[default(None)] config: Option<String>,
    #[default(Value::Null)] port: Value,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<Value> {
    let Some(hostname) = hostname.filter(|name| !name.is_empty()) else {
        return Ok(error::<()>("hostname argument required")?.err().unwrap_or_default());
    };
    let known = Known {
        user: user.as_deref(),
        hostname: &hostname,
        config: config.as_deref(),
        port: &port,
        kind: fingerprint_hash_type.as_deref(),
    };
    let held = match known.held(cx)? {
        Ok(held) => held,
        Err(answer) => return Ok(answer),
    };
    let has = |name: &str, wanted: &str| held.iter().any(|entry| text(entry, name) == wanted);
    let given = |value: Option<String>| value.filter(|value| !value.is_empty());
    let right = match (given(key), given(fingerprint)) {
        _ if held.is_empty() => return Ok("add".into()),
        (Some(key), _) => has("key", &key),
        (None, Some(print)) => has("fingerprint", &print),
        (None, None) => true,
    };
    Ok(if right { "exists" } else { "update" }.into())
}

/// Gives a file with known hosts to its user.
fn owned(apply: &Apply<'_>, file: &Path, user: Option<&str>) -> Result<()> {
    match user.filter(|user| !user.is_empty()) {
        Some(name) => {
            let user = user_of(apply.cx.host, name)?;
            apply.host.chown(file, Some(user.uid), Some(user.gid), true)
        }
        None => Ok(()),
    }
}

/// Runs `ssh-keygen` on a file with known hosts.
fn edited(
    apply: &Apply<'_>,
    config: Option<&str>,
    user: Option<&str>,
    words: &[&str],
    status: &str,
) -> Result<Value> {
    let file = match hosts_file(apply, config, user) {
        Ok(file) => file,
        Err(answer) => return Ok(answer.into()),
    };
    let Some(old) = apply.host.metadata(&file)?.filter(|found| found.is_file()) else {
        let what = format!("Known hosts file {} does not exist", file.display());
        return Ok(error::<()>(what)?.err().unwrap_or_default());
    };
    let shown = file.display().to_string();
    let words = std::iter::once("ssh-keygen").chain(words.iter().copied()).chain(["-f", &shown]);
    let mut command = Command::new(words);
    command.merge_stderr = true;
    let said = tell(apply, command)?;
    if status == "updated" {
        apply.host.chmod(&file, old.mode)?;
    }
    owned(apply, &file, user)?;
    Ok(map! {"status" => status, "comment" => said.stdout}.into())
}

/// Removes all keys of a machine.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.rm_known_host <user> <hostname>
/// ```
#[function]
fn rm_known_host(
    apply: &Apply<'_>,
    #[default(None)] user: Option<String>,
    #[default(None)] hostname: Option<String>,
    #[default(None)] config: Option<String>,
    #[default(Value::Null)] port: Value,
) -> Result<Value> {
    let Some(hostname) = hostname.filter(|name| !name.is_empty()) else {
        return Ok(error::<()>("hostname argument required")?.err().unwrap_or_default());
    };
    let words = ["-R", &full_name(&hostname, &port)];
    edited(apply, config.as_deref(), user.as_deref(), &words, "removed")
}

/// Hides the names of all known machines.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.hash_known_hosts
/// ```
#[function]
fn hash_known_hosts(
    apply: &Apply<'_>,
    #[default(None)] user: Option<String>,
    #[default(None)] config: Option<String>,
) -> Result<Value> {
    edited(apply, config.as_deref(), user.as_deref(), &["-H"], "updated")
}

/// What is to be known of a machine.
struct Wanted<'a> {
    known: Known<'a>,
    key: Option<&'a str>,
    print: Option<&'a str>,
    enc: Option<&'a str>,
    hash: bool,
    timeout: &'a Value,
}

/// The new entries; an answer where there is nothing to write.
fn fresh(cx: &Context<'_>, want: &Wanted<'_>, held: &[Map]) -> Answer<Vec<Map>> {
    let of_type = |entry: &&Map| want.enc.is_none_or(|enc| text(entry, "enc") == enc);
    let keys: Vec<&str> = held.iter().filter(of_type).map(|entry| text(entry, "key")).collect();
    let has_print =
        |found: &[Map], print: &str| found.iter().any(|entry| text(entry, "fingerprint") == print);
    let update = held.is_empty()
        || want.print.is_some_and(|print| !has_print(held, print))
        || want.key.is_some_and(|key| !keys.contains(&key));
    let check = !update && want.key.is_none() && want.print.is_none();
    let exists = || map! {"status" => "exists", "keys" => keys.clone()};
    if !update && !check {
        return Ok(Err(exists().into()));
    }
    if let Some(key) = want.key {
        return Ok(Ok(vec![map! {
            "hostname" => want.known.hostname, "enc" => want.enc.map(str::to_owned), "key" => key,
        }]));
    }
    let found = want.known.received(cx, want.enc, want.hash, want.timeout)?;
    if found.is_empty() {
        return error("Unable to receive remote host keys");
    }
    if want.print.is_some_and(|print| !has_print(&found, print)) {
        return error(
            "Remote host public keys found but none of their fingerprints match the one you have provided",
        );
    }
    let same = found.iter().all(|entry| keys.contains(&text(entry, "key")))
        && keys.iter().all(|key| found.iter().any(|entry| text(entry, "key") == *key));
    if check && same {
        return Ok(Err(exists().into()));
    }
    Ok(Ok(found))
}

/// The lines of a file without those of a machine.
fn without(
    cx: &Context<'_>,
    want: &Wanted<'_>,
    file: &Path,
    lines: &[String],
) -> Result<Vec<String>> {
    let said = search(cx, &full_name(want.known.hostname, want.known.port), file)?;
    let said: Vec<&str> = said.lines().collect();
    let gone: Vec<usize> = said
        .chunks_exact(2)
        .filter(|pair| {
            let enc = pair[1].split_whitespace().rev().nth(1);
            want.enc.is_none_or(|wanted| enc == Some(wanted))
        })
        .filter_map(|pair| pair[0].split_whitespace().last()?.parse().ok())
        .collect();
    let kept = lines.iter().enumerate().filter(|(at, _)| !gone.contains(&(at + 1)));
    Ok(kept.map(|(_, line)| line.clone()).collect())
}

fn written(apply: &Apply<'_>, want: &Wanted<'_>, file: &Path, new: &mut [Map]) -> Result<()> {
    let old = apply.host.metadata(file)?.filter(|found| found.is_file());
    let mut lines: Vec<String> = Vec::new();
    if old.is_some() {
        let text = apply.cx.host.read(file)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        lines = without(apply, want, file, &text.lines().map(str::to_owned).collect::<Vec<_>>())?;
    }
    let port = port_of(want.known.port).filter(|port| *port != PORT);
    for entry in new {
        let enc = entry.get("enc").cloned().unwrap_or_default();
        let (mut name, key) = (text(entry, "hostname").to_owned(), text(entry, "key").to_owned());
        if let Some(port) = port.filter(|_| !want.hash && !name.contains(':')) {
            name = format!("[{name}]:{port}");
            entry.insert("port".into(), want.known.port.clone());
        }
        lines.push(format!("{name} {enc} {key}"));
    }
    let named = want.known.user.filter(|user| !user.is_empty());
    let user = named.map(|name| user_of(apply.cx.host, name)).transpose()?;
    folder_above(apply, file, user.as_ref())?;
    write(apply, file, &lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    owned(apply, file, named)?;
    apply.host.chmod(file, old.map_or(0o600, |old| old.mode))
}

/// Sets a key of a machine: one that is given, or those that it tells itself.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.set_known_host <user> fingerprint='xx:xx:..:xx' enc='ssh-rsa'
/// ```
#[function]
fn set_known_host(
    apply: &Apply<'_>,
    #[default(None)] user: Option<String>,
    #[default(None)] hostname: Option<String>,
    #[default(None)] fingerprint: Option<String>,
    #[default(None)] key: Option<String>,
    #[default(Value::Null)] port: Value,
    #[default(None)] enc: Option<String>,
    #[default(None)] config: Option<String>,
    #[default(true)] hash_known_hosts: bool,
    #[default(5.into())] timeout: Value,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<Value> {
    let wrong = if hostname.as_deref().unwrap_or_default().is_empty() {
        "hostname argument required"
    } else if hash_known_hosts && port_of(&port).is_some_and(|port| port != PORT) {
        "argument port can not be used in conjunction with argument hash_known_hosts"
    } else {
        ""
    };
    if !wrong.is_empty() {
        return Ok(error::<()>(wrong)?.err().unwrap_or_default());
    }
    let want = Wanted {
        known: Known {
            user: user.as_deref(),
            hostname: hostname.as_deref().unwrap_or_default(),
            config: config.as_deref(),
            port: &port,
            kind: fingerprint_hash_type.as_deref(),
        },
        key: key.as_deref().filter(|key| !key.is_empty()),
        print: fingerprint.as_deref().filter(|print| !print.is_empty()),
        enc: enc.as_deref(),
        hash: hash_known_hosts,
        timeout: &timeout,
    };
    let held = match want.known.held(apply)? {
        Ok(held) => held,
        Err(answer) => return Ok(answer),
    };
    let mut new = match fresh(apply, &want, &held)? {
        Ok(new) => new,
        Err(answer) => return Ok(answer),
    };
    let file = match hosts_file(apply, config.as_deref(), user.as_deref()) {
        Ok(file) => file,
        Err(answer) => return Ok(answer.into()),
    };
    written(apply, &want, &file, &mut new)?;
    if want.key.is_some() && hash_known_hosts {
        let full = file.display().to_string();
        edited(apply, Some(&full), user.as_deref(), &["-H"], "updated")?;
    }
    Ok(map! {"status" => "updated", "old" => or_none(held), "new" => new}.into())
}
