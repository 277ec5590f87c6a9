//! What a job gave back.

use std::fmt;

use halite_core::{Map, Value, map};

use super::{Fields, Fun, LoadError};
use halite_core::Jid;

/// `_return`. With several functions `ret`, `retcode` and `success` are maps by function name.
#[derive(Clone, PartialEq)]
pub struct Return {
    /// The job; `None` when the minion started it itself and asks the master for an id (`req`).
    pub jid: Option<Jid>,
    /// What ran.
    pub fun: Fun,
    /// Its arguments.
    pub fun_args: Value,
    /// `return`.
    pub ret: Value,
    /// `retcode`.
    pub retcode: Value,
    /// `success`.
    pub success: Value,
    /// Everything else the minion sent: `user`, `out`, `metadata`, `schedule`, `_stamp` and so on,
    /// without what the session knows better (`id`).
    pub rest: Map,
}

/// Which job, not what it gave back: that may hold secrets.
impl fmt::Debug for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jid = self.jid.as_ref().map_or(Jid::REQUEST, Jid::as_str);
        write!(f, "return of {:?} for job {jid}", self.fun)
    }
}

impl Return {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Return, LoadError> {
        fields.optional("id");
        let jid = match fields.text("jid")? {
            jid if &*jid == Jid::REQUEST => None,
            jid => Some(Jid::parse(&jid).map_err(|_| fields.error("jid", "is not a job id"))?),
        };
        Ok(Return {
            jid,
            fun: Fun::parse(&mut fields)?,
            fun_args: fields.value("fun_args"),
            ret: fields.required("return")?,
            retcode: fields.value("retcode"),
            success: fields.value("success"),
            rest: fields.rest(),
        })
    }

    /// The request a minion sends.
    pub fn to_load(&self) -> Map {
        let mut load = map! {
            "cmd" => "_return",
            "success" => self.success.clone(),
            "return" => self.ret.clone(),
            "retcode" => self.retcode.clone(),
            "jid" => self.jid.as_ref().map_or(Jid::REQUEST, Jid::as_str),
            "fun" => self.fun.to_value(),
            "fun_args" => self.fun_args.clone(),
        };
        load.extend(self.rest.iter().map(|(key, value)| (key.clone(), value.clone())));
        load
    }
}
