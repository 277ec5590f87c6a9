//! The bus inside a daemon: one message goes to every reader of its topic and to the readers of the local socket.
//!
//! A reader takes what it gets from a queue of its own, bounded in messages and bytes. One that is too slow misses
//! messages and is told how many, in their place; it never holds up anybody else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use halite_core::glob::Glob;

use crate::ipc::EventPublisherHandle;
use crate::limits::{BUS_QUEUE_BYTES, BUS_QUEUE_MESSAGES};

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// A message with its topic.
    Message {
        /// What it is about.
        topic: Arc<str>,
        /// The message as the socket's readers get it.
        message: Bytes,
    },
    /// So many messages did not fit since the last one.
    Missed(u64),
    /// Nothing came in time.
    Nothing,
    /// The bus is gone; nothing comes any more.
    Closed,
}

/// How much may wait for one reader.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Messages.
    pub messages: usize,
    /// Bytes of them.
    pub bytes: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { messages: BUS_QUEUE_MESSAGES, bytes: BUS_QUEUE_BYTES }
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Delivered>,
    bytes: usize,
    messages: usize,
    missed: u64,
    closed: bool,
}

struct Inbox {
    room: Room,
    queue: Mutex<Queue>,
    wake: Condvar,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a message, or counts it as missed. Never waits.
    fn offer(&self, topic: &Arc<str>, message: &Bytes) {
        let mut queue = self.lock();
        let fits = queue.messages < self.room.messages
            && (queue.messages == 0 || queue.bytes + message.len() <= self.room.bytes);
        if !fits {
            queue.missed += 1;
            return;
        }
        if queue.missed > 0 {
            let missed = std::mem::take(&mut queue.missed);
            queue.waiting.push_back(Delivered::Missed(missed));
        }
        queue.messages += 1;
        queue.bytes += message.len();
        queue
            .waiting
            .push_back(Delivered::Message { topic: Arc::clone(topic), message: message.clone() });
        drop(queue);
        self.wake.notify_one();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }
}

/// A reader's end. Dropping it ends the subscription.
pub struct Subscription {
    id: u64,
    inbox: Arc<Inbox>,
    hub: Arc<Hub>,
}

impl Subscription {
    /// What comes next, waiting no longer than `limit`.
    pub fn next(&self, limit: Duration) -> Delivered {
        let end = Instant::now() + limit;
        let mut queue = self.inbox.lock();
        loop {
            if let Some(next) = queue.waiting.pop_front() {
                if let Delivered::Message { message, .. } = &next {
                    queue.bytes = queue.bytes.saturating_sub(message.len());
                    queue.messages = queue.messages.saturating_sub(1);
                }
                if queue.waiting.is_empty() && queue.waiting.capacity() > 64 {
                    queue.waiting = VecDeque::new();
                }
                return next;
            }
            // What was missed after the last message that fitted.
            if queue.missed > 0 {
                return Delivered::Missed(std::mem::take(&mut queue.missed));
            }
            if queue.closed {
                return Delivered::Closed;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Delivered::Nothing;
            }
            let waited = self.inbox.wake.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Reads other topics from now on; what waits stays.
    pub fn read_topics(&self, topics: &[Glob]) {
        self.hub.index(self.id, &self.inbox, topics);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.index(self.id, &self.inbox, &[]);
    }
}

struct Reader {
    id: u64,
    inbox: Arc<Inbox>,
    topics: Vec<Glob>,
}

/// Readers by the first part of the topics that they read; those of any first part stand in `any`.
#[derive(Default)]
struct Index {
    by_first: HashMap<String, Vec<Reader>>,
    any: Vec<Reader>,
    next: u64,
    closed: bool,
}

#[derive(Default)]
struct Hub {
    index: RwLock<Index>,
}

/// The first part of a topic, if the glob leaves no choice of it.
fn first_part(topic: &Glob) -> Option<&str> {
    let prefix = topic.prefix();
    match prefix.split_once('/') {
        Some((first, _)) => Some(first),
        None => (prefix == topic.pattern()).then_some(prefix),
    }
}

impl Hub {
    fn index(&self, id: u64, inbox: &Arc<Inbox>, topics: &[Glob]) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let index = &mut *index;
        index.any.retain(|reader| reader.id != id);
        index.by_first.values_mut().for_each(|readers| readers.retain(|reader| reader.id != id));
        index.by_first.retain(|_, readers| !readers.is_empty());
        for topic in topics {
            let readers = match first_part(topic) {
                Some(first) => index.by_first.entry(first.to_owned()).or_default(),
                None => &mut index.any,
            };
            match readers.iter_mut().find(|reader| reader.id == id) {
                Some(reader) => reader.topics.push(topic.clone()),
                None => {
                    let (inbox, topics) = (Arc::clone(inbox), vec![topic.clone()]);
                    readers.push(Reader { id, inbox, topics });
                }
            }
        }
        if index.closed {
            inbox.close();
        }
    }

    fn deliver(&self, topic: &str, message: &Bytes) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        if index.any.is_empty() && index.by_first.is_empty() {
            return;
        }
        let first = topic.split('/').next().unwrap_or(topic);
        let named = index.by_first.get(first).map_or(&[][..], Vec::as_slice);
        let mut shared: Option<Arc<str>> = None;
        let mut given: Vec<u64> = Vec::new();
        for reader in named.iter().chain(&index.any) {
            if given.contains(&reader.id) || !reader.topics.iter().any(|glob| glob.matches(topic)) {
                continue;
            }
            given.push(reader.id);
            reader.inbox.offer(shared.get_or_insert_with(|| topic.into()), message);
        }
    }
}

