//! The options that the core reads, parsed once.

use halite_core::target::Nodegroups;
use halite_core::{Map, Opts, Value};

use crate::limits;
use crate::user_keys::master_user;

/// Seconds between looks at the pki folder and the drop file.
const MAINTENANCE_SECONDS: i64 = 5;

/// How much may wait or be remembered: [`limits`], or less where a test wants to see the bounds reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// [`limits::WORK_WAITING`].
    pub(crate) work: usize,
    /// [`limits::STORE_WAITING`].
    pub(crate) store: usize,
    /// [`limits::STORE_BACKLOG`].
    pub(crate) backlog: usize,
    /// [`limits::JOBS_REMEMBERED`].
    pub(crate) jobs: usize,
    /// [`limits::WAITING_PUBLISHES`].
    pub(crate) syncs: usize,
    /// [`limits::PUBLISHES_WAITING`].
    pub(crate) publishes: usize,
    /// [`limits::REFUSED_ADDRESSES`].
    pub(crate) addresses: usize,
    /// [`limits::BATCHES_KEPT`].
    pub(crate) batches: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            work: limits::WORK_WAITING,
            store: limits::STORE_WAITING,
            backlog: limits::STORE_BACKLOG,
            jobs: limits::JOBS_REMEMBERED,
            syncs: limits::WAITING_PUBLISHES,
            publishes: limits::PUBLISHES_WAITING,
            addresses: limits::REFUSED_ADDRESSES,
            batches: limits::BATCHES_KEPT,
        }
    }
}

/// Parsed options.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What bounds the queues.
    pub(crate) bounds: Bounds,
    /// The master's own id, under which its runner functions stand in the job cache.
    pub(crate) id: String,
    /// The user the master runs as.
    pub(crate) user: String,
    /// `interface`, if it is one address: programs of this host connect from it.
    pub(crate) interface: Option<std::net::IpAddr>,
    /// `minimum_auth_version`.
    pub(crate) minimum_version: i64,
    /// `max_minions`; 0 is no limit.
    pub(crate) max_minions: usize,
    /// `publisher_acl`.
    pub(crate) publisher_acl: Map,
    /// `publisher_acl_blacklist`.
    pub(crate) blacklist: Map,
    /// `peer`.
    pub(crate) peer: Map,
    /// `peer_run`.
    pub(crate) peer_run: Map,
    /// `nodegroups`.
    pub(crate) nodegroups: Nodegroups,
    /// `minion_data_cache`.
    pub(crate) data_cache: bool,
    /// `job_cache`.
    pub(crate) job_cache: bool,
    /// `keep_jobs_seconds` in microseconds; `None` keeps for ever.
    pub(crate) keep_jobs_micros: Option<i64>,
    /// `keep_jobs_bytes`; `None` sets no limit.
    pub(crate) keep_jobs_bytes: Option<i64>,
    /// `loop_interval` in microseconds.
    pub(crate) loop_micros: i64,
    /// How often the pki folder is looked at, in microseconds.
    pub(crate) maintenance_micros: i64,
    /// `presence_events`.
    pub(crate) presence_events: bool,
    /// `ping_on_rotate`.
    pub(crate) ping_on_rotate: bool,
    /// `minion_data_cache_events`.
    pub(crate) data_cache_events: bool,
    /// `unique_jid`.
    pub(crate) unique_jid: bool,
    /// `sudo_acl`.
    pub(crate) sudo_acl: bool,
    /// `file_recv`.
    pub(crate) file_recv: bool,
    /// `allow_minion_key_revoke`.
    pub(crate) allow_revoke: bool,
    /// `mine_get`, if the option is set.
    pub(crate) mine_get: Option<Map>,
    /// `preserve_minion_cache`.
    pub(crate) preserve_cache: bool,
    /// `master_id`, if the option is set.
    pub(crate) master_id: Option<String>,
    /// `require_minion_sign_messages`.
    pub(crate) require_signed_returns: bool,
    /// `max_event_size`.
    pub(crate) event_bytes: usize,
    /// `minion_event_limit`: events of one minion within [`limits::EVENT_WINDOW`].
    pub(crate) events_per_window: u32,
    /// `drop_messages_signature_fail`, or signatures are asked for.
    pub(crate) drop_wrong_signatures: bool,
}

impl Settings {
    /// Reads the options.
    pub(crate) fn of(opts: &Opts) -> Settings {
        let truth = |name: &str, default: bool| opts.get(name).map_or(default, Value::truthy);
        let micros = |seconds: i64| seconds.saturating_mul(1_000_000);
        // The older option counts hours and wins when it was set alone.
        let keep = match (opts.get("keep_jobs_seconds"), opts.get("keep_jobs")) {
            (None, Some(hours)) => hours.as_i64().unwrap_or(24).saturating_mul(3_600),
            _ => opts.int("keep_jobs_seconds", 86_400),
        };
        let text = |name: &str| Some(opts.str(name).to_owned()).filter(|text| !text.is_empty());
        Settings {
            bounds: Bounds::default(),
            id: opts.str("id").to_owned(),
            user: master_user(opts),
            interface: opts.str("interface").parse().ok(),
            minimum_version: opts.int("minimum_auth_version", 3),
            max_minions: usize::try_from(opts.int("max_minions", 0)).unwrap_or(0),
            publisher_acl: opts.map("publisher_acl"),
            blacklist: opts.map("publisher_acl_blacklist"),
            peer: opts.map("peer"),
            peer_run: opts.map("peer_run"),
            nodegroups: nodegroups(&opts.map("nodegroups")),
            data_cache: truth("minion_data_cache", true),
            job_cache: truth("job_cache", true),
            keep_jobs_micros: (keep > 0).then(|| micros(keep)),
            keep_jobs_bytes: Some(opts.int("keep_jobs_bytes", 0)).filter(|bytes| *bytes > 0),
            loop_micros: micros(opts.int("loop_interval", 60).max(1)),
            maintenance_micros: micros(MAINTENANCE_SECONDS),
            presence_events: opts.bool("presence_events"),
            ping_on_rotate: opts.bool("ping_on_rotate"),
            data_cache_events: truth("minion_data_cache_events", true),
            unique_jid: opts.bool("unique_jid"),
            sudo_acl: opts.bool("sudo_acl"),
            file_recv: opts.bool("file_recv"),
            allow_revoke: truth("allow_minion_key_revoke", true),
            mine_get: opts.get("mine_get").map(|_| opts.map("mine_get")),
            preserve_cache: opts.bool("preserve_minion_cache"),
            master_id: text("master_id"),
            event_bytes: usize::try_from(opts.int("max_event_size", 0))
                .ok()
                .filter(|bytes| *bytes > 0)
                .unwrap_or(limits::EVENT_BYTES),
            events_per_window: u32::try_from(opts.int("minion_event_limit", 0))
                .ok()
                .filter(|events| *events > 0)
                .unwrap_or(limits::EVENTS_PER_WINDOW),
            require_signed_returns: opts.bool("require_minion_sign_messages"),
            drop_wrong_signatures: opts.bool("drop_messages_signature_fail")
                || opts.bool("require_minion_sign_messages"),
        }
    }
}

/// `nodegroups` as targets want them.
pub(crate) fn nodegroups(map: &Map) -> Nodegroups {
    map.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
}
