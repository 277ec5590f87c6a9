//! The thread that numbers, seals, signs and sends publishes: one after another, so that their numbers rise.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use halite_core::{Error, Map, Result};
use halite_net::zmtp::publisher::PublisherHandle;
use halite_wire::crypto::{AesKey, PrivateKey, SigAlgo};
use halite_wire::session::Publisher;
use halite_wire::{Entropy, OsEntropy};

use crate::keys::MasterKeys;

/// Publishes that may wait to be sealed.
const WAITING: usize = 1_024;

/// What the thread is told.
pub(crate) enum Order {
    /// Publish this load.
    Publish(Map),
    /// From the next publish on use this key.
    Rotate(AesKey),
}

/// The way to the thread; it ends when this is dropped.
pub(crate) struct Sealer(SyncSender<Order>);

impl Sealer {
    /// Starts the thread.
    pub(crate) fn start(
        aes: &AesKey,
        sign: Option<SigAlgo>,
        master: Arc<MasterKeys>,
        to: PublisherHandle,
    ) -> Result<(Sealer, JoinHandle<()>)> {
        let (sender, receiver) = sync_channel(WAITING);
        let publisher = Publisher::new(aes, sign);
        let thread = std::thread::Builder::new()
            .name("sealer".into())
            .spawn(move || run(publisher, &master, &to, &receiver))
            .map_err(|error| {
                Error::execution(format!("cannot start the publishing thread: {error}"))
            })?;
        Ok((Sealer(sender), thread))
    }

    /// Gives an order. Gives it back when too many wait: it is to be repeated, since none may be lost.
    pub(crate) fn order(&self, order: Order) -> std::result::Result<(), Order> {
        match self.0.try_send(order) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(order) | TrySendError::Disconnected(order)) => Err(order),
        }
    }
}

fn run(
    mut publisher: Publisher,
    master: &MasterKeys,
    to: &PublisherHandle,
    orders: &Receiver<Order>,
) {
    let mut entropy = OsEntropy::new();
    while let Ok(order) = orders.recv() {
        if let Some(packet) = carry_out(order, &mut publisher, &*master.key, &mut entropy) {
            let sent = to.publish(&[packet]);
            tracing::debug!(minions = sent.queued, dropped = sent.dropped, "Published");
        }
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
