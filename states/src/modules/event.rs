//! `event`: events on the master's bus.

use halite_core::{Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("event", &[&SEND, &WAIT, &MOD_WATCH]);

/// Sends an event to the master.
///
/// ```yaml
/// mycompany/mystaterun/status/update:
///   event.send:
///     - data:
///         status: "Half-way through the state run!"
/// ```
#[state]
fn send<'a>(
    _cx: &Context<'a>,
    /// The tag.
    name: String,
    #[default(Value::Null)] data: Value,
    #[default(Value::Null)] preload: Value,
    #[default(Value::Bool(false))] with_env: Value,
    #[default(Value::Bool(false))] with_grains: Value,
    #[default(Value::Bool(false))] with_pillar: Value,
    /// Whether to report the event as a change.
    #[default(true)]
    show_changed: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let changes = match show_changed {
        true => map! {"tag" => name.as_str(), "data" => &data},
        false => Map::new(),
    };
    let would = Outcome::would("Event would have been fired", changes.clone());
    Ok(Verdict::change(would, move |apply| {
        let mut named = kwargs;
        let more = map! {
            "data" => data, "preload" => preload, "with_env" => with_env,
            "with_grains" => with_grains, "with_pillar" => with_pillar,
        };
        named.extend(more);
        let sent = apply.call_value("event.send", Args { positional: vec![name.into()], named })?;
        let result = Some(sent.truthy());
        Ok(Outcome { result, comment: "Event fired".into(), changes, extra: Map::new() })
    }))
}

/// Sends an event when a watched state changes.
#[state]
fn wait<'a>(
    _cx: &Context<'a>,
    _name: Value,
    #[default(Value::Null)] _sfun: Value,
    #[default(Value::Null)] _data: Value,
) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}

/// Sends the event of a state whose watched states have changed.
#[state]
fn mod_watch<'a>(cx: &Context<'a>, #[kwargs] mut kwargs: Map) -> Result<Verdict<'a>> {
    for key in ["sfun", "__reqs__"] {
        kwargs.shift_remove(key);
    }
    (SEND.call)(cx, Args::named(kwargs))
}
