//! `pkg` states that watch others.

use halite_core::{Args, Context, Map, Result, StateModule, Verdict, state};

use super::{installed, latest, removed};

/// The module.
pub static MODULE: StateModule = StateModule::new("pkg", &[&MOD_WATCH]);

/// Does once more what the state declares when something it watches has changed.
#[state]
fn mod_watch<'a>(
    cx: &Context<'a>,
    name: String,
    /// The function that the state declares.
    #[default("".into())]
    sfun: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let function = match sfun.as_str() {
        "installed" => &installed::INSTALLED,
        "latest" => &latest::LATEST,
        "removed" => &removed::REMOVED,
        "purged" => &removed::PURGED,
        _ => {
            return Ok(Verdict::fail(format!("pkg.{sfun} does not work with the watch requisite")));
        }
    };
    let mut named = kwargs;
    named.insert("name".into(), name.into());
    (function.call)(cx, Args::named(named))
}
