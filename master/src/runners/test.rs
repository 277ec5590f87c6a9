//! `test`: small functions to try out runners with. Salt: `salt/runners/test.py` behaviour.

use std::time::Duration;

use halite_core::{Context, ExecModule, Map, Result, Value, function, map};

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "test",
    &[&ARG, &GET_OPTS, &METASYNTACTIC, &RAW_ARG, &SLEEP, &STDOUT_PRINT, &STREAM],
);

/// Longest sleep, seconds.
const SLEEP_SECONDS_MAX: f64 = 86_400.0;
/// Pause between two events of `stream`.
const STREAM_PAUSE: Duration = Duration::from_millis(100);

/// Shows the arguments it was given.
///
/// CLI Example:
///
/// ```text
/// salt-run test.arg foo bar baz=qux
/// ```
#[function]
fn arg(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Map {
    map! {"args" => args, "kwargs" => kwargs}
}

/// Shows the arguments it was given, as they came.
///
/// CLI Example:
///
/// ```text
/// salt-run test.raw_arg foo bar=baz
/// ```
#[function]
fn raw_arg(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Map {
    map! {"args" => args, "kwargs" => kwargs}
}

/// Gives placeholder names.
///
/// CLI Example:
///
/// ```text
/// salt-run test.metasyntactic
/// ```
#[function]
fn metasyntactic(#[default("us".into())] locality: String) -> Vec<&'static str> {
    match locality.as_str() {
        "uk" => vec!["wibble", "wobble", "wubble", "flob"],
        _ => vec![
            "foo", "bar", "baz", "qux", "quux", "quuz", "corge", "grault", "garply", "waldo",
            "fred",
        ],
    }
}

/// Prints `foo` and returns `bar`.
///
/// CLI Example:
///
/// ```text
/// salt-run test.stdout_print
/// ```
#[function]
fn stdout_print(cx: &Context<'_>) -> Result<&'static str> {
    MasterServices::of(cx)?.print("foo");
    Ok("bar")
}

/// Sleeps, and tells it by an event.
///
/// CLI Example:
///
/// ```text
/// salt-run test.sleep 1
/// ```
#[function]
fn sleep(cx: &Context<'_>, #[default(10.0)] s_time: f64) -> Result<bool> {
    MasterServices::of(cx)?.print(&s_time.to_string());
    std::thread::sleep(Duration::from_secs_f64(s_time.clamp(0.0, SLEEP_SECONDS_MAX)));
    Ok(true)
}

/// Fires a hundred progress events.
///
/// CLI Example:
///
/// ```text
/// salt-run test.stream
/// ```
#[function]
fn stream(cx: &Context<'_>) -> Result<bool> {
    let master = MasterServices::of(cx)?;
    for i in 1..101 {
        master.progress(map! {"message" => format!("Runner is {i}% done")});
        std::thread::sleep(STREAM_PAUSE);
    }
    Ok(true)
}

/// Shows the master's options.
///
/// CLI Example:
///
/// ```text
/// salt-run test.get_opts
/// ```
#[function]
fn get_opts(cx: &Context<'_>) -> Map {
    (**cx.opts.values()).clone()
}
