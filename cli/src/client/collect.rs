//! Waiting for the returns of a job, and asking after those that do not come.
//! Salt: `LocalClient.get_iter_returns` behaviour.
//!
//! [`Collector`] decides, from events and a clock that are given to it; [`Collector::next`] feeds
//! it from the bus and publishes the questions it wants to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use halite_core::{Jid, Map, Result, Value};

use super::{Bus, Client, Event, JobSpec};

/// How long a return may still be on its way when its minion says that the job is over.
const LATE: Duration = Duration::from_secs(1);

/// What is known of a minion that has not returned when the waiting is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lost {
    /// It was asked and did not answer.
    Silent,
    /// It said that the job is not running there (any more).
    Idle,
    /// It was still running the job when last asked.
    Running {
        /// The function it runs.
        fun: String,
        /// How long it has been running, in seconds, as far as its jid tells.
        seconds: i64,
    },
}

/// A return.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Return {
    /// Whose it is: a minion, or a resource that a minion manages.
    pub(crate) id: String,
    /// Everything that came: `return`, `retcode`, `out`, `jid`, ...
    pub(crate) load: Map,
}

/// What happened to the job.
#[derive(Debug)]
pub(crate) enum Step {
    /// Somebody returned.
    Return(Return),
    /// Nobody waits for this minion any longer. It may return all the same.
    Lost(String, Lost),
    /// Another event of this job (`new`, `start`, `prog`, ...).
    Other(Event),
    /// Somebody wants this batch to stop.
    Stop,
    /// Time has passed; nothing else happened.
    Tick,
    /// All have returned or are lost.
    Done,
}

/// Collects the returns of one job, which may be published in several parts.
pub(crate) struct Collector {
    jid: String,
    timeout: Duration,
    gather: Duration,
    waiting: BTreeMap<String, Wait>,
    found: BTreeSet<String>,
    lost: Vec<(String, Lost)>,
    asked: Option<Asked>,
}

struct Wait {
    until: Instant,
    state: Lost,
}

/// A `find_job` on its way.
struct Asked {
    /// Its own jid; empty while it is being published.
    jid: String,
    until: Instant,
    about: BTreeSet<String>,
    heard: BTreeSet<String>,
}

impl Collector {
    /// A collector for a job that minions get `timeout` for, and `gather` to say where they are.
    pub(crate) fn new(jid: &str, timeout: Duration, gather: Duration) -> Collector {
        Collector {
            jid: jid.into(),
            timeout,
            gather,
            waiting: BTreeMap::new(),
            found: BTreeSet::new(),
            lost: Vec::new(),
            asked: None,
        }
    }

    /// Waits for more minions from now on.
    pub(crate) fn expect(&mut self, ids: impl IntoIterator<Item = String>, now: Instant) {
        for id in ids {
            if !self.found.contains(&id) {
                let wait = Wait { until: now + self.timeout, state: Lost::Silent };
                self.waiting.insert(id, wait);
            }
        }
    }

    /// Who is still waited for.
    pub(crate) fn open(&self) -> impl Iterator<Item = &str> {
        self.waiting.keys().map(String::as_str)
    }

