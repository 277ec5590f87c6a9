//! `git`: pillar files of git repositories; branches and tags are environments.

use std::path::PathBuf;

use halite_core::services::PillarRequest;
use halite_core::{Error, Map, Opts, Result, Value};
use halite_render::files::LocalFiles;

use super::{Call, Source};
use crate::compile::compile_files;
use crate::repository::{Remote, Repository};
use crate::{Deps, Subject};

/// The source.
pub static MODULE: Source = Source { name: "git", pillar };

/// A tree of files that is a root of an environment.
struct Root {
    path: PathBuf,
    env: String,
    /// Mounted below another name: it serves includes, but has no top file of its own.
    mounted: bool,
}

/// Salt: `salt/pillar/git_pillar.py` behaviour.
fn pillar(call: Call<'_>) -> Result<Value> {
    let options = &call.compiler.options;
    let mut roots: Vec<Root> = Vec::new();
    let remotes: Result<Vec<Remote>> =
        call.args.positional.iter().map(|item| Remote::parse(item, &options.opts)).collect();
    for remote in remotes? {
        match root(&call, &remote) {
            Ok(root) => {
                // The same tree again stands where it stood.
                roots.retain(|known| known.path != root.path);
                roots.push(root);
            }
            Err(why) => tracing::error!("git_pillar remote '{}': {why}", remote.id),
        }
    }
    if roots.is_empty() && !call.args.positional.is_empty() {
        return Err(Error::execution("no remote gives any files; see the log for each"));
    }
    let mut merged = Map::new();
    for (at, root) in roots.iter().enumerate() {
        if root.mounted || options.pillarenv.as_ref().is_some_and(|only| *only != root.env) {
            continue;
        }
        let mut paths = vec![Value::from(root.path.clone())];
        if options.on_by_default("git_pillar_includes") {
            let others =
                roots.iter().enumerate().filter(|(o, other)| *o != at && other.env == root.env);
            paths.extend(others.map(|(_, other)| Value::from(other.path.clone())));
        }
        merged = options.merge(&merged, &compiled(&call, &root.env, paths));
    }
    Ok(merged.into())
}

/// The files of a remote for this compile, and the environment they belong to.
fn root(call: &Call<'_>, remote: &Remote) -> Result<Root> {
    let options = &call.compiler.options;
    let asked = options.pillarenv.as_deref().or(options.saltenv.as_deref());
    let asked = asked.unwrap_or("base");
    let target = match remote.branch.as_str() {
        "__env__" => match &remote.all_saltenvs {
            Some(branch) => branch.clone(),
            None if asked == "base" => remote.base.clone(),
            None => asked.to_owned(),
        },
        branch => branch.to_owned(),
    };
    let env = if remote.branch == "__env__" && remote.all_saltenvs.is_some() {
        asked.to_owned()
    } else if !remote.env.is_empty() {
        remote.env.clone()
    } else if target == remote.base {
        "base".to_owned()
    } else {
        target.clone()
    };
    // What is mounted on behalf of whoever asks goes by the environment asked for.
    let env = if env == "__env__" { asked.to_owned() } else { env };
    let repository = Repository::open(call, remote)?;
    let tree = match repository.tree(&target)? {
        Some(tree) => tree,
        None if !remote.fallback.is_empty() => {
            let none =
                || Error::execution(format!("it has no {target} and no {}", remote.fallback));
            repository.tree(&remote.fallback)?.ok_or_else(none)?
        }
        None => return Err(Error::execution(format!("it has no branch or tag {target}"))),
    };
    Ok(Root { path: tree, env, mounted: !remote.mountpoint.is_empty() })
}

/// The pillar that roots of one environment give, without external pillars.
fn compiled(call: &Call<'_>, env: &str, paths: Vec<Value>) -> Map {
    let deps = call.compiler.deps;
    let mut values = (**deps.opts.values()).clone();
    values.insert("pillar_roots".into(), Value::map([(env, Value::from(paths))]));
    values.insert("__git_pillar".into(), true.into());
    let opts = Opts::from_map(deps.opts.role(), values);
    let roots = LocalFiles::pillar(&opts);
    let request = PillarRequest {
        saltenv: Some(env.to_owned()),
        pillarenv: call.compiler.who.request.pillarenv.clone(),
        ..PillarRequest::default()
    };
    let empty = std::sync::Arc::new(Map::new());
    let who = Subject { request: &request, previous: &empty, ..call.compiler.who.clone() };
    compile_files(&who, &Deps { opts: &opts, roots: &roots, ..*deps })
}
