//! Targets: which minions a job, a top file or an ACL means. Parsed once; the same tree decides on
//! the master (over cached data) and on the minion.

mod compound;
mod ipcidr;
mod range;
mod subdict;

use std::collections::BTreeMap;

use crate::glob::fnmatch;
use crate::ids::MinionId;
use crate::value::{DELIMITER, Map, Value};

pub use compound::Expr;
pub use ipcidr::Network;
pub use subdict::{How, subdict_match};

/// Nodegroup definitions by name: a compound text or a list of its words.
pub type Nodegroups = BTreeMap<String, Value>;

/// Why a target cannot be used. The text says where and what instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(pub String);

impl From<TargetError> for crate::Error {
    fn from(error: TargetError) -> crate::Error {
        crate::Error::Execution(error.0)
    }
}

/// Somebody who may be meant.
pub trait Subject {
    /// The id.
    fn id(&self) -> &str;
    /// The grains, where they are known.
    fn grains(&self) -> Option<&Map>;
    /// The pillar, where it is known.
    fn pillar(&self) -> Option<&Map>;
    /// Other data a minion keeps for `data` targets.
    fn data(&self) -> Option<&Map> {
        None
    }
}

/// A path into data with a pattern at its end, as in `os:Deb*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPath {
    /// Path and pattern as written.
    pub text: Box<str>,
    /// What separates the parts.
    pub delimiter: Box<str>,
}

/// A parsed target.
#[derive(Clone, Debug)]
pub enum Target {
    /// `web*`, over ids.
    Glob(Box<str>),
    /// `-E`: a Python pattern, anchored at the start of the id.
    Pcre(Pattern),
    /// `-L`: ids.
    List(Vec<Box<str>>),
    /// `-G os:Debian`.
    Grain(DataPath),
    /// `-P`.
    GrainPcre(DataPath),
    /// `-I role:web`.
    Pillar(DataPath),
    /// `-J`.
    PillarPcre(DataPath),
    /// Pillar data compared as it is, no globs.
    PillarExact(DataPath),
    /// `-S 10.0.0.0/8`.
    Ipcidr(Network),
    /// `-R`: ids written as ranges.
    Range(Vec<Box<str>>),
    /// Data of the minion's own data store.
    Data(DataPath),
    /// `-C`, and expanded nodegroups.
    Compound(Box<Expr>),
}

/// A Python pattern, compiled once.
#[derive(Clone)]
pub struct Pattern(std::sync::Arc<fancy_regex::Regex>);

impl Pattern {
    /// Compiles `text`, anchored at its start as `re.match` does.
    fn compile(text: &str) -> Result<Pattern, TargetError> {
        crate::pyre::compile_match(text)
            .map(|regex| Pattern(std::sync::Arc::new(regex)))
            .map_err(|error| TargetError(format!("`{text}` is no valid pattern: {error}")))
    }

    /// Whether it matches; a pattern that runs out of its step budget does not.
    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.as_str())
    }
}

impl Target {
    /// The same target, whose pillar is compared as it is: what one minion may find out about another must not be
    /// guessed by patterns. Salt: `_check_compound_pillar_exact_minions`.
    #[must_use]
    pub fn pillar_exact(self) -> Target {
        match self {
            Target::Pillar(path) | Target::PillarPcre(path) => Target::PillarExact(path),
            Target::Compound(expr) => Target::Compound(Box::new(expr.pillar_exact())),
            other => other,
        }
    }

