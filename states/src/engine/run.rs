//! The run: every chunk in order, with what its requisites allow.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::Scope;

use indexmap::IndexMap;

use halite_core::services::Refresh;
use halite_core::{Apply, Map, Opts, Outcome, Result, Value, map};

use super::parallel::{Proc, Work};
use super::requisites::Required;
use super::retry::{Retry, attempt_line};
use super::status::Status;
use super::surroundings::Surroundings;
use super::{call, conditions, events, pause};
use crate::compiler::low::LowChunk;
use crate::compiler::{Compiled, Graph};

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
    settings: RunSettings,
    around: Surroundings,
    envs: HashMap<(String, bool), Arc<Opts>>,
    run_num: i64,
    total: usize,
    stop: bool,
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
        let order = match runner.settings.only_id.clone() {
            Some(id) => runner.needed(&compiled.order, &id),
            None => compiled.order,
        };
        runner.call_chunks(&order)?;
        if runner.settings.only_id.is_none() {
            runner.listen(&order)?;
            runner.beacons(&order)?;
        }
        Ok(runner.running)
    })
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
        for &index in order {
            if self.call_pending(&mut pending)? || std::mem::take(&mut self.stop) {
                return Ok(());
            }
            self.reconcile(None);
            if self.running.contains_key(&self.chunks[index].tag()) {
                continue;
            }
            let job = &self.apply.job;
            if job.cancelled() || !pause::may_go_on(self.apply, &job.jid, self.chunks[index].id()) {
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
        let mut ret = self.call(low.clone(), Some(index))?;
        if tested {
            if status == Status::Change && !ret.get("changes").is_some_and(Value::truthy) {
                // It would react to what it watches.
                ret.insert("changes".into(), map! {"watch" => "watch"}.into());
                ret.insert("result".into(), Value::Null);
            }
            self.pre.insert(tag, ret);
            return Ok(());
        }
        let changed = ret.get("changes").is_some_and(Value::truthy);
        let skip = ret.get("skip_watch").is_some_and(Value::truthy);
        if status == Status::Change && !changed && !skip {
            let mut reaction = low;
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
        events::fire(self.apply, ret, self.total, low.data.get("fire_event"));
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

    fn not_run(&mut self, low: &LowChunk, result: bool, comment: String) {
        let now = self.apply.host.now_micros();
        let mut ret = map! {
            "changes" => Map::new(), "result" => result, "duration" => 0.0,
            "start_time" => clock(now), "comment" => comment, "__state_ran__" => false,
            "__run_num__" => self.next_run_num(),
        };
        for key in ["__sls__", "__id__", "name"] {
            ret.insert(key.into(), low.data.get(key).cloned().unwrap_or_default());
        }
        if low.flag("__prereq__") {
            self.pre.insert(low.tag(), ret.clone());
        }
        self.running.insert(low.tag(), ret);
    }

    /// The options of a call: those of the run, with the environment of the sls file. A prereq
    /// test run is in test mode.
    fn surroundings(&mut self, low: &LowChunk) -> Surroundings {
        let given =
            (!self.apply.opts.bool("lock_saltenv")).then(|| low.data.get("saltenv")).flatten();
        let env = given.or_else(|| low.data.get("__env__")).map_or("base".into(), Value::to_string);
        let test = low.flag("__prereq__") || self.apply.test();
        let opts = &self.around.opts;
        let opts = self.envs.entry((env.clone(), test)).or_insert_with(|| {
            let opts = opts.with(call::ENV_OPTION, env);
            Arc::new(if opts.bool("test") == test { opts } else { opts.with("test", test) })
        });
        Surroundings { opts: Arc::clone(opts), ..self.around.clone() }
    }

    /// Calls a chunk, whatever its requisites, with retries. Salt: `State.call` behaviour.
    fn call(&mut self, mut low: LowChunk, index: Option<usize>) -> Result<Map> {
        let retry = low.data.get("retry").map(Retry::parse).filter(|_| !low.flag("parallel"));
        let tested = low.flag("__prereq__");
        let mut ret = self.call_once(&mut low, index)?;
        let Some(retry) = retry.filter(|_| !tested && ret.contains_key("__id__")) else {
            return Ok(ret);
        };
        let text = |ret: &Map, key: &str| ret.get(key).cloned().unwrap_or_default();
        if self.apply.test() {
            let comment = format!("{}  {}", text(&ret, "comment"), retry.would());
            ret.insert("comment".into(), comment.into());
            return Ok(ret);
        }
        let (start, mut lines, mut spent) = (text(&ret, "start_time"), Vec::new(), 0.0);
        let mut number = 1;
        while !retry.content(ret.get("result").and_then(Value::as_bool))
            && retry.attempts > number
            && !self.apply.job.cancelled()
        {
            let comment = text(&ret, "comment").to_string();
            lines.push(attempt_line(number, &text(&ret, "result"), &comment));
            let pause = retry.pause(self.apply.host.now_micros().unsigned_abs());
            spent += text(&ret, "duration").as_f64().unwrap_or(0.0) + pause as f64 * 1000.0;
            std::thread::sleep(std::time::Duration::from_secs(u64::try_from(pause).unwrap_or(0)));
            ret = self.call_once(&mut low, index)?;
            number += 1;
        }
        if !lines.is_empty() {
            lines.push(text(&ret, "comment").to_string());
            ret.insert("comment".into(), lines.join("\n").into());
            let own = text(&ret, "duration").as_f64().unwrap_or(0.0);
            ret.insert("duration".into(), (own + spent).into());
            ret.insert("start_time".into(), start);
        }
        Ok(ret)
    }

    fn call_once(&mut self, low: &mut LowChunk, index: Option<usize>) -> Result<Map> {
        let start = self.apply.host.now_micros();
        let faults = call::verify(low, self.apply.states);
        if !faults.is_empty() {
            let comment: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
            let mut ret = call::to_return(Outcome::new(Some(false), comment), low);
            ret.insert("__run_num__".into(), self.next_run_num().into());
            return Ok(ret);
        }
        let spec = self.apply.states.get(&low.full())?.spec;
        let args = call::arguments(low, &spec)?;
        let around = self.surroundings(low);
        let tested = low.flag("__prereq__");
        let test = tested || self.apply.test();
        let own_check_cmd = spec.params.iter().any(|param| param.name == "check_cmd");
        let work = Work { low: low.clone(), args, around, test };
        let mut ret = match self.attempt(work, own_check_cmd) {
            Ok(ret) => ret,
            Err(error) => call::exception(&error, low),
        };
        if tested {
            if let Some(index) = index {
                self.chunks[index].data.insert("__prereq__".into(), false.into());
            }
            return Ok(ret);
        }
        let get = |key: &str| low.data.get(key).cloned().unwrap_or_default();
        ret.insert("__sls__".into(), get("__sls__"));
        ret.insert("__run_num__".into(), self.next_run_num().into());
        if low.flag("no_log") {
            super::result::mask(&mut ret);
        }
        self.refresh(low, &ret);
        ret.insert("start_time".into(), clock(start).into());
        let micros = self.apply.host.now_micros() - start;
        ret.insert("duration".into(), (micros as f64 / 1000.0).into());
        ret.insert("__id__".into(), get("__id__"));
        Ok(ret)
    }

    /// Conditions, the call itself, `check_cmd`.
    fn attempt(&mut self, work: Work, own_check_cmd: bool) -> Result<Map> {
        let low = work.low.clone();
        let cx = call::context(self.apply, &work.around, self.apply.host);
        let apply = Apply { cx: &cx, host: self.apply.host };
        let mut checked = None;
        if conditions::has(&low) {
            checked = Some(conditions::check(&apply, &low)?).filter(|checked| checked.skip);
        }
        let mut ret = match checked {
            Some(checked) => {
                let outcome = Outcome::new(Some(true), checked.comments.join("\n"));
                let mut ret = call::to_return(outcome.with("skip_watch", true), &low);
                for key in ["__sls__", "__id__"] {
                    ret.insert(key.into(), low.data.get(key).cloned().unwrap_or_default());
                }
                ret
            }
            None if self.settings.mock => {
                call::to_return(Outcome::new(Some(true), "Not called, mocked"), &low)
            }
            None if !super::conditions::global(&apply, &low)? => {
                let why = "Failed to meet global state conditions. State not called.";
                call::to_return(Outcome::new(None, why), &low)
            }
            None if low.flag("parallel") && !low.flag("__prereq__") => self.start_parallel(work),
            None => {
                let outcome = call::invoke(self.apply, &work.around, &low, work.args, work.test)?;
                call::to_return(outcome, &low)
            }
        };
        if let Some(commands) = low.data.get("check_cmd").filter(|_| !own_check_cmd) {
            let surroundings = self.surroundings(&low);
            let cx = call::context(self.apply, &surroundings, self.apply.host);
            let apply = Apply { cx: &cx, host: self.apply.host };
            let (result, comment) = conditions::check_cmd(&apply, commands)?;
            ret.insert("result".into(), result.into());
            if let Some(comment) = comment {
                ret.insert("comment".into(), comment.into());
            }
        }
        Ok(ret)
    }

    /// Reads grains, pillar or modules again where the state asks for it or may have changed them.
    /// What cannot be read stays as it was. Salt: `check_refresh` behaviour.
    fn refresh(&mut self, low: &LowChunk, ret: &Map) {
        let services = self.apply.services;
        let mut reload = low.flag("reload_modules");
        if low.flag("reload_grains") {
            match services.fresh_grains() {
                Ok(grains) => self.around.grains = grains,
                Err(error) => tracing::warn!("the grains could not be read again: {error}"),
            }
            reload = true;
        }
        if low.flag("reload_pillar") {
            match services.compile_pillar(&halite_core::services::PillarRequest::default()) {
                Ok(pillar) => self.around.pillar = pillar,
                Err(error) => tracing::warn!("the pillar could not be read again: {error}"),
            }
            reload = true;
        }
        let name = low.text("name");
        let laid_down = match (low.state(), low.fun()) {
            ("file", "managed") => [".py", ".so"].iter().any(|end| name.ends_with(end)),
            ("file", "recurse") | ("pkg" | "ports" | "pip", _) => true,
            _ => false,
        };
        if ret.get("changes").is_some_and(Value::truthy)
            && (reload || laid_down)
            && let Err(error) = services.refresh(Refresh::Modules)
        {
            tracing::warn!("the modules could not be read again: {error}");
        }
    }
}