    /// Whether `id` has returned.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.found.contains(id)
    }

    /// The next thing that happens, or [`Step::Tick`] when `tick` has passed without one.
    ///
    /// # Errors
    /// If the bus or the master goes away.
    pub(crate) async fn next(
        &mut self,
        client: &Client,
        bus: &mut Bus,
        tick: Duration,
    ) -> Result<Step> {
        let tick = Instant::now() + tick;
        loop {
            let now = Instant::now();
            if let Some(step) = self.due(now) {
                return Ok(step);
            }
            if let Some(about) = self.question(now) {
                let jid = ask(client, &self.jid, about).await?;
                self.published(jid);
                continue;
            }
            if now >= tick {
                return Ok(Step::Tick);
            }
            let until = self.wake().map_or(tick, |at| at.min(tick));
            let Some(event) = bus.next(until.saturating_duration_since(now)).await? else {
                continue;
            };
            if let Some(step) = self.event(event, Instant::now()) {
                return Ok(step);
            }
        }
    }

    /// What follows from the time alone.
    fn due(&mut self, now: Instant) -> Option<Step> {
        if self.asked.as_ref().is_some_and(|asked| now >= asked.until) {
            self.settle(now);
        }
        if let Some((id, lost)) = self.lost.pop() {
            return Some(Step::Lost(id, lost));
        }
        self.waiting.is_empty().then_some(Step::Done)
    }

    /// When something will follow from the time.
    fn wake(&self) -> Option<Instant> {
        match &self.asked {
            Some(asked) => Some(asked.until),
            None => self.waiting.values().map(|wait| wait.until).min(),
        }
    }

    /// Whom to ask for the job, once their time is up. The question counts as asked.
    fn question(&mut self, now: Instant) -> Option<Vec<String>> {
        if self.asked.is_some() {
            return None;
        }
        let overdue = self.waiting.iter_mut().filter(|(_, wait)| now >= wait.until);
        let mut about = BTreeSet::new();
        for (id, wait) in overdue {
            wait.state = Lost::Silent;
            about.insert(id.clone());
        }
        if about.is_empty() {
            return None;
        }
        let ids = about.iter().cloned().collect();
        let (jid, until, heard) = (String::new(), now + self.gather, BTreeSet::new());
        self.asked = Some(Asked { jid, until, about, heard });
        Some(ids)
    }

    /// The question went out under this jid; `None` if the master knows none of the minions.
    fn published(&mut self, jid: Option<String>) {
        if let Some(asked) = &mut self.asked {
            match jid {
                Some(jid) => asked.jid = jid,
                None => asked.until = Instant::now(),
            }
        }
    }

    /// The time for answers is over: those that run the job get time again, the others are lost.
    fn settle(&mut self, now: Instant) {
        let Some(asked) = self.asked.take() else { return };
        // From the end, since they are popped.
        for id in asked.about.into_iter().rev() {
            let Some(wait) = self.waiting.get_mut(&id) else { continue };
            if matches!(wait.state, Lost::Running { .. }) {
                wait.until = now + self.timeout;
            } else if let Some(wait) = self.waiting.remove(&id) {
                self.lost.push((id, wait.state));
            }
        }
    }

    /// Sorts one event; `None` if nothing follows from it.
    fn event(&mut self, event: Event, now: Instant) -> Option<Step> {
        if event.tag == format!("salt/batch/{}/stop", self.jid) {
            return Some(Step::Stop);
        }
        let rest = event.tag.strip_prefix("salt/job/")?;
        let (jid, kind) = rest.split_once('/')?;
        if jid == self.jid {
            return match kind.starts_with("ret/") {
                true => self.returned(event.data),
                false => Some(Step::Other(event)),
            };
        }
        let asked = self.asked.as_ref().is_some_and(|asked| asked.jid == jid);
        if asked && kind.starts_with("ret/") {
            self.answered(&event.data, now);
        }
        None
    }

    fn returned(&mut self, data: Value) -> Option<Step> {
        let text = |name: &str| data.get(name).map(Value::to_string).filter(|id| !id.is_empty());
        let id = text("resource_id").or_else(|| text("id"))?;
        data.get("return")?;
        if !self.found.insert(id.clone()) {
            return None;
        }
        self.waiting.remove(&id);
        self.lost.retain(|(lost, _)| *lost != id);
        Some(Step::Return(Return { id, load: data.as_map()?.clone() }))
    }

    /// Takes in what a minion says of the job.
    fn answered(&mut self, data: &Value, now: Instant) {
        let Some(id) = data.get("id").map(Value::to_string) else { return };
        let ret = data.get("return").and_then(Value::as_map);
        let state = match ret.filter(|job| !job.is_empty()) {
            Some(job) => Lost::Running {
                fun: job.get("fun").map(Value::to_string).unwrap_or_default(),
                seconds: job.get("jid").map_or(0, |jid| age_secs(&jid.to_string())),
            },
            None => Lost::Idle,
        };
        let Some(asked) = &mut self.asked else { return };
        asked.heard.insert(id.clone());
        if asked.heard.is_superset(&asked.about) {
            // All have answered: what is not here in a moment will not come.
            asked.until = asked.until.min(now + LATE);
        }
        if let Some(wait) = self.waiting.get_mut(&id) {
            wait.state = state;
        }
    }
}

/// Publishes the question whether the job still runs; the jid of the question.
async fn ask(client: &Client, jid: &str, about: Vec<String>) -> Result<Option<String>> {
    let spec = JobSpec {
        tgt: about.into_iter().map(Value::from).collect::<Vec<_>>().into(),
        tgt_type: "list".into(),
        fun: "saltutil.find_job".into(),
        arg: vec![jid.into()],
        ..JobSpec::default()
    };
    Ok(client.publish(&spec).await?.map(|published| published.jid))
}

