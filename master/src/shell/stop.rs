//! Stopping: no new work, what runs is finished or named, then the sockets close.

use std::time::Duration;

use halite_core::Opts;
use halite_net::signal::{Asked, Signals};
use tokio::time::{Instant, timeout_at};

use super::Shell;
use crate::core::Input;
use crate::limits;

/// How long answers and publishes that are queued may take to get out.
const FLUSH: Duration = Duration::from_millis(500);

/// How long running work gets: `halite_grace_secs`.
fn grace(opts: &Opts) -> Duration {
    let given = opts.float("halite_grace_secs", limits::STOP_GRACE.as_secs_f64());
    Duration::from_secs_f64(given.clamp(0.0, limits::STOP_GRACE_MOST.as_secs_f64()))
}

impl Shell {
    /// Ends everything. A second signal ends the waiting.
    pub(super) async fn stop(mut self, signals: &mut Signals) {
        tracing::info!("The master stops: no new requests are taken");
        self.input(Input::Stop);
        let end = Instant::now() + grace(&self.shared.opts);
        while self.core.working() > 0 {
            let wait = async {
                tokio::select! {
                    Some(outcome) = self.finished.recv() => Ok(outcome),
                    asked = signals.stop_requested() => Err(asked),
                }
            };
            match timeout_at(end, wait).await {
                Ok(Ok(outcome)) => self.outcome(outcome),
                Ok(Err(Asked::Stop | Asked::StopNow | Asked::Reload)) | Err(_) => break,
            }
        }
        self.engines_stop.store(true, std::sync::atomic::Ordering::Relaxed);
        self.bus.close();
        self.asks.close();
        self.retry();
        // Those who wait for the store get their word.
        if !self.writer.is_stuck() && self.writer.flush().is_ok() {
            self.stored();
        }
        let (working, unanswered) = (self.core.working(), self.repliers.len());
        if working + unanswered + self.unwritten.len() > 0 {
            let unwritten = self.unwritten.len();
            tracing::warn!(working, unanswered, unwritten, "Cut off by the stop");
        }
        // Whoever is not answered yet gets the fallback.
        self.repliers.clear();
        drop(self.sealer);
        // The thread seals what it has and ends with its queue.
        drop(self.sealer_thread.join());
        self.router.stop(FLUSH).await;
        self.publisher.stop(FLUSH).await;
        self.writer.stop();
        drop(self.store_thread.join());
        for name in super::start::MARKERS {
            drop(std::fs::remove_file(self.shared.opts.path("sock_dir").join(name)));
        }
        if let Some(path) = &self.pidfile {
            drop(std::fs::remove_file(path));
        }
        tracing::info!("The master has stopped");
    }
}
