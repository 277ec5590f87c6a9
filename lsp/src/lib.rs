//! The language server for states and pillar: the checker's diagnostics while people type, completion,
//! docs, and the way to definitions.
//!
//! The protocol is spoken without a library: one client, one thread, a dozen messages. `frame` cuts
//! the stream, `server` answers messages and touches no stream, `serve` joins both.

mod complete;
mod definition;
mod documents;
mod frame;
mod hover;
mod scan;
mod server;

use std::io::{BufRead, Write};
use std::sync::mpsc;

use halite_core::Apply;

use server::Server;

/// Speaks with one client until it leaves. `input` is read on a thread of its own, so that several
/// changes that have come meanwhile are checked once. Gives the exit code.
pub fn serve(
    apply: &Apply<'_>,
    input: impl BufRead + Send + 'static,
    mut output: impl Write,
) -> u8 {
    let (sender, receiver) = mpsc::sync_channel(frame::QUEUE_MAX);
    // The thread ends with its stream; a client that stays silent for ever keeps nobody waiting.
    std::thread::spawn(move || frame::read_all(input, &sender));
    let mut server = Server::new(apply);
    let mut waiting = None;
    loop {
        let next = match waiting.take() {
            Some(next) => Ok(next),
            None => receiver.recv(),
        };
        let Ok(message) = next else { return server.exit_code() };
        for answer in server.receive(message) {
            if frame::write(&mut output, &answer).is_err() {
                return server.exit_code();
            }
        }
        if server.is_over() {
            return server.exit_code();
        }
        match receiver.try_recv() {
            Ok(more) => waiting = Some(more),
            Err(_) => {
                for answer in server.check() {
                    if frame::write(&mut output, &answer).is_err() {
                        return server.exit_code();
                    }
                }
            }
        }
    }
}