/// Seconds since a job was made.
fn age_secs(jid: &str) -> i64 {
    let made = Jid::parse(jid).ok().and_then(|jid| jid.unix_micros());
    made.map_or(0, |made| (jiff::Timestamp::now().as_microsecond() - made).max(0) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    const JID: &str = "20260101000000000001";
    const ASK: &str = "20260101000005000001";
    const SECOND: Duration = Duration::from_secs(1);

    fn event(jid: &str, id: &str, ret: impl Into<Value>) -> Event {
        let data = map! {"id" => id, "jid" => jid, "return" => ret.into(), "retcode" => 0};
        Event { tag: format!("salt/job/{jid}/ret/{id}"), data: data.into() }
    }

    fn collector(ids: &[&str]) -> (Collector, Instant) {
        let start = Instant::now();
        let mut collector = Collector::new(JID, 5 * SECOND, 10 * SECOND);
        collector.expect(ids.iter().map(ToString::to_string), start);
        (collector, start)
    }

    #[track_caller]
    fn check_return(step: Option<Step>, id: &str) {
        match step {
            Some(Step::Return(ret)) => assert_eq!(ret.id, id),
            other => panic!("expected the return of {id}, not {other:?}"),
        }
    }

    #[test]
    fn the_job_is_done_when_all_have_returned() {
        let (mut collector, now) = collector(&["a", "b"]);
        check_return(collector.event(event(JID, "b", true), now), "b");
        assert!(collector.event(event(JID, "b", true), now).is_none(), "a second one is dropped");
        assert!(collector.event(event(ASK, "a", true), now).is_none(), "another job");
        assert!(collector.due(now).is_none());
        check_return(collector.event(event(JID, "a", true), now), "a");
        assert!(matches!(collector.due(now), Some(Step::Done)));
    }

    #[test]
    fn a_return_without_the_word_return_is_none() {
        let (mut collector, now) = collector(&["a"]);
        let data = map! {"id" => "a"};
        let event = Event { tag: format!("salt/job/{JID}/ret/a"), data: data.into() };
        assert!(collector.event(event, now).is_none());
        assert_eq!(collector.open().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_resource_returns_under_its_own_name() {
        let (mut collector, now) = collector(&["a"]);
        let data = map! {"id" => "a", "resource_id" => "dummy-1", "return" => 1};
        let event = Event { tag: format!("salt/job/{JID}/ret/a"), data: data.into() };
        check_return(collector.event(event, now), "dummy-1");
        assert!(collector.has("dummy-1") && !collector.has("a"));
    }

    #[test]
    fn who_runs_the_job_gets_more_time_and_who_is_silent_is_lost() {
        let (mut collector, start) = collector(&["a", "b", "c"]);
        assert!(collector.question(start + 4 * SECOND).is_none());
        let now = start + 5 * SECOND;
        assert_eq!(collector.question(now), Some(vec!["a".into(), "b".into(), "c".into()]));
        collector.published(Some(ASK.into()));
        assert!(collector.question(now).is_none(), "one question at a time");
        let running = map! {"fun" => "test.sleep", "jid" => JID};
        assert!(collector.event(event(ASK, "a", running), now).is_none());
        assert!(collector.event(event(ASK, "b", Map::new()), now).is_none());
        assert!(collector.due(now + 9 * SECOND).is_none(), "c has not answered yet");
        let now = now + 10 * SECOND;
        let mut lost = Vec::new();
        while let Some(Step::Lost(id, why)) = collector.due(now) {
            lost.push((id, why));
        }
        assert_eq!(lost, [("b".into(), Lost::Idle), ("c".into(), Lost::Silent)]);
        assert_eq!(collector.wake(), Some(now + 5 * SECOND));
        assert_eq!(collector.question(now + 5 * SECOND), Some(vec!["a".into()]));
        check_return(collector.event(event(JID, "c", true), now), "c");
    }

    #[test]
    fn when_all_have_answered_only_a_moment_is_left() {
        let (mut collector, start) = collector(&["a"]);
        let now = start + 5 * SECOND;
        collector.question(now);
        collector.published(Some(ASK.into()));
        collector.event(event(ASK, "a", Map::new()), now);
        assert_eq!(collector.wake(), Some(now + LATE));
        check_return(collector.event(event(JID, "a", true), now), "a");
        assert!(matches!(collector.due(now + LATE), Some(Step::Done)));
    }

    #[test]
    fn minions_that_the_master_does_not_know_are_lost_at_once() {
        let (mut collector, start) = collector(&["a"]);
        collector.question(start + 5 * SECOND);
        collector.published(None);
        assert!(matches!(collector.due(start + 15 * SECOND), Some(Step::Lost(id, _)) if id == "a"));
    }

    #[test]
    fn parts_of_a_job_have_their_own_time() {
        let (mut collector, start) = collector(&["a"]);
        collector.expect(["b".to_owned()], start + 3 * SECOND);
        assert_eq!(collector.question(start + 6 * SECOND), Some(vec!["a".into()]));
        collector.published(Some(ASK.into()));
        assert_eq!(collector.open().collect::<Vec<_>>(), ["a", "b"]);
    }
}
