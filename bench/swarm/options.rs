//! What the swarm is told.

use std::path::PathBuf;

use halite_core::MinionId;

/// A swarm of minions in one process
#[derive(clap::Parser, Debug)]
#[command(version)]
pub(crate) struct Options {
    /// How many minions
    #[arg(short = 'n', long, default_value_t = 1000)]
    pub(crate) count: usize,
    /// What their ids begin with
    #[arg(long, default_value = "swarm")]
    pub(crate) prefix: String,
    /// Host of the master
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) master: String,
    /// Port the master takes requests on
    #[arg(long, default_value_t = 4506)]
    pub(crate) ret_port: u16,
    /// Port the master publishes on; what the master says if it is not given
    #[arg(long)]
    pub(crate) publish_port: Option<u16>,
    /// Write the swarm's key for every id into this folder first (the master's pki_dir/minions)
    #[arg(long, value_name = "DIR")]
    pub(crate) accept_in: Option<PathBuf>,
    /// How many sign in at the same time
    #[arg(long, default_value_t = 50)]
    pub(crate) at_once: usize,
    /// Fire the start event, as minions do
    #[arg(long)]
    pub(crate) start_events: bool,
}

impl Options {
    /// The ids, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = halite_core::Result<MinionId>> + '_ {
        (0..self.count).map(|number| MinionId::parse(&format!("{}{number:05}", self.prefix)))
    }
}
