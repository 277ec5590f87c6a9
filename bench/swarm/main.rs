//! `swarm`: thousands of minions in one process, true to the protocol, against any master.
//!
//! They share one RSA key pair (a master keeps a key per id all the same), sign in one by one, and
//! answer `test.ping` and a few more functions. What is the same for all of them is done once, so
//! that the master is measured and not the swarm.

mod minion;
mod options;
mod shared;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use clap::Parser;
use halite_core::MinionId;
use halite_wire::OsEntropy;
use halite_wire::crypto::{PrivateKey, RsaKey};

use options::Options;
use shared::Shared;

/// Bits of the swarm's key, as Salt's default.
const KEY_BITS: usize = 2048;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("swarm: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut entropy = OsEntropy::new();
    let key = RsaKey::generate(KEY_BITS, &mut entropy)?;
    if let Some(folder) = &options.accept_in {
        for id in options.ids() {
            std::fs::write(folder.join(id?), key.public().pem())?;
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(std::thread::available_parallelism().map_or(1, usize::from))
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, live(options, key))
}

/// Starts all minions, a few at a time, and lets them live until told to stop.
async fn live(options: &Options, key: RsaKey) -> Result<(), Box<dyn std::error::Error>> {
    let ids: Vec<MinionId> = options.ids().collect::<Result<_, _>>()?;
    let shared = Rc::new(Shared::new(options, key));
    let begun = Instant::now();
    let gate = Rc::new(tokio::sync::Semaphore::new(options.at_once));
    for id in ids {
        let permit = Rc::clone(&gate);
        let shared = Rc::clone(&shared);
        tokio::task::spawn_local(async move {
            let Ok(permit) = permit.acquire().await else { return };
            minion::live(shared, id, permit).await;
        });
    }
    shared.all_ready(options.count).await;
    report(&format!("{} minions ready after {} ms", options.count, begun.elapsed().as_millis()));
    halite_net::signal::Signals::listen()?.stop_requested().await;
    report(&shared.summary());
    Ok(())
}

/// Progress and figures go to standard error, so that standard output stays free.
#[expect(clippy::print_stderr, reason = "a program's own messages")]
fn report(text: &str) {
    eprintln!("{text}");
}
