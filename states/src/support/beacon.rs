//! What `beacon: True` in a state makes: a beacon that watches what the state has put in place.
//! Salt: `mod_beacon` of `salt/states/file.py` and `service.py`.

use halite_core::{Args, Context, Map, Outcome, Result, Value, Verdict};

/// Sees to the beacon `beacon_KIND_NAME`, if the state asks for one and `sfun` is among those that can. `made` gives
/// its settings of `beacon_data`.
///
/// # Errors
/// If the beacon state cannot be called.
pub fn mod_beacon<'a>(
    cx: &Context<'a>,
    (state, kind, works): (&str, &str, [&str; 2]),
    name: &str,
    kwargs: &Map,
    made: impl FnOnce(&str, &dyn Fn(&str, Value) -> Value) -> Map,
) -> Result<Verdict<'a>> {
    let sfun = kwargs.get("sfun").map(Value::to_string).unwrap_or_default();
    if !works.contains(&sfun.as_str()) {
        let why = format!("{state}.{sfun} does not work with the beacon state function");
        return Ok(Verdict::fail(why));
    }
    if !kwargs.get("beacon").is_some_and(Value::truthy) {
        return Ok(Verdict::Settled(Outcome::new(Some(true), "Not adding beacon.")));
    }
    let data = kwargs.get("beacon_data");
    let of =
        |key: &str, usual: Value| data.and_then(|data| data.get(key)).cloned().unwrap_or(usual);
    let mut settings = made(&sfun, &of);
    settings.insert("name".into(), format!("beacon_{kind}_{name}").into());
    settings.insert("interval".into(), of("interval", 60.into()));
    settings.insert("beacon_module".into(), kind.into());
    (cx.states.get("beacon.present")?.call)(cx, Args::named(settings))
}
