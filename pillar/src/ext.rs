//! External pillars: the sources of `ext_pillar`, in order, each over what is there so far.

use halite_core::{Args, Map, Value};

use crate::compile::Compiler;
use crate::sources::{self, Call};

/// The pillar with all external pillars merged over it.
pub(crate) fn apply(compiler: &Compiler<'_>, pillar: Map, errors: &mut Vec<String>) -> Map {
    let options = &compiler.options;
    let configured = match options.opts.get("ext_pillar") {
        None => Vec::new(),
        Some(Value::List(runs)) => runs.to_vec(),
        Some(_) => {
            errors.push("The \"ext_pillar\" option is malformed".to_owned());
            return pillar;
        }
    };
    let demanded = on_demand(compiler);
    if configured.is_empty() && demanded.is_none() {
        return pillar;
    }
    let mut pillar = options.merge(&pillar, &compiler.who.request.pillar_override);
    let excluded = options.opts.list("exclude_ext_pillar");
    for run in configured.into_iter().chain(demanded) {
        let Value::Map(run) = run else {
            errors.push("The \"ext_pillar\" option is malformed".to_owned());
            return Map::new();
        };
        let first = run.first().map(|(name, _)| name.to_string()).unwrap_or_default();
        if excluded.contains(&first) {
            continue;
        }
        for (name, setting) in run.iter() {
            match one(compiler, &name.to_string(), setting, &pillar) {
                Ok(Some(ext)) if !ext.is_empty() => pillar = options.merge(&pillar, &ext),
                Ok(_) => {}
                Err(text) => {
                    tracing::error!("{text}");
                    errors.push(text);
                }
            }
        }
    }
    pillar
}

/// What one source gives; `None` if there is no such source.
fn one(
    compiler: &Compiler<'_>,
    name: &str,
    setting: &Value,
    pillar: &Map,
) -> Result<Option<Map>, String> {
    let Some(source) = sources::find(name) else {
        tracing::error!(
            "ext_pillar interface named {name} is unavailable; there are {}",
            sources::names().collect::<Vec<_>>().join(", ")
        );
        return Ok(None);
    };
    let args = match setting {
        Value::Map(named) => Args::named((**named).clone()),
        Value::List(items) => Args { positional: items.to_vec(), named: Map::new() },
        other => Args { positional: vec![other.clone()], named: Map::new() },
    };
    let call = Call { compiler, pillar, args };
    let fault = |why: String| format!("Failed to load ext_pillar {name}: {why}");
    match (source.pillar)(call).map_err(|why| fault(why.to_string()))? {
        Value::Map(map) => Ok(Some(std::sync::Arc::unwrap_or_clone(map))),
        other if !other.truthy() => Ok(None),
        other => Err(fault(format!("it gave a {}, not a dict", other.type_name()))),
    }
}

/// The source asked for by `pillar.ext`, if `on_demand_ext_pillar` allows it.
fn on_demand(compiler: &Compiler<'_>) -> Option<Value> {
    let asked = compiler.who.request.ext.as_ref()?;
    let Some(map) = asked.as_map() else {
        tracing::error!("On-demand pillar {} is not formatted as a dictionary", asked.repr());
        return None;
    };
    let allowed = compiler.options.opts.list("on_demand_ext_pillar");
    let refused: Vec<String> =
        map.keys().map(Value::to_string).filter(|name| !allowed.contains(name)).collect();
    if refused.is_empty() {
        return Some(asked.clone());
    }
    tracing::error!(
        "The following ext_pillar modules are not allowed for on-demand pillar data: {}. Valid \
         on-demand ext_pillar modules are: {}.",
        refused.join(", "),
        allowed.join(", ")
    );
    None
}
