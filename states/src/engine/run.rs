//! The run: every chunk in order, with what its requisites allow.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::Scope;

use indexmap::IndexMap;

use halite_core::services::{Ended, RunStep};
use halite_core::{Apply, Map, Opts, Result, Value, map};

use super::parallel::Proc;
use super::requisites::Required;
use super::status::Status;
use super::surroundings::Surroundings;
use super::{call, events, pause};
use crate::compiler::low::LowChunk;
use crate::compiler::{Compiled, Graph, Places};

/// Returns by tag, in the order in which they came.
pub type Returns = IndexMap<String, Map>;

/// Deepest chain of dependencies that are run out of order.
const UNMET_DEPTH: usize = 200;

/// How a run is to be done.
#[derive(Clone, Debug, Default)]
pub struct RunSettings {
    /// Call nothing; every state is reported as mocked.
    pub mock: bool,
    /// Stop after the first state that fails. Salt: option `failhard`.
    pub failhard: bool,
    /// Only chunks of this ID, and what they need first.
    pub only_id: Option<String>,
    /// Returns of an earlier, broken off run of the same chunks: these are not run again.
    pub finished: Returns,
    /// Nothing but the chunks: no listeners, no beacons, no record of the run. Salt: `call_chunks`.
    pub chunks_only: bool,
    /// Is told of each chunk that came to its end.
    pub observer: Option<Observer>,
}

/// Who is told of finished chunks: the tag, the return, how many chunks there are.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(&str, &Map, usize) + Send + Sync>);

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

/// A run in progress.
pub(crate) struct Runner<'scope, 'env> {
    pub(crate) apply: &'env Apply<'env>,
    pub(crate) scope: &'scope Scope<'scope, 'env>,
    pub(crate) chunks: Vec<LowChunk>,
    pub(crate) graph: Graph,
    pub(crate) running: Returns,
    /// Returns of prereq test runs.
    pub(crate) pre: HashMap<String, Map>,
    pub(crate) procs: IndexMap<String, Proc<'scope>>,
    pub(crate) settings: RunSettings,
    pub(crate) around: Surroundings,
    pub(crate) envs: HashMap<(String, bool), Arc<Opts>>,
    run_num: i64,
    pub(crate) total: usize,
    stop: bool,
    /// Where the parts of the sls files stand.
    pub(crate) places: Places,
}

/// Runs a compiled set of chunks with its listeners. Salt: `call_high` after compiling.
///
/// # Errors
/// An argument that a state function does not take ends the run: Salt's text.
pub fn run(apply: &Apply<'_>, compiled: Compiled, settings: RunSettings) -> Result<Returns> {
    std::thread::scope(|scope| {
        let mut runner = Runner::new(apply, scope, compiled.chunks, compiled.graph, settings);
        runner.run_num = i64::try_from(compiled.skipped).unwrap_or(0);
        runner.total = compiled.order.len();
        runner.take_up();
        runner.places = compiled.places;
        runner.leave_lowstate();
        let order = match runner.settings.only_id.clone() {
            Some(id) => runner.needed(&compiled.order, &id),
            None => compiled.order,
        };
        runner.call_chunks(&order)?;
        if runner.settings.chunks_only {
            return Ok(runner.running);
        }
        if runner.settings.only_id.is_none() {
            runner.listen(&order)?;
            runner.beacons(&order)?;
        }
        runner.leave_record(&order);
        Ok(runner.running)
    })
}

impl Runner<'_, '_> {
    /// Takes what an earlier run has done as done, and numbers on from there.
    fn take_up(&mut self) {
        self.running = std::mem::take(&mut self.settings.finished);
        let numbers = self.running.values().filter_map(|ret| ret.get("__run_num__")?.as_i64());
        self.run_num = numbers.map(|number| number + 1).max().unwrap_or(0).max(self.run_num);
    }

    /// Leaves the chunks of `file` for states that clean folders (what others manage there stays)
    /// and for blocks that take the texts meant for them.
    /// Salt: `__lowstate__`.
    fn leave_lowstate(&self) {
        let files = || self.chunks.iter().filter(|low| low.text("state") == "file");
        if files().any(|low| low.flag("clean") || low.fun() == "accumulated") {
            let all: Vec<Value> = files().map(|low| low.data.clone().into()).collect();
            self.apply.job.change_note(crate::support::LOWSTATE, |note| *note = all.into());
        }
    }
}

