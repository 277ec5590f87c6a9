//! The thread that numbers, seals, signs and sends publishes: one after another, so that their numbers rise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use halite_core::{Error, Map, Result};
use halite_net::zmtp::publisher::PublisherHandle;
use halite_wire::crypto::{AesKey, PrivateKey, SigAlgo};
use halite_wire::session::Publisher;
use halite_wire::{Entropy, OsEntropy};
use tokio::sync::Notify;

use crate::keys::MasterKeys;
use crate::limits::PUBLISHES_WAITING;

/// What the thread is told.
pub(crate) enum Order {
    /// Publish this load.
    Publish(Map),
    /// From the next publish on use this key.
    Rotate(AesKey),
}

/// The way to the thread; it ends when this is dropped.
pub(crate) struct Sealer {
    orders: SyncSender<Order>,
    progress: Arc<Progress>,
}

/// How far the thread has come.
#[derive(Default)]
struct Progress {
    done: AtomicU64,
    changed: Notify,
}

impl Sealer {
    /// Starts the thread.
    pub(crate) fn start(
        aes: &AesKey,
        sign: Option<SigAlgo>,
        master: Arc<MasterKeys>,
        to: PublisherHandle,
    ) -> Result<(Sealer, JoinHandle<()>)> {
        let (orders, receiver) = sync_channel(PUBLISHES_WAITING);
        let publisher = Publisher::new(aes, sign);
        let progress = Arc::new(Progress::default());
        let shared = Arc::clone(&progress);
        let thread = std::thread::Builder::new()
            .name("sealer".into())
            .spawn(move || run(publisher, &master, &to, &receiver, &shared))
            .map_err(|error| {
                Error::execution(format!("cannot start the publishing thread: {error}"))
            })?;
        Ok((Sealer { orders, progress }, thread))
    }

    /// Gives an order. The owner gives no more than [`PUBLISHES_WAITING`] beyond what is done, so there is room.
    ///
    /// # Errors
    /// Gives it back if there is none, or the thread has ended.
    pub(crate) fn order(&self, order: Order) -> std::result::Result<(), Order> {
        self.orders.try_send(order).map_err(|back| match back {
            TrySendError::Full(order) | TrySendError::Disconnected(order) => order,
        })
    }

    /// How many orders the thread is done with.
    pub(crate) fn done(&self) -> u64 {
        self.progress.done.load(Ordering::Acquire)
    }

    /// Comes when it has done more since it came last.
    pub(crate) async fn progress(&self) {
        self.progress.changed.notified().await;
    }
}

fn run(
    mut publisher: Publisher,
    master: &MasterKeys,
    to: &PublisherHandle,
    orders: &Receiver<Order>,
    progress: &Progress,
) {
    let mut entropy = OsEntropy::new();
    while let Ok(order) = orders.recv() {
        if let Some(packet) = carry_out(order, &mut publisher, &*master.key, &mut entropy) {
            let sent = to.publish(&[packet]);
            tracing::debug!(minions = sent.queued, dropped = sent.dropped, "Published");
        }
        progress.done.fetch_add(1, Ordering::AcqRel);
        progress.changed.notify_one();
    }
}

/// Does what an order says; the packet that is to be sent, if there is one.
pub(crate) fn carry_out(
    order: Order,
    publisher: &mut Publisher,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Option<Vec<u8>> {
    match order {
        Order::Publish(load) => match publisher.seal(load, key, entropy) {
            Ok(packet) => Some(packet),
            Err(error) => {
                tracing::error!(%error, "A job could not be sealed and was not published");
                None
            }
        },
        // What was asked of the old key's time by version 2 peers is read by the owner task.
        Order::Rotate(aes) => {
            publisher.rotate(&aes, 0, false);
            None
        }
    }
}
