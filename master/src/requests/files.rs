//! The file server's commands and `_master_opts`: all read the disk, so all run on another thread.

use halite_core::SaltEnv;
use halite_wire::load::{FileRequest, Listing, Upload};

use super::Call;
use crate::core::{Core, Now};
use crate::work::Work;

/// What is asked of the file server.
#[derive(Clone, Debug)]
pub(crate) enum FileCommand {
    MasterOpts { env_only: bool },
    Envs,
    List { what: Listing, saltenv: SaltEnv, prefix: Box<str> },
    Find(FileRequest),
    Hash(FileRequest),
    HashAndStat(FileRequest),
    Manifest { saltenv: SaltEnv, known: Box<str>, asked: Now },
    Serve { file: FileRequest, loc: u64, gzip: Option<u64> },
}

impl Core {
    pub(super) fn files(&mut self, call: Call, command: FileCommand) {
        self.later(call, |seal| Work::File { seal, command });
    }

    pub(super) fn file_recv(&mut self, call: Call, upload: Box<Upload>) {
        if !self.settings.file_recv {
            tracing::warn!(who = %call.who, "A file is pushed, but file_recv is off");
            return self.answer(&call, &false.into());
        }
        self.later(call, |seal| Work::Receive { seal, upload });
    }
}
