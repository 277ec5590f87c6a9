//! A run of orchestration sls files on the master. Salt: `salt.runners.state.orchestrate`.

use std::sync::Arc;

use halite_core::services::PillarRequest;
use halite_core::{Context, Error, JobState, Map, Result, Secrets, Value, map};
use halite_states::compiler::{HighData, low::messages};
use halite_states::engine::highstate::log_faults;
use halite_states::engine::session::{Session, Wish, with_session};
use halite_states::engine::{Observer, RunSettings, check_result};

use super::journal::{Journal, Past, folder};
use crate::events::Event;
use crate::services::MasterServices;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// sls names, comma separated or as a list.
    pub(crate) mods: Value,
    pub(crate) saltenv: String,
    pub(crate) test: Value,
    pub(crate) exclude: Value,
    pub(crate) pillar: Map,
    pub(crate) pillarenv: Option<String>,
    /// The run's id; another orchestration's if this one runs within it.
    pub(crate) jid: String,
}

impl Asked {
    fn to_map(&self, user: &str) -> Map {
        map! {
            "mods" => self.mods.clone(), "saltenv" => self.saltenv.as_str(), "test" => self.test.clone(),
            "exclude" => self.exclude.clone(), "pillar" => self.pillar.clone(),
            "pillarenv" => self.pillarenv.clone(), "user" => user,
        }
    }

    /// What a journal says was asked for.
    pub(crate) fn of(map: &Map, jid: &str) -> Asked {
        let get = |key: &str| map.get(key).cloned().unwrap_or_default();
        Asked {
            mods: get("mods"),
            saltenv: get("saltenv").to_string(),
            test: get("test"),
            exclude: get("exclude"),
            pillar: get("pillar").as_map().cloned().unwrap_or_default(),
            pillarenv: map.get("pillarenv").filter(|env| env.truthy()).map(Value::to_string),
            jid: jid.to_owned(),
        }
    }

    /// The name of its journal: orchestrations within another one have a name of their own.
    fn journal_name(&self, own_jid: &str) -> String {
        if self.jid == own_jid {
            return "main".into();
        }
        let what = format!("{} {} {:?}", self.mods, self.saltenv, self.pillar);
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in what.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("within-{hash:016x}")
    }
}

/// The file by which orchestrations within a resumed one know that they are to go on.
const RESUMED: &str = "resumed";

/// Runs it; the result is `{data: {id: returns}, outputter, retcode}`.
pub(crate) fn orchestrate(cx: &Context<'_>, asked: &Asked) -> Result<Value> {
    let master = MasterServices::of(cx)?;
    let journal = Journal::of(cx.opts, &asked.jid, &asked.journal_name(master.jid()))?;
    let resumed = folder(cx.opts, &asked.jid)?.join(RESUMED).exists();
    let past = if resumed { journal.past()?.filter(|past| !past.ended) } else { None };
    run(cx, asked, &journal, past)
}

/// Takes up an orchestration that was broken off.
pub(crate) fn resume(cx: &Context<'_>, jid: &str) -> Result<Value> {
    let journal = Journal::of(cx.opts, jid, "main")?;
    let Some(past) = journal.past()? else {
        return Err(Error::execution(format!(
            "there is no orchestration {jid}; `salt-run state.orchestrations` lists them"
        )));
    };
    if past.ended {
        return Err(Error::execution(format!(
            "orchestration {jid} came to its end; there is nothing to resume"
        )));
    }
    if crate::runner::proc::running(cx.opts)
        .iter()
        .any(|job| job.get("jid").and_then(Value::as_str) == Some(jid))
    {
        return Err(Error::execution(format!("orchestration {jid} is still running")));
    }
    let marker = folder(cx.opts, jid)?.join(RESUMED);
    crate::private_file::write(&marker, b"", 0o600)?;
    let asked = Asked::of(&past.asked, jid);
    run(cx, &asked, &journal, Some(past))
}

