//! Bytes on their way out of one connection, written in vectored batches.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use bytes::{Buf, Bytes};

use crate::{
    limits::{URGENT_CHUNKS, WRITE_SLICES},
    stream::Stream,
};

/// Above this capacity an emptied queue is given back: idle connections keep no large buffers.
const KEPT_CHUNKS: usize = 4;

/// True for a heartbeat.
type Urgent = bool;

/// Whole messages (one chunk each) in order; the front one may be partly written.
#[derive(Default)]
pub(crate) struct Pending {
    chunks: VecDeque<(Bytes, Urgent)>,
    front_started: bool,
    urgent: usize,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back((chunk, false));
        }
    }

    /// Puts a heartbeat before the waiting messages, but never inside one.
    pub(crate) fn push_urgent(&mut self, chunk: Bytes) {
        if self.urgent < URGENT_CHUNKS {
            let at = usize::from(self.front_started).min(self.chunks.len());
            self.chunks.insert(at, (chunk, true));
            self.urgent += 1;
        }
    }

    /// Writes until all is out or the kernel takes no more; returns the bytes written by this call.
    pub(crate) fn write_to(&mut self, stream: &impl Stream) -> io::Result<usize> {
        let mut total = 0;
        while !self.chunks.is_empty() {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
            let mut used = 0;
            for (slot, (chunk, _)) in slices.iter_mut().zip(&self.chunks) {
                *slot = IoSlice::new(chunk);
                used += 1;
            }
            match stream.try_write_vectored(&slices[..used]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.advance(written);
                    total += written;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(total),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        if self.chunks.capacity() > KEPT_CHUNKS {
            self.chunks = VecDeque::new();
        }
        Ok(total)
    }

    fn advance(&mut self, mut written: usize) {
        while let Some((front, urgent)) = self.chunks.front_mut() {
            if written < front.len() {
                front.advance(written);
                self.front_started |= written > 0;
                return;
            }
            written -= front.len();
            self.urgent -= usize::from(*urgent);
            self.chunks.pop_front();
            self.front_started = false;
        }
    }
}
