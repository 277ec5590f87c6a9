//! Runner and wheel functions on request of a local program, or of a minion that `peer_run` allows.

use halite_core::{Args, Value, map};

use super::{Function, Outcome, Seal, Shared, answer};
use crate::core::ReqId;
use crate::requests::clear_reply;
use crate::runner::{self, Call, Kind};
use crate::user_keys::master_user;

/// Runs a function; its events tell who waits for them, a wheel function's caller gets the result as its answer.
pub(super) fn run(req: Option<ReqId>, function: Function, shared: &Shared) -> Outcome {
    let Function { kind, fun, jid, user, positional, named } = function;
    let kind = if kind == "runner" { Kind::Runner } else { Kind::Wheel };
    let args = Args { positional, named };
    let mut data = map! {
        "fun" => format!("{}.{fun}", kind.word()),
        "jid" => jid.as_str(),
        "user" => user.as_str(),
    };
    let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
    let call = Call { kind, fun, args, user, jid: Some(jid.clone()), print };
    let ran = runner::run(&shared.opts, call);
    let tag = format!("salt/{}/{jid}", if kind == Kind::Runner { "run" } else { "wheel" });
    data.insert("tag".into(), tag.as_str().into());
    data.insert("return".into(), ran.ret);
    data.insert("success".into(), ran.success.into());
    let reply = clear_reply(&map! {"tag" => tag, "data" => data}.into());
    Outcome { reply: req.map(|req| (req, reply)), ..Outcome::default() }
}

pub(super) fn for_minion(seal: &Seal, fun: String, arg: Vec<Value>, shared: &Shared) -> Outcome {
    let args = Args::from_wire(&arg);
    let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
    let user = master_user(&shared.opts);
    let call = Call { kind: Kind::Runner, fun, args, user, jid: None, print };
    answer(seal, &runner::run(&shared.opts, call).ret)
}
