//! `nodegroups`: the names of the nodegroups that the minion is in.

use halite_core::target::{Known, Nodegroups, Target};
use halite_core::{Map, Opts, Result, Value};

use super::{Call, Source};
use crate::compile::Compiler;

/// The source.
pub static MODULE: Source = Source { name: "nodegroups", pillar };

/// Salt: `salt/pillar/nodegroups.py` behaviour.
fn pillar(call: Call<'_>) -> Result<Value> {
    call.known(&["pillar_name"])?;
    let key = call.argument(0, "pillar_name").map_or("nodegroups".to_owned(), Value::to_string);
    let groups = groups(&call.compiler.options.opts);
    let names = groups.keys().filter(|name| is_in(call.compiler, &groups, name));
    let names = Value::list(names.map(Value::str));
    Ok(Value::map([(key, names)]))
}

/// The nodegroups of the options.
pub(super) fn groups(opts: &Opts) -> Nodegroups {
    let groups: Map = opts.map("nodegroups");
    groups.into_iter().map(|(name, group)| (name.to_string(), group)).collect()
}

/// Whether the minion is in a nodegroup.
pub(super) fn is_in(compiler: &Compiler<'_>, groups: &Nodegroups, name: &str) -> bool {
    let who = Known {
        id: compiler.who.id,
        grains: Some(compiler.who.grains),
        pillar: Some(&compiler.visible),
    };
    Target::parse(&Value::str(name), "nodegroup", None, groups)
        .inspect_err(|why| tracing::error!("nodegroup {name}: {why}"))
        .is_ok_and(|target| target.matches(&who))
}
