//! What the core takes of the configuration, with types and units.

use halite_core::{Error, Map, MinionId, Opts, Result, Value};
use halite_wire::crypto::{EncAlgo, HashType, PublicKey, SigAlgo};
use halite_wire::session::PublishPolicy;
use halite_wire::signin::minion::Config;

use crate::limits;

/// A master's request port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port of requests.
    pub port: u16,
}

/// How much may wait: [`limits`], or less where a test wants to see the bounds reached.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// [`limits::ASKS_WAITING`].
    pub asks: usize,
    /// [`limits::ASKS_IN_FLIGHT`].
    pub asks_in_flight: usize,
    /// [`limits::SPOOL_RETURNS`].
    pub returns: usize,
    /// [`limits::RETURNS_IN_FLIGHT`].
    pub returns_in_flight: usize,
    /// [`limits::RETURNS_IN_MEMORY`].
    pub returns_in_memory: usize,
    /// [`limits::PACKETS_HELD`].
    pub packets: usize,
    /// [`limits::JOBS_WAITING`].
    pub jobs: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            asks: limits::ASKS_WAITING,
            asks_in_flight: limits::ASKS_IN_FLIGHT,
            returns: limits::SPOOL_RETURNS,
            returns_in_flight: limits::RETURNS_IN_FLIGHT,
            returns_in_memory: limits::RETURNS_IN_MEMORY,
            packets: limits::PACKETS_HELD,
            jobs: limits::JOBS_WAITING,
        }
    }
}

/// The core's configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that holds the key that signs master keys, by name.
    pub sign_key: String,
    /// What bounds the queues.
    pub bounds: Bounds,
    /// Everything a sign-in needs but the pinned key.
    pub signin: Config,
    /// The masters, tried in this order.
    pub masters: Vec<Address>,
    /// The publish port, if it is fixed here.
    pub publish_port: Option<u16>,
    /// What publishes must be.
    pub policy: PublishPolicy,
    /// Requests are signed with the minion's key: `minion_sign_messages`.
    pub sign: bool,
    /// It is `salt-call`: no subscription, and a pending key ends it.
    pub caller: bool,
    /// Wait for the answer to a sign-in, ms.
    pub auth_timeout_ms: u64,
    /// Time without the master's publisher after which the next of several masters is tried, ms.
    pub failover_ms: u64,
    /// Failed sign-ins after which the next master is tried.
    pub auth_tries: u32,
    /// Wait while the key is pending, ms.
    pub acceptance_wait_ms: u64,
    /// The same wait at most, ms; it grows from attempt to attempt up to it. 0: it does not grow.
    pub acceptance_wait_max_ms: u64,
    /// Stay when the key is rejected.
    pub rejected_retry: bool,
    /// Random wait before a new attempt at most, ms.
    pub reauth_delay_ms: u64,
    /// Wait for the answer to a request, ms.
    pub request_timeout_ms: u64,
    /// How often a request is sent.
    pub request_tries: u32,
    /// Wait before a return is sent again, least and most, ms.
    pub return_retry_ms: (u64, u64),
    /// Attempts with that wait; afterwards it is longer.
    pub return_tries: u32,
    /// Job ids remembered.
    pub jids: usize,
    /// Random wait before the first sign-in at most, ms.
    pub startup_delay_ms: u64,
    /// How often all masters are tried before the process gives up; `None` is for ever.
    pub master_tries: Option<u32>,
}

