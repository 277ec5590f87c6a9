//! `file_ignore_regex` and `file_ignore_glob`: files that are neither found nor listed.

use halite_core::Opts;
use halite_core::glob::fnmatch;
use halite_core::pyre::{self, Flags};

/// The patterns of both options.
#[derive(Default)]
pub(super) struct Ignore {
    regexes: Vec<fancy_regex::Regex>,
    globs: Vec<String>,
}

impl Ignore {
    /// Takes the patterns that can be read; Salt drops the others with a log line as well.
    pub(super) fn new(opts: &Opts) -> Ignore {
        let regexes = opts.list("file_ignore_regex").into_iter().filter_map(|pattern| {
            pyre::compile(&pattern, Flags::default())
                .inspect_err(|why| {
                    tracing::warn!("file_ignore_regex: `{pattern}` is no pattern: {why}");
                })
                .ok()
        });
        Ignore { regexes: regexes.collect(), globs: opts.list("file_ignore_glob") }
    }

    /// Whether a path is to be passed over.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.regexes.iter().any(|regex| regex.is_match(path).unwrap_or(false))
            || self.globs.iter().any(|glob| fnmatch(path, glob))
    }
}
