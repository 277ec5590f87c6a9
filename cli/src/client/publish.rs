//! Publishing a job.

use halite_core::{Error, Map, Result, Value, map};

use super::Client;

/// A job as it is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobSpec {
    /// Whom it is for.
    pub(crate) tgt: Value,
    /// How `tgt` is meant.
    pub(crate) tgt_type: String,
    /// The function, or a list of them.
    pub(crate) fun: Value,
    /// Its arguments in the wire's form.
    pub(crate) arg: Vec<Value>,
    /// Returners, separated by commas.
    pub(crate) ret: String,
    /// The jid to use; the master allocates one if it is empty.
    pub(crate) jid: String,
    /// Seconds that the job's sender waits: minions may use it.
    pub(crate) timeout: Option<i64>,
    /// `delimiter`, `metadata`, `ret_config`, ...
    pub(crate) kwargs: Map,
}

/// What the master made of it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// The job's id.
    pub(crate) jid: String,
    /// Who is expected to return.
    pub(crate) minions: Vec<String>,
    /// Who was named but is not known.
    pub(crate) missing: Vec<String>,
}

impl Client {
    /// Publishes a job.
    ///
    /// `None` if nobody is meant.
    ///
    /// # Errors
    /// The master's refusal.
    pub(crate) async fn publish(&self, spec: &JobSpec) -> Result<Option<Published>> {
        let tgt_type = if spec.tgt_type.is_empty() { "glob" } else { &spec.tgt_type };
        let mut load = map! {
            "cmd" => "publish",
            "tgt" => spec.tgt.clone(),
            "fun" => spec.fun.clone(),
            "arg" => spec.arg.clone(),
            "tgt_type" => tgt_type,
            "ret" => spec.ret.as_str(),
            "jid" => spec.jid.as_str(),
            "kwargs" => spec.kwargs.clone(),
        };
        if let Some(timeout) = spec.timeout {
            load.insert("to".into(), timeout.into());
        }
        let answer = self.ask(load).await?;
        let names = |name: &str| -> Vec<String> {
            let list = answer.get(name).and_then(Value::as_list).unwrap_or_default();
            list.iter().map(Value::to_string).collect()
        };
        match answer.get("jid") {
            Some(Value::Str(jid)) if !jid.is_empty() => {
                let (minions, missing) = (names("minions"), names("missing"));
                let published = Published { jid: jid.to_string(), minions, missing };
                Ok(Some(published).filter(|published| !published.minions.is_empty()))
            }
            Some(_) => Ok(None),
            None if answer.as_map().is_some_and(Map::is_empty) => {
                Err(Error::execution("The master does not know the command `publish`"))
            }
            None => Err(Error::execution(format!("The master's answer has no jid: {answer}"))),
        }
    }
}