    /// Parses a target as it stands in a publish: `tgt`, its type and the delimiter of data paths.
    ///
    /// # Errors
    /// Unknown types, malformed expressions: the text says what is wrong and what is known.
    pub fn parse(
        tgt: &Value,
        tgt_type: &str,
        delimiter: Option<&str>,
        nodegroups: &Nodegroups,
    ) -> Result<Target, TargetError> {
        let delimiter = delimiter.filter(|d| !d.is_empty()).unwrap_or(DELIMITER);
        let text = || match tgt {
            Value::Str(text) => Ok(text.to_string()),
            Value::Int(_) | Value::Float(_) => Ok(tgt.to_string()),
            other => {
                let kind = other.type_name();
                Err(TargetError(format!("a {tgt_type} target must be text, not {kind}")))
            }
        };
        let path = || Ok(DataPath { text: text()?.into(), delimiter: delimiter.into() });
        match tgt_type {
            "" | "glob" => Ok(Target::Glob(text()?.into())),
            "pcre" => Pattern::compile(&text()?).map(Target::Pcre),
            "list" => Ok(Target::List(ids_of(tgt))),
            "grain" => path().map(Target::Grain),
            "grain_pcre" => path().map(Target::GrainPcre),
            "pillar" => path().map(Target::Pillar),
            "pillar_pcre" => path().map(Target::PillarPcre),
            "pillar_exact" => path().map(Target::PillarExact),
            "data" => path().map(Target::Data),
            "ipcidr" => Network::parse(&text()?).map(Target::Ipcidr),
            "range" => range::expand(&text()?).map(Target::Range),
            "compound" | "compound_pillar_exact" => compound::parse(tgt, nodegroups),
            "nodegroup" => compound::parse_nodegroup(&text()?, nodegroups),
            "node" => Ok(Target::List(ids_of(tgt))),
            other => {
                let known = "glob, pcre, list, grain, grain_pcre, pillar, pillar_pcre, \
                             pillar_exact, compound, nodegroup, ipcidr, range, data";
                let near = crate::text::nearest(other, known.split(", "));
                let hint = near.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
                Err(TargetError(format!("`{other}` is no target type; known: {known}{hint}")))
            }
        }
    }

    /// A glob over ids.
    pub fn glob(pattern: &str) -> Target {
        Target::Glob(pattern.into())
    }

    /// Whether `who` is meant, for sure: unknown data never matches.
    pub fn matches(&self, who: &dyn Subject) -> bool {
        self.decide(who) == Some(true)
    }

    /// Whether `who` is meant; `None` if that hangs on data which is not known of it. `not` of the
    /// unknown stays unknown, so that nobody is targeted by data that is not there.
    pub fn decide(&self, who: &dyn Subject) -> Option<bool> {
        let data = |data: Option<&Map>, path: &DataPath, how: How| {
            data.map(|data| subdict_match(data, &path.text, &path.delimiter, how))
        };
        match self {
            Target::Glob(pattern) => Some(fnmatch(who.id(), pattern)),
            Target::Pcre(pattern) => Some(pattern.matches(who.id())),
            Target::List(ids) | Target::Range(ids) => Some(ids.iter().any(|id| **id == *who.id())),
            Target::Grain(path) => data(who.grains(), path, How::Glob),
            Target::GrainPcre(path) => data(who.grains(), path, How::Pcre),
            Target::Pillar(path) => data(who.pillar(), path, How::Glob),
            Target::PillarPcre(path) => data(who.pillar(), path, How::Pcre),
            Target::PillarExact(path) => data(who.pillar(), path, How::Exact),
            Target::Data(path) => data(who.data(), path, How::Glob),
            Target::Ipcidr(network) => who.grains().map(|grains| network.matches(grains)),
            Target::Compound(expr) => expr.decide(who),
        }
    }

    /// The ids that a list names; `None` for every other kind.
    pub fn listed(&self) -> Option<&[Box<str>]> {
        match self {
            Target::List(ids) | Target::Range(ids) => Some(ids),
            _ => None,
        }
    }

    /// The ids that a list names, or the lists within a compound target, other than those that `not` excludes.
    /// Salt: `check_compound_minions` counts those that are not there as missing.
    pub fn wanted_by_lists(&self) -> Vec<&str> {
        let mut wanted = Vec::new();
        match self {
            Target::Compound(expr) => expr.wanted_by_lists(&mut wanted),
            other => wanted.extend(other.listed().unwrap_or_default().iter().map(|id| &**id)),
        }
        wanted
    }
}

fn ids_of(tgt: &Value) -> Vec<Box<str>> {
    match tgt {
        Value::List(items) => items.iter().map(|item| item.to_string().into()).collect(),
        other => {
            let text = other.to_string();
            text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(Into::into).collect()
        }
    }
}

/// A subject made of what is at hand.
pub struct Known<'a> {
    /// The id.
    pub id: &'a MinionId,
    /// The grains, if known.
    pub grains: Option<&'a Map>,
    /// The pillar, if known.
    pub pillar: Option<&'a Map>,
}

impl Subject for Known<'_> {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn grains(&self) -> Option<&Map> {
        self.grains
    }

    fn pillar(&self) -> Option<&Map> {
        self.pillar
    }
}
