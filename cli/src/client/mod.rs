//! Talking to the master on this host: the clear commands of port 4506 and the event bus.
//! Salt: `salt/client/__init__.py` behaviour.

mod bus;
mod collect;
mod fire;
mod gather;
mod publish;
pub(crate) mod reasons;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use halite_core::{Error, Map, Opts, Result, Value, map};
use halite_net::Endpoint;
use halite_net::zmtp::req::{ReqClient, ReqOptions};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

pub(crate) use bus::{Bus, Event};
pub(crate) use collect::{Collector, Lost, Return, Step};
pub(crate) use fire::Voice;
pub(crate) use gather::{Gathered, gather, times};
pub(crate) use publish::{JobSpec, Published};

/// Version of the envelope of local commands.
const ENVELOPE_VERSION: i64 = 3;
/// How long the master may take over one command.
const REQUEST_WAIT: Duration = Duration::from_secs(60);

/// Salt's words for a caller that the master does not know.
const NOT_PERMITTED: &str = "Failed to authenticate! This is most likely because this user is not \
                             permitted to execute commands, but there is a small possibility that \
                             a disk error occurred (check disk/inode usage).";

/// Runs what waits for sockets and clocks.
///
/// # Errors
/// What `work` gives, or that the system lets no program wait.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Error::execution(format!("cannot start waiting: {error}")))?;
    runtime.block_on(work)
}

/// A client of the master on this host.
pub(crate) struct Client {
    opts: Opts,
    key: String,
    user: String,
    requests: ReqClient,
}

impl Client {
    /// A client with the key of the user who runs this program. Nothing is connected yet.
    ///
    /// # Errors
    /// If no key can be read: the master never ran here, or this user may not talk to it.
    pub(crate) fn new(opts: &Opts) -> Result<Client> {
        let user = invoker();
        let key = read_key(opts)?;
        let interface = match opts.str("interface") {
            "" | "0.0.0.0" => "127.0.0.1",
            "::" => "::1",
            given => given,
        };
        let port = u16::try_from(opts.int("ret_port", 4506)).unwrap_or(4506);
        let requests = ReqClient::new(Endpoint::new(interface, port), ReqOptions::default());
        Ok(Client { opts: opts.clone(), key, user, requests })
    }

    /// The configuration it works by.
    pub(crate) fn opts(&self) -> &Opts {
        &self.opts
    }

    /// Sends one clear command and gives back the answer's load.
    ///
    /// # Errors
    /// If the master does not answer, refuses, or answers nonsense.
    pub(crate) async fn ask(&self, mut load: Map) -> Result<Value> {
        load.insert("key".into(), self.key.as_str().into());
        load.insert("user".into(), self.user.as_str().into());
        let frame = map! {"enc" => "clear", "load" => load, "version" => ENVELOPE_VERSION};
        let frame = msgpack::encode(&frame.into(), Dialect::Network);
        let reply = self.requests.request(Bytes::from(frame), REQUEST_WAIT).await;
        let reply = reply.map_err(|error| {
            Error::execution(format!(
                "Salt request timed out. The master is not responding ({error}). With --async the \
                 jid is printed without waiting for returns"
            ))
        })?;
        let reply = msgpack::decode(&reply, Dialect::Network, &Limits::ACCEPTED)
            .map_err(|error| Error::execution(format!("the master's answer is broken: {error}")))?;
        match &reply {
            Value::Str(text) if text.is_empty() => Err(Error::execution(NOT_PERMITTED)),
            Value::Str(text) => Err(Error::execution(format!("The master refused: {text}"))),
            Value::Map(map) => match refusal(map) {
                Some(error) => Err(error),
                None => Ok(map
                    .get("load")
                    .filter(|_| map.contains_key("enc"))
                    .unwrap_or(&reply)
                    .clone()),
            },
            other => Ok(other.clone()),
        }
    }

    /// Connects to the event bus.
    ///
    /// # Errors
    /// If the master does not run here or its socket may not be read.
    pub(crate) async fn bus(&self) -> Result<Bus> {
        Bus::connect(&bus_path(&self.opts)).await
    }
}

fn bus_path(opts: &Opts) -> std::path::PathBuf {
    opts.path("sock_dir").join("master_event_pub.ipc")
}

/// The error inside `{error: {name, message}}`. Salt: the texts of its command line.
fn refusal(map: &Map) -> Option<Error> {
    let error = map.get("error")?;
    let text = |name: &str| error.get(name).map(Value::to_string);
    let message = text("message").or_else(|| error.as_str().map(Into::into))?;
    Some(Error::execution(match text("name").as_deref() {
        Some(name) if message.is_empty() => name.to_owned(),
        _ => message,
    }))
}

/// Who asks, as the job cache will show it: `sudo_` before who used sudo.
pub(crate) fn invoker() -> String {
    let var = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    match var("SUDO_USER") {
        Some(user) if user != "root" && rustix::process::getuid().is_root() => {
            format!("sudo_{user}")
        }
        _ => user_name(),
    }
}

/// The name of the user that this process runs as, from the passwd file; else from the environment.
fn user_name() -> String {
    let uid = rustix::process::getuid();
    if uid.is_root() {
        return "root".into();
    }
    let uid = uid.as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(uid.as_str())).then(|| name.to_owned())
    });
    found.or_else(|| std::env::var("USER").ok()).unwrap_or(uid)
}

/// The key of the user that runs the master, or of this user if the master lets it publish.
fn read_key(opts: &Opts) -> Result<String> {
    let folder = opts.path("cachedir");
    let own = user_name();
    let names = [opts.str("user"), "root", own.as_str()];
    let mut denied = None;
    for name in names.into_iter().filter(|name| !name.is_empty() && !name.contains('/')) {
        let path = folder.join(format!(".{name}_key"));
        match std::fs::read_to_string(&path) {
            Ok(key) => return Ok(key.trim_end().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => denied = Some(Error::file("read the master's key", path, error)),
        }
    }
    if !bus_path(opts).exists() {
        return Err(not_running(&bus_path(opts), "there is no such socket"));
    }
    Err(denied.unwrap_or_else(|| {
        let folder = folder.display();
        Error::execution(format!("{NOT_PERMITTED}\nThere is no key for this user in {folder}."))
    }))
}

/// Salt's sentence, and what was tried.
fn not_running(path: &std::path::Path, why: &str) -> Error {
    let path = path.display();
    Error::execution(format!(
        "The salt master could not be contacted. Is master running? (event bus {path}: {why})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_masters_words() {
        let error = |name: &str, message: &str| {
            let map = map! {"error" => map! {"name" => name, "message" => message}};
            refusal(&map).map(|error| error.to_string())
        };
        let text = "Authorization error occurred.";
        assert_eq!(error("AuthorizationError", text).as_deref(), Some(text));
        assert_eq!(error("AuthenticationError", "").as_deref(), Some("AuthenticationError"));
        assert!(refusal(&map! {"jid" => "1"}).is_none());
    }

    #[test]
    fn without_a_master_there_is_one_line_that_says_so() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = map! {"cachedir" => dir.path(), "sock_dir" => dir.path()};
        let opts = Opts::from_map(halite_core::Role::Master, opts);
        let error = Client::new(&opts).err().expect("nothing is there").to_string();
        assert!(error.starts_with("The salt master could not be contacted. Is master running?"));
        assert_eq!(error.lines().count(), 1);
    }
}
