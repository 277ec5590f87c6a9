//! Signals of a daemon: stop (SIGTERM, SIGINT; the second one means at once), reload (SIGHUP), and
//! tell what the process is doing (SIGUSR1).

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::NetError;

/// What the operator asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Finish what runs, then end.
    Stop,
    /// A second stop signal: end now.
    StopNow,
    /// Read the configuration again.
    Reload,
}

/// The signals this process listens to. Make it once, early: from then on SIGTERM no longer kills.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    look: Signal,
    stops: u32,
}

impl Signals {
    /// Starts listening. Must be called inside a tokio runtime with its io driver.
    pub fn listen() -> Result<Self, NetError> {
        let open = |kind| {
            signal(kind)
                .map_err(|source| NetError::Bind { at: "signal handler".to_owned(), source })
        };
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hangup: open(SignalKind::hangup())?,
            look: open(SignalKind::user_defined1())?,
            stops: 0,
        })
    }

    /// Waits for the next signal. Safe to use in `select!`.
    pub async fn next(&mut self) -> Asked {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => return Asked::Reload,
                _ = self.look.recv() => crate::look::write(),
            }
        }
        self.stops += 1;
        if self.stops == 1 { Asked::Stop } else { Asked::StopNow }
    }

    /// Waits for a stop signal and passes over reloads.
    pub async fn stop_requested(&mut self) -> Asked {
        loop {
            match self.next().await {
                Asked::Reload => {}
                stop => return stop,
            }
        }
    }
}
