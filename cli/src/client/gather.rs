//! A job whose returns are wanted together.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use halite_core::{Opts, Result};

use super::{Bus, Client, Collector, JobSpec, Lost, Return, Step};

/// How long to wait for events at a time.
const TICK: Duration = Duration::from_secs(1);

/// What came of a job.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The job's id.
    pub(crate) jid: String,
    /// Returns, in the order in which they came.
    pub(crate) returns: Vec<Return>,
    /// Who did not return.
    pub(crate) lost: BTreeMap<String, Lost>,
}

/// How long minions get, and how long for the question after the job.
pub(crate) fn times(opts: &Opts) -> (Duration, Duration) {
    let seconds = |name: &str, default: i64| {
        Duration::from_secs(u64::try_from(opts.int(name, default)).unwrap_or_default())
    };
    (seconds("timeout", 5), seconds("gather_job_timeout", 10))
}

/// Publishes a job and waits until all have returned or are lost; `None` if nobody is meant.
///
/// # Errors
/// The master's refusal, and if it or the bus goes away.
pub(crate) async fn gather(
    client: &Client,
    bus: &mut Bus,
    spec: &JobSpec,
) -> Result<Option<Gathered>> {
    let Some(published) = client.publish(spec).await? else { return Ok(None) };
    let (timeout, wait) = times(client.opts());
    let mut collector = Collector::new(&published.jid, timeout, wait);
    collector.expect(published.minions, Instant::now());
    let mut gathered = Gathered { jid: published.jid, ..Gathered::default() };
    loop {
        match collector.next(client, bus, TICK).await? {
            Step::Return(ret) => {
                gathered.lost.remove(&ret.id);
                gathered.returns.push(ret);
            }
            Step::Lost(id, why) => drop(gathered.lost.insert(id, why)),
            Step::Other(_) | Step::Stop | Step::Tick => {}
            Step::Done => break,
        }
    }
    for id in published.missing.into_iter().filter(|id| !collector.has(id)) {
        gathered.lost.entry(id).or_insert(Lost::Silent);
    }
    Ok(Some(gathered))
}
