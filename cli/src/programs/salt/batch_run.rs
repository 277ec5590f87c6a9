//! Running a batch: who is there, then a few at a time under one jid.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use halite_core::{Error, Jid, Map, Opts, Result, Value};

use super::Cli;
use super::batch::{self, Batch, Figures};
use super::behind;
use super::job::{self, with_frame};
use super::request::Request;
use super::show::{Shown, retcode_of};
use crate::client::reasons::Reasons;
use crate::client::{
    Bus, Client, Collector, JobSpec, Lost, Return, Step, Voice, gather, invoker, times,
};
use crate::{exit, log};

/// How long to wait for events when nothing else is due.
const TICK: Duration = Duration::from_secs(1);

/// Runs a job as a batch of `size`.
pub(super) async fn run(cli: &Cli, opts: &Opts, request: &Request, size: &str) -> Result<ExitCode> {
    // A wrong size is told before anybody is disturbed.
    batch::size(size, 1).map_err(Error::execution)?;
    let aside = cli.asynchronous && cli.behind.is_none();
    if aside && cli.args_stdin {
        return Err(Error::execution("--args-stdin does not go with --async and --batch"));
    }
    if behind::pass_on(cli.behind.as_deref())? {
        return Ok(ExitCode::from(exit::OK));
    }
    let client = Client::new(opts)?;
    let mut bus = client.bus().await?;
    let Some((here, away)) = ping(&client, &mut bus, &request.spec).await? else {
        log::say(job::NOBODY);
        log::say("No minions matched the target.");
        log::complain("ERROR: No return received");
        return Ok(ExitCode::from(exit::REFUSED));
    };
    if !cli.r#static {
        for id in away.keys() {
            log::say(&format!("Minion {id} did not respond. No job will be sent."));
        }
    }
    if here.is_empty() {
        log::complain("ERROR: No return received");
        return Ok(ExitCode::from(exit::REFUSED));
    }
    let jid = cli.behind.clone();
    let jid = jid.unwrap_or_else(|| Jid::at(jiff::Timestamp::now().as_microsecond()).to_string());
    if aside {
        behind::start(&jid)?;
        log::say(&format!("Executed batch command with job ID: {jid}"));
        return Ok(ExitCode::from(exit::OK));
    }
    let size = batch::size(size, here.len()).map_err(Error::execution)?;
    let wait = Duration::try_from_secs_f64(cli.batch_wait).unwrap_or_default();
    let failhard = cli.failhard || opts.bool("failhard");
    let file = cli.behind.as_ref().and_then(|jid| behind::file(opts, jid));
    let (timeout, gather) = times(opts);
    let mut run = Run {
        cli,
        client: &client,
        request,
        shown: Shown::new(cli, opts),
        batch: Batch::new(here, size, wait, failhard),
        collector: Collector::new(&jid, timeout, gather),
        reasons: Reasons::new(opts),
        told: Told { file, ..Told::new(opts, request).await },
        jid,
        code: 0,
        kept: Map::new(),
    };
    run.all(&mut bus).await?;
    run.finish()
}

/// Who answers a ping, in the order of the answers, and who does not; `None` if nobody is meant.
async fn ping(
    client: &Client,
    bus: &mut Bus,
    spec: &JobSpec,
) -> Result<Option<(Vec<String>, BTreeMap<String, Lost>)>> {
    let ask =
        JobSpec { fun: "test.ping".into(), arg: Vec::new(), ret: String::new(), ..spec.clone() };
    let gathered = gather(client, bus, &ask).await?;
    Ok(gathered.map(|found| (found.returns.into_iter().map(|ret| ret.id).collect(), found.lost)))
}

/// Tells the master how far the batch is, for `salt-run batch.status`.
struct Told {
    voice: Option<Voice>,
    /// `.batch.p`, for a batch that runs behind.
    file: Option<std::path::PathBuf>,
    about: Map,
    last: Option<(Figures, bool)>,
}

impl Told {
    async fn new(opts: &Opts, request: &Request) -> Told {
        let spec = &request.spec;
        let about = halite_core::map! {
            "fun" => spec.fun.clone(), "tgt" => spec.tgt.clone(), "tgt_type" => spec.tgt_type.as_str(),
            "driver" => "cli", "user" => invoker(), "created" => seconds(),
        };
        // Who may publish but not write into the bus runs batches all the same.
        Told { voice: Voice::connect(opts).await.ok(), file: None, about, last: None }
    }

