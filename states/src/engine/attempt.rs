//! One chunk called, whatever its requisites: conditions, the function, `check_cmd`, retries.

use std::sync::Arc;

use halite_core::services::{PillarRequest, Refresh};
use halite_core::{Apply, Map, Outcome, Result, Value};

use super::parallel::Work;
use super::retry::{Retry, attempt_line};
use super::run::{Runner, clock};
use super::surroundings::Surroundings;
use super::{call, conditions, result};
use crate::compiler::{LowChunk, locate};

impl Runner<'_, '_> {
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
    pub(crate) fn call(&mut self, mut low: LowChunk, index: Option<usize>) -> Result<Map> {
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

    /// Where a call that cannot be made stands and what may be meant: for returns to a master.
    /// Without one, the log has said it before the run.
    fn details(&self, low: &LowChunk) -> String {
        let mut faults = crate::lint::chunks::check(std::iter::once(low), self.apply.states, None);
        if super::highstate::is_local(self.apply) {
            return String::new();
        }
        locate(&mut faults, &self.places);
        super::highstate::read_lines(self.apply, &mut faults);
        faults.iter().map(|fault| fault.details().trim_start_matches('\n').to_owned()).collect()
    }

    fn call_once(&mut self, low: &mut LowChunk, index: Option<usize>) -> Result<Map> {
        let start = self.apply.host.now_micros();
        let faults = call::verify(low, self.apply.states);
        if !faults.is_empty() {
            let mut comment: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
            comment += &self.details(low);
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
            result::mask(&mut ret);
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
            None if !conditions::global(&apply, &low)? => {
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
            for key in ["__sls__", "__id__", "name"] {
                ret.insert(key.into(), low.data.get(key).cloned().unwrap_or_default());
            }
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
            match services.compile_pillar(&PillarRequest::default()) {
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
