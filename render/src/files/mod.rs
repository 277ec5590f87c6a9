//! `salt://` on disk: environments of roots, found and listed as Salt's `roots` backend does, and
//! opened so that no path and no link leads out of them.

mod beneath;
mod hash;
mod ignore;
mod listing;
mod local;
mod roots;

pub use hash::{HashType, digest};
pub use listing::Tree;
pub use local::LocalFiles;
pub use roots::{Chunk, Opened, Roots};

/// How many entries the listing of one environment may hold.
pub const LIST_ENTRIES_MAX: usize = 2_000_000;
/// How many digests are remembered.
pub const HASH_CACHE_MAX: usize = 65_536;