/// The bus; cheap to clone, may be used from any thread.
#[derive(Clone, Default)]
pub struct Bus {
    hub: Arc<Hub>,
    socket: Option<EventPublisherHandle>,
}

impl Bus {
    /// A bus whose messages also go to the readers of a local socket.
    pub fn with_socket(socket: EventPublisherHandle) -> Bus {
        Bus { hub: Arc::default(), socket: Some(socket) }
    }

    /// Gives a message to all who read its topic. Never waits.
    pub fn publish(&self, topic: &str, message: &Bytes) {
        if let Some(socket) = &self.socket {
            socket.publish(message);
        }
        self.hub.deliver(topic, message);
    }

    /// Begins to read topics.
    pub fn subscribe(&self, topics: &[Glob], room: Room) -> Subscription {
        let id = {
            let mut index = self.hub.index.write().unwrap_or_else(PoisonError::into_inner);
            index.next += 1;
            index.next
        };
        let inbox = Arc::new(Inbox { room, queue: Mutex::default(), wake: Condvar::new() });
        self.hub.index(id, &inbox, topics);
        Subscription { id, inbox, hub: Arc::clone(&self.hub) }
    }

    /// Lets all readers take what waits and then end.
    pub fn close(&self) {
        let mut index = self.hub.index.write().unwrap_or_else(PoisonError::into_inner);
        index.closed = true;
        let readers = index.by_first.values().flatten().chain(&index.any);
        readers.for_each(|reader| reader.inbox.close());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn globs(patterns: &[&str]) -> Vec<Glob> {
        patterns.iter().map(|pattern| Glob::new(pattern)).collect()
    }

    fn topic(delivered: Delivered) -> String {
        match delivered {
            Delivered::Message { topic, .. } => topic.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_reader_gets_its_topics_once_and_in_order() {
        let bus = Bus::default();
        let jobs = bus.subscribe(&globs(&["salt/job/*/new", "salt/*", "my"]), Room::default());
        let all = bus.subscribe(&globs(&["*"]), Room::default());
        for name in ["salt/job/1/new", "my", "mine", "other/x"] {
            bus.publish(name, &Bytes::from_static(b"m"));
        }
        bus.close();
        let read = |reader: &Subscription| {
            let next = std::iter::from_fn(|| Some(topic(reader.next(SOON))));
            next.take_while(|name| name != "Closed").collect::<Vec<_>>()
        };
        assert_eq!(read(&jobs), ["salt/job/1/new", "my"]);
        assert_eq!(read(&all), ["salt/job/1/new", "my", "mine", "other/x"]);
    }

    #[test]
    fn a_slow_reader_is_told_what_it_missed_and_others_are_not_held_up() {
        let bus = Bus::default();
        let slow = bus.subscribe(&globs(&["*"]), Room { messages: 2, bytes: 1_000 });
        let quick = bus.subscribe(&globs(&["*"]), Room::default());
        for number in 0..10 {
            bus.publish(&format!("t/{number}"), &Bytes::from_static(b"message"));
        }
        assert_eq!([topic(slow.next(SOON)), topic(slow.next(SOON))], ["t/0", "t/1"]);
        bus.publish("t/late", &Bytes::from_static(b"m"));
        assert_eq!(slow.next(SOON), Delivered::Missed(8));
        assert_eq!(topic(slow.next(SOON)), "t/late");
        assert_eq!(slow.next(Duration::ZERO), Delivered::Nothing);
        for number in 0..10 {
            assert_eq!(topic(quick.next(SOON)), format!("t/{number}"));
        }
    }

    #[test]
    fn bytes_are_bounded_but_one_message_always_fits() {
        let bus = Bus::default();
        let reader = bus.subscribe(&globs(&["*"]), Room { messages: 10, bytes: 4 });
        bus.publish("big", &Bytes::from_static(b"larger than the bound"));
        bus.publish("more", &Bytes::from_static(b"x"));
        assert_eq!(topic(reader.next(SOON)), "big");
        assert_eq!(reader.next(SOON), Delivered::Missed(1));
    }

    #[test]
    fn topics_can_change_and_end() {
        let bus = Bus::default();
        let reader = bus.subscribe(&globs(&["a/*"]), Room::default());
        reader.read_topics(&globs(&["b/*"]));
        bus.publish("a/1", &Bytes::new());
        bus.publish("b/1", &Bytes::new());
        assert_eq!(topic(reader.next(SOON)), "b/1");
        drop(reader);
        bus.publish("b/2", &Bytes::new());
        assert!(bus.hub.index.read().expect("is whole").by_first.is_empty());
    }
}
