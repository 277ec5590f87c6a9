//! `hosts`: the file of host names. Salt: `salt/modules/hosts.py` behaviour.

use std::path::PathBuf;

use halite_core::host::Command;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "hosts",
    &[&LIST_HOSTS, &GET_IP, &GET_ALIAS, &HAS_PAIR, &SET_HOST, &RM_HOST, &ADD_HOST, &SET_COMMENT],
);

/// The file: `hosts.file` of the configuration, or the usual one.
fn file(cx: &Context<'_>) -> PathBuf {
    let option: Result<Value> = cx.call("config.option", args!["hosts.file"]);
    match option {
        Ok(Value::Str(path)) if !path.is_empty() => PathBuf::from(&*path),
        _ => PathBuf::from("/etc/hosts"),
    }
}

fn text(cx: &Context<'_>) -> Result<String> {
    let path = file(cx);
    match cx.host.exists(&path) {
        true => Ok(String::from_utf8_lossy(&cx.host.read(&path)?).into_owned()),
        false => Ok(String::new()),
    }
}

/// Writes the file; in place where it cannot be replaced (containers mount a file over it).
fn write(apply: &Apply<'_>, text: &str) -> Result<()> {
    let path = file(apply.cx);
    let Err(error) = apply.host.write_atomic(&path, text.as_bytes(), None) else { return Ok(()) };
    let shown = path.display().to_string();
    let mut command = Command::new(["/bin/sh", "-c", "cat > \"$1\"", "sh", shown.as_str()]);
    command.stdin = Some(text.into());
    match apply.host.run(&command)?.success() {
        true => Ok(()),
        false => Err(error),
    }
}

/// Addresses with their names and comment; whole-line comments under names of their own.
fn entries(text: &str) -> Map {
    let mut hosts = Map::new();
    let mut comments = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            hosts.insert(format!("comment-{comments}").into(), vec![line].into());
            comments += 1;
            continue;
        }
        let (names, comment) = match line.split_once('#') {
            Some((names, comment)) => (names.trim(), comment.trim_start()),
            None => (line, ""),
        };
        let mut words = names.split_whitespace();
        let Some(address) = words.next() else { continue };
        let entry = hosts.entry(address.into()).or_insert_with(|| Map::new().into());
        let Some(entry) = entry.as_map_mut() else { continue };
        let aliases = entry.entry("aliases".into()).or_insert_with(|| Value::list([]));
        if let Some(aliases) = aliases.as_list_mut() {
            aliases.extend(words.map(Value::from));
        }
        if !comment.is_empty() {
            entry.insert("comment".into(), comment.into());
        }
    }
    hosts
}

fn aliases<'m>(hosts: &'m Map, ip: &str) -> Option<&'m [Value]> {
    hosts.get(ip)?.get("aliases")?.as_list()
}

/// The text of a file with these entries.
fn rendered(hosts: &Map) -> String {
    let mut out = String::new();
    for (address, entry) in hosts {
        let line = match entry {
            Value::List(lines) => lines.iter().map(Value::to_string).collect::<String>(),
            entry => {
                let names = entry.get("aliases").and_then(Value::as_list).unwrap_or_default();
                let names: Vec<String> = names.iter().map(Value::to_string).collect();
                let comment = match entry.get("comment") {
                    Some(comment) => format!("\t\t# {comment}"),
                    None => String::new(),
                };
                format!("{address}\t\t{}{comment}", names.join(" "))
            }
        };
        if !line.trim().is_empty() {
            out.push_str(line.trim());
            out.push('\n');
        }
    }
    out
}

/// Gives the file: each address with its names.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.list_hosts
/// ```
#[function]
fn list_hosts(cx: &Context<'_>) -> Result<Map> {
    Ok(entries(&text(cx)?))
}

/// Gives the address of a name; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.get_ip <hostname>
/// ```
#[function]
fn get_ip(cx: &Context<'_>, host: String) -> Result<String> {
    let hosts = entries(&text(cx)?);
    let wanted = Value::from(host);
    let found = hosts.iter().find(|(_, entry)| {
        entry.get("aliases").and_then(Value::as_list).is_some_and(|all| all.contains(&wanted))
    });
    Ok(found.map(|(address, _)| address.to_string()).unwrap_or_default())
}

/// Gives the names of an address.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.get_alias <ip addr>
/// ```
#[function]
fn get_alias(cx: &Context<'_>, ip: String) -> Result<Vec<Value>> {
    Ok(aliases(&entries(&text(cx)?), &ip).unwrap_or_default().to_vec())
}