/// Calls one chunk by itself: no requisites. Salt: `State.call`.
///
/// # Errors
/// As for [`run`].
pub fn call_single(apply: &Apply<'_>, low: LowChunk, settings: RunSettings) -> Result<Map> {
    std::thread::scope(|scope| {
        let graph = Graph::default();
        let mut runner = Runner::new(apply, scope, vec![low.clone()], graph, settings);
        let ret = runner.call(low.clone(), None)?;
        let tag = low.tag();
        runner.running.insert(tag.clone(), ret);
        runner.wait_for(None);
        Ok(runner.running.shift_remove(&tag).unwrap_or_default())
    })
}

/// Faults of one chunk, as `state.single` and `state.low` report them before anything runs.
pub fn verify_single(apply: &Apply<'_>, low: &LowChunk) -> Vec<String> {
    call::verify(&mut low.clone(), apply.states)
}

/// Local time of day as Salt prints it.
pub(crate) fn clock(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S.%6f").to_string()
}

impl<'scope, 'env> Runner<'scope, 'env> {
    fn new(
        apply: &'env Apply<'env>,
        scope: &'scope Scope<'scope, 'env>,
        chunks: Vec<LowChunk>,
        graph: Graph,
        settings: RunSettings,
    ) -> Runner<'scope, 'env> {
        let around = Surroundings {
            opts: Arc::new(apply.opts.clone()),
            grains: Arc::clone(apply.grains),
            pillar: Arc::clone(apply.pillar),
        };
        Runner {
            apply,
            scope,
            chunks,
            graph,
            running: Returns::new(),
            pre: HashMap::new(),
            procs: IndexMap::new(),
            settings,
            around,
            envs: HashMap::new(),
            run_num: 0,
            total: 1,
            stop: false,
            places: Places::default(),
        }
    }

    pub(crate) fn next_run_num(&mut self) -> i64 {
        self.run_num += 1;
        self.run_num - 1
    }

    /// The chunks of an ID and all they depend on, in order.
    fn needed(&self, order: &[usize], id: &str) -> Vec<usize> {
        let mut wanted = vec![false; self.chunks.len()];
        let mut stack: Vec<usize> =
            order.iter().copied().filter(|index| self.chunks[*index].id() == id).collect();
        while let Some(index) = stack.pop() {
            if !std::mem::replace(&mut wanted[index], true) {
                let tag = self.chunks[index].tag();
                for test in [false, true] {
                    stack.extend(self.graph.dependencies(&tag, test).into_iter().map(|(_, i)| i));
                }
            }
        }
        order.iter().copied().filter(|index| wanted[*index]).collect()
    }

