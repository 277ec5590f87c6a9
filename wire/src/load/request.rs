//! Everything an accepted minion may ask.

use std::fmt;

use halite_core::{Map, Value};

use super::files::{FileRequest, Upload, saltenv};
use super::{Fields, Fun, LoadError, Return};
use halite_core::{Jid, SaltEnv};

/// A minion's request. There is no field for the sender's id: it comes with
/// [`crate::session::Authenticated`].
#[derive(Clone, PartialEq)]
pub enum MinionCommand {
    /// `_pillar`.
    Pillar(Box<PillarRequest>),
    /// `_return`.
    Return(Box<Return>),
    /// `_syndic_return`: returns of minions below a syndic, one map each.
    SyndicReturn(Vec<Map>),
    /// `_minion_event`.
    Events(Box<MinionEvents>),
    /// `_register_resources`.
    RegisterResources {
        /// Resource ids by type.
        resources: Map,
        /// Their grains.
        grains: Map,
    },
    /// `_mine`: store mine data.
    Mine {
        /// Values by function or alias.
        data: Map,
        /// Drop what was there before.
        clear: bool,
    },
    /// `_mine_marks`: only between our own peers.
    MineMarks,
    /// `_mine_get`.
    MineGet {
        /// Whose data.
        tgt: Value,
        /// How `tgt` is meant.
        tgt_type: Box<str>,
        /// Name or names of mine functions.
        fun: Fun,
    },
    /// `_mine_delete`.
    MineDelete {
        /// The function or alias.
        fun: Box<str>,
    },
    /// `_mine_flush`.
    MineFlush,
    /// `_master_opts`.
    MasterOpts {
        /// Only the four options about environments.
        env_only: bool,
    },
    /// `_master_tops`; what the minion says about itself stays unread except for these.
    MasterTops {
        /// Its options: ours sends few, Salt's all of them.
        opts: Map,
        /// Its grains.
        grains: Map,
    },
    /// `_file_envs`.
    FileEnvs,
    /// `_file_list`, `_dir_list`, `_file_list_emptydirs`, `_symlink_list`.
    FileList {
        /// Which list.
        what: Listing,
        /// Of which environment.
        saltenv: SaltEnv,
        /// Only paths that start with it.
        prefix: Box<str>,
    },
    /// `_file_find`.
    FileFind(FileRequest),
    /// `_file_hash`.
    FileHash(FileRequest),
    /// `_file_hash_and_stat`.
    FileHashAndStat(FileRequest),
    /// `_file_manifest`: only between our own peers.
    FileManifest {
        /// Of which environment.
        saltenv: SaltEnv,
        /// The mark of the manifest that the minion has.
        known: Box<str>,
    },
    /// `_serve_file`.
    ServeFile {
        /// The file.
        file: FileRequest,
        /// Byte to start at.
        loc: u64,
        /// Compression level, if the chunk may be compressed.
        gzip: Option<u64>,
    },
    /// `_file_recv`.
    FileRecv(Box<Upload>),
    /// `minion_pub`: publish and return at once.
    MinionPub(Box<PeerPublish>),
    /// `minion_publish`: publish and wait for the returns.
    MinionPublish(Box<PeerPublish>),
    /// `pub_ret`: the returns of an own publish.
    PubRet {
        /// Its job.
        jid: Jid,
    },
    /// `minion_runner`.
    MinionRunner {
        /// The runner.
        fun: Box<str>,
        /// Its arguments.
        arg: Vec<Value>,
        /// Seconds to wait.
        timeout: Option<u64>,
    },
    /// `revoke_auth`: forget this minion's key.
    RevokeAuth {
        /// Keep its cached data.
        preserve_minion_cache: bool,
    },
    /// `pub_auth`, `verify_minion` and whatever no master knows: answered with an empty map.
    Unknown,
    /// A known command whose load makes no sense. The minion has proved who it is, so it is answered under its
    /// session: a refusal would make it sign in again, to no avail.
    Malformed(LoadError),
}

/// The command that asks for hash and mode of all files of an environment at once. Salt's masters do not know it.
pub const FILE_MANIFEST: &str = "_file_manifest";
/// The question for the marks of what a minion has in the mine, which only our own masters answer.
pub const MINE_MARKS: &str = "_mine_marks";

