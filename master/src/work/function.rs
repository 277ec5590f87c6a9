//! Runner and wheel functions on request of a local program, or of a minion that `peer_run` allows.

use halite_core::{Args, Error, Map, Value, map};

use super::{Function, News, Outcome, Seal, Shared, answer};
use crate::core::ReqId;
use crate::events::{Event, tags};
use crate::requests::clear_reply;

/// Runs a function; its events tell who waits for them, a wheel function's caller gets the result as its answer.
pub(super) fn run(req: Option<ReqId>, function: Function, _shared: &Shared) -> Outcome {
    let Function { kind, fun, jid, user, positional, named } = function;
    let folder = if kind == "runner" { "run" } else { "wheel" };
    let args = Args { positional, named };
    let mut data = map! {
        "fun" => format!("{kind}.{fun}"),
        "jid" => jid.as_str(),
        "user" => user,
        "fun_args" => args.to_wire(),
    };
    let mut outcome = Outcome::default();
    let event = |what, data: &Map| {
        News::Event(Event::new(tags::master_function(folder, &jid, what), data.clone()))
    };
    outcome.done.news.push(event("new", &data));
    let error = Error::Unavailable { fun, why: None };
    data.insert("return".into(), error.to_string().into());
    data.insert("success".into(), false.into());
    outcome.done.news.push(event("ret", &data));
    let tag = format!("salt/{folder}/{jid}");
    let reply = clear_reply(&map! {"tag" => tag, "data" => data}.into());
    outcome.reply = req.map(|req| (req, reply));
    outcome
}

pub(super) fn for_minion(seal: &Seal, fun: String, _arg: Vec<Value>, _shared: &Shared) -> Outcome {
    answer(seal, &Value::str(Error::Unavailable { fun, why: None }.to_string()))
}
