//! The words of Halite. Each module is one of them; none opens a socket, none knows a runtime.

// The derive macros write `::halite_core::...`; inside this crate that name must exist too.
extern crate self as halite_core;

pub mod aggregate;
pub mod args;
pub mod beacon;
pub mod context;
pub mod dates;
pub mod dictupdate;
pub mod diff;
pub mod edit;
pub mod error;
pub mod files;
pub mod glob;
pub mod grain_reads;
pub mod host;
pub mod ids;
pub mod limits;
pub mod mask;
pub mod opts;
pub mod outside;
pub mod pyre;
pub mod registry;
pub mod returner;
pub mod schedule;
pub mod secrets;
pub mod services;
pub mod signature;
pub mod ssh;
pub mod state_return;
pub mod target;
pub mod text;
pub mod url;
pub mod value;

/// The version of Salt whose behaviour, files and wire this is: formulas compare `saltversion` with it.
pub const SALT_VERSION: &str = "3008.3";

pub use args::{Args, Bound};
pub use beacon::{Beacon, BeaconConfig, BeaconModule, Seen, Watch};
pub use context::{Apply, Context, JobState};
pub use error::{Error, Fault, Result};
pub use files::FileClient;
pub use halite_derive::{function, state};
pub use ids::{Jid, MinionId, SaltEnv};
pub use opts::{Opts, Role};
pub use outside::Outside;
pub use registry::{
    Available, Entry, ExecFn, ExecModule, Function, Module, Param, Registry, Spec, StateFn,
    StateModule,
};
pub use returner::Returner;
pub use secrets::Secrets;
pub use services::Services;
pub use state_return::{Changes, Outcome, Plan, Verdict, changed};
pub use target::{Subject, Target};
pub use value::{FromValue, Map, SubPath, Type, Value};
