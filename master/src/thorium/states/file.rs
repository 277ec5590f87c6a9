//! `file`: writes the registers into a file. Salt: `salt/thorium/file.py` behaviour.

use std::path::{Component, Path};

use halite_core::value::{JsonStyle, to_json};
use halite_core::{Context, Map, Outcome, Result, StateModule, Verdict, state};

use crate::private_file;
use crate::thorium::Thorium;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&SAVE]);

/// Writes all registers as JSON into `cachedir/thorium/saves/NAME`, or into the file of an absolute path.
///
/// ```yaml
/// snapshot:
///   file.save
/// ```
#[state]
fn save<'a>(
    cx: &Context<'a>,
    /// The file.
    name: String,
    /// Whether sets are written as Python prints them, and not as lists.
    #[default(false)]
    filter: bool,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let given = Path::new(&name);
    let inside = given.components().all(|part| matches!(part, Component::Normal(_)));
    if !given.is_absolute() && !inside {
        return Ok(Verdict::fail(format!("'{name}' leads out of the folder of saved registers")));
    }
    let path = cx.opts.path("cachedir").join("thorium").join("saves").join(given);
    let would = Outcome::would(format!("Would write {}", path.display()), Map::new());
    Ok(Verdict::change(would, move |apply| {
        let text = to_json(
            &thorium.registers().to_map(filter).into(),
            JsonStyle { indent: None, sort_keys: false, keep_unicode: false, compact: false },
        );
        if let Some(folder) = path.parent() {
            private_file::make_dir(folder)?;
        }
        apply.host.write_atomic(&path, text.as_bytes(), Some(0o600))?;
        Ok(Outcome::new(Some(true), ""))
    }))
}
