//! `salt://` on disk: environments of roots, found and listed as Salt's `roots` backend does, and
//! opened so that no path and no link leads out of them.

mod beneath;
mod hash;
mod ignore;
mod listing;
mod local;
mod manifest;
mod roots;

pub use hash::{HashType, digest};
pub use listing::Tree;
pub use local::LocalFiles;
pub use manifest::ManifestEntry;
pub use roots::{Chunk, Opened, Roots};

/// How many entries the listing of one environment may hold.
pub const LIST_ENTRIES_MAX: usize = 2_000_000;
/// How many files a manifest holds at most; of an environment with more, each is asked for by itself.
pub const MANIFEST_FILES_MAX: usize = 10_000;
/// How large a file may be to be hashed for a manifest, bytes.
pub const MANIFEST_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// How many digests are remembered.
pub const HASH_CACHE_MAX: usize = 65_536;
