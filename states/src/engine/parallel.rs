//! `parallel: True`: states in threads of their own, waited for when somebody needs them.

use std::thread::ScopedJoinHandle;
use std::time::Duration;

use halite_core::{Apply, Map, Value};

use super::call;
use super::retry::{Retry, attempt_line};
use super::run::{Runner, clock};
use super::surroundings::Surroundings;
use crate::compiler::LowChunk;

/// How long to wait between two looks at running states.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// The comment of a state that runs in the background.
pub(crate) const STARTED: &str = "Started in a separate process";
/// The comment of one that waits for a place.
pub(crate) const WAITING: &str = "Waiting to be started in a separate process, max_parallel hit";

/// What a thread needs to call a state.
pub(crate) struct Work {
    pub(crate) low: LowChunk,
    pub(crate) args: Map,
    pub(crate) around: Surroundings,
    pub(crate) test: bool,
}

/// A parallel state.
pub(crate) enum Proc<'scope> {
    /// It has no place yet.
    Waiting(Box<Work>),
    /// It runs.
    Running(ScopedJoinHandle<'scope, Map>),
}

impl Work {
    fn once(&self, apply: &Apply<'_>) -> Map {
        let start = apply.host.now_micros();
        let done = call::invoke(apply, &self.around, &self.low, self.args.clone(), self.test);
        let mut ret = match done {
            Ok(outcome) => call::to_return(outcome, &self.low),
            Err(error) => call::exception(&error, &self.low),
        };
        ret.insert("start_time".into(), clock(start).into());
        ret.insert("duration".into(), ((apply.host.now_micros() - start) as f64 / 1000.0).into());
        ret
    }

    /// The whole life of a parallel state. Salt: `_call_parallel_target` behaviour.
    fn run(&self, apply: &Apply<'_>) -> Map {
        let mut ret = self.once(apply);
        ret.insert("__parallel__".into(), true.into());
        let Some(retry) = self.low.data.get("retry").map(Retry::parse) else { return ret };
        let text = |ret: &Map, key: &str| ret.get(key).cloned().unwrap_or_default();
        if self.test {
            let comment = format!("{}  {}", text(&ret, "comment"), retry.would());
            ret.insert("comment".into(), comment.into());
            return ret;
        }
        let mut number = 1;
        while retry.attempts >= number
            && !retry.content(ret.get("result").and_then(Value::as_bool))
            && !apply.job.cancelled()
        {
            let pause = retry.pause(apply.host.now_micros().unsigned_abs());
            std::thread::sleep(Duration::from_secs(u64::try_from(pause).unwrap_or(0)));
            let mut again = self.once(apply);
            let comment = text(&again, "comment").to_string();
            let line = match comment.as_str() {
                "" => String::new(),
                comment => attempt_line(number, &text(&again, "result"), comment),
            };
            again.insert("comment".into(), format!("{}\n{line}", text(&ret, "comment")).into());
            let spent = |ret: &Map| ret.get("duration").and_then(Value::as_f64).unwrap_or(0.0);
            let total = spent(&again) + spent(&ret) + pause as f64 * 1000.0;
            again.insert("duration".into(), total.into());
            again.insert("start_time".into(), text(&ret, "start_time"));
            ret = again;
            number += 1;
        }
        ret
    }
}

impl<'scope, 'env> Runner<'scope, 'env> {
    /// Starts a state in the background, or queues it. Its return for now.
    pub(crate) fn start_parallel(&mut self, work: Work) -> Map {
        let tag = work.low.tag();
        let mut ret = halite_core::map! {
            "name" => work.low.data.get("name").cloned().unwrap_or_default(),
            "result" => (), "changes" => Map::new(), "comment" => WAITING,
        };
        let proc = if self.has_place() {
            ret.insert("comment".into(), STARTED.into());
            self.spawn(work)
        } else {
            Proc::Waiting(Box::new(work))
        };
        self.procs.insert(tag, proc);
        ret
    }

    fn spawn(&self, work: Work) -> Proc<'scope> {
        let apply: &'env Apply<'env> = self.apply;
        Proc::Running(self.scope.spawn(move || work.run(apply)))
    }

    fn has_place(&self) -> bool {
        let most = self.apply.opts.int("state_max_parallel", 0);
        let runs = self.procs.values().filter(|proc| matches!(proc, Proc::Running(_))).count();
        most <= 0 || i64::try_from(runs).is_ok_and(|runs| runs < most)
    }

    /// Takes in what parallel states have come to and starts waiting ones; of `tags` only, if
    /// given. Whether all are done. Salt: `reconcile_procs` behaviour.
    pub(crate) fn reconcile(&mut self, tags: Option<&[String]>) -> bool {
        if self.procs.is_empty() {
            return true;
        }
        let mine = |tag: &String| tags.is_none_or(|tags| tags.contains(tag));
        let known: Vec<String> = self.procs.keys().filter(|tag| mine(tag)).cloned().collect();
        let mut all = true;
        for tag in
            known.into_iter().filter(|tag| self.running.contains_key(tag)).collect::<Vec<_>>()
        {
            match self.procs.shift_remove(&tag) {
                Some(Proc::Running(handle)) if handle.is_finished() => self.take_in(&tag, handle),
                Some(Proc::Waiting(work)) if self.has_place() => {
                    let proc = self.spawn(*work);
                    self.procs.insert(tag.clone(), proc);
                    self.set(&tag, "comment", STARTED.into());
                    all = false;
                }
                Some(proc) => {
                    self.procs.insert(tag, proc);
                    all = false;
                }
                None => {}
            }
        }
        all
    }

    fn take_in(&mut self, tag: &str, handle: ScopedJoinHandle<'scope, Map>) {
        match handle.join() {
            Ok(ret) => {
                if let Some(have) = self.running.get_mut(tag) {
                    have.extend(ret);
                    if let Some(super::run::Observer(tell)) = &self.settings.observer {
                        tell(tag, have, self.total);
                    }
                }
            }
            Err(_) => {
                self.set(tag, "result", false.into());
                self.set(tag, "comment", "Parallel process failed to return".into());
            }
        }
    }

    fn set(&mut self, tag: &str, key: &str, value: Value) {
        if let Some(ret) = self.running.get_mut(tag) {
            ret.insert(key.into(), value);
        }
    }

    /// Waits for parallel states: those of `tags`, or all.
    pub(crate) fn wait_for(&mut self, tags: Option<&[String]>) {
        while !self.reconcile(tags) {
            // States that hold all places may be others than those waited for.
            if tags.is_some() {
                self.reconcile(None);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
