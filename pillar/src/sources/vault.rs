//! `vault`: secrets of a HashiCorp Vault (or OpenBao), key-value engines of version 1 and 2.

use halite_core::dictupdate::{self, Strategy};
use halite_core::outside::http::Trust;
use halite_core::value::parse_json;
use halite_core::{Error, Map, Result, Value};

use super::{Call, Source};
use crate::web;

/// The source.
pub static MODULE: Source = Source { name: "vault", pillar };

/// How many paths one pattern may stand for.
const PATHS_MAX: usize = 1000;

/// Salt: `salt/pillar/vault.py` behaviour. A secret that is not there, or not allowed, is left
/// out; a vault that cannot be asked is an error.
fn pillar(call: Call<'_>) -> Result<Value> {
    call.known(&["conf", "nesting_key", "merge_strategy", "merge_lists"])?;
    let conf = call.text(0, "conf")?;
    let Some(pattern) = conf.split_whitespace().find_map(|part| part.strip_prefix("path=")) else {
        return Err(Error::execution(format!("\"{conf}\" is not a valid Vault ext_pillar config")));
    };
    let options = &call.compiler.options;
    let strategy = match call.argument(2, "merge_strategy") {
        Some(name) => Strategy::parse(&name.to_string()),
        None => Strategy::parse(options.opts.str("pillar_source_merging_strategy")),
    };
    let lists = match call.argument(3, "merge_lists") {
        Some(flag) => flag.truthy(),
        None => options.opts.bool("pillar_merge_lists"),
    };
    let data = Value::map([
        ("minion", Value::str(call.compiler.who.id.as_str())),
        ("pillar", call.pillar.clone().into()),
        ("grains", call.compiler.who.grains.clone().into()),
    ]);
    let mut secrets = Map::new();
    let mut vault = None;
    for path in paths(pattern, &data) {
        let vault = match &mut vault {
            Some(vault) => vault,
            none => none.insert(Vault::open(&call)?),
        };
        match vault.read(&path)? {
            Some(found) => {
                call.compiler.deps.job.secrets.learn_value(&Value::from(found.clone()));
                let strategy = strategy.unwrap_or(Strategy::Smart);
                secrets = dictupdate::merge(&secrets, &found, strategy, "yaml", lists);
            }
            None => tracing::info!("Vault secret not found for: {path}"),
        }
    }
    Ok(match call.argument(1, "nesting_key").filter(|key| key.truthy()) {
        Some(key) => Value::map([(key.clone(), Value::from(secrets))]),
        None => secrets.into(),
    })
}

/// The paths that a pattern such as `a/{minion}/{pillar[roles]}` stands for: one for each item of a
/// list in it.
fn paths(pattern: &str, data: &Value) -> Vec<String> {
    let (mut open, mut done) = (vec![pattern.to_owned()], Vec::new());
    while let Some(next) = open.pop() {
        if done.len() + open.len() > PATHS_MAX {
            tracing::error!("the vault path {pattern} stands for more than {PATHS_MAX} paths");
            break;
        }
        let Some((start, end)) = token(&next) else {
            done.push(next);
            continue;
        };
        let name = next.get(start + 1..end).unwrap_or_default();
        let filled = |value: &Value| {
            format!("{}{value}{}", &next[..start], next.get(end + 1..).unwrap_or_default())
        };
        match field(name, data) {
            Some(Value::List(items)) => open.extend(items.iter().rev().map(filled)),
            Some(value) => open.push(filled(&value)),
            None => tracing::warn!("Could not resolve pillar path pattern {next}"),
        }
    }
    done
}

/// Where the first `{..}` begins and ends.
fn token(text: &str) -> Option<(usize, usize)> {
    let start = text.find('{')?;
    let length = text.get(start..)?.find('}')?;
    Some((start, start + length))
}

/// A field such as `pillar[a][b]`.
fn field(name: &str, data: &Value) -> Option<Value> {
    let mut at = data.clone();
    for part in name.split('[') {
        let key = part.trim_end_matches(']');
        let number = key.parse::<usize>().ok();
        at = match (&at, number) {
            (Value::List(items), Some(index)) => items.get(index)?.clone(),
            _ => at.get(key)?.clone(),
        };
    }
    // What a template put there is not to lead elsewhere.
    match &at {
        Value::Str(text) if text.contains(['{', '}']) || text.split('/').any(|p| p == "..") => None,
        _ => Some(at),
    }
}

/// A vault and the right to read it.
struct Vault<'a> {
    call: &'a Call<'a>,
    config: Map,
    token: String,
}

