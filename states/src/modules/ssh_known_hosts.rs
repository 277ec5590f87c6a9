//! `ssh_known_hosts`: keys of other machines that are known. Salt: `salt/states/ssh_known_hosts.py` behaviour.

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("ssh_known_hosts", &[&PRESENT, &ABSENT]);

const NOT_ABSOLUTE: &str = "If not specifying a \"user\", specify an absolute \"config\".";

const NO_TYPE: &str = "Required argument \"enc\" if using \"key\" argument.";

/// The file; `None` if it cannot be told.
fn file(user: &Value, config: &Value) -> Option<String> {
    let default = if user.truthy() { ".ssh/known_hosts" } else { "/etc/ssh/ssh_known_hosts" };
    let config = if config.truthy() { config.to_string() } else { default.to_owned() };
    (user.truthy() || config.starts_with('/')).then_some(config)
}

/// What is to be known.
struct Wanted {
    name: String,
    config: String,
    key: Value,
    fingerprint: Value,
    enc: Value,
    /// What the module is told beside.
    common: Map,
}

impl Wanted {
    fn args(&self, more: Map) -> Args {
        let mut named = self.common.clone();
        named.extend(map! {
            "hostname" => self.name.as_str(), "config" => self.config.as_str(),
            "key" => self.key.clone(), "fingerprint" => self.fingerprint.clone(),
        });
        named.extend(more);
        Args::named(named)
    }

    fn predicted(&self, cx: &Context<'_>) -> Result<Outcome> {
        let fail = |why: &str| Ok(Outcome::new(Some(false), why));
        if self.key.truthy() && self.fingerprint.truthy() {
            return fail("Specify either \"key\" or \"fingerprint\", not both.");
        }
        if self.key.truthy() && !self.enc.truthy() {
            return fail(NO_TYPE);
        }
        let said: Value = match cx.call("ssh.check_known_host", self.args(Map::new())) {
            Ok(said) => said,
            Err(error @ Error::Execution(_)) => {
                return fail(&format!("ssh.check_known_host error: {error}"));
            }
            Err(other) => return Err(other),
        };
        if let Some(why) = said.get("error") {
            return fail(&why.to_string());
        }
        let (name, config) = (&self.name, &self.config);
        Ok(match said.as_str() {
            Some("exists") => {
                Outcome::new(Some(true), format!("Host {name} is already in {config}"))
            }
            Some("add") => {
                Outcome::new(None, format!("Key for {name} is set to be added to {config}"))
            }
            _ => Outcome::new(None, format!("Key for {name} is set to be updated in {config}")),
        })
    }

    fn set(&self, apply: &Apply<'_>, more: Map) -> Result<Outcome> {
        if self.key.truthy() && !self.enc.truthy() {
            // Salt writes `None` into the file.
            return Ok(Outcome::new(Some(false), NO_TYPE));
        }
        let said: Map = apply.call("ssh.set_known_host", self.args(more))?;
        let get = |key: &str| said.get(key).cloned().unwrap_or_default();
        let (name, config) = (&self.name, &self.config);
        match said.get("status").and_then(Value::as_str) {
            Some("exists") => {
                return Ok(Outcome::new(Some(true), format!("{name} already exists in {config}")));
            }
            Some("error") => return Ok(Outcome::new(Some(false), get("error").to_string())),
            _ => {}
        }
        let new = get("new");
        let first = |key: &str| {
            let entry = new.as_list().and_then(<[Value]>::first);
            entry.and_then(|entry| entry.get(key)).cloned().unwrap_or_default()
        };
        let comment = if self.key.truthy() {
            format!("{name}'s key saved to {config} (key: {})", first("key"))
        } else if self.fingerprint.truthy() {
            format!("{name}'s key saved to {config} (fingerprint: {})", first("fingerprint"))
        } else if self.enc.truthy() {
            format!("{name}'s {} key saved to {config} (key: {})", self.enc, first("key"))
        } else {
            format!("{name}'s key(s) saved to {config}")
        };
        Ok(Outcome::done(comment, map! {"old" => get("old"), "new" => new.clone()}))
    }
}

/// Sees to it that a machine is known.
///
/// ```yaml
/// github.com:
///   ssh_known_hosts.present:
///     - user: root
///     - fingerprint: b8:d8:95:ce:d9:2c:0a:c0:e1:71:cd:2e:f5:ef:01:ba:34:17:55:4a:4a:64:80:d3:31:cc:c2:be:3d:ed:0f:6b
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    /// The machine.
    name: String,
    /// Who is to know it; by default everybody.
    #[default(Value::Null)]
    user: Value,
    /// The fingerprint that one of its keys must have.
    #[default(Value::Null)]
    fingerprint: Value,
    /// Its key, in place of those that it tells itself.
    #[default(Value::Null)]
    key: Value,
    #[default(Value::Null)] port: Value,
    /// The type of the key.
    #[default(Value::Null)]
    enc: Value,
    /// The file, absolute or below the home of the user.
    #[default(Value::Null)]
    config: Value,
    /// Whether its name is hidden in the file.
    #[default(true)]
    hash_known_hosts: bool,
    /// How many seconds it may take to answer.
    #[default(5.into())]
    timeout: Value,
    /// The digest of the fingerprint.
    #[default(Value::Null)]
    fingerprint_hash_type: Value,
) -> Result<Verdict<'a>> {
    let Some(config) = file(&user, &config) else { return Ok(Verdict::fail(NOT_ABSOLUTE)) };
    let common = map! {
        "user" => user, "port" => port, "fingerprint_hash_type" => fingerprint_hash_type,
    };
    let more = map! {
        "enc" => enc.clone(), "hash_known_hosts" => hash_known_hosts, "timeout" => timeout,
    };
    let wanted = Wanted { name, config, key, fingerprint, enc, common };
    let would = if cx.test() { wanted.predicted(cx)? } else { Outcome::default() };
    Ok(Verdict::change(would, move |apply| wanted.set(apply, more)))
}

/// Sees to it that a machine is not known.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] config: Value,
) -> Result<Verdict<'a>> {
    let Some(config) = file(&user, &config) else { return Ok(Verdict::fail(NOT_ABSOLUTE)) };
    let words = Args::named(map! {
        "user" => user, "hostname" => name.as_str(), "config" => config.as_str(),
    });
    let known: Value = cx.call("ssh.get_known_host_entries", words.clone())?;
    if !known.truthy() {
        return Ok(Verdict::correct("Host is already absent"));
    }
    let would = Outcome::new(None, format!("Key for {name} is set to be removed from {config}"));
    Ok(Verdict::change(would, move |apply| {
        let said: Map = apply.call("ssh.rm_known_host", words)?;
        let get = |key: &str| said.get(key).map(Value::to_string).unwrap_or_default();
        Ok(match get("status").as_str() {
            "error" => Outcome::new(Some(false), get("error")),
            _ => Outcome::done(get("comment"), map! {"old" => known, "new" => Value::Null}),
        })
    }))
}
