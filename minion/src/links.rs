//! Several masters: all at once (`master_type: str`), or one at a time in which order.
//!
//! With all at once each master gets a link of its own, with its own session, pillar and returns. Bus, beacons,
//! schedule and the list of running jobs are one. Salt: `salt.minion.MinionManager` behaviour.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use halite_core::{Error, Opts, Result, Value};
use halite_net::bus::Bus;
use halite_net::signal::Signals;
use halite_wire::{Entropy as _, OsEntropy};
use tokio::sync::mpsc;

use crate::job_queue::folder_name;
use crate::keeper::Keeper;
use crate::shared::{RunningJobs, Shared};
use crate::shell::{End, Shell};

/// What the links of one minion have in common.
#[derive(Default)]
pub(crate) struct Common {
    /// The jobs that run.
    pub(crate) running: Mutex<RunningJobs>,
    /// The minion's bus.
    pub(crate) bus: Mutex<Option<Bus>>,
    /// Beacons and schedule.
    pub(crate) keeper: OnceLock<Keeper>,
    /// Held while beacons and schedule are started: they are to be once.
    pub(crate) starting: Mutex<()>,
    links: Mutex<Vec<Weak<Shared>>>,
}

impl Common {
    /// One more link.
    pub(crate) fn join(&self, link: &Arc<Shared>) {
        self.links().push(Arc::downgrade(link));
    }

    /// All links, in the order of the masters.
    pub(crate) fn all(&self) -> Vec<Arc<Shared>> {
        self.links().iter().filter_map(Weak::upgrade).collect()
    }

    fn links(&self) -> MutexGuard<'_, Vec<Weak<Shared>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link to be made.
pub(crate) struct Plan {
    /// The options with its master, or its masters if it changes between them.
    pub(crate) opts: Opts,
    /// What its own files are named by; none where it is the only link.
    pub(crate) folder: Option<String>,
}

/// The links that the options ask for.
pub(crate) fn plan(opts: Opts) -> Vec<Plan> {
    let masters = opts.list("master");
    if masters.len() < 2 || matches!(opts.str("master_type"), "failover" | "distributed") {
        return vec![Plan { opts: in_order(opts), folder: None }];
    }
    let one = |master: &String| Plan {
        folder: Some(folder_name(master)),
        // Whatever one master does, the others are served.
        opts: opts
            .with("master", master.as_str())
            .with("rejected_retry", true)
            .with("master_tries", -1),
    };
    masters.iter().map(one).collect()
}

/// The options with the masters in the order in which they are tried: `random_master`, `master_type: distributed`.
pub(crate) fn in_order(opts: Opts) -> Opts {
    let mut masters = opts.list("master");
    if masters.len() < 2 {
        return opts;
    }
    if opts.str("master_type") == "distributed" {
        let preferred = crc32(opts.str("id").as_bytes()) as usize % masters.len();
        masters[..=preferred].rotate_right(1);
    } else if opts.bool("random_master") || opts.bool("master_shuffle") {
        let mut entropy = OsEntropy::new();
        for at in (1..masters.len()).rev() {
            let mut bytes = [0; 8];
            entropy.fill(&mut bytes);
            masters.swap(at, (u64::from_le_bytes(bytes) % (at as u64 + 1)) as usize);
        }
    }
    opts.with("master", Value::list(masters.into_iter().map(Value::from)))
}

/// The checksum of zlib, by which Salt spreads minions over masters.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 * (sum & 1)))
    })
}

/// Runs all links until they end, or one ends with a fault.
///
/// # Errors
/// If signals cannot be listened to.
pub(crate) async fn run(shells: Vec<Shell>) -> Result<End> {
    let set = tokio::task::LocalSet::new();
    let (sender, mut ends) = mpsc::channel(shells.len().max(1));
    for shell in shells {
        let signals = Signals::listen().map_err(|error| Error::execution(error.to_string()))?;
        let sender = sender.clone();
        set.spawn_local(async move {
            let end = shell.run(Some(signals)).await;
            // Nobody reads any more if another link ended with a fault.
            let _ = sender.send(end).await;
        });
    }
    drop(sender);
    let all = async {
        let mut last = End::default();
        while let Some(end) = ends.recv().await {
            let fault = end.code != 0;
            last = end;
            if fault {
                break;
            }
        }
        last
    };
    Ok(set.run_until(all).await)
}

#[cfg(test)]
mod tests {
    use halite_core::{Role, map};

    use super::*;

    fn opts(kind: &str, masters: &[&str]) -> Opts {
        let masters = Value::list(masters.iter().map(|master| Value::str(*master)));
        Opts::from_map(
            Role::Minion,
            map! {"id" => "web1", "master" => masters, "master_type" => kind},
        )
    }

    #[test]
    fn each_master_of_a_list_gets_a_link() {
        let plans = plan(opts("str", &["a", "b:4507"]));
        let folders: Vec<_> = plans.iter().map(|plan| plan.folder.as_deref()).collect();
        assert_eq!(folders, [Some("a"), Some("b_4507")]);
        assert_eq!(plans[1].opts.list("master"), ["b:4507"]);
        for (kind, masters) in [("failover", &["a", "b"][..]), ("str", &["a"])] {
            let plans = plan(opts(kind, masters));
            assert_eq!((plans.len(), plans[0].folder.is_none()), (1, true), "{kind}");
            assert_eq!(plans[0].opts.list("master"), masters, "{kind}");
        }
    }

    #[test]
    fn masters_are_tried_in_the_order_asked_for() {
        // Of zlib.crc32.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let distributed = in_order(opts("distributed", &["a", "b", "c"])).list("master");
        let preferred = crc32(b"web1") as usize % 3;
        assert_eq!(distributed[0], ["a", "b", "c"][preferred]);
        let shuffled = opts("failover", &["a", "b", "c"]).with("random_master", true);
        let mut shuffled = in_order(shuffled).list("master");
        shuffled.sort();
        assert_eq!(shuffled, ["a", "b", "c"]);
    }
}
