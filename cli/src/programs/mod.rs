//! The programs, one file each, and which of them is meant.

mod call;
mod cp;
mod key;
mod lsp;
mod master;
mod minion;
mod run;
mod salt;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::{exit, links, log};

/// A program: gets its arguments, its own name first.
type Program = fn(Vec<OsString>) -> ExitCode;

/// Every program by its name.
const PROGRAMS: &[(&str, Program)] = &[
    ("salt", salt::main),
    ("salt-call", call::main),
    ("salt-cp", cp::main),
    ("salt-key", key::main),
    ("salt-lsp", lsp::main),
    ("salt-master", master::main),
    ("salt-minion", minion::main),
    ("salt-run", run::main),
];

/// Runs the program that argv[0] names, or that the first word names in full
/// (`salt salt-call ...`), else `salt` itself.
pub(crate) fn dispatch(mut args: Vec<OsString>) -> ExitCode {
    let called = args.first().and_then(|arg| Path::new(arg).file_name()).map(OsString::from);
    let called = called.as_deref().and_then(|name| name.to_str()).filter(|name| *name != "salt");
    if let Some(program) = called.and_then(find) {
        return program(args);
    }
    let word = args.get(1).and_then(|arg| arg.to_str()).map(str::to_owned);
    match word.as_deref() {
        Some("--install-links") => install_links(args.get(2)),
        Some("--programs") => {
            let names: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
            log::say(&names.join("\n"));
            ExitCode::from(exit::OK)
        }
        Some(name) if name.starts_with("salt-") => match find(name) {
            Some(program) => {
                args.remove(0);
                program(args)
            }
            None => salt::main(args),
        },
        _ => salt::main(args),
    }
}

fn find(name: &str) -> Option<Program> {
    PROGRAMS.iter().find(|(known, _)| *known == name).map(|(_, program)| *program)
}

fn install_links(folder: Option<&OsString>) -> ExitCode {
    let Some(folder) = folder else {
        log::complain("--install-links needs the folder to put the links in");
        return ExitCode::from(exit::USAGE);
    };
    let names: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
    match links::install(Path::new(folder), &names) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(error) => {
            log::complain(&error);
            ExitCode::from(exit::GENERIC)
        }
    }
}