/// The lists of the file server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Files.
    Files,
    /// Directories.
    Dirs,
    /// Directories without files.
    EmptyDirs,
    /// Links with their targets.
    Symlinks,
}

/// `_pillar`.
#[derive(Clone, PartialEq)]
pub struct PillarRequest {
    /// The minion's word about itself; `None` asks for nothing (an empty map is the answer).
    pub grains: Option<Map>,
    /// The environment of its states.
    pub saltenv: Option<SaltEnv>,
    /// The environment of its pillar.
    pub pillarenv: Option<SaltEnv>,
    /// Values laid over the result.
    pub pillar_override: Map,
    /// Further data for external pillars.
    pub extra_minion_data: Map,
    /// External pillars asked for by the minion; a master refuses what is not allowed by name.
    pub ext: Option<Value>,
    /// Compile anew whatever is cached.
    pub clean_cache: bool,
    /// Tell which of its values are secret: a Halite minion asks.
    pub secrets: bool,
}

/// `_minion_event`: one event whose data is the load, or a list.
#[derive(Clone, PartialEq)]
pub enum MinionEvents {
    /// One event.
    One {
        /// Its tag.
        tag: Box<str>,
        /// Its data: all fields of the request without nonce, time and token.
        load: Map,
    },
    /// Several, each under its tag, the first also under `pretag/tag`.
    Many {
        /// The prefix.
        pretag: Option<Box<str>>,
        /// Tag and data of each.
        events: Vec<(Box<str>, Value)>,
        /// The start event's grains.
        grains: Map,
    },
}

/// A publish on behalf of a minion, allowed by option `peer`.
#[derive(Clone, PartialEq)]
pub struct PeerPublish {
    /// What to run.
    pub fun: Fun,
    /// Its arguments.
    pub arg: Vec<Value>,
    /// Who is meant.
    pub tgt: Value,
    /// How `tgt` is meant.
    pub tgt_type: Box<str>,
    /// Returners.
    pub ret: Box<str>,
    /// Seconds to wait for returns.
    pub timeout: Option<u64>,
    /// `form`: `clean` or `full`.
    pub form: Box<str>,
    /// Names of arguments that stay text.
    pub no_parse: Vec<Value>,
}

/// The name only: fields may hold secrets.
impl fmt::Debug for MinionCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Nothing of the grains and the override.
impl fmt::Debug for PillarRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pillar request (saltenv {:?}, pillarenv {:?})", self.saltenv, self.pillarenv)
    }
}

/// The tags only.
impl fmt::Debug for MinionEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MinionEvents::One { tag, .. } => write!(f, "event {tag}"),
            MinionEvents::Many { events, .. } => {
                f.debug_list().entries(events.iter().map(|(tag, _)| tag)).finish()
            }
        }
    }
}

/// What and for whom, not the arguments.
impl fmt::Debug for PeerPublish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "publish of {:?} for {} {}", self.fun, self.tgt_type, self.tgt)
    }
}

