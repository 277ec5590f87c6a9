//! Every bound the master keeps, by name and unit. The wire and the sockets have their own.

use std::time::Duration;

/// Pieces of blocking work (sign-in, files, pillar, targets) that may wait for a free thread.
pub const WORK_WAITING: usize = 4_096;
/// Threads for blocking work at most, whatever `worker_threads` asks for.
pub const WORK_THREADS: usize = 64;
/// Pieces of blocking work that one minion may have waiting or running.
pub const WORK_PER_MINION: usize = 8;
/// Writes that may wait for the store before senders are held back.
pub const STORE_WAITING: usize = 16_384;
/// Writes on their way to a store that cannot write: returns are refused long before; what else is to be kept is
/// left out beyond it.
pub const STORE_BACKLOG: usize = 2 * STORE_WAITING;
/// Writes in one transaction of the store.
pub const STORE_BATCH: usize = 1_024;
/// How long the store gathers writes into one transaction.
pub const STORE_GATHER: Duration = Duration::from_millis(5);
/// Jobs whose targets are kept in memory, to know who may return what.
pub const JOBS_REMEMBERED: usize = 2_048;
/// Events from one minion within [`EVENT_WINDOW`]; more are dropped and counted.
pub const EVENTS_PER_WINDOW: u32 = 2_000;
/// The window of [`EVENTS_PER_WINDOW`].
pub const EVENT_WINDOW: Duration = Duration::from_secs(10);
/// Largest event body on the bus, bytes. Salt: `max_event_size`.
pub const EVENT_BYTES: usize = 1_048_576;
/// Longest event tag, bytes.
pub const TAG_BYTES: usize = 1_024;
/// Pending keys kept; beyond it a new minion is answered "full". An outsider can make no more files.
pub const PENDING_KEYS: usize = 10_000;
/// Largest file that holds a public key, bytes.
pub const KEY_FILE_BYTES: u64 = 16 * 1024;
/// Largest file of the autosign kind that is read, bytes.
pub const AUTOSIGN_FILE_BYTES: u64 = 1_048_576;
/// A piece of a served file, bytes, before compression. Salt: `file_buffer_size`.
pub const FILE_CHUNK_BYTES: usize = 1_048_576;
/// Addresses remembered so that each is named once in the log when its requests are refused.
pub const REFUSED_ADDRESSES: usize = 1_024;
/// How long a stop waits for work that runs, where `halite_grace_secs` says nothing.
pub const STOP_GRACE: Duration = Duration::from_secs(10);
/// How long a stop may wait at most.
pub const STOP_GRACE_MOST: Duration = Duration::from_secs(3_600);
/// How often the owner looks at the clock when nothing happens.
pub const TICK: Duration = Duration::from_secs(1);
/// Least time between two looks at the folder of accepted keys because of a request.
pub const ACCEPTED_LOOK: Duration = Duration::from_millis(1);
/// How long to wait after a listing of that folder, as a multiple of the time it took.
pub const ACCEPTED_REST: u32 = 20;
/// Most time between two such listings: of a large fleet one takes milliseconds.
pub const ACCEPTED_LIST: Duration = Duration::from_millis(500);
/// A folder whose stamp is older than this does not change any more without another stamp.
pub const STAMP_SETTLED: Duration = Duration::from_millis(100);
/// Batches of command lines whose state is kept.
pub const BATCHES_KEPT: usize = 256;
/// Publishes, and new keys for them, that may wait to be sealed and signed; beyond it a publish is refused.
pub const PUBLISHES_WAITING: usize = 1_024;
/// Functions in one multi-function job.
pub const FUNCTIONS_PER_JOB: usize = 64;
/// Minions that may hold a waiting synchronous publish (`minion_publish`) at a time.
pub const WAITING_PUBLISHES: usize = 256;
/// Runner functions that may run at a time on requests.
pub const RUNNERS: usize = 32;
/// Largest journal of an orchestration that is read back, bytes.
pub const JOURNAL_BYTES: u64 = 256 * 1_048_576;
/// Threads of a batch within an orchestration; larger batches go part by part.
pub const BATCH_THREADS: usize = 32;
/// Runners that one `salt.parallel_runners` may run.
pub const PARALLEL_RUNNERS: usize = 64;
/// Jobs and events of the reactor and of engines that may wait for the owner task.
pub const ASKS_WAITING: usize = 4_096;
/// Things that are handed to returners at once.
pub const SINKS_BATCH: usize = 500;
/// Jobs and returns that may wait for the configured returners.
pub const SINKS_WAITING: usize = 16_384;
/// Events that Thorium takes in one look.
pub const THORIUM_EVENTS: usize = 10_000;
/// Registers of Thorium.
pub const THORIUM_REGISTERS: usize = 1_000;
/// Values in one register of Thorium.
pub const THORIUM_VALUES: usize = 10_000;
/// All registers of Thorium together, bytes.
pub const THORIUM_BYTES: usize = 64 * 1_048_576;
/// Names of timers, and minions whose keys are watched for `key.timeout`.
pub const THORIUM_TIMERS: usize = 100_000;
/// Files below `thorium_roots` that are looked at for changes.
pub const THORIUM_FILES: usize = 10_000;
/// Runner and wheel functions of Thorium that run at a time.
pub const THORIUM_WORKERS: usize = 10;
/// Runner and wheel functions of Thorium that may wait.
pub const THORIUM_WAITING: usize = 1_000;
