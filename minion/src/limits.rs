//! Every bound of the minion, by name and unit.

/// Requests to the master that wait for a session or for a free place, or are on their way.
pub const ASKS_WAITING: usize = 1024;
/// Requests to the master on their way at one time.
pub const ASKS_IN_FLIGHT: usize = 16;
/// Returns on their way at one time.
pub const RETURNS_IN_FLIGHT: usize = 4;
/// Time between a job and its return to a real Salt master at least, in milliseconds; see
/// `core/returns.rs`. Real minions need 100 to 300 there, and the command line half a second.
pub const FOREIGN_RETURN_MS: u64 = 100;
/// Publishes kept while a sign-in for their key is under way.
pub const PACKETS_HELD: usize = 100;
/// Jobs that wait for the minion to be ready, or for a free worker.
pub const JOBS_WAITING: usize = 1000;
/// Jobs at one time where `process_count_max` sets none.
pub const JOBS_RUNNING: usize = 64;
/// Further jobs of [`URGENT`] functions, which are let past those.
pub const URGENT_RUNNING: usize = 16;
/// Functions by which a master looks after jobs: behind busy workers they would make the minion look
/// dead.
pub const URGENT: &[&str] = &[
    "saltutil.find_job",
    "saltutil.is_running",
    "saltutil.kill_all_jobs",
    "saltutil.kill_job",
    "saltutil.running",
    "saltutil.signal_job",
    "saltutil.term_all_jobs",
    "saltutil.term_job",
    "test.ping",
];
/// Time without the master's publisher after which the next of several masters is tried, in
/// milliseconds; `master_alive_interval` overrules it.
pub const FAILOVER_MS: u64 = 30_000;
/// Returns kept on disk; beyond it the oldest is dropped.
pub const SPOOL_RETURNS: usize = 1000;
/// Returns kept in memory because the disk did not take them; of one more nothing is left if the master is away.
pub const RETURNS_IN_MEMORY: usize = 64;
/// A return that the master has not taken after so long is made to outlive a power cut, in milliseconds.
pub const RETURN_SYNC_MS: u64 = 500;
/// Returns kept that the master refuses for good, or that cannot be read; the oldest makes room.
pub const RETURNS_REFUSED: usize = 100;
/// Threads at one time that do what events of local tools ask for; of further events nothing comes.
pub const EVENT_THREADS: usize = 32;
/// How often a return is offered that the master refuses although the session is good.
pub const RETURN_REFUSALS: u32 = 3;
/// Job ids remembered at most, whatever `minion_jid_queue_hwm` says.
pub const JIDS_REMEMBERED: usize = 10_000;
/// Least time between two sign-ins that unreadable publishes cause, in milliseconds.
pub const RESIGN_PAUSE_MS: u64 = 5_000;
/// Time a request takes at most while no session comes about, in milliseconds.
pub const ASK_PATIENCE_MS: u64 = 180_000;
/// Stack of a worker thread, in bytes: state trees nest deeply. Only touched pages count.
pub const WORKER_STACK_BYTES: usize = 16 * 1024 * 1024;
/// Inputs that wait for the owner task.
pub const INPUTS_WAITING: usize = 4096;
/// Time running jobs get at a stop before they are cancelled where `halite_grace_secs` says
/// nothing, in seconds.
pub const STOP_GRACE_SECS: f64 = 5.0;
/// That time at most, in seconds.
pub const STOP_GRACE_MOST_SECS: f64 = 3_600.0;
/// Time cancelled jobs and unsent returns get after that, in seconds.
pub const STOP_FLUSH_SECS: u64 = 3;
/// Largest file the remote client takes, in bytes.
pub const FILE_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// Events of paths, or lines of a command, that wait for one beacon.
pub const BEACON_QUEUE: usize = 10_000;
/// Longest line of a command that a beacon reads, in bytes.
pub const BEACON_LINE_BYTES: usize = 1024 * 1024;
/// Processes whose end beacons wait for.
pub const BEACON_PROCESSES: usize = 4096;
/// Events a second of one beacon where `rate_limit` sets no other figure.
pub const BEACON_EVENTS_PER_SEC: usize = 1000;
/// Least time between two rounds of beacons and schedule, in milliseconds.
pub const BEACON_ROUND_MS_MIN: u64 = 10;
/// Commands to the beacons and the schedule that wait.
pub const KEEPER_ORDERS: usize = 256;
/// Time the beacons and the schedule get to end at a stop, in milliseconds.
pub const KEEPER_STOP_MS: u64 = 300;
/// Pause between two attempts to hand something to a returner that did not take it.
pub const RETURNER_RETRY_SECS: u64 = 10;
