//! The minion's id where none is configured: the cached one, or the machine's name.

use std::path::Path;

use halite_core::host::{Command, Read};

/// Names that say nothing about a machine. Salt: `salt.utils.network` behaviour.
const LOCAL_NAMES: &[&str] = &["localhost", "ip6-", "ipv6-", "0.0.0.0", "::1", "fe00::", "fe02::"];
/// Longest part of `minion_id` that is read, in bytes.
const ID_FILE_BYTES: usize = 4096;

/// The id kept in `minion_id`, if there is one.
pub(crate) fn cached(host: &dyn Read, file: &Path) -> Option<String> {
    let text = host.read(file).ok()?;
    let text = String::from_utf8_lossy(&text[..text.len().min(ID_FILE_BYTES)]).into_owned();
    let name = text.lines().next()?.trim_start_matches('\u{feff}').trim().to_owned();
    (!name.is_empty() && name != "localhost").then_some(name)
}

/// The machine's full name, else its node name, else `localhost`.
pub(crate) fn guess(host: &dyn Read) -> String {
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let full = from_hosts_file(host, &node).or_else(|| from_resolver(host));
    [full, Some(node)]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty() && !says_nothing(name))
        .unwrap_or_else(|| "localhost".into())
}

fn says_nothing(name: &str) -> bool {
    LOCAL_NAMES.iter().any(|local| name.starts_with(local)) || name.starts_with("127.")
}

/// The first name with a dot on the line of `/etc/hosts` that carries the node's name: what
/// resolving it and back would give, without asking the network.
fn from_hosts_file(host: &dyn Read, node: &str) -> Option<String> {
    if node.contains('.') {
        return Some(node.to_owned());
    }
    let text = String::from_utf8_lossy(&host.read(Path::new("/etc/hosts")).ok()?).into_owned();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>())
        .find(|names| names.contains(&node))?
        .into_iter()
        .find(|name| name.contains('.'))
        .map(str::to_owned)
}

/// What `hostname --fqdn` says: the resolver's answer through all of its sources.
fn from_resolver(host: &dyn Read) -> Option<String> {
    let mut command = Command::new(["hostname", "--fqdn"]).c_locale();
    command.timeout = Some(std::time::Duration::from_secs(5));
    let output = host.query(&command).ok().filter(halite_core::host::Output::success)?;
    let name = output.stdout_text().trim().to_owned();
    name.contains('.').then_some(name)
}

/// Shapes a guessed id as the options say (`minion_id_lowercase`, `minion_id_remove_domain`).
pub(crate) fn shape(mut name: String, opts: &halite_core::Opts) -> String {
    if opts.bool("minion_id_lowercase") {
        name = name.to_lowercase();
    }
    match opts.get("minion_id_remove_domain") {
        Some(halite_core::Value::Bool(true)) => {
            name.split('.').next().unwrap_or_default().to_owned()
        }
        Some(_) => {
            let domains = opts.list("minion_id_remove_domain");
            let cut = domains.iter().find_map(|domain| {
                name.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.'))
            });
            cut.map(str::to_owned).unwrap_or(name)
        }
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Opts, Role, map};

    #[test]
    fn ids_are_shaped_by_options() {
        let opts = |values| Opts::from_map(Role::Minion, values);
        let all = map! {"minion_id_lowercase" => true, "minion_id_remove_domain" => true};
        assert_eq!(shape("Web1.Example.ORG".into(), &opts(all)), "web1");
        let some = map! {"minion_id_remove_domain" => vec!["example.org"]};
        assert_eq!(shape("web1.example.org".into(), &opts(some.clone())), "web1");
        assert_eq!(shape("web1.other.org".into(), &opts(some)), "web1.other.org");
    }

    #[test]
    fn local_names_are_no_ids() {
        for name in ["localhost", "localhost.localdomain", "127.0.0.1", "ip6-loopback"] {
            assert!(says_nothing(name), "{name}");
        }
        assert!(!says_nothing("web1"));
    }
}
