//! `file.mod_beacon`: `beacon: True` in `file.managed` and `file.directory`.

use halite_core::{Context, Map, Result, StateModule, Verdict, map, state};

use crate::support::beacon;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&MOD_BEACON]);

/// Watches a file or folder that a state has put in place by the beacon `inotify`. Not to be used directly.
#[state]
fn mod_beacon<'a>(
    cx: &Context<'a>,
    /// The path.
    name: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let about = ("file", "inotify", ["managed", "directory"]);
    beacon::mod_beacon(cx, about, &name, &kwargs, |sfun, of| {
        let mut data = map! {"mask" => of("mask", vec!["create", "delete", "modify"].into())};
        if sfun == "directory" {
            data.extend(map! {
                "auto_add" => of("auto_add", true.into()), "recurse" => of("recurse", true.into()),
                "exclude" => of("exclude", halite_core::Value::list([])),
            });
        }
        map! {"files" => map! {name.as_str() => data}, "coalesce" => of("coalesce", false.into())}
    })
}
