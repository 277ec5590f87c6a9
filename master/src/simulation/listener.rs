//! Readers of the bus: one that reads at once, one that is slow, one that has stopped.

use std::time::Duration;

use halite_core::glob::Glob;
use halite_net::bus::{Bus, Delivered, Room, Subscription};

/// Messages that may wait for one of these.
const ROOM: Room = Room { messages: 16, bytes: 16_384 };

/// A reader, and what it was told.
pub(super) struct Listener {
    subscription: Subscription,
    /// It reads every so many turns; never when 0.
    every: u64,
    turns: u64,
    published: u64,
    /// What was published when it read last.
    read_at: u64,
    got: u64,
    missed: u64,
}

impl Listener {
    pub(super) fn all(bus: &Bus) -> Vec<Listener> {
        let listener = |every| Listener {
            subscription: bus.subscribe(&[Glob::new("*")], ROOM),
            every,
            turns: 0,
            published: 0,
            read_at: 0,
            got: 0,
            missed: 0,
        };
        [1, 7, 0].into_iter().map(listener).collect()
    }

    pub(super) fn published(&mut self) {
        self.published += 1;
    }

    /// Its turn: it reads, if it does.
    pub(super) fn turn(&mut self) -> Result<(), String> {
        self.turns += 1;
        match self.every {
            0 => Ok(()),
            every if self.turns.is_multiple_of(every) => self.read(),
            _ => Ok(()),
        }
    }

    /// Reads all that waits, and counts it.
    pub(super) fn read(&mut self) -> Result<(), String> {
        let since = self.published - std::mem::replace(&mut self.read_at, self.published);
        let (mut got, mut missed) = (0, 0);
        loop {
            match self.subscription.next(Duration::ZERO) {
                Delivered::Message { .. } => got += 1,
                Delivered::Missed(count) => missed += count,
                Delivered::Nothing | Delivered::Closed => break,
            }
        }
        (self.got, self.missed) = (self.got + got, self.missed + missed);
        if got > ROOM.messages as u64 {
            return Err(format!("{got} events waited for one reader, {} may", ROOM.messages));
        }
        if got + missed != since {
            return Err(format!(
                "of {since} events a reader was given {got} and told that it missed {missed}"
            ));
        }
        Ok(())
    }
}