    async fn tell(&mut self, jid: &str, what: &str, batch: &Batch, reason: Option<&str>) {
        let now = (batch.figures(), batch.halted());
        if what == "progress" && self.last == Some(now) {
            return;
        }
        self.last = Some(now);
        let (Figures { total, completed, failed, active, pending, size }, halted) = now;
        let mut state = self.about.clone();
        state.extend(halite_core::map! {
            "jid" => jid, "total" => total, "completed" => completed, "failed" => failed,
            "active" => active, "pending" => pending, "batch_size" => size, "halted" => halted,
            "halted_reason" => reason.map(Value::str), "last_progress" => seconds(),
        });
        if let Some(file) = &self.file {
            let mut whole = state.clone();
            whole.extend(batch.lists());
            behind::write(file, &whole);
        }
        let Some(voice) = &mut self.voice else { return };
        let data = halite_core::map! {"jid" => jid, "state" => state};
        if let Err(error) = voice.fire(&format!("salt/batch/{jid}/{what}"), data).await {
            tracing::warn!("the master is not told how far the batch is: {error}");
            self.voice = None;
        }
    }
}

/// Now, in seconds since 1970 UTC.
fn seconds() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1e6
}

/// A batch that runs.
struct Run<'a> {
    cli: &'a Cli,
    client: &'a Client,
    request: &'a Request,
    shown: Shown<'a>,
    batch: Batch,
    collector: Collector,
    reasons: Reasons,
    told: Told,
    jid: String,
    /// The highest code so far.
    code: i64,
    kept: Map,
}

impl Run<'_> {
    async fn all(&mut self, bus: &mut Bus) -> Result<()> {
        self.told.tell(&self.jid, "new", &self.batch, None).await;
        let mut reason = "failhard";
        while !self.batch.done() {
            let now = Instant::now();
            let starting = self.batch.start(now);
            if !starting.is_empty() {
                self.publish(starting).await?;
            }
            self.told.tell(&self.jid, "progress", &self.batch, None).await;
            let rest = self.batch.wake().map(|at| at.saturating_duration_since(now));
            let tick = rest.map_or(TICK, |rest| rest.min(TICK));
            match self.collector.next(self.client, bus, tick).await? {
                Step::Return(ret) => self.returned(ret)?,
                Step::Lost(id, why) => self.lost(&id, &why)?,
                Step::Stop => {
                    self.batch.stop();
                    reason = "stop";
                }
                Step::Other(_) | Step::Tick => {}
                // Nobody runs; a slot may be resting.
                Step::Done => tokio::time::sleep(rest.unwrap_or_default().min(TICK)).await,
            }
        }
        let halted = self.batch.halted();
        let (what, why) = if halted { ("halted", Some(reason)) } else { ("complete", None) };
        self.told.tell(&self.jid, what, &self.batch, why).await;
        if halted {
            tracing::error!("Batch run stopped due to {reason}");
        }
        Ok(())
    }

    async fn publish(&mut self, mut ids: Vec<String>) -> Result<()> {
        self.collector.expect(ids.iter().cloned(), Instant::now());
        ids.sort();
        let list: Value = ids.iter().map(Value::from).collect::<Vec<_>>().into();
        if !self.cli.r#static {
            log::say(&format!("\nExecuting run on {}\n", list.repr()));
        }
        let spec = JobSpec {
            tgt: list,
            tgt_type: "list".into(),
            jid: self.jid.clone(),
            ..self.request.spec.clone()
        };
        // Whoever lost the key meanwhile will be lost as silent.
        self.client.publish(&spec).await.map(drop)
    }

    fn returned(&mut self, ret: Return) -> Result<()> {
        let retcode = retcode_of(ret.load.get("retcode"));
        self.code = self.code.max(retcode);
        self.batch.returned(&ret.id, retcode == 0, Instant::now());
        let out = ret.load.get("out").and_then(Value::as_str);
        if self.cli.r#static {
            let data = ret.load.get("return").cloned().unwrap_or_default();
            self.kept.insert(ret.id.into(), data);
            return Ok(());
        }
        self.shown.count(&ret.id, retcode);
        self.shown.display(&with_frame(&ret.id, &ret.load), out, retcode)
    }

    fn lost(&mut self, id: &str, why: &Lost) -> Result<()> {
        self.batch.over(id, Instant::now());
        self.code = self.code.max(i64::from(exit::GENERIC));
        let text = self.reasons.text(&self.jid, id, why);
        self.shown.lost(id, text, !self.cli.hide_timeout && !self.cli.r#static)
    }

    fn finish(self) -> Result<ExitCode> {
        if self.cli.r#static {
            return self.shown.all_together(self.kept);
        }
        if self.cli.summary {
            self.shown.end(true, self.cli.verbose);
        }
        Ok(exit::of_retcode(self.code))
    }
}
