//! Publishing from an orchestration (or a template on the master) and waiting: what `saltutil.cmd` and the states
//! `salt.state` and `salt.function` do. Salt: `salt.modules.saltutil._exec`, `LocalClient.cmd_iter`.

use std::time::Duration;

use halite_core::{Args, Context, Map, Result, Value, map};
use halite_wire::Entropy;
use indexmap::IndexMap;

use super::{batch, journal};
use crate::client::{Job, Patience, Published};
use crate::services::MasterServices;

/// How the master begins when a target meant nobody.
const NOBODY: &str = "Master could not resolve minions for target";

/// A command to minions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    pub(crate) tgt: Value,
    pub(crate) tgt_type: String,
    pub(crate) fun: String,
    pub(crate) args: Args,
    /// Returners, comma separated.
    pub(crate) ret: String,
    /// `ret_config`, `ret_kwargs` and what else goes with the request.
    pub(crate) kwargs: Map,
    pub(crate) timeout: Option<f64>,
    pub(crate) batch: Option<String>,
    pub(crate) subset: Option<usize>,
    pub(crate) failhard: bool,
    /// Whether minions that do not return are part of the result.
    pub(crate) expect_minions: bool,
}

/// What came back, by minion, in the order of arrival: `ret`, `retcode`, `jid`, `out`; or `failed`.
pub(crate) type Returned = IndexMap<String, Map>;

impl Command {
    pub(super) fn job(&self) -> Job {
        Job {
            tgt: self.tgt.clone(),
            tgt_type: self.tgt_type.clone(),
            fun: self.fun.as_str().into(),
            arg: self.args.to_wire(),
            ret: self.ret.clone(),
            kwargs: self.kwargs.clone(),
        }
    }

    pub(super) fn patience(&self, cx: &Context<'_>) -> Patience {
        let mut patience = Patience::of(cx.opts);
        if let Some(seconds) = self.timeout {
            patience.timeout = Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        }
        patience
    }

    /// Publishes and waits. Nobody meant is an empty result.
    ///
    /// # Errors
    /// If the master cannot be reached or refuses.
    pub(crate) fn run(&self, cx: &Context<'_>) -> Result<Returned> {
        match (&self.batch, self.subset) {
            (Some(size), _) => batch::run(self, size, cx),
            (None, Some(count)) => self.run_on_some(count, cx),
            (None, None) => self.run_once(cx),
        }
    }

    /// One job.
    pub(super) fn run_once(&self, cx: &Context<'_>) -> Result<Returned> {
        let master = MasterServices::of(cx)?;
        let what = format!("{} {} {} {:?}", self.fun, self.tgt, self.tgt_type, self.args);
        let client = master.client()?;
        let mut returned = Returned::new();
        let mut each = |id: &str, data: &Map| drop(returned.insert(id.to_owned(), shown(data)));
        let patience = self.patience(cx);
        let before = journal::sent_before(cx, &what).map(|jid| published_before(master, jid));
        let ran = match before.transpose()?.flatten() {
            Some((published, returns)) => {
                returns.iter().for_each(|(id, data)| each(id, data));
                client.rejoin(published, patience, each)
            }
            None => client.publish_first(
                &self.job(),
                patience,
                |jid| journal::sent(cx, &what, jid),
                each,
            ),
        };
        let (published, silent) = match ran {
            Ok(ran) => ran,
            Err(error) if error.to_string().starts_with(NOBODY) => {
                let why = error.to_string();
                tracing::warn!(
                    why,
                    "No minions matched the target. No command was sent, no jid was assigned."
                );
                return Ok(Returned::new());
            }
            Err(error) => return Err(error),
        };
        let silent = silent.into_iter().filter(|_| self.expect_minions);
        for id in silent.chain(published.missing) {
            returned.entry(id).or_insert_with(|| map! {"failed" => true});
        }
        Ok(returned)
    }

    /// On some minions by chance, of those that have the function. Salt: `cmd_subset`.
    fn run_on_some(&self, count: usize, cx: &Context<'_>) -> Result<Returned> {
        let functions = Command {
            fun: "sys.list_functions".into(),
            args: Args::default(),
            ret: String::new(),
            subset: None,
            expect_minions: false,
            ..self.clone()
        };
        let has = |data: &Map| {
            let names = data.get("ret").and_then(Value::as_list).unwrap_or_default();
            names.iter().any(|name| name.as_str() == Some(&self.fun))
        };
        let answers = functions.run_once(cx)?;
        let mut ids: Vec<String> =
            answers.into_iter().filter(|(_, data)| has(data)).map(|(id, _)| id).collect();
        shuffle(&mut ids);
        ids.truncate(count);
        if ids.is_empty() {
            return Ok(Returned::new());
        }
        Command { tgt: ids.into(), tgt_type: "list".into(), subset: None, ..self.clone() }
            .run_once(cx)
    }
}

/// The return of an event as `saltutil.cmd` gives it: all of it, its value as `ret`.
fn shown(data: &Map) -> Map {
    let mut shown = map! {"ret" => data.get("return").cloned().unwrap_or_default()};
    let more =
        data.iter().filter(|(key, _)| !matches!(key.as_str(), Some("return" | "cmd" | "_stamp")));
    shown.extend(more.map(|(key, value)| (key.clone(), value.clone())));
    shown
}

/// A job that was published before the master or this program ended: who is still expected, and what came already.
fn published_before(
    master: &MasterServices,
    jid: String,
) -> Result<Option<(Published, Vec<(String, Map)>)>> {
    let store = master.store()?;
    let Some(job) = store.job(&jid)? else { return Ok(None) };
    let returns = store.returns(&jid)?;
    let returned: Vec<(String, Map)> = returns
        .into_iter()
        .map(|found| {
            let mut data = found.ret;
            data.insert("jid".into(), jid.as_str().into());
            (found.id, data)
        })
        .collect();
    let open = job.minions.into_iter().filter(|id| !returned.iter().any(|(have, _)| have == id));
    let published = Published { jid, minions: open.collect(), missing: Vec::new() };
    Ok(Some((published, returned)))
}

fn shuffle(ids: &mut [String]) {
    let mut entropy = halite_wire::OsEntropy::new();
    for last in (1..ids.len()).rev() {
        let mut bytes = [0_u8; 8];
        entropy.fill(&mut bytes);
        let at = u64::from_le_bytes(bytes) % (last as u64 + 1);
        ids.swap(last, usize::try_from(at).unwrap_or(0));
    }
}
