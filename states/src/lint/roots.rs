//! Which files there are, and what they are: states, pillar, top files, templates.

use std::path::{Path, PathBuf};

use halite_core::files::Listing;
use halite_core::{FileClient, Map, Opts, Result, SaltEnv, Value, map};
use halite_render::files::LocalFiles;

/// The tree a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The file roots.
    States,
    /// The pillar roots.
    Pillar,
}

/// What a file is in its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The top file.
    Top,
    /// An sls file, by its name.
    Sls(String),
    /// A template that others import (`.jinja`, `.j2`).
    Template,
    /// Anything else.
    Other,
}

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which tree.
    pub kind: Kind,
    /// Which environment.
    pub env: String,
    /// The path below the root.
    pub relative: String,
    /// The path on this machine.
    pub path: PathBuf,
    /// What it is.
    pub role: Role,
}

/// Both trees.
pub struct Roots {
    /// Options whose roots they are.
    pub opts: Opts,
    /// The file roots.
    pub states: LocalFiles,
    /// The pillar roots.
    pub pillar: LocalFiles,
}

/// The name of top files unless the option `state_top` says otherwise.
const TOP: &str = "top.sls";

impl Roots {
    /// The trees for checking `paths`: the configured ones if the paths are in them or none are
    /// given, else those that the paths stand in.
    pub fn new(opts: &Opts, paths: &[PathBuf]) -> Roots {
        let inside = |path: &PathBuf| {
            ["file_roots", "pillar_roots"].iter().any(|name| within(&opts.map(name), path))
        };
        let opts = match paths.iter().find(|path| !inside(path)) {
            None => opts.clone(),
            Some(outside) => guessed(opts, outside),
        };
        Roots { states: LocalFiles::new(&opts), pillar: LocalFiles::pillar(&opts), opts }
    }

    /// The file client of a tree.
    pub fn files(&self, kind: Kind) -> &LocalFiles {
        match kind {
            Kind::States => &self.states,
            Kind::Pillar => &self.pillar,
        }
    }

    /// All files of both trees.
    pub fn sources(&self) -> Vec<Source> {
        let mut all = Vec::new();
        for kind in [Kind::States, Kind::Pillar] {
            for env in self.files(kind).envs().unwrap_or_default() {
                all.extend(self.of_env(kind, &env).unwrap_or_default());
            }
        }
        all
    }

    fn of_env(&self, kind: Kind, env: &SaltEnv) -> Result<Vec<Source>> {
        let files = self.files(kind);
        let roots = files.roots().roots_of(env);
        let top = match (kind, self.opts.str("state_top")) {
            (Kind::States, named) if !named.is_empty() => named.trim_start_matches("salt://"),
            _ => TOP,
        };
        let mut all = Vec::new();
        for relative in files.list(env, Listing::Files, "")? {
            let found = roots.iter().map(|root| root.join(&relative)).find(|path| path.is_file());
            let Some(path) = found else { continue };
            let role = role(&relative, top);
            all.push(Source { kind, env: env.to_string(), relative, path, role });
        }
        Ok(all)
    }

    /// The file of a tree that a path means.
    pub fn source_of(&self, path: &Path) -> Option<Source> {
        self.sources().into_iter().find(|source| source.path == path)
    }
}

fn role(relative: &str, top: &str) -> Role {
    if relative == top {
        return Role::Top;
    }
    // Repositories keep examples of pillar beside their states.
    let example = relative.split('/').any(|folder| matches!(folder, "pillar" | "pillars"));
    if let Some(name) = relative.strip_suffix(".sls").filter(|_| !example) {
        let name = name.strip_suffix("/init").unwrap_or(name);
        return Role::Sls(name.replace('/', "."));
    }
    let template = [".jinja", ".j2", ".jinja2"].iter().any(|end| relative.ends_with(end));
    if template { Role::Template } else { Role::Other }
}

fn within(roots: &Map, path: &Path) -> bool {
    let folders = roots.values().filter_map(Value::as_list).flatten().map(Value::to_string);
    folders.into_iter().any(|root| path.starts_with(root))
}

/// What people call the folder of their states.
const STATES: [&str; 4] = ["states", "salt", "state", "file_roots"];

/// Roots for a path that is in none: the nearest folder above with a top file, else the path's own
/// folder. A folder `pillar` beside it, or with a top file of its own, is the pillar.
fn guessed(opts: &Opts, path: &Path) -> Opts {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let below = |names: &[&str]| names.iter().map(|name| folder.join(name)).find(|p| p.is_dir());
    let above = folder.ancestors().find(|above| above.join(TOP).is_file());
    let root = match above {
        Some(root) => root.to_owned(),
        // The folder of a project that holds both trees.
        None => below(&STATES).unwrap_or_else(|| folder.to_owned()),
    };
    let root = root.as_path();
    let is_pillar = |folder: &Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().contains("pillar"))
    };
    let beside = |names: &[&str]| {
        let parent = root.parent()?;
        names.iter().map(|name| parent.join(name)).find(|path| path.is_dir())
    };
    let (states, pillar) = match is_pillar(root) {
        true => (beside(&STATES), Some(root.to_owned())),
        false => (Some(root.to_owned()), beside(&["pillar", "pillars"])),
    };
    let as_roots = |folder: Option<PathBuf>| match folder {
        Some(folder) => map! {"base" => vec![Value::from(folder.display().to_string())]},
        None => map! {"base" => Vec::<Value>::new()},
    };
    opts.with("file_roots", as_roots(states)).with("pillar_roots", as_roots(pillar))
}
