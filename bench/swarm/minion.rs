//! One minion of the swarm: sign in, subscribe, answer.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use halite_core::target::Known;
use halite_core::{MinionId, Value, map};
use halite_net::Endpoint;
use halite_net::zmtp::req::{ReqClient, ReqOptions};
use halite_net::zmtp::sub::{SubEvent, SubOptions, Subscriber};
use halite_wire::OsEntropy;
use halite_wire::crypto::RsaKey;
use halite_wire::load::{Fun, Return};
use halite_wire::session::MinionSession;
use halite_wire::signin::minion::{Accepted, Config, Outcome, SignIn};
use tokio::sync::SemaphorePermit;

use crate::shared::{Job, Shared, now_secs};

/// How long the master may take over one request.
const REQUEST_WAIT: Duration = Duration::from_secs(60);
/// The function at which a minion asks for its pillar.
const REFRESH: &str = "saltutil.refresh_pillar";
/// Pause between two sign-ins while the key is pending or the master is busy.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A signed-in minion's means.
struct Means {
    id: MinionId,
    requests: ReqClient,
    config: Config,
    session: MinionSession,
}

/// Lives until the swarm ends. `permit` is given back once the minion is subscribed.
pub(crate) async fn live(shared: Rc<Shared>, id: MinionId, permit: SemaphorePermit<'_>) {
    let options = ReqOptions { sockets_max: 1, ..ReqOptions::default() };
    let requests = ReqClient::new(shared.requests.clone(), options);
    let config = Config { offer_gcm: false, ..Config::new(id.clone()) };
    let (accepted, session) = sign_in(&shared, &requests, &config).await;
    let port = shared.publish_port.unwrap_or(accepted.publish_port);
    let options = SubOptions {
        identity: Bytes::copy_from_slice(id.as_str().as_bytes()),
        recon_default: Duration::from_millis(100),
        recon_max: Duration::from_millis(900),
        ..SubOptions::default()
    };
    let mut jobs = Subscriber::start(Endpoint::new(&shared.master, port), options);
    let mut means = Means { id, requests, config, session };
    let mut permit = Some(permit);
    while let Some(event) = jobs.next().await {
        match event {
            SubEvent::Connected { .. } => {
                if permit.take().is_some() {
                    if shared.start_events {
                        start_event(&means).await;
                    }
                    shared.one_ready();
                }
            }
            SubEvent::Message(frame) => take(&shared, &mut means, &frame).await,
            SubEvent::Disconnected { .. } | SubEvent::Unreachable { .. } => {}
        }
    }
}

/// Signs in, however long it takes.
async fn sign_in(
    shared: &Shared,
    requests: &ReqClient,
    config: &Config,
) -> (Box<Accepted>, MinionSession) {
    loop {
        let key = &*shared.key;
        let started = SignIn::start(config.clone(), key, now_secs(), &mut OsEntropy::new());
        if let Ok((signing, frame)) = started
            && let Ok(reply) = requests.request(Bytes::from(frame), REQUEST_WAIT).await
        {
            let (key, config) = (Arc::clone(&shared.key), config.clone());
            // RSA on all cores: a fleet has as many as it has hosts.
            let finish = move || finish(signing, &reply, &config, &key);
            if let Ok(Some((accepted, session))) = tokio::task::spawn_blocking(finish).await {
                shared.signed_in(&accepted);
                return (accepted, session);
            }
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

fn finish(
    signing: SignIn,
    reply: &[u8],
    config: &Config,
    key: &RsaKey,
) -> Option<(Box<Accepted>, MinionSession)> {
    let mut entropy = OsEntropy::new();
    let Outcome::Accepted(accepted) = signing.finish(reply, key, &mut entropy) else { return None };
    let session = MinionSession::new(config, &accepted, key, &mut entropy).ok()?;
    Some((accepted, session))
}

async fn start_event(means: &Means) {
    let data = format!("Minion {} started", means.id);
    let tag = format!("salt/minion/{}/start", means.id);
    let load = map! {"cmd" => "_minion_event", "pretag" => (), "tag" => tag, "data" => data};
    let sealed = means.session.seal_request(load, now_secs(), &mut OsEntropy::new());
    // A start event that is lost changes nothing for what is measured.
    let _ = means.requests.request(Bytes::from(sealed.frame), REQUEST_WAIT).await;
}

/// Asks for the pillar with grains as a host has them, and throws it away.
async fn fetch_pillar(means: &Means) {
    let id = means.id.as_str();
    let mut grains = map! {
        "id" => id, "host" => id, "serialnumber" => format!("serial of {id}"), "os" => "Debian",
        "os_family" => "Debian", "osmajorrelease" => 12, "num_cpus" => 4, "mem_total" => 16000,
    };
    for number in 0..60 {
        grains.insert(format!("grain{number}").into(), vec![format!("value {number}"); 3].into());
    }
    let load = map! {
        "cmd" => "_pillar", "grains" => grains, "saltenv" => (), "pillarenv" => (),
        "pillar_override" => map! {}, "extra_minion_data" => map! {}, "ver" => "2",
    };
    let sealed = means.session.seal_request(load, now_secs(), &mut OsEntropy::new());
    // One that fails is seen in the times.
    let _ = means.requests.request(Bytes::from(sealed.frame), REQUEST_WAIT).await;
}

/// Answers one packet; signs in again if it does not open.
async fn take(shared: &Shared, means: &mut Means, frame: &Bytes) {
    let job = match shared.open(frame) {
        Ok(job) => job,
        Err(()) => {
            let (_, session) = sign_in(shared, &means.requests, &means.config).await;
            means.session = session;
            shared.open(frame).unwrap_or(None)
        }
    };
    let Some(job) = job else { return };
    let who = Known { id: &means.id, grains: None, pillar: None };
    if !job.target.as_ref().is_some_and(|target| target.matches(&who)) {
        return;
    }
    if matches!(&job.load.fun, Fun::One(fun) if &**fun == REFRESH) {
        fetch_pillar(means).await;
    }
    let load = answer(&job).to_load();
    let sealed = means.session.seal_request(load, now_secs(), &mut OsEntropy::new());
    let reply = means.requests.request(Bytes::from(sealed.frame), REQUEST_WAIT).await;
    if reply.is_ok_and(|reply| means.session.open_reply(&reply, &sealed.nonce).is_ok()) {
        shared.returned();
    }
}

/// What the swarm can do.
fn answer(job: &Job) -> Return {
    let fun = job.load.fun.to_value();
    let name = fun.as_str().unwrap_or_default();
    let (ret, retcode) = match name {
        "test.ping" | REFRESH => (Value::Bool(true), 0),
        "test.echo" => (job.load.arg.first().cloned().unwrap_or_default(), 0),
        "saltutil.find_job" => (Value::from(map! {}), 0),
        other => (Value::from(format!("'{other}' is not available.")), 1),
    };
    Return {
        jid: Some(job.load.jid.clone()),
        fun: job.load.fun.clone(),
        fun_args: job.load.arg.clone().into(),
        ret,
        retcode: retcode.into(),
        success: (retcode == 0).into(),
        rest: map! {"user" => "root"},
    }
}
