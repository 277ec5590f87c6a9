//! The pillar compiler: from top files, sls files and external pillars to one minion's data.
//!
//! The master compiles for the minions, `salt-call --local` for itself; both call [`compile`].

mod compile;
mod decrypt;
mod ext;
mod mask;
mod options;
mod repository;
mod sls;
pub mod sources;
mod top;
mod web;
mod within;

use std::sync::Arc;

use halite_core::registry::{ExecFn, Registry, StateFn};
use halite_core::services::PillarRequest;
use halite_core::{FileClient, JobState, Map, MinionId, Opts, Services, host};
use halite_render::TemplateEngine;

pub use compile::{compile, top_data, top_matches};
pub use mask::{MASK, mask};

/// How deep includes of pillar files may nest.
pub const INCLUDE_DEPTH_MAX: usize = 64;
/// How many pillar files one compile may render.
pub const SLS_FILES_MAX: usize = 10_000;

/// Whose pillar is compiled, and what for.
#[derive(Clone)]
pub struct Subject<'a> {
    /// The minion.
    pub id: &'a MinionId,
    /// Its grains.
    pub grains: &'a Arc<Map>,
    /// Environments, override and on-demand pillar asked for.
    pub request: &'a PillarRequest,
    /// What the minion hands to external pillars beside its grains (`pass_to_ext_pillars`).
    pub extra_minion_data: &'a Map,
    /// What an earlier compile in the same process left; Salt's masterless minion starts from it.
    /// Empty on a master.
    pub previous: &'a Arc<Map>,
}

/// What the compiler works with.
#[derive(Clone, Copy)]
pub struct Deps<'a> {
    /// The options of the program that compiles.
    pub opts: &'a Opts,
    /// Functions for `salt[..]` in pillar files.
    pub exec: &'a Registry<ExecFn>,
    /// State functions, which `sys.*` may be asked about.
    pub states: &'a Registry<StateFn>,
    /// The machine that compiles.
    pub host: &'a dyn host::Write,
    /// The template language.
    pub engine: &'a dyn TemplateEngine,
    /// The pillar roots.
    pub roots: &'a dyn FileClient,
    /// The file roots, for functions that templates call.
    pub files: &'a dyn FileClient,
    /// What surrounds the compiler.
    pub services: &'a dyn Services,
    /// The job that asked.
    pub job: &'a JobState,
}
