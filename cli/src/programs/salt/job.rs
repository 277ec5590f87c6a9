//! A plain job: publish, print returns as they come, tell who is missing.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use halite_core::services::{Ended, RunStep};
use halite_core::{Map, Opts, Result, Value, map};
use halite_wire::entropy::{Entropy, OsEntropy};

use super::Cli;
use super::live::Live;
use super::request::Request;
use super::show::{Shown, retcode_of};
use crate::board::{self, Board};
use crate::client::reasons::Reasons;
use crate::client::{
    Bus, Client, Collector, JobSpec, Lost, Published, Return, Step, gather, times,
};
use crate::{exit, log, output};

/// How often the live line is drawn anew.
const TICK: Duration = Duration::from_millis(250);
/// Said when a job is for nobody.
pub(in crate::programs) const NOBODY: &str =
    "No minions matched the target. No command was sent, no jid was assigned.";

/// Runs the job.
pub(super) async fn run(cli: &Cli, opts: &Opts, request: &Request) -> Result<ExitCode> {
    let client = Client::new(opts)?;
    if cli.asynchronous {
        return Ok(print_jid(client.publish(&request.spec).await?));
    }
    // Before the job goes out: a quick return must not be missed.
    let mut bus = client.bus().await?;
    let mut spec = request.spec.clone();
    ask_for_steps(&mut spec);
    if let Some(count) = cli.subset {
        match subset(&client, &mut bus, &spec, count).await? {
            Some(ids) => (spec.tgt, spec.tgt_type) = (ids, "list".into()),
            None => return nobody(cli, opts),
        }
    }
    let Some(published) = client.publish(&spec).await? else {
        return nobody(cli, opts);
    };
    announce(cli, opts, &published.jid);
    let mut watch = Watch::new(cli, opts, &published);
    tokio::select! {
        done = watch.all(&client, &mut bus, request) => done?,
        _ = tokio::signal::ctrl_c() => {
            watch.live.clear();
            watch.board.clear();
            log::complain(&interrupted(&published.jid));
            return Ok(ExitCode::from(exit::GENERIC));
        }
    }
    watch.finish(request)
}

fn print_jid(published: Option<Published>) -> ExitCode {
    let jid = published.map(|published| published.jid).unwrap_or_else(|| {
        log::say(NOBODY);
        "0".into()
    });
    log::say(&format!("Executed command with job ID: {jid}"));
    ExitCode::from(exit::OK)
}

/// Salt: what the outputter makes of no returns follows: `{}` as JSON, nothing on a terminal.
fn nobody(cli: &Cli, opts: &Opts) -> Result<ExitCode> {
    log::say(NOBODY);
    output::display(&Map::new().into(), None, opts, 0, cli.output.output_file.as_deref())?;
    log::complain("ERROR: No return received");
    Ok(ExitCode::from(exit::REFUSED))
}

fn announce(cli: &Cli, opts: &Opts, jid: &str) {
    if cli.verbose || opts.bool("verbose") {
        let line = format!("Executing job with jid {jid}");
        log::say(&format!("{line}\n{}\n", "-".repeat(line.len())));
    } else if cli.show_jid {
        log::say(&format!("jid: {jid}"));
    }
}

/// What Ctrl-C says. Salt: the same lines.
fn interrupted(jid: &str) -> String {
    format!(
        "\nThis job's jid is: {jid}\nExiting gracefully on Ctrl-c\nThe minions may not have all \
         finished running and any remaining minions will return upon completion. To look up the \
         return data for this job later, run the following command:\n\nsalt-run jobs.lookup_jid \
         {jid}"
    )
}

/// Some of the minions that a target means and that have the function, chosen at random.
async fn subset(
    client: &Client,
    bus: &mut Bus,
    spec: &JobSpec,
    count: usize,
) -> Result<Option<Value>> {
    let ask = JobSpec {
        fun: "sys.list_functions".into(),
        arg: Vec::new(),
        ret: String::new(),
        ..spec.clone()
    };
    let Some(gathered) = gather(client, bus, &ask).await? else { return Ok(None) };
    let has = |ret: &Return| {
        let list = ret.load.get("return").and_then(Value::as_list).unwrap_or_default();
        list.contains(&spec.fun)
    };
    let mut able: Vec<String> =
        gathered.returns.into_iter().filter(has).map(|ret| ret.id).collect();
    let mut chosen = Vec::new();
    let mut entropy = OsEntropy::new();
    while chosen.len() < count && !able.is_empty() {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let at = (u64::from_le_bytes(bytes) % able.len() as u64) as usize;
        chosen.push(Value::from(able.swap_remove(at)));
    }
    Ok(Some(chosen.into()))
}

/// The minion, the number of its states and the return of one of them: `salt/job/JID/prog/ID/N`.
fn state_of(event: &crate::client::Event) -> Option<(String, usize, &Map)> {
    event.tag.split('/').nth(3).filter(|kind| *kind == "prog")?;
    let id = event.data.get("id")?.to_string();
    let data = event.data.get("data").unwrap_or(&event.data);
    let total = usize::try_from(data.get("len")?.as_i64()?).ok()?;
    Some((id, total, data.get("ret")?.as_map()?))
}

/// Functions that tell of each state if they are asked to.
const RUNS: [&str; 3] = ["state.apply", "state.highstate", "state.sls"];