fn run(cx: &Context<'_>, asked: &Asked, journal: &Journal, past: Option<Past>) -> Result<Value> {
    let master = MasterServices::of(cx)?;
    let user = cx.job.user.as_str();
    let past = match past {
        Some(past) => past,
        None => {
            // Without a cache folder (a lint run) nothing is kept.
            if cx.opts.path("cachedir").is_dir() {
                journal.begin(asked.to_map(user))?;
            }
            Past::default()
        }
    };
    let job = JobState::new(asked.jid.as_str(), "state.sls", user)
        .knowing(cx.job.secrets.clone())
        .cancelled_with(cx.job);
    journal.attach(&job, past.sent);
    let observer = observer(master, &asked.jid, Journal::at(journal.path().into()), &job.secrets);
    let settings =
        RunSettings { finished: past.finished, observer: Some(observer), ..RunSettings::default() };
    let ret = states(cx, asked, &job, settings)?;
    let id = cx.opts.str("id");
    let data = map! {id => ret};
    let retcode = i64::from(!check_result(&data, None));
    journal.end(retcode);
    Ok(map! {"data" => data, "outputter" => "highstate", "retcode" => retcode}.into())
}

fn observer(master: &MasterServices, jid: &str, journal: Journal, secrets: &Secrets) -> Observer {
    let (teller, jid, secrets) = (master.teller(), jid.to_owned(), secrets.clone());
    Observer(Arc::new(move |tag, ret, total| {
        let (tag, ret) = (&*secrets.hide_text(tag), &secrets.hide_map(ret.clone()));
        journal.done(tag, ret);
        let data =
            map! {"tag" => tag, "ret" => ret.clone(), "total" => i64::try_from(total).unwrap_or(0)};
        teller.state_done(&Event::new(format!("salt/run/{jid}/state"), data), tag, ret, total);
    }))
}

/// The wish of a run on the master, with its pillar.
fn wish(asked: &Asked) -> Wish {
    let mut kwargs = map! {"saltenv" => asked.saltenv.as_str()};
    if let Some(env) = &asked.pillarenv {
        kwargs.insert("pillarenv".into(), env.as_str().into());
    }
    if !asked.pillar.is_empty() {
        kwargs.insert("pillar".into(), asked.pillar.clone().into());
    }
    let test = match &asked.test {
        Value::Null => None,
        other => Some(other.as_bool() != Some(false)),
    };
    Wish { test, kwargs, default_env: Some("base"), state_events: None }
}

/// Gives `body` a session on the master's own machine.
pub(crate) fn on_master<R>(
    cx: &Context<'_>,
    asked: &Asked,
    job: &JobState,
    body: impl FnOnce(&Session<'_>) -> Result<R>,
) -> Result<R> {
    let master = MasterServices::of(cx)?;
    let opts = cx.opts.with("file_client", "local").with("__role", "master");
    let request = PillarRequest {
        saltenv: Some(asked.saltenv.clone()),
        pillarenv: asked.pillarenv.clone(),
        ..PillarRequest::default()
    };
    let pillar = match asked.pillar.is_empty() {
        true => halite_core::Services::compile_pillar(master, &request)?,
        // The session compiles it with what is laid over.
        false => Arc::new(Map::new()),
    };
    master.on_master(&opts, &pillar, job, |apply| with_session(apply, &wish(asked), body))
}

/// sls names of a text or a list.
fn names(mods: &Value) -> Vec<String> {
    match mods {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(|name| name.trim().to_owned()).collect(),
    }
}

fn states(cx: &Context<'_>, asked: &Asked, job: &JobState, settings: RunSettings) -> Result<Value> {
    on_master(cx, asked, job, |session| {
        if let Some(errors) = session.pillar_errors(false) {
            let mut list =
                vec![Value::from("Pillar failed to render with the following messages:")];
            list.extend(errors);
            return Ok(list.into());
        }
        let (mut high, mut faults) = session.high_of(&asked.saltenv, &names(&asked.mods));
        if !faults.is_empty() {
            log_faults(session.apply, &mut faults);
            return Ok(messages(&faults).into());
        }
        high.exclude.extend(match &asked.exclude {
            Value::List(items) => items.to_vec(),
            other if other.truthy() => names(other).into_iter().map(Value::from).collect(),
            _ => Vec::new(),
        });
        Ok(session.call_high(&mut high, settings)?.into_value())
    })
}

/// Runs high data that is given directly.
pub(crate) fn high(cx: &Context<'_>, data: Map, asked: &Asked) -> Result<Value> {
    on_master(cx, asked, cx.job, |session| {
        let mut high = HighData::from_map(data);
        Ok(session.call_high(&mut high, RunSettings::default())?.into_value())
    })
}
