//! `stateconf`: sls data whose ids with a leading dot belong to their file, with parameters set by
//! `stateconf.set`, and with start and goal states.

use halite_core::{Map, Value};

use super::stateconf_ids as ids;
use super::{Found, Job};
use crate::RenderError;
use crate::pipe::{Data, Rendered};

/// The state whose arguments are parameters.
const FUNC: &str = "stateconf.set";
/// Where a job keeps the parameters of all its files, and those given by `extend`.
const NOTE: &str = "stateconf";
/// What ends the part of a file that only sets parameters.
const END_MARKER: &str = r"#\s*-+\s*end of state config\s*-+";
/// The arguments that are joined where a state is extended.
const JOINED: [&str; 5] = ["require", "watch", "listen", "onchanges", "onfail"];

/// What stands behind the renderer's name: options, then `data renderer . template renderer`.
#[derive(Default)]
struct Line {
    no_goal: bool,
    implicit: bool,
    start: bool,
    from_data: bool,
    data: String,
    template: String,
}

impl Line {
    fn parse(line: &str) -> Result<Line, RenderError> {
        let mut parsed = Line::default();
        let mut words = line.split_whitespace().peekable();
        while let Some(options) = words.peek().and_then(|word| word.strip_prefix('-')) {
            for option in options.chars() {
                match option {
                    'G' => parsed.no_goal = true,
                    'o' => parsed.implicit = true,
                    's' => parsed.start = true,
                    'p' => parsed.from_data = true,
                    other => {
                        let text = format!("option -{other} not recognized");
                        return Err(RenderError::exception(text));
                    }
                }
            }
            words.next();
        }
        let rest: Vec<&str> = words.collect();
        let rest = if rest.is_empty() { "yaml . jinja".to_owned() } else { rest.join(" ") };
        if parsed.from_data {
            return Ok(parsed);
        }
        let Some((data, template)) = rest.split_once(" . ") else {
            let text = "Invalid use of stateconf: it takes `#!stateconf [-G] [-o] [-s] [-p] \
                        <data_renderer> [<args>] . <template_renderer> [<args>]`";
            return Err(RenderError::new(text));
        };
        parsed.data = data.trim().replace("\\.", ".");
        parsed.template = template.trim().replace("\\.", ".");
        if parsed.implicit && parsed.data.split(' ').next() != Some("yaml") {
            let text = "Implicit ordering is only supported if the yaml renderer is used!";
            return Err(RenderError::new(text));
        }
        Ok(parsed)
    }
}

/// Renders. Salt: `salt/renderers/stateconf.py` behaviour; what Salt keeps in the process, a job
/// keeps.
pub(super) fn render(input: Rendered, job: &Job<'_>) -> Result<Rendered, RenderError> {
    let line = Line::parse(job.argline)?;
    if line.from_data {
        let Data::Value(data) = input.data else {
            return Err(RenderError::new("stateconf -p takes data, not text"));
        };
        return processed(data, &line, job, false).map(super::value);
    }
    let text = super::text(input, "stateconf")?;
    let marker = match job.request.apply.cx.opts.str("stateconf_end_marker") {
        "" => END_MARKER,
        set => set,
    };
    let marker = regex::Regex::new(marker)
        .map_err(|why| RenderError::new(format!("stateconf_end_marker: {why}")))?;
    if let Some(found) = marker.find(&text) {
        let first = text.get(..found.start()).unwrap_or_default();
        passed(first, &Map::new(), &line, job, true)?;
    }
    let prefix = format!("{}::", job.request.sls);
    let set = conf(job).set;
    let known = set.iter().map(|(id, values)| {
        let id = id.to_string();
        (Value::str(id.strip_prefix(&prefix).unwrap_or(&id)), values.clone())
    });
    let known = known.collect();
    passed(&text, &known, &line, job, false).map(super::value)
}

/// One pass: template, data, and what stateconf makes of them.
fn passed(
    text: &str,
    known: &Map,
    line: &Line,
    job: &Job<'_>,
    extract: bool,
) -> Result<Value, RenderError> {
    let sls = job.request.sls;
    let folder = match sls.rsplit_once('.') {
        Some((above, _)) => above.replace('.', "/"),
        None => sls.to_owned(),
    };
    let mut context = job.request.context.clone();
    let folder = if folder.is_empty() { ".".to_owned() } else { folder };
    context.insert("sls_dir".into(), folder.into());
    context.extend(known.clone());
    let request = crate::TemplateRequest { context: &context, ..*job.request };
    let run = |input: Rendered, call: &str| {
        let (name, argline) = call.split_once(' ').unwrap_or((call, ""));
        match super::find(name) {
            Found::Render(render) => {
                render(input, &Job { engine: job.engine, request: &request, argline })
            }
            Found::Refused(why) => Err(RenderError::new(why)),
            Found::Unknown => {
                Err(RenderError::new(format!("Renderer: '{name}' is not available!")))
            }
        }
    };
    let rendered = run(Rendered::new(Data::Text(text.to_owned())), &line.template)?;
    let high = run(rendered, &line.data)?.into_value();
    processed(high, line, job, extract)
}

