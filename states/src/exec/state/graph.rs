//! `state`: the requisites as a picture.

use std::path::Path;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function};

use super::shared::{COMPILE, split, wish};
use crate::compiler::low::{self, messages};
use crate::compiler::{Compiled, Faults};
use crate::engine::highstate::log_faults;
use crate::engine::session::with_session;
use crate::support::draw::Drawing;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("state", &[&GRAPH]);

/// How many states are drawn.
const STATES_MAX: usize = 5_000;

/// The requisite graph of sls files, or of the highstate, as text for Graphviz or as a picture.
///
/// CLI Example:
///
/// ```text
/// salt-call state.graph format=svg path=/tmp/states.svg
/// salt '*' state.graph web
/// ```
#[function(outputter = "plain")]
fn graph(
    apply: &Apply<'_>,
    /// sls names, comma separated or as a list; the highstate if none is named.
    #[default(Value::Null)]
    mods: Value,
    /// `dot` or `svg`; by itself what the path ends with, else dot.
    #[default("".into())]
    format: String,
    /// A file to write instead of returning the text.
    #[default("".into())]
    path: String,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let format = match format.as_str() {
        "" if path.ends_with(".svg") => "svg".to_owned(),
        "" => "dot".to_owned(),
        _ => format,
    };
    if !matches!(format.as_str(), "dot" | "svg") {
        let what = format!("there is no format '{format}': it is dot or svg");
        return Err(Error::usage("state.graph", what));
    }
    let env = mods.truthy().then_some("base");
    let compiled = with_session(apply, &wish(&Value::Null, &kwargs, env), |session| {
        let (mut high, faults) = match mods.truthy() {
            true => {
                let env = session.saltenv().unwrap_or("base").to_owned();
                session.high_of(&env, &split(&mods))
            }
            false => session.high_of_top()?,
        };
        Ok(match faults.is_empty() {
            true => session.with_settings(|with| low::compile(&mut high, with)),
            false => Err(faults),
        })
    })?;
    match compiled {
        Ok(compiled) => finish(apply, &drawing(&compiled)?, &format, &path),
        Err(faults) => Ok(refused(apply, faults)),
    }
}

fn refused(apply: &Apply<'_>, mut faults: Faults) -> Value {
    log_faults(apply, &mut faults);
    apply.job.set_retcode(COMPILE);
    messages(&faults).into()
}

fn finish(apply: &Apply<'_>, drawing: &Drawing, format: &str, path: &str) -> Result<Value> {
    let text = if format == "svg" { drawing.to_svg() } else { drawing.to_dot() };
    if path.is_empty() {
        return Ok(text.into());
    }
    apply.host.write_atomic(Path::new(path), text.as_bytes(), None)?;
    Ok(format!("{} states and {} requisites in {path}", drawing.nodes.len(), drawing.edges.len())
        .into())
}

fn drawing(compiled: &Compiled) -> Result<Drawing> {
    if compiled.chunks.len() > STATES_MAX {
        let what = format!("there are {} states; {STATES_MAX} can be drawn", compiled.chunks.len());
        return Err(Error::execution(what));
    }
    let mut drawing = Drawing::default();
    for (index, chunk) in compiled.chunks.iter().enumerate() {
        let name = match chunk.text("name") {
            name if name == chunk.id() => String::new(),
            name => format!(" {name}"),
        };
        drawing.nodes.push((chunk.id().to_owned(), format!("{}{name}", chunk.full())));
        for (kind, from) in compiled.graph.dependencies(&chunk.tag(), false) {
            if from != index {
                drawing.edges.push((from, index, kind.name()));
            }
        }
    }
    Ok(drawing)
}
