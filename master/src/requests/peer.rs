//! What minions may ask of other minions and of the master: `minion_pub`, `minion_publish`, `pub_ret`,
//! `minion_runner`. Off unless `peer` and `peer_run` allow it by name.

use halite_core::{Jid, Map, Value};
use halite_wire::load::{Fun, PeerPublish};

use super::Call;
use crate::acl;
use crate::core::{Asked, Core, Publication};
use crate::limits;
use crate::work::Work;

/// Functions that publish again: a peer could use them to reach what it is not granted. Salt: `minion_pub`.
const NEVER: [&str; 2] = ["publish.", "peer."];
/// Seconds that a synchronous publish waits unless told.
const TIMEOUT_SECONDS: u64 = 5;
/// Seconds that it may wait at most.
const TIMEOUT_SECONDS_MAX: u64 = 600;

/// The functions, and their arguments: names in one text come with a text of arguments for each.
/// Salt: `__verify_minion_publish`.
fn calls(publish: &PeerPublish) -> (Vec<String>, Value) {
    let arg = || Value::list(publish.arg.clone());
    match &publish.fun {
        Fun::Many(funs) => (funs.iter().map(ToString::to_string).collect(), arg()),
        Fun::One(fun) if fun.contains(',') => {
            let words = |arg: &Value| match arg {
                Value::Str(text) => Value::list(text.split_whitespace().map(Value::from)),
                other => other.clone(),
            };
            let args = publish.arg.iter().map(words);
            (fun.split(',').map(str::to_owned).collect(), Value::list(args))
        }
        Fun::One(fun) => (vec![fun.to_string()], arg()),
    }
}

impl Core {
    pub(super) fn minion_pub(&mut self, call: Call, publish: PeerPublish, wait: bool) {
        let (functions, arg) = calls(&publish);
        let again = functions.iter().any(|fun| NEVER.iter().any(|never| fun.starts_with(never)));
        let many = functions.len() > limits::FUNCTIONS_PER_JOB;
        let grants = acl::peer_grants(&self.settings.peer, call.who.as_str());
        if again || many || grants.is_empty() {
            tracing::warn!(who = %call.who, ?functions, "A minion may not publish this; see the option peer");
            return self.answer(&call, &Map::new().into());
        }
        let Call { req, who, nonce, .. } = call;
        let asked = match wait && self.jobs.waiting.len() < self.settings.bounds.syncs {
            true => {
                let seconds = publish.timeout.unwrap_or(TIMEOUT_SECONDS).min(TIMEOUT_SECONDS_MAX);
                let full = &*publish.form == "full";
                Asked::PeerSync { req, who, nonce, seconds, full }
            }
            false => Asked::Peer { req, who, nonce },
        };
        let user = self.settings.user.clone();
        let fun: Value = match <[String; 1]>::try_from(functions) {
            Ok([one]) => one.into(),
            Err(many) => many.into(),
        };
        let publication = Publication {
            fun,
            arg,
            grants: Some(grants),
            tgt: publish.tgt,
            tgt_type: publish.tgt_type.to_string(),
            ret: Value::str(&publish.ret),
            ..Publication::of("", "", user)
        };
        self.publish(publication, asked);
    }

    pub(super) fn pub_ret(&mut self, call: Call, jid: &Jid) {
        let own = self.jobs.get(jid.as_str()).is_some_and(|job| job.by.as_ref() == Some(&call.who));
        if !own {
            return self.answer(&call, &Value::str(""));
        }
        let jid = jid.to_string();
        self.later(call, |seal| Work::Returns { seal, jid });
    }

    pub(super) fn minion_runner(
        &mut self,
        call: Call,
        fun: &str,
        arg: Vec<Value>,
        timeout: Option<u64>,
    ) {
        if !acl::peer_allows(&self.settings.peer_run, call.who.as_str(), &[fun.to_owned()]) {
            tracing::warn!(who = %call.who, fun, "A minion may not run this; see the option peer_run");
            return self.answer(&call, &Map::new().into());
        }
        let fun = fun.to_owned();
        // The runner itself bounds how long it takes; the minion stops waiting by its own time.
        let _ = timeout;
        self.later(call, |seal| Work::MinionRunner { seal, fun, arg });
    }
}
