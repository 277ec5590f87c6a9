//! `file.absent`, `file.exists`, `file.missing`.

use std::path::PathBuf;

use halite_core::{Context, Map, Outcome, Result, StateModule, Verdict, map, state};

use super::shared::{is_dir, is_file, is_link, lexists, refuse, remove};
use crate::support::expand_user;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&ABSENT, &EXISTS, &MISSING]);

/// Sees to it that nothing is at a path; folders go with all that is in them.
#[state]
fn absent<'a>(cx: &Context<'a>, name: String, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.absent");
    }
    let path = PathBuf::from(&name);
    if !path.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    if name == "/" {
        return refuse("Refusing to make \"/\" absent");
    }
    let kind = if is_file(cx.host, &path) || is_link(cx.host, &path) {
        "File"
    } else if is_dir(cx.host, &path) {
        "Directory"
    } else if lexists(cx.host, &path) {
        "File"
    } else {
        return Ok(Verdict::correct(format!("File {name} is not present")));
    };
    let changes = map! {"removed" => name.as_str()};
    let would = Outcome::would(format!("{kind} {name} is set for removal"), changes.clone());
    Ok(Verdict::change(would, move |apply| match remove(apply.host, &path) {
        Ok(()) => {
            let comment = format!("Removed {} {name}", kind.to_lowercase());
            Ok(Outcome::done(comment, changes))
        }
        Err(error) => Ok(Outcome::new(Some(false), error.to_string())),
    }))
}

/// Checks that something is at a path.
#[state]
fn exists<'a>(cx: &Context<'a>, name: String, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.exists");
    }
    match cx.host.exists(&PathBuf::from(&name)) {
        true => Ok(Verdict::correct(format!("Path {name} exists"))),
        false => refuse(format!("Specified path {name} does not exist")),
    }
}

/// Checks that nothing is at a path.
#[state]
fn missing<'a>(cx: &Context<'a>, name: String, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.missing");
    }
    match cx.host.exists(&PathBuf::from(&name)) {
        true => refuse(format!("Specified path {name} exists")),
        false => Ok(Verdict::correct(format!("Path {name} is missing"))),
    }
}
