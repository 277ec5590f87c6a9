//! One file per command. A handler gets who asked, proven, and typed fields; it answers at once or hands the answer
//! to work on another thread. Every request is answered exactly once.

mod auth;
mod event;
mod files;
mod local;
mod mine;
mod peer;
mod pillar;
mod ret;

use std::net::SocketAddr;

use bytes::Bytes;
use halite_core::{Map, MinionId, Value};
use halite_wire::Nonce;
use halite_wire::error::{HANDLER_FAILED, bare};
use halite_wire::load::MinionCommand;
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{MasterSession, Opened, ReplayPolicy};

use crate::core::{Core, ReqId};
use crate::limits;
use crate::work::{Seal, Work};

pub(crate) use files::FileCommand;

/// The unsealed reply to a local program.
pub(crate) fn clear_reply(value: &Value) -> Bytes {
    Bytes::from(msgpack::encode(value, Dialect::Network))
}

/// A command with its sender, on its way to a handler.
pub(crate) struct Call {
    /// What to answer to.
    pub(crate) req: ReqId,
    /// Who asks; proven.
    pub(crate) who: MinionId,
    /// What the answer carries.
    pub(crate) nonce: Nonce,
    /// The request as it was opened, for answers that are sealed in another way.
    pub(crate) opened: Opened,
}

impl Core {
    /// Hands a command to its handler.
    pub(crate) fn command(&mut self, req: ReqId, peer: SocketAddr, opened: Opened) {
        let (who, command) = opened.request.clone().into_parts();
        let call = Call { req, who, nonce: opened.nonce.clone(), opened };
        if self.durable.is_full() && writes(&command) {
            // Not "bad load": the request is fine, so nobody is to sign in again or to give up.
            self.refused.note(peer.ip(), &"the store is behind; the minion is to ask again");
            return self.reply(req, bare(HANDLER_FAILED));
        }
        match command {
            MinionCommand::Return(ret) => self.minion_return(&call, *ret),
            MinionCommand::Events(events) => self.minion_events(&call, *events),
            MinionCommand::Pillar(request) => self.pillar(call, *request),
            MinionCommand::Mine { data, clear } => self.mine(&call, data, clear),
            MinionCommand::MineMarks => self.later(call, |seal| Work::MineMarks { seal }),
            MinionCommand::MineGet { tgt, tgt_type, fun } => {
                self.mine_get(call, tgt, &tgt_type, &fun)
            }
            MinionCommand::MineDelete { fun } => self.mine_delete(&call, &fun),
            MinionCommand::MineFlush => self.mine_flush(&call),
            MinionCommand::RegisterResources { resources, grains } => {
                self.register_resources(&call, resources, grains);
            }
            MinionCommand::MasterOpts { env_only } => {
                self.files(call, FileCommand::MasterOpts { env_only });
            }
            MinionCommand::MasterTops { .. } => self.answer(&call, &Map::new().into()),
            MinionCommand::FileEnvs => self.files(call, FileCommand::Envs),
            MinionCommand::FileList { what, saltenv, prefix } => {
                self.files(call, FileCommand::List { what, saltenv, prefix });
            }
            MinionCommand::FileFind(file) => self.files(call, FileCommand::Find(file)),
            MinionCommand::FileHash(file) => self.files(call, FileCommand::Hash(file)),
            MinionCommand::FileHashAndStat(file) => {
                self.files(call, FileCommand::HashAndStat(file))
            }
            MinionCommand::FileManifest { saltenv, known } => {
                let asked = self.now;
                self.files(call, FileCommand::Manifest { saltenv, known, asked });
            }
            MinionCommand::ServeFile { file, loc, gzip } => {
                self.files(call, FileCommand::Serve { file, loc, gzip });
            }
            MinionCommand::FileRecv(upload) => self.file_recv(call, upload),
            MinionCommand::MinionPub(publish) => self.minion_pub(call, *publish, false),
            MinionCommand::MinionPublish(publish) => self.minion_pub(call, *publish, true),
            MinionCommand::PubRet { jid } => self.pub_ret(call, &jid),
            MinionCommand::MinionRunner { fun, arg, timeout } => {
                self.minion_runner(call, &fun, arg, timeout);
            }
            MinionCommand::RevokeAuth { preserve_minion_cache } => {
                self.revoke_auth(call, preserve_minion_cache);
            }
            // Syndics are not served by this master.
            MinionCommand::SyndicReturn(_) => self.answer(&call, &Value::Null),
            MinionCommand::Unknown => self.answer(&call, &Map::new().into()),
            MinionCommand::Malformed(why) => {
                self.refused.note(peer.ip(), &format_args!("{}: {why}", call.who));
                // Salt: `AESFuncs` answers so.
                let answer = if why.cmd == "_file_recv" { false.into() } else { Map::new().into() };
                self.answer(&call, &answer);
            }
        }
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, call: &Call, value: &Value) {
        self.answer_minion(call.req, &call.who, &call.nonce, value);
    }

    /// Answers a request of `who`; if its session ended meanwhile, with a refusal.
    pub(crate) fn answer_minion(
        &mut self,
        req: ReqId,
        who: &MinionId,
        nonce: &Nonce,
        value: &Value,
    ) {
        let sealed = self.sealed_for(who, nonce, value);
        self.reply(req, sealed);
    }

    /// The frame of that answer.
    pub(crate) fn sealed_for(&mut self, who: &MinionId, nonce: &Nonce, value: &Value) -> Bytes {
        Bytes::from(match self.sessions.get(who) {
            Some(session) => session.wire.seal_reply(value, nonce, &mut *self.entropy),
            None => bare(halite_wire::error::BAD_LOAD),
        })
    }

    /// Hands the answer to another thread; a minion that has too much waiting, or a master that has, refuses.
    pub(crate) fn later(&mut self, call: Call, work: impl FnOnce(Seal) -> Work) {
        let Some(seal) = self.seal_for(&call) else {
            return self.reply(call.req, bare(halite_wire::error::BAD_LOAD));
        };
        let who = call.who;
        if !self.work(work(seal)) {
            return self.reply(call.req, bare(HANDLER_FAILED));
        }
        if let Some(session) = self.sessions.get_mut(&who) {
            session.working += 1;
        }
    }

    fn seal_for(&self, call: &Call) -> Option<Seal> {
        let session = self.sessions.get(&call.who)?;
        if session.working >= limits::WORK_PER_MINION {
            return None;
        }
        // The copy only seals: it never opens a request, so it needs no memory of nonces.
        let (public, keys) = (session.wire.public().clone(), session.wire.keys().clone());
        let wire = MasterSession::new(call.who.clone(), public, keys, ReplayPolicy::SALT_PEER);
        Some(Seal { req: call.req, wire, opened: call.opened.clone() })
    }
}

/// Whether a command fills the store.
fn writes(command: &MinionCommand) -> bool {
    matches!(
        command,
        MinionCommand::Return(_)
            | MinionCommand::SyndicReturn(_)
            | MinionCommand::Mine { .. }
            | MinionCommand::RegisterResources { .. }
            | MinionCommand::Pillar(_)
    )
}