fn holds(hosts: &Map, ip: &str, alias: &Value) -> bool {
    let Some(held) = aliases(hosts, ip) else { return false };
    match alias {
        Value::List(all) => all.iter().all(|alias| held.contains(alias)),
        one => held.contains(one),
    }
}

/// Whether an address has a name, or all of several.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.has_pair <ip> <alias>
/// ```
#[function]
fn has_pair(cx: &Context<'_>, ip: String, alias: Value) -> Result<bool> {
    Ok(holds(&entries(&text(cx)?), &ip, &alias))
}

/// Sets the names of an address, in place of those it has; no names remove it.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.set_host <ip> <alias>
/// ```
#[function]
fn set_host(
    apply: &Apply<'_>,
    ip: String,
    /// Names with spaces between them.
    alias: String,
    #[default(None)] comment: Option<String>,
) -> Result<bool> {
    let mut line = match comment.filter(|comment| !comment.is_empty()) {
        Some(comment) => format!("{ip}\t\t{alias}\t\t# {comment}\n"),
        None => format!("{ip}\t\t{alias}\n"),
    };
    if alias.trim().is_empty() {
        line.clear();
    }
    let held = text(apply.cx)?;
    let (mut out, mut placed) = (String::new(), false);
    for old in held.split_inclusive('\n') {
        if old.split_whitespace().next() != Some(ip.as_str()) {
            out.push_str(old);
        } else if !placed {
            out.push_str(&line);
            placed = true;
        }
    }
    if !placed {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&line);
    }
    write(apply, &out)?;
    Ok(true)
}

/// Takes a name from an address; the last one takes the address with it.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.rm_host <ip> <alias>
/// ```
#[function]
fn rm_host(apply: &Apply<'_>, ip: String, alias: String) -> Result<bool> {
    let held = text(apply.cx)?;
    if !holds(&entries(&held), &ip, &alias.as_str().into()) {
        return Ok(true);
    }
    let mut out = String::new();
    for line in held.split_inclusive('\n') {
        let (names, comment) = match line.trim().split_once('#') {
            Some((names, comment)) => (names, comment.trim_start()),
            None => (line, ""),
        };
        let mut words = names.split_whitespace();
        if words.next() != Some(ip.as_str()) {
            out.push_str(line);
            continue;
        }
        let left: Vec<&str> = words.filter(|word| *word != alias).collect();
        if left.is_empty() {
            continue;
        }
        let comment = if comment.is_empty() { String::new() } else { format!("# {comment}") };
        out.push_str(&format!("{ip}\t\t{} {comment}\n", left.join(" ")));
    }
    write(apply, &out)?;
    Ok(true)
}

/// Gives an address one more name.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.add_host <ip> <alias>
/// ```
#[function]
fn add_host(apply: &Apply<'_>, ip: String, alias: String) -> Result<bool> {
    let mut hosts = entries(&text(apply.cx)?);
    let name = Value::from(alias);
    if holds(&hosts, &ip, &name) {
        return Ok(true);
    }
    let entry = hosts.entry(ip.as_str().into()).or_insert_with(|| Map::new().into());
    let Some(entry) = entry.as_map_mut() else {
        return Err(Error::bad_name("address", &ip, "it names a comment"));
    };
    let aliases = entry.entry("aliases".into()).or_insert_with(|| Value::list([]));
    if let Some(aliases) = aliases.as_list_mut() {
        aliases.push(name);
    }
    write(apply, &rendered(&hosts))?;
    Ok(true)
}

/// Sets the comment of an address.
///
/// CLI Example:
///
/// ```text
/// salt '*' hosts.set_comment <ip> <comment>
/// ```
#[function]
fn set_comment(apply: &Apply<'_>, ip: String, comment: String) -> Result<bool> {
    let mut hosts = entries(&text(apply.cx)?);
    let Some(entry) = hosts.get_mut(ip.as_str()).and_then(Value::as_map_mut) else {
        return Ok(false);
    };
    let held = entry.insert("comment".into(), comment.as_str().into());
    if held.as_ref().and_then(Value::as_str) != Some(&comment) {
        write(apply, &rendered(&hosts))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn entries_are_read_and_written() {
        let text = "# top\n127.0.0.1 localhost lo # me\n\n::1  ip6\n127.0.0.1 more\n";
        let hosts = entries(text);
        let want = map! {
            "comment-0" => vec!["# top"],
            "127.0.0.1" => map!{"aliases" => vec!["localhost", "lo", "more"], "comment" => "me"},
            "::1" => map!{"aliases" => vec!["ip6"]},
        };
        assert_eq!(hosts, want);
        let written = "# top\n127.0.0.1\t\tlocalhost lo more\t\t# me\n::1\t\tip6\n";
        assert_eq!(rendered(&hosts), written);
    }
}