impl<'a> Vault<'a> {
    /// Signs in as the option `vault` says.
    fn open(call: &'a Call<'a>) -> Result<Vault<'a>> {
        let config: Map = call.compiler.options.opts.map("vault");
        if config.is_empty() {
            return Err(Error::execution("the option `vault` says nothing of a server"));
        }
        let auth = config.get("auth").and_then(Value::as_map).cloned().unwrap_or_default();
        let text =
            |name: &str| auth.get(name).map(Value::to_string).filter(|text| !text.is_empty());
        let mut vault = Vault { call, config, token: String::new() };
        let method = text("method").unwrap_or_else(|| "token".to_owned());
        match method.as_str() {
            "token" => {
                let none = || Error::execution("vault:auth:token is not set");
                vault.token = text("token").ok_or_else(none)?;
            }
            "approle" => {
                let none = || Error::execution("vault:auth:role_id is not set");
                let mut sign_in = Map::new();
                sign_in.insert("role_id".into(), text("role_id").ok_or_else(none)?.into());
                if let Some(secret) = text("secret_id") {
                    sign_in.insert("secret_id".into(), secret.into());
                }
                let mount = text("approle_mount").unwrap_or_else(|| "approle".to_owned());
                let path = format!("auth/{mount}/login");
                let answer = vault.ask("POST", &path, Some(&sign_in.into()))?;
                let token =
                    answer.as_ref().and_then(|answer| answer.get("auth")?.get("client_token"));
                let refused = || Error::execution("the vault refuses the AppRole");
                vault.token = token.map(Value::to_string).ok_or_else(refused)?;
            }
            other => {
                let text = format!("vault:auth:method {other:?} is none of: token, approle");
                return Err(Error::execution(text));
            }
        }
        Ok(vault)
    }

    /// A setting of `vault:server`, or of `vault` itself as older versions have it.
    fn server(&self, name: &str) -> Option<&Value> {
        let nested = self.config.get("server").and_then(|server| server.get(name));
        nested.or_else(|| self.config.get(name)).filter(|value| !value.is_null())
    }

    /// What is at a path; `None` if nothing is, or nothing that may be seen.
    fn read(&self, path: &str) -> Result<Option<Map>> {
        let path = path.trim_matches('/');
        let mount = self.ask("GET", &format!("sys/internal/ui/mounts/{path}"), None)?;
        let about = mount.as_ref().and_then(|mount| mount.get("data"));
        let version = about.and_then(|about| about.get("options")?.get("version").cloned());
        let second = version.is_some_and(|version| version.to_string() == "2");
        let engine = about.and_then(|about| about.get("path")).map(Value::to_string);
        let place = match engine.filter(|_| second) {
            Some(engine) => {
                let engine = engine.trim_end_matches('/');
                let rest = path.strip_prefix(engine).unwrap_or(path).trim_start_matches('/');
                // A path that says `data/` already is taken at its word.
                format!("{engine}/data/{}", rest.strip_prefix("data/").unwrap_or(rest))
            }
            None => path.to_owned(),
        };
        let found = self.ask("GET", &place, None)?;
        let data = found.as_ref().and_then(|found| found.get("data"));
        let data = if second { data.and_then(|data| data.get("data")) } else { data };
        Ok(data.and_then(Value::as_map).cloned())
    }

    /// One request; `None` if there is nothing or it is not allowed.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Option<Value>> {
        let none = || Error::execution("vault:server:url is not set");
        let base = self.server("url").map(Value::to_string).ok_or_else(none)?;
        let url = format!("{}/v1/{}", base.trim_end_matches('/'), web::quoted(path));
        let mut request = web::request(self.call, method, &url);
        if !self.token.is_empty() {
            request = request.header("X-Vault-Token", &self.token);
        }
        if let Some(namespace) = self.server("namespace") {
            request = request.header("X-Vault-Namespace", &namespace.to_string());
        }
        match self.server("verify") {
            Some(Value::Bool(false)) => request.trust = Trust::Anything,
            Some(Value::Str(path)) => request.trust = Trust::File(path.as_ref().into()),
            _ => {}
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json");
            let style = halite_core::value::JsonStyle::default();
            request.body = Some(halite_core::value::to_json(body, style).into_bytes());
        }
        let answer = self.call.compiler.deps.services.outside().http(&request)?;
        match answer.status {
            200..=299 => {}
            403 | 404 => {
                tracing::debug!("vault: {} for {path}", answer.status);
                return Ok(None);
            }
            status => {
                let reason = answer.reason();
                let shown = request.shown_url();
                return Err(Error::execution(format!("{shown}: HTTP {status}: {reason}")));
            }
        }
        let read = parse_json(&answer.text());
        read.map(Some).map_err(|why| web::no_data(&answer, "JSON", &why.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[track_caller]
    fn check(pattern: &str, want: &[&str]) {
        let data = map! {
            "minion" => "m1",
            "pillar" => map! {"roles" => vec!["web", "db"], "a" => map! {"b" => "c"}, "up" => "../x"},
        };
        assert_eq!(paths(pattern, &data.into()), want, "{pattern}");
    }

    #[test]
    fn patterns_become_paths() {
        check("secret/x", &["secret/x"]);
        check("secret/{minion}/{pillar[a][b]}", &["secret/m1/c"]);
        check("s/{pillar[roles]}/{minion}", &["s/web/m1", "s/db/m1"]);
        check("s/{pillar[roles][1]}", &["s/db"]);
        check("s/{pillar[nope]}", &[]);
        check("s/{pillar[up]}", &[]);
    }
}
