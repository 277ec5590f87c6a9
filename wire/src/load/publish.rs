//! A job as it is published.

use std::fmt;

use halite_core::{Map, Value, map};

use super::{Fields, LoadError};
use halite_core::Jid;

/// The functions of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fun {
    /// One function, `arg` is its arguments.
    One(Box<str>),
    /// Several, `arg` is a list of argument lists.
    Many(Vec<Box<str>>),
}

impl Fun {
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Fun, LoadError> {
        match fields.required("fun")? {
            Value::Str(fun) => Ok(Fun::One((&*fun).into())),
            Value::List(funs) => {
                let names = funs.iter().map(|fun| fun.as_str().map(Box::from));
                let names: Option<Vec<Box<str>>> = names.collect();
                names.map(Fun::Many).ok_or_else(|| fields.error("fun", "holds more than names"))
            }
            other => {
                let found = other.type_name();
                Err(fields.error("fun", format_args!("must be a name or a list, not {found}")))
            }
        }
    }

    /// As it stands in loads.
    pub fn to_value(&self) -> Value {
        match self {
            Fun::One(fun) => Value::str(fun),
            Fun::Many(funs) => Value::list(funs.iter().map(Value::str)),
        }
    }
}

/// What a master publishes.
#[derive(Clone, PartialEq)]
pub struct PublishLoad {
    /// What to run.
    pub fun: Fun,
    /// Its arguments; maps with `__kwarg__` are keyword arguments.
    pub arg: Vec<Value>,
    /// Who is meant.
    pub tgt: Value,
    /// How `tgt` is meant; `glob` unless said otherwise.
    pub tgt_type: Box<str>,
    /// The job's id.
    pub jid: Jid,
    /// Returners, comma separated.
    pub ret: Box<str>,
    /// Who asked.
    pub user: Box<str>,
    /// Everything else: `to`, `delimiter`, `metadata`, `ret_config`, `module_executors` and so on.
    pub rest: Map,
}

/// Which job, without its arguments: those may hold secrets.
impl fmt::Debug for PublishLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} of {:?} for {} {}", self.jid, self.fun, self.tgt_type, self.tgt)
    }
}

impl PublishLoad {
    /// Reads a published load (without `serial`, which the session takes).
    pub fn parse(load: Map) -> Result<PublishLoad, LoadError> {
        let mut fields = Fields::new("publish", load);
        let tgt_type = fields.optional_text("tgt_type")?;
        Ok(PublishLoad {
            fun: Fun::parse(&mut fields)?,
            arg: fields.list("arg")?,
            tgt: fields.required("tgt")?,
            tgt_type: tgt_type.unwrap_or_else(|| "glob".into()),
            jid: fields.jid("jid")?,
            ret: fields.optional_text("ret")?.unwrap_or_default(),
            user: fields.optional_text("user")?.unwrap_or_default(),
            rest: fields.rest(),
        })
    }

    /// The load to publish.
    pub fn to_load(&self) -> Map {
        let mut load = map! {
            "fun" => self.fun.to_value(),
            "arg" => self.arg.clone(),
            "tgt" => self.tgt.clone(),
            "jid" => self.jid.as_str(),
            "ret" => &*self.ret,
            "tgt_type" => &*self.tgt_type,
            "user" => &*self.user,
        };
        load.extend(self.rest.iter().map(|(key, value)| (key.clone(), value.clone())));
        load
    }
}