    /// Salt: `call_chunks` behaviour.
    pub(crate) fn call_chunks(&mut self, order: &[usize]) -> Result<()> {
        let mut pending: Vec<usize> = Vec::new();
        let mut gate = pause::Gate::new(self.apply);
        for &index in order {
            if self.call_pending(&mut pending)? || std::mem::take(&mut self.stop) {
                return Ok(());
            }
            self.reconcile(None);
            if self.running.contains_key(&self.chunks[index].tag()) {
                continue;
            }
            let job = &self.apply.job;
            let id = self.chunks[index].id();
            if job.cancelled() || !gate.may_go_on(self.apply, id) {
                break;
            }
            if self.call_chunk(index, 0)? {
                pending.push(index);
            }
            if self.failhard(index) {
                return Ok(());
            }
        }
        while !pending.is_empty() {
            // Those that hold the places may be others than those waited for.
            self.reconcile(None);
            if self.call_pending(&mut pending)? {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        self.wait_for(None);
        Ok(())
    }

    /// Tries the waiting chunks again. Whether the run is to stop.
    fn call_pending(&mut self, pending: &mut Vec<usize>) -> Result<bool> {
        for index in std::mem::take(pending) {
            if self.running.contains_key(&self.chunks[index].tag()) {
                continue;
            }
            if self.call_chunk(index, 0)? {
                pending.push(index);
            }
            if self.failhard(index) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn failhard(&self, index: usize) -> bool {
        let low = &self.chunks[index];
        let wanted = low.data.get("failhard").map_or(self.settings.failhard, Value::truthy);
        let failed = || {
            let ret = self.running.get(&low.tag())?;
            ret.get("result").map(|result| !result.is_null() && !result.truthy())
        };
        !self.apply.test() && wanted && failed() == Some(true)
    }

    /// Runs a chunk if its requisites let it. Whether it has to wait for parallel states.
    /// Salt: `call_chunk` behaviour.
    fn call_chunk(&mut self, index: usize, depth: usize) -> Result<bool> {
        let mut low = self.aggregated(index)?;
        let tag = low.tag();
        let (mut status, mut required) = self.decide(&low);
        if status == Status::Unmet {
            if self.call_unmet(index, depth)? {
                return Ok(true);
            }
            if self.stop {
                return Ok(false);
            }
            low = self.aggregated(index)?;
            (status, required) = self.decide(&low);
            if low.flag("__prereq__") {
                self.test_after_unmet(index, low, status)?;
                return Ok(false);
            }
        }
        match status {
            Status::Pending => return Ok(true),
            Status::Unmet => {
                self.not_run(&low, false, "Recursive requisite found".into());
            }
            Status::SkipReq => self.not_run(
                &low,
                true,
                "State was not run because requisites were skipped by another state".into(),
            ),
            Status::Fail => self.failed_requisite(&low, &required),
            Status::Pre => self.not_run(&low, true, "No changes detected".into()),
            Status::Onfail => self.not_run(
                &low,
                true,
                "State was not run because onfail req did not change".into(),
            ),
            Status::Onchanges => self.not_run(
                &low,
                true,
                "State was not run because none of the onchanges reqs changed".into(),
            ),
            Status::Met | Status::SkipWatch | Status::Change => {
                self.call_met(index, low, status, &required)?;
            }
        }
        self.report(index, &tag);
        Ok(false)
    }

    fn call_met(
        &mut self,
        index: usize,
        low: LowChunk,
        status: Status,
        required: &Required,
    ) -> Result<()> {
        let tag = low.tag();
        let tested = low.flag("__prereq__");
        self.watch(&low);
        // Kept for what it does when what it watches has changed.
        let reaction = (status == Status::Change).then(|| low.clone());
        let mut ret = self.call(low, Some(index))?;
        if tested {
            self.pre.insert(tag, ret);
            return Ok(());
        }
        let changed = ret.get("changes").is_some_and(Value::truthy);
        let skip = ret.get("skip_watch").is_some_and(Value::truthy);
        if let (Some(mut reaction), false, false) = (reaction, changed, skip) {
            let fun = reaction.data.get("fun").cloned().unwrap_or_default();
            reaction.data.insert("sfun".into(), fun);
            reaction.data.insert("fun".into(), "mod_watch".into());
            reaction.data.insert("__reqs__".into(), self.told(required).into());
            ret = self.call(reaction, Some(index))?;
        } else if status == Status::SkipWatch {
            let comment = ret.get("comment").cloned().unwrap_or_default();
            let more = "mod_watch was not run because requisites were skipped by another state";
            ret.insert("comment".into(), format!("{comment} {more}").into());
        }
        self.running.insert(tag, ret);
        Ok(())
    }

    /// The test run for `prereq` of a chunk whose requisites had to be run first: it is made whatever they
    /// came to, unless what it is itself a prerequisite for would not change.
    fn test_after_unmet(&mut self, index: usize, low: LowChunk, status: Status) -> Result<()> {
        let tag = low.tag();
        let ret = if status == Status::Pre {
            self.not_run_return(&low, true, "No changes detected".into())
        } else {
            let mut ret = self.call(low, Some(index))?;
            if status == Status::Change && !ret.get("changes").is_some_and(Value::truthy) {
                // It would react to what it watches.
                ret.insert("changes".into(), map! {"watch" => "watch"}.into());
                ret.insert("result".into(), Value::Null);
            }
            ret
        };
        self.pre.insert(tag, ret);
        Ok(())
    }

    /// Tells whoever watches of a state that begins.
    fn watch(&self, low: &LowChunk) {
        let step = RunStep { total: self.total, id: low.id(), fun: &low.full(), ended: None };
        self.apply.services.watch(&step);
    }

    /// Runs what a chunk needs and has not run yet. Whether it has to wait.
    fn call_unmet(&mut self, index: usize, depth: usize) -> Result<bool> {
        if depth >= UNMET_DEPTH {
            return Ok(false);
        }
        let low = &self.chunks[index];
        for (_, dependency) in self.graph.dependencies(&low.tag(), low.flag("__prereq__")) {
            if self.running.contains_key(&self.chunks[dependency].tag()) {
                continue;
            }
            if self.call_chunk(dependency, depth + 1)? {
                return Ok(true);
            }
            if self.failhard(dependency) {
                self.stop = true;
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Tells the master of a finished chunk and takes its sub states in.
    fn report(&mut self, index: usize, tag: &str) {
        let Some(ret) = self.running.get_mut(tag) else { return };
        let subs = ret.shift_remove("sub_state_run");
        let low = &self.chunks[index];
        let ended = Some(Ended::of(ret));
        let step = RunStep { total: self.total, id: low.id(), fun: &low.full(), ended };
        self.apply.services.watch(&step);
        events::fire(self.apply, ret, self.total, low.data.get("fire_event"));
        // A state that runs in parallel is told when it is taken in.
        if let (Some(Observer(tell)), false) =
            (&self.settings.observer, self.procs.contains_key(tag))
        {
            tell(tag, ret, self.total);
        }
        let subs = subs.as_ref().and_then(Value::as_list).unwrap_or_default();
        for sub in subs.iter().filter_map(Value::as_map) {
            let sub_low =
                LowChunk::from(sub.get("low").and_then(Value::as_map).cloned().unwrap_or_default());
            let get = |key: &str| sub.get(key).cloned();
            self.run_num += 1;
            let mut ret = map! {
                "changes" => get("changes").unwrap_or_default(),
                "result" => get("result").unwrap_or_default(),
                "duration" => get("duration").unwrap_or(0.0.into()),
                "start_time" => get("start_time").unwrap_or(clock(self.apply.host.now_micros()).into()),
                "comment" => get("comment").unwrap_or("".into()),
                "__state_ran__" => true, "__run_num__" => self.run_num,
            };
            for key in ["__sls__", "__id__", "name"] {
                let value = self.chunks[index].data.get(key).cloned().unwrap_or_default();
                ret.insert(key.into(), value);
            }
            self.running.insert(sub_low.tag(), ret);
        }
    }

    /// The chunk as its module wants it once others can run together with it.
    fn aggregated(&mut self, index: usize) -> Result<LowChunk> {
        let low = self.chunks[index].clone();
        if low.flag("__agg__") {
            return Ok(low);
        }
        let group = self.graph.group_of(&low.tag());
        let Some(aggregate) =
            self.apply.states.aggregate(low.state()).filter(|_| !group.is_empty())
        else {
            return Ok(low);
        };
        self.chunks[index].data.insert("__agg__".into(), true.into());
        let finished = |chunk: &LowChunk| self.running.contains_key(&chunk.tag());
        let others = group.iter().map(|at| &self.chunks[*at]).filter(|chunk| !finished(chunk));
        let others: Vec<Map> = others.map(|chunk| chunk.data.clone()).collect();
        let data = aggregate(self.apply.cx, self.chunks[index].data.clone(), &others)?;
        for at in group {
            self.chunks[at].data.insert("__agg__".into(), true.into());
        }
        Ok(LowChunk { data })
    }

    fn failed_requisite(&mut self, low: &LowChunk, required: &Required) {
        let tag = low.tag();
        let Some(mut ret) = self.pre.get(&tag).cloned() else {
            let names = self.failed(required).join(", ");
            return self.not_run(low, false, format!("One or more requisite failed: {names}"));
        };
        // What it would have changed in its test run has not happened.
        ret.insert("changes".into(), Map::new().into());
        ret.insert("__run_num__".into(), self.next_run_num().into());
        for key in ["__sls__", "__id__", "name"] {
            ret.insert(key.into(), low.data.get(key).cloned().unwrap_or_default());
        }
        self.pre.insert(tag.clone(), ret.clone());
        self.running.insert(tag, ret);
    }

    fn not_run_return(&mut self, low: &LowChunk, result: bool, comment: String) -> Map {
        let now = self.apply.host.now_micros();
        let mut ret = map! {
            "changes" => Map::new(), "result" => result, "duration" => 0.0,
            "start_time" => clock(now), "comment" => comment, "__state_ran__" => false,
            "__run_num__" => self.next_run_num(),
        };
        for key in ["__sls__", "__id__", "name"] {
            ret.insert(key.into(), low.data.get(key).cloned().unwrap_or_default());
        }
        ret
    }

    fn not_run(&mut self, low: &LowChunk, result: bool, comment: String) {
        let ret = self.not_run_return(low, result, comment);
        if low.flag("__prereq__") {
            self.pre.insert(low.tag(), ret.clone());
        }
        self.running.insert(low.tag(), ret);
    }
}
