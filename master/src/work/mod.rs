//! What takes time: RSA, files, the store, pillar, runners. Runs on threads of a bounded pool; gets plain data, gives
//! a reply and what the core is to know.

mod data;
mod file;
mod function;
mod job_files;
mod keys;
mod manifest;
mod pillar;
mod pillar_cache;
mod signin;

pub use job_files::folder as job_folder;

pub(crate) use manifest::Manifests;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use halite_core::target::Target;
use halite_core::{Map, MinionId, Opts, Value};
use halite_render::files::Roots;
use halite_wire::crypto::AesKey;
use halite_wire::error::{HANDLER_FAILED, bare};
use halite_wire::load::{AuthRequest, PillarRequest, Upload};
use halite_wire::session::{MasterSession, Opened};
use halite_wire::{Entropy, OsEntropy};

use crate::autosign::AutoSign;
use crate::core::{Done, Now, ReqId};
use crate::events::Event;
use crate::keys::{KeyStore, MasterKeys};
use crate::requests::FileCommand;
use crate::store::{Readers, Write};

pub(crate) use data::matching;
pub(crate) use pillar::PillarMachine;

/// How an answer to a minion is sealed.
pub(crate) struct Seal {
    /// What to answer to.
    pub(crate) req: ReqId,
    /// Seals.
    pub(crate) wire: MasterSession,
    /// The request.
    pub(crate) opened: Opened,
}

impl Seal {
    /// Who asks.
    pub(crate) fn who(&self) -> &MinionId {
        self.wire.id()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} for {:?}", self.wire, self.req)
    }
}

/// A search through mine data.
#[derive(Debug)]
pub(crate) struct MineQuery {
    pub(crate) target: Arc<Target>,
    pub(crate) sure: Vec<MinionId>,
    pub(crate) open: Vec<MinionId>,
    pub(crate) functions: Vec<String>,
    /// The result is by function, then by id.
    pub(crate) by_function: bool,
}

/// A runner or wheel function on request.
#[derive(Debug)]
pub(crate) struct Function {
    /// `runner` or `wheel`.
    pub(crate) kind: &'static str,
    pub(crate) fun: String,
    pub(crate) jid: String,
    pub(crate) user: String,
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Map,
}

/// One piece of work.
#[derive(Debug)]
pub(crate) enum Work {
    SignIn {
        req: ReqId,
        peer: SocketAddr,
        request: Box<AuthRequest>,
        version: i64,
        full: bool,
        aes: AesKey,
        now: Now,
    },
    Wake {
        id: MinionId,
    },
    Maintain,
    /// Removes what grew old.
    Clean,
    /// Writes a job's files for Salt's own clients, then answers.
    JobFiles {
        req: ReqId,
        reply: Bytes,
        jid: String,
        load: Map,
        minions: Vec<String>,
    },
    Target {
        ticket: u64,
        target: Arc<Target>,
        sure: Vec<MinionId>,
        open: Vec<MinionId>,
    },
    Pillar {
        seal: Seal,
        request: Box<PillarRequest>,
        now: Now,
    },
    File {
        seal: Seal,
        command: FileCommand,
    },
    Receive {
        seal: Seal,
        upload: Box<Upload>,
    },
    MineMarks {
        seal: Seal,
    },
    MineGet {
        seal: Seal,
        query: MineQuery,
    },
    Returns {
        seal: Seal,
        jid: String,
    },
    Revoke {
        seal: Seal,
        preserve_minion_cache: bool,
    },
    MinionRunner {
        seal: Seal,
        fun: String,
        arg: Vec<Value>,
    },
    Function {
        req: Option<ReqId>,
        function: Function,
    },
}

/// What the core is to know.
#[derive(Debug)]
pub(crate) enum News {
    Event(Event),
    Store(Write),
    SignedIn {
        peer: SocketAddr,
        session: Box<MasterSession>,
    },
    Woken {
        id: MinionId,
        session: Option<Box<MasterSession>>,
    },
    Accepted(BTreeSet<MinionId>),
    /// The same, read in this moment: nobody signed in meanwhile.
    AcceptedNow(BTreeSet<MinionId>),
    Targeted {
        ticket: u64,
        minions: Vec<MinionId>,
    },
    Rotate,
    Revoked(MinionId),
}