impl Settings {
    /// Reads the options.
    ///
    /// # Errors
    /// Names the option that cannot be used.
    pub fn from_opts(opts: &Opts) -> Result<Settings> {
        let ms = |name: &str, default: f64| (opts.float(name, default).max(0.0) * 1000.0) as u64;
        let count = |name: &str, least: i64, default: i64| {
            u32::try_from(opts.int(name, default).max(least)).unwrap_or(u32::MAX)
        };
        let retry = ms("return_retry_timer", 5.0);
        let publish = opts.int("publish_port", 0);
        Ok(Settings {
            sign_key: sign_key(opts),
            bounds: Bounds::default(),
            signin: signin(opts)?,
            masters: masters(opts)?,
            publish_port: u16::try_from(publish).ok().filter(|port| !matches!(port, 0 | 4506)),
            policy: PublishPolicy {
                require_signature: opts.bool("sign_pub_messages"),
                require_serial: true,
            },
            sign: opts.bool("minion_sign_messages"),
            caller: opts.bool("caller"),
            auth_timeout_ms: ms("auth_timeout", 5.0).max(1000),
            failover_ms: match ms("master_alive_interval", 0.0) {
                0 => limits::FAILOVER_MS,
                interval => interval,
            },
            auth_tries: count("auth_tries", 1, 7),
            acceptance_wait_ms: ms("acceptance_wait_time", 10.0).max(100),
            acceptance_wait_max_ms: ms("acceptance_wait_time_max", 0.0),
            rejected_retry: opts.bool("rejected_retry"),
            reauth_delay_ms: ms("random_reauth_delay", 10.0),
            request_timeout_ms: ms("request_channel_timeout", 60.0).max(1000),
            request_tries: count("request_channel_tries", 1, 3),
            return_retry_ms: (retry, ms("return_retry_timer_max", 10.0).max(retry)),
            return_tries: count("return_retry_tries", 1, 3),
            jids: opts.int("minion_jid_queue_hwm", 100).clamp(1, 10_000) as usize,
            startup_delay_ms: ms("random_startup_delay", 0.0),
            master_tries: u32::try_from(opts.int("master_tries", -1)).ok().filter(|n| *n > 0),
        })
    }
}

fn signin(opts: &Opts) -> Result<Config> {
    let bad = |option: &str| {
        Error::execution(format!("option `{option}`: `{}` is not known", opts.str(option)))
    };
    let mut config = Config::new(MinionId::parse(opts.str("id"))?);
    if !opts.str("encryption_algorithm").is_empty() {
        config.enc_algo = EncAlgo::parse(opts.str("encryption_algorithm"))
            .ok_or_else(|| bad("encryption_algorithm"))?;
    }
    if !opts.str("signing_algorithm").is_empty() {
        config.sig_algo = SigAlgo::parse(opts.str("signing_algorithm"))
            .ok_or_else(|| bad("signing_algorithm"))?;
    }
    config.offer_gcm = opts.get("halite_gcm").is_none_or(Value::truthy);
    config.hash_type = HashType::parse(opts.str("hash_type")).unwrap_or_default();
    config.master_finger = Some(opts.str("master_finger").to_owned()).filter(|f| !f.is_empty());
    if opts.bool("verify_master_pubkey_sign") {
        let path = opts.path("pki_dir").join(sign_key(opts));
        let pem = std::fs::read_to_string(&path)
            .map_err(|error| Error::file("read the signing key", &path, error))?;
        let key = PublicKey::parse(&pem)
            .map_err(|error| Error::execution(format!("{}: {error}", path.display())))?;
        config.master_sign = Some(key);
    }
    Ok(config)
}

/// The name of the file of the key that signs master keys.
fn sign_key(opts: &Opts) -> String {
    match opts.str("master_sign_key_name") {
        "" => "master_sign.pub".into(),
        name => format!("{name}.pub"),
    }
}

/// Grains named by `autosign_grains`, as the master compares them.
pub(crate) fn autosign(opts: &Opts, grains: &Map) -> Map {
    let names = opts.list("autosign_grains");
    names
        .iter()
        .filter_map(|name| Some((Value::str(name), grains.get(name.as_str())?.clone())))
        .collect()
}

/// `master`: one or several, each with its own port if it names one.
fn masters(opts: &Opts) -> Result<Vec<Address>> {
    let port = opts.get("master_port").and_then(|port| match port {
        Value::Str(text) => text.parse().ok(),
        other => other.as_i64().and_then(|port| u16::try_from(port).ok()),
    });
    let port = port.unwrap_or(4506);
    let mut masters = Vec::new();
    for text in opts.list("master") {
        let endpoint = halite_net::Endpoint::parse_or(text.trim(), port)
            .map_err(|error| Error::execution(format!("option `master`: {error}")))?;
        masters.push(Address { host: endpoint.host, port: endpoint.port });
    }
    if masters.is_empty() {
        return Err(Error::execution("option `master` names no master"));
    }
    Ok(masters)
}