impl MinionCommand {
    /// `cmd`, for logs and counters; empty for what is unknown or malformed.
    pub fn name(&self) -> &'static str {
        match self {
            MinionCommand::Pillar(_) => "_pillar",
            MinionCommand::Return(_) => "_return",
            MinionCommand::SyndicReturn(_) => "_syndic_return",
            MinionCommand::Events(_) => "_minion_event",
            MinionCommand::RegisterResources { .. } => "_register_resources",
            MinionCommand::Mine { .. } => "_mine",
            MinionCommand::MineMarks => MINE_MARKS,
            MinionCommand::MineGet { .. } => "_mine_get",
            MinionCommand::MineDelete { .. } => "_mine_delete",
            MinionCommand::MineFlush => "_mine_flush",
            MinionCommand::MasterOpts { .. } => "_master_opts",
            MinionCommand::MasterTops { .. } => "_master_tops",
            MinionCommand::FileEnvs => "_file_envs",
            MinionCommand::FileList { what: Listing::Files, .. } => "_file_list",
            MinionCommand::FileList { what: Listing::Dirs, .. } => "_dir_list",
            MinionCommand::FileList { what: Listing::EmptyDirs, .. } => "_file_list_emptydirs",
            MinionCommand::FileList { what: Listing::Symlinks, .. } => "_symlink_list",
            MinionCommand::FileFind(_) => "_file_find",
            MinionCommand::FileHash(_) => "_file_hash",
            MinionCommand::FileHashAndStat(_) => "_file_hash_and_stat",
            MinionCommand::FileManifest { .. } => FILE_MANIFEST,
            MinionCommand::ServeFile { .. } => "_serve_file",
            MinionCommand::FileRecv(_) => "_file_recv",
            MinionCommand::MinionPub(_) => "minion_pub",
            MinionCommand::MinionPublish(_) => "minion_publish",
            MinionCommand::PubRet { .. } => "pub_ret",
            MinionCommand::MinionRunner { .. } => "minion_runner",
            MinionCommand::RevokeAuth { .. } => "revoke_auth",
            MinionCommand::Unknown | MinionCommand::Malformed(_) => "",
        }
    }

    /// Reads a load whose `id`, `nonce`, `ts` and `tok` are taken already.
    pub(crate) fn parse(load: Map) -> MinionCommand {
        MinionCommand::checked(load).unwrap_or_else(MinionCommand::Malformed)
    }

    fn checked(load: Map) -> Result<MinionCommand, LoadError> {
        let cmd = match load.get("cmd") {
            Some(Value::Str(cmd)) => cmd.clone(),
            _ => return Ok(MinionCommand::Unknown),
        };
        // The whole load becomes the data of a single event, `cmd` included.
        if &*cmd == "_minion_event" {
            return Ok(MinionCommand::Events(Box::new(events(load)?)));
        }
        let mut fields = Fields::new(&cmd, load);
        fields.optional("cmd");
        MinionCommand::about_itself(&cmd, fields)
    }

    fn about_itself(cmd: &str, mut fields: Fields<'_>) -> Result<MinionCommand, LoadError> {
        Ok(match cmd {
            "_pillar" => MinionCommand::Pillar(Box::new(pillar(&mut fields)?)),
            "_return" => MinionCommand::Return(Box::new(Return::parse(fields)?)),
            "_syndic_return" => MinionCommand::SyndicReturn(syndic(&mut fields)?),
            "_register_resources" => MinionCommand::RegisterResources {
                resources: fields.map("resources")?,
                grains: fields.map("resource_grains")?,
            },
            "_mine" => {
                MinionCommand::Mine { data: fields.map("data")?, clear: fields.flag("clear") }
            }
            MINE_MARKS => MinionCommand::MineMarks,
            "_mine_get" => MinionCommand::MineGet {
                tgt: fields.required("tgt")?,
                tgt_type: tgt_type(&mut fields)?,
                fun: Fun::parse(&mut fields)?,
            },
            "_mine_delete" => MinionCommand::MineDelete { fun: fields.text("fun")? },
            "_mine_flush" => MinionCommand::MineFlush,
            "_master_opts" => MinionCommand::MasterOpts { env_only: fields.flag("env_only") },
            "_master_tops" => MinionCommand::MasterTops {
                opts: fields.map("opts")?,
                grains: fields.map("grains")?,
            },
            "minion_pub" => MinionCommand::MinionPub(Box::new(peer(&mut fields)?)),
            "minion_publish" => MinionCommand::MinionPublish(Box::new(peer(&mut fields)?)),
            "pub_ret" => MinionCommand::PubRet { jid: fields.jid("jid")? },
            "minion_runner" => MinionCommand::MinionRunner {
                fun: fields.text("fun")?,
                arg: fields.list("arg")?,
                timeout: fields.unsigned("tmo")?,
            },
            "revoke_auth" => MinionCommand::RevokeAuth {
                preserve_minion_cache: fields.flag("preserve_minion_cache"),
            },
            _ => return MinionCommand::about_files(cmd, fields),
        })
    }

    fn about_files(cmd: &str, mut fields: Fields<'_>) -> Result<MinionCommand, LoadError> {
        let what = match cmd {
            "_file_envs" => return Ok(MinionCommand::FileEnvs),
            "_file_find" => return FileRequest::parse(&mut fields).map(MinionCommand::FileFind),
            "_file_hash" => return FileRequest::parse(&mut fields).map(MinionCommand::FileHash),
            "_file_hash_and_stat" => {
                return FileRequest::parse(&mut fields).map(MinionCommand::FileHashAndStat);
            }
            FILE_MANIFEST => {
                let known = fields.optional_text("known")?.unwrap_or_default();
                return Ok(MinionCommand::FileManifest { saltenv: saltenv(&mut fields)?, known });
            }
            "_serve_file" => {
                return Ok(MinionCommand::ServeFile {
                    file: FileRequest::parse(&mut fields)?,
                    loc: fields.unsigned("loc")?.unwrap_or(0),
                    gzip: fields.unsigned("gzip")?,
                });
            }
            "_file_recv" => {
                return Ok(MinionCommand::FileRecv(Box::new(Upload::parse(&mut fields)?)));
            }
            "_file_list" => Listing::Files,
            "_dir_list" => Listing::Dirs,
            "_file_list_emptydirs" => Listing::EmptyDirs,
            "_symlink_list" => Listing::Symlinks,
            _ => return Ok(MinionCommand::Unknown),
        };
        let prefix = fields.optional_text("prefix")?.unwrap_or_default();
        Ok(MinionCommand::FileList { what, saltenv: saltenv(&mut fields)?, prefix })
    }
}