/// What the threads share; all of it is read only or locks for itself.
pub(crate) struct Shared {
    pub(crate) opts: Opts,
    pub(crate) keys: KeyStore,
    pub(crate) autosign: AutoSign,
    pub(crate) master: Arc<MasterKeys>,
    /// `master_sign_pubkey`: base64 of the signature of the own public key.
    pub(crate) pub_sig: Option<String>,
    pub(crate) readers: Readers,
    pub(crate) roots: Arc<Roots>,
    pub(crate) manifests: Manifests,
    pub(crate) pillar: PillarMachine,
}

/// What a piece of work gave: the reply, if it owes one, and the rest.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) reply: Option<(ReqId, Bytes)>,
    pub(crate) done: Done,
}

/// Does one piece of work. A panic inside is caught: the asker gets an answer and the master goes on.
pub(crate) fn run(work: Work, shared: &Shared, entropy: &mut dyn Entropy) -> Outcome {
    let (req, account) = work.owes();
    let function = work.is_function();
    let run = std::panic::AssertUnwindSafe(|| work.run(shared, entropy));
    let mut outcome = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        tracing::error!(?req, "A piece of work broke down; this is a defect of the master");
        Outcome::default()
    });
    if outcome.reply.is_none() {
        outcome.reply = req.map(|req| (req, Bytes::from(bare(HANDLER_FAILED))));
    }
    outcome.done.account = account;
    outcome.done.function = function;
    outcome
}

impl Work {
    /// Whether it may take as long as it likes: it gets a thread of its own and does not hold up the others.
    pub(crate) fn is_function(&self) -> bool {
        matches!(self, Work::Function { .. } | Work::MinionRunner { .. })
    }

    /// Which request waits for it, and on whose account it runs.
    fn owes(&self) -> (Option<ReqId>, Option<MinionId>) {
        match self {
            Work::SignIn { req, .. } | Work::JobFiles { req, .. } => (Some(*req), None),
            Work::Function { req, .. } => (*req, None),
            Work::Wake { .. } | Work::Maintain | Work::Clean | Work::Target { .. } => (None, None),
            Work::Pillar { seal, .. }
            | Work::File { seal, .. }
            | Work::Receive { seal, .. }
            | Work::MineMarks { seal }
            | Work::MineGet { seal, .. }
            | Work::Returns { seal, .. }
            | Work::Revoke { seal, .. }
            | Work::MinionRunner { seal, .. } => (Some(seal.req), Some(seal.who().clone())),
        }
    }

    fn run(self, shared: &Shared, entropy: &mut dyn Entropy) -> Outcome {
        match self {
            Work::SignIn { .. } => signin::sign_in(self, shared, entropy),
            Work::Wake { id } => signin::wake(id, shared),
            Work::Maintain => keys::maintain(shared),
            Work::Clean => {
                job_files::prune(&shared.opts);
                Outcome::default()
            }
            Work::JobFiles { req, reply, jid, load, minions } => {
                job_files::keep((req, reply), &jid, &load, &minions, shared)
            }
            Work::Target { ticket, target, sure, open } => {
                data::target(ticket, &target, sure, &open, shared)
            }
            Work::Pillar { seal, request, now } => pillar::compile(&seal, *request, now, shared),
            Work::File { seal, command } => file::serve(&seal, command, shared),
            Work::Receive { seal, upload } => file::receive(&seal, &upload, shared),
            Work::MineMarks { seal } => data::mine_marks(&seal, shared),
            Work::MineGet { seal, query } => data::mine_get(&seal, &query, shared),
            Work::Returns { seal, jid } => data::returns(&seal, &jid, shared),
            Work::Revoke { seal, preserve_minion_cache } => {
                keys::revoke(&seal, preserve_minion_cache, shared)
            }
            Work::MinionRunner { seal, fun, arg } => function::for_minion(&seal, fun, arg, shared),
            Work::Function { req, function } => function::run(req, function, shared),
        }
    }
}

/// The sealed answer of `value`.
pub(crate) fn answer(seal: &Seal, value: &Value) -> Outcome {
    let frame = seal.wire.seal_reply(value, &seal.opened.nonce, &mut OsEntropy::new());
    Outcome { reply: Some((seal.req, Bytes::from(frame))), ..Outcome::default() }
}

/// The sealed answer of what `result` holds; a failure is logged and answered as `otherwise`.
pub(crate) fn answer_or(
    seal: &Seal,
    result: halite_core::Result<Value>,
    otherwise: &Value,
) -> Outcome {
    match result {
        Ok(value) => answer(seal, &value),
        Err(error) => {
            tracing::error!(who = %seal.who(), %error, "A request could not be served");
            answer(seal, otherwise)
        }
    }
}