/// Asks a state run to tell how far it is, if there is somebody to see it and nothing else is said.
fn ask_for_steps(spec: &mut JobSpec) {
    let runs = spec.fun.as_str().is_some_and(|fun| RUNS.contains(&fun));
    let keywords = |arg: &Value| arg.get("__kwarg__").is_some_and(Value::truthy);
    let said = spec.arg.iter().any(|arg| keywords(arg) && arg.get("state_events").is_some());
    if !runs || said || !board::is_watched() {
        return;
    }
    match spec.arg.iter_mut().find(|arg| keywords(arg)).and_then(Value::as_map_mut) {
        Some(given) => drop(given.insert("state_events".into(), true.into())),
        None => spec.arg.push(map! {"state_events" => true, "__kwarg__" => true}.into()),
    }
}

/// The waiting for one job.
struct Watch<'a> {
    cli: &'a Cli,
    opts: &'a Opts,
    shown: Shown<'a>,
    collector: Collector,
    live: Live,
    /// State runs that are going on.
    board: Board,
    jid: String,
    /// Named but not known to the master.
    missing: Vec<String>,
    lost: BTreeMap<String, Lost>,
    /// What is printed at the end: `--static`, documentation.
    kept: Map,
    docs: Vec<Value>,
}

impl<'a> Watch<'a> {
    fn new(cli: &'a Cli, opts: &'a Opts, published: &Published) -> Watch<'a> {
        let (timeout, gather) = times(opts);
        let mut collector = Collector::new(&published.jid, timeout, gather);
        collector.expect(published.minions.iter().cloned(), Instant::now());
        Watch {
            cli,
            opts,
            shown: Shown::new(cli, opts),
            collector,
            live: Live::new(published.minions.len(), cli.progress),
            board: Board::new(),
            jid: published.jid.clone(),
            missing: published.missing.clone(),
            lost: BTreeMap::new(),
            kept: Map::new(),
            docs: Vec::new(),
        }
    }

    /// Takes what comes until nothing more will.
    async fn all(&mut self, client: &Client, bus: &mut Bus, request: &Request) -> Result<()> {
        loop {
            match self.collector.next(client, bus, TICK).await? {
                Step::Return(ret) => self.returned(ret, request)?,
                Step::Lost(id, why) => drop(self.lost.insert(id, why)),
                Step::Other(event) => self.told(&event),
                Step::Stop | Step::Tick => {}
                Step::Done => break,
            }
            if self.board.is_empty() {
                self.live.draw(self.collector.open());
            } else {
                self.live.clear();
                let head = self.live.line(self.collector.open());
                self.board.draw(Some(&head));
            }
        }
        self.live.clear();
        self.board.clear();
        Ok(())
    }

    /// Another event of the job: its start may name minions that are meant but unknown.
    fn told(&mut self, event: &crate::client::Event) {
        if let Some((id, total, ret)) = state_of(event) {
            let text = |key: &str| ret.get(key).map(Value::to_string).unwrap_or_default();
            let step = RunStep {
                total,
                id: &text("__id__"),
                fun: &text("name"),
                ended: Some(Ended::of(ret)),
            };
            self.board.step(&id, &step);
        }
        let missing = event.data.get("missing").and_then(Value::as_list).unwrap_or_default();
        for id in missing.iter().map(Value::to_string) {
            if !self.missing.contains(&id) {
                self.missing.push(id);
            }
        }
    }

    fn returned(&mut self, ret: Return, request: &Request) -> Result<()> {
        self.live.clear();
        self.board.clear();
        self.board.remove(&ret.id);
        self.live.returned();
        self.lost.remove(&ret.id);
        let data = ret.load.get("return").cloned().unwrap_or_default();
        let retcode = retcode_of(ret.load.get("retcode"));
        if request.doc {
            self.docs.push(data);
        } else if self.cli.r#static {
            self.kept.insert(ret.id.into(), data);
        } else if self.cli.progress {
            self.shown.count(&ret.id, retcode);
        } else {
            let out = ret.load.get("out").and_then(Value::as_str);
            self.shown.one(&ret.id, data, out, retcode)?;
        }
        Ok(())
    }

    /// Prints who is missing, what was kept, the summary; the exit code.
    fn finish(mut self, request: &Request) -> Result<ExitCode> {
        let missing = std::mem::take(&mut self.missing);
        for id in missing.into_iter().filter(|id| !self.collector.has(id)) {
            self.lost.entry(id).or_insert(Lost::Silent);
        }
        if request.doc {
            return self.shown.docs(&self.docs);
        }
        let reasons = Reasons::new(self.opts);
        for (id, why) in &self.lost {
            let text = reasons.text(&self.jid, id, why);
            if self.cli.r#static {
                // They are not in the result, which is one document; so say it beside.
                let first = text.lines().next().unwrap_or_default();
                log::complain(&format!("{id}: {first}"));
            } else {
                self.shown.lost(id, text, !self.cli.hide_timeout && !self.cli.progress)?;
            }
        }
        if self.cli.r#static {
            return self.shown.all_together(self.kept);
        }
        Ok(self.shown.end(
            self.cli.summary || self.cli.progress || self.opts.bool("cli_summary"),
            self.cli.verbose || self.opts.bool("verbose"),
        ))
    }
}

/// A return as several outputters want it under batches: code, jid, then the return.
pub(super) fn with_frame(id: &str, load: &Map) -> Value {
    let mut shown = map! {
        "retcode" => load.get("retcode").cloned().unwrap_or(Value::Int(0)),
        "jid" => load.get("jid").cloned().unwrap_or_default(),
    };
    shown.insert(id.into(), load.get("return").cloned().unwrap_or_default());
    shown.into()
}
