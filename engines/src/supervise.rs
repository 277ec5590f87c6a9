//! Keeps an engine running: started again with a growing pause, told once when it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::{Entry, Home, Run};

/// The first pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// An engine that ran for so long begins with the first pause again.
const WELL: Duration = Duration::from_secs(60);
/// How often a pause looks whether the daemon stops.
const LOOK: Duration = Duration::from_millis(200);

/// Starts an engine on a thread of its own.
pub(crate) fn start(entry: Entry, run: Run, home: Home) {
    let name = entry.name.clone();
    let started = std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || keep_running(&entry, run, &home));
    if let Err(error) = started {
        tracing::error!(engine = name, %error, "An engine cannot be started");
    }
}

fn keep_running(entry: &Entry, run: Run, home: &Home) {
    let mut pause = PAUSE;
    loop {
        tracing::info!(engine = entry.name, "Starting the engine");
        let began = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| run(&entry.settings, home)));
        if home.stop.load(Ordering::Relaxed) {
            return;
        }
        if began.elapsed() >= WELL {
            pause = PAUSE;
        }
        let seconds = pause.as_secs();
        match ran {
            // It came to its end: the bus is closed.
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::error!(engine = entry.name, %error, "The engine failed; again in {seconds} s");
            }
            Err(_) => tracing::error!(
                engine = entry.name,
                "The engine broke down, which is a defect of it; again in {seconds} s"
            ),
        }
        if sleep(home, pause) {
            return;
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Waits; true if the daemon stops meanwhile.
pub(crate) fn sleep(home: &Home, time: Duration) -> bool {
    let end = Instant::now() + time;
    loop {
        if home.stop.load(Ordering::Relaxed) {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(left.min(LOOK));
    }
}