fn processed(high: Value, line: &Line, job: &Job<'_>, extract: bool) -> Result<Value, RenderError> {
    let Value::Map(data) = high else {
        return Err(RenderError::new("sls preprocessing/rendering failed!"));
    };
    let mut data = std::sync::Arc::unwrap_or_clone(data);
    let (sls, env) = (job.request.sls, job.request.saltenv);
    ids::spread_shorthands(&mut data);
    ids::absolute_sls(&mut data, sls, env)?;
    if !extract && line.implicit {
        ids::implicit_requires(&mut data)?;
    }
    let opts = job.request.apply.cx.opts;
    let named = |option: &str, default: &str| match opts.str(option) {
        "" => default.to_owned(),
        set => set.to_owned(),
    };
    if line.start {
        start_state(&mut data, &named("stateconf_start_state", ".start"))?;
    }
    if !extract && !line.no_goal {
        goal_state(&mut data, &named("stateconf_goal_state", ".goal"))?;
    }
    ids::rename(&mut data, sls)?;
    remember(&data, job);
    Ok(data.into())
}

/// A state that the first one of the file requires.
fn start_state(data: &mut Map, id: &str) -> Result<(), RenderError> {
    if data.contains_key(id) {
        let text = format!("Can't generate start state({id})! The same state id already exists!");
        return Err(RenderError::new(text));
    }
    let first = ids::states(data, &["include", "exclude", "extend"]).next();
    let Some((first, state)) = first else { return Ok(()) };
    let before = Value::map([(state, Value::str(&first))]);
    let args = Value::map([("require_in", Value::list([before]))]);
    data.insert(id.into(), Value::map([(FUNC, Value::list([args]))]));
    Ok(())
}

/// A state that requires all others of the file.
fn goal_state(data: &mut Map, id: &str) -> Result<(), RenderError> {
    if data.contains_key(id) {
        let text = format!("Can't generate goal state({id})! The same state id already exists!");
        return Err(RenderError::new(text));
    }
    let all = ids::states(data, &["include", "exclude", "extend"]);
    let all = Value::list(all.map(|(id, state)| Value::map([(state, Value::str(&id))])));
    let args = Value::map([("require", all)]);
    data.insert(id.into(), Value::map([(FUNC, Value::list([args]))]));
    Ok(())
}

/// The parameters that a job knows.
#[derive(Default)]
struct Conf {
    set: Map,
    extended: Map,
}

fn conf(job: &Job<'_>) -> Conf {
    let note = job.request.apply.cx.job.note(NOTE).unwrap_or_default();
    let part = |name: &str| note.get(name).and_then(Value::as_map).cloned().unwrap_or_default();
    Conf { set: part("set"), extended: part("extended") }
}

/// Keeps the parameters that the data sets.
fn remember(data: &Map, job: &Job<'_>) {
    let mut conf = conf(job);
    if let Some(extend) = data.get("extend").and_then(Value::as_map) {
        take(extend, &mut conf.extended);
    }
    let mut own = Map::new();
    take(data, &mut own);
    for (id, values) in own {
        let mut all = conf.set.get(&id).and_then(Value::as_map).cloned().unwrap_or_default();
        all.extend(values.as_map().cloned().unwrap_or_default());
        for (name, value) in conf.extended.get(&id).and_then(Value::as_map).into_iter().flatten() {
            let joins = name.as_str().is_some_and(|name| JOINED.contains(&name));
            let value = match (value, all.get(name)) {
                (Value::List(over), Some(Value::List(under))) if joins => {
                    Value::list(over.iter().chain(under.iter()).cloned())
                }
                _ => value.clone(),
            };
            all.insert(name.clone(), value);
        }
        conf.set.insert(id, all.into());
    }
    job.request.apply.cx.job.change_note(NOTE, |note| {
        *note = Value::map([("set", conf.set.into()), ("extended", conf.extended.into())]);
    });
}

fn take(data: &Map, into: &mut Map) {
    for (id, states) in data {
        let args = states.get("stateconf").or_else(|| states.get(FUNC));
        let Some(args) = args.and_then(Value::as_list) else { continue };
        let mut values = into.get(id).and_then(Value::as_map).cloned().unwrap_or_default();
        let pairs = args.iter().filter_map(|arg| arg.as_map()?.first());
        values.extend(pairs.map(|(name, value)| (name.clone(), value.clone())));
        into.insert(id.clone(), values.into());
    }
}
