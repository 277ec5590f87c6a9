//! What programs of this host ask: `publish`, `runner`, `wheel`. Who asks is known before anything else is done.
//! Salt: `ClearFuncs` behaviour, with the check of credentials first.

use halite_core::{Jid, Map, Value, map};

use super::clear_reply;
use crate::acl;
use crate::core::{Asked, Core, Publication, ReqId};
use crate::events::{Event, tags};
use crate::limits;
use crate::work::{Function, Work};

/// Credentials: they never go further than the check.
const SECRETS: [&str; 6] = ["key", "token", "eauth", "username", "password", "auth_list"];

/// Who asks.
struct Caller {
    /// The name under which the job runs.
    user: String,
    /// What he is granted; `None` is everything.
    grants: Option<Vec<Value>>,
}

impl Core {
    pub(crate) fn local_publish(&mut self, req: ReqId, load: Map) {
        let asked = Asked::Local(req);
        let Some(caller) = self.caller(&load) else {
            let jid = load.get("jid").and_then(Value::as_str).unwrap_or_default();
            tracing::warn!("Authentication failure of type \"user\" occurred.");
            // Nothing of the request goes into the event: it holds somebody's credentials.
            let error = map! {"name" => "AuthenticationError", "message" => "Authentication error occurred."};
            let jid = Jid::parse(jid).map(|jid| jid.to_string()).unwrap_or_default();
            self.fire(&Event::new(
                tags::job_error(&jid),
                map! {"jid" => jid.as_str(), "error" => error},
            ));
            return self.not_allowed(
                &asked,
                "AuthenticationError",
                "Authentication error occurred.",
            );
        };
        let publication = match read(&load, caller) {
            Ok(publication) => publication,
            Err(why) => return self.not_allowed(&asked, "SaltInvocationError", &why),
        };
        if acl::blacklisted(&self.settings.blacklist, &publication.user, &publication.calls()) {
            tracing::warn!(user = publication.user, fun = %publication.fun, "On publisher_acl_blacklist");
            return self.not_allowed(&asked, "AuthorizationError", "Authorization error occurred.");
        }
        self.publish(publication, asked);
    }

    /// Whose credentials these are. Only keys of local users are known here: a token or `eauth` is refused.
    fn caller(&self, load: &Map) -> Option<Caller> {
        let kwargs = load.get("kwargs");
        let other =
            |name: &str| load.contains_key(name) || kwargs.and_then(|map| map.get(name)).is_some();
        if other("token") || other("eauth") {
            return None;
        }
        let owner = self.users.owner(load.get("key").and_then(Value::as_str)?)?;
        let said = load.get("user").and_then(Value::as_str).unwrap_or(owner);
        if owner == self.settings.user {
            // Whoever holds the master's own key may speak for others; `sudo_acl` holds sudo users to their own
            // grants.
            let sudo = said.strip_prefix("sudo_").filter(|_| self.settings.sudo_acl);
            let grants = sudo.map(|user| acl::grants_of(&self.settings.publisher_acl, user));
            return Some(Caller { user: said.to_owned(), grants });
        }
        let grants = acl::grants_of(&self.settings.publisher_acl, owner);
        (said == owner).then(|| Caller { user: owner.to_owned(), grants: Some(grants) })
    }

    pub(crate) fn local_function(&mut self, req: ReqId, kind: &'static str, load: Map) {
        let refuse = |user: &str| {
            let name = "UserAuthenticationError";
            let message =
                format!("Authentication failure of type \"user\" occurred for user {user}.");
            clear_reply(&map! {"error" => map! {"name" => name, "message" => message}}.into())
        };
        let said = load.get("user").and_then(Value::as_str).unwrap_or("UNKNOWN").to_owned();
        let Some(caller) = self.caller(&load) else { return self.reply(req, refuse(&said)) };
        let Some(fun) = load.get("fun").and_then(Value::as_str).map(str::to_owned) else {
            let error = map! {"name" => "SaltInvocationError", "message" => "`fun` is missing"};
            return self.reply(req, clear_reply(&map! {"error" => error}.into()));
        };
        let named = named_arguments(kind, &load);
        if let Some(grants) = &caller.grants
            && !acl::allows_on_master(grants, kind, &fun, &named)
        {
            tracing::warn!(user = caller.user, fun, "The user may not run this");
            return self.reply(req, refuse(&caller.user));
        }
        let unique = self.settings.unique_jid;
        let jid = self.jids.next(self.now, unique).to_string();
        let positional = load.get("arg").and_then(Value::as_list).unwrap_or_default().to_vec();
        let function =
            Function { kind, fun, jid: jid.clone(), user: caller.user, positional, named };
        if kind == "runner" {
            // A runner's result comes as an event; the asker is told where.
            let reply = map! {"tag" => format!("salt/run/{jid}"), "jid" => jid};
            self.reply(req, clear_reply(&reply.into()));
            if !self.work(Work::Function { req: None, function }) {
                tracing::error!("A runner is dropped: too much work waits");
            }
        } else if !self.work(Work::Function { req: Some(req), function }) {
            self.reply(req, halite_wire::error::bare(halite_wire::error::HANDLER_FAILED));
        }
    }
}

/// Arguments by name: those of a runner stand in `kwarg`, those of a wheel function at the top of the load.
fn named_arguments(kind: &str, load: &Map) -> Map {
    let inner = match kind {
        "runner" => load.get("kwarg").and_then(Value::as_map).cloned().unwrap_or_default(),
        _ => load.clone(),
    };
    let own = ["fun", "user", "arg", "print_event", "full_return"];
    let keep =
        |name: &str| !SECRETS.contains(&name) && !own.contains(&name) && !name.starts_with("__");
    inner.into_iter().filter(|(name, _)| name.as_str().is_some_and(keep)).collect()
}

fn read(load: &Map, caller: Caller) -> Result<Publication, String> {
    let field = |name: &str| load.get(name).filter(|value| !value.is_null());
    let fun = match field("fun") {
        Some(fun @ Value::Str(_)) => fun.clone(),
        Some(Value::List(funs)) if funs.iter().all(|fun| fun.as_str().is_some()) => {
            if funs.is_empty() || funs.len() > limits::FUNCTIONS_PER_JOB {
                let most = limits::FUNCTIONS_PER_JOB;
                return Err(format!("`fun` must hold 1 to {most} functions"));
            }
            Value::List(funs.clone())
        }
        _ => return Err("`fun` must be a function's name or a list of them".into()),
    };
    let jid = match field("jid").map(|jid| jid.as_str().unwrap_or("?")) {
        None | Some("") => None,
        Some(text) => Some(Jid::parse(text).map_err(|error| error.to_string())?),
    };
    let mut extra = field("kwargs").and_then(Value::as_map).cloned().unwrap_or_default();
    extra.retain(|name, _| name.as_str().is_some_and(|name| !SECRETS.contains(&name)));
    Ok(Publication {
        fun,
        arg: match field("arg") {
            None => Value::list([]),
            Some(Value::List(arg)) => Value::List(arg.clone()),
            Some(other) => return Err(format!("`arg` must be a list, not {}", other.type_name())),
        },
        tgt: field("tgt").cloned().ok_or("`tgt` is missing")?,
        tgt_type: match field("tgt_type") {
            None => "glob".into(),
            Some(kind) => kind.as_str().ok_or("`tgt_type` must be text")?.to_owned(),
        },
        ret: field("ret").cloned().unwrap_or_else(|| "".into()),
        user: caller.user,
        jid,
        to: field("to").cloned(),
        extra,
        grants: caller.grants,
    })
}
