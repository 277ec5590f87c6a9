//! The way from a worker thread to the owner task: ask the master, wait for the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use halite_core::{Error, Map, Result, Value};
use halite_wire::load::PublishLoad;
use tokio::sync::mpsc;

use crate::core::{Input, Kind};
use crate::limits;

/// What reaches the owner task from other threads.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something for the core.
    Core(Input),
    /// A job of this minion's own.
    Run(Box<PublishLoad>),
    /// A worker has ended.
    WorkerDone(String),
    /// The process is to end: `salt-call` is done.
    Finish,
}

/// Who waits for which answer.
pub(crate) type Answers = Arc<Mutex<HashMap<u64, SyncSender<Result<Value>>>>>;

/// Asks the master on behalf of threads; cheap to clone.
#[derive(Clone)]
pub(crate) struct Asker {
    messages: mpsc::Sender<Message>,
    answers: Answers,
    next: Arc<AtomicU64>,
}

impl Asker {
    /// An asker and the end that the owner task reads.
    pub(crate) fn new() -> (Asker, mpsc::Receiver<Message>) {
        let (messages, receiver) = mpsc::channel(limits::INPUTS_WAITING);
        let asker =
            Asker { messages, answers: Answers::default(), next: Arc::new(AtomicU64::new(1)) };
        (asker, receiver)
    }

    /// Sends a message; blocks while the owner task is behind. Not for the owner task itself.
    ///
    /// # Errors
    /// If the minion is ending.
    pub(crate) fn send(&self, message: Message) -> Result<()> {
        self.messages.blocking_send(message).map_err(|_| ending())
    }

    /// The sending end, for tasks of the runtime.
    pub(crate) fn messages(&self) -> mpsc::Sender<Message> {
        self.messages.clone()
    }

    /// One request to the master and its answer.
    ///
    /// # Errors
    /// If the master cannot be reached, refuses, or the minion is ending.
    pub(crate) fn ask(&self, cmd: &str, mut load: Map) -> Result<Value> {
        load.insert("cmd".into(), cmd.into());
        self.ask_as(load, Kind::Plain)
    }

    /// The same for a load with its `cmd`, read as `kind`.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub(crate) fn ask_as(&self, load: Map, kind: Kind) -> Result<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = sync_channel(1);
        self.lock().insert(id, sender);
        let sent = self.send(Message::Core(Input::Ask { id, load, kind }));
        let patience = Duration::from_millis(2 * limits::ASK_PATIENCE_MS);
        let answer = match sent {
            Ok(()) => receiver.recv_timeout(patience).unwrap_or_else(|_| Err(ending())),
            Err(error) => Err(error),
        };
        self.lock().remove(&id);
        answer
    }

    /// Hands an answer to the thread that waits for it.
    pub(crate) fn answer(&self, id: u64, answer: Result<Value>) {
        if let Some(waiting) = self.lock().remove(&id) {
            // The thread may have given up meanwhile.
            let _ = waiting.send(answer);
        }
    }

    /// Lets all threads go that wait.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, SyncSender<Result<Value>>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ending() -> Error {
    Error::execution("the minion is ending and asks the master nothing any more")
}