fn tgt_type(fields: &mut Fields<'_>) -> Result<Box<str>, LoadError> {
    Ok(fields.optional_text("tgt_type")?.unwrap_or_else(|| "glob".into()))
}

fn pillar(fields: &mut Fields<'_>) -> Result<PillarRequest, LoadError> {
    let grains = match fields.optional("grains") {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Map(grains)) => Some(std::sync::Arc::unwrap_or_clone(grains)),
        Some(_) => return Err(fields.error("grains", "must be a map")),
    };
    Ok(PillarRequest {
        grains,
        saltenv: fields.saltenv("saltenv")?,
        pillarenv: fields.saltenv("pillarenv")?,
        pillar_override: fields.map("pillar_override")?,
        extra_minion_data: fields.map("extra_minion_data")?,
        ext: fields.optional("ext"),
        clean_cache: fields.flag("clean_cache"),
        secrets: fields.flag(halite_core::secrets::WIRE_ASK),
    })
}

fn syndic(fields: &mut Fields<'_>) -> Result<Vec<Map>, LoadError> {
    let loads = match fields.required("load")? {
        Value::List(loads) => loads,
        single => vec![single].into(),
    };
    let maps: Option<Vec<Map>> = loads.iter().map(|load| load.as_map().cloned()).collect();
    maps.ok_or_else(|| fields.error("load", "must be a map or a list of maps"))
}

fn events(load: Map) -> Result<MinionEvents, LoadError> {
    if !load.contains_key("events") {
        let tag = match load.get("tag") {
            Some(Value::Str(tag)) => (&**tag).into(),
            _ => return Err(Fields::new("_minion_event", load).error("tag", "must be text")),
        };
        return Ok(MinionEvents::One { tag, load });
    }
    let mut fields = Fields::new("_minion_event", load);
    let mut events = Vec::new();
    for event in fields.list("events")? {
        let tag = event.get("tag").and_then(Value::as_str);
        let tag = tag.ok_or_else(|| fields.error("events", "holds an event without a tag"))?.into();
        // Data is the item's `data`, or the item.
        let data = event.get("data").cloned();
        events.push((tag, data.unwrap_or(event)));
    }
    Ok(MinionEvents::Many {
        pretag: fields.optional_text("pretag")?,
        events,
        grains: fields.map("grains")?,
    })
}

fn peer(fields: &mut Fields<'_>) -> Result<PeerPublish, LoadError> {
    let timeout = fields.unsigned("tmo")?;
    Ok(PeerPublish {
        fun: Fun::parse(fields)?,
        arg: fields.list("arg")?,
        tgt: fields.required("tgt")?,
        tgt_type: tgt_type(fields)?,
        ret: fields.optional_text("ret")?.unwrap_or_default(),
        timeout: timeout.or(fields.unsigned("timeout")?),
        form: fields.optional_text("form")?.unwrap_or_default(),
        no_parse: fields.list("no_parse")?,
    })
}
