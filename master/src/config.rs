//! The master's configuration: files, the options given on the command line, the id.

use std::path::Path;

use halite_core::opts::load::{Warnings, load as load_opts};
use halite_core::{Error, Map, Opts, Result, Role, Value};

/// Lines shown before and after a faulty one.
const LINES_AROUND: usize = 2;

/// Reads `<config_dir>/master` with its includes, lays `given` over it, and finds the id: as configured, or the
/// host's name with `_master`, as Salt has it.
///
/// # Errors
/// A file that cannot be read or parsed, and refused options.
pub fn load(config_dir: &Path, given: &Map) -> Result<(Opts, Warnings)> {
    let (opts, warnings) = load_opts(Role::Master, &config_dir.join("master"), given, &parse)?;
    let id = match opts.get("id").map(ToString::to_string).filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => format!("{}_master", rustix::system::uname().nodename().to_string_lossy()),
    };
    Ok((opts.with("id", id), warnings))
}

/// Reads configuration text; a fault names file and line and shows them.
fn parse(text: &str, path: &Path) -> Result<Value> {
    halite_render::yaml::load(text).map_err(|error| {
        let mark = error.mark.or(error.context_mark);
        let place = mark.as_ref().map(|mark| format!(":{}", mark.line)).unwrap_or_default();
        let excerpt =
            mark.as_ref().map(|mark| excerpt(text, mark.line as usize)).unwrap_or_default();
        let hint = error.hint.map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        Error::execution(format!(
            "Error parsing configuration file: {}{place}: {}{excerpt}{hint}",
            path.display(),
            error.problem,
        ))
    })
}

/// The faulty line, counted from 1, with its neighbours.
fn excerpt(text: &str, at: usize) -> String {
    let near = |number: &usize| number.abs_diff(at) <= LINES_AROUND;
    let lines = (1..).zip(text.lines()).filter(|(number, _)| near(number));
    lines
        .map(|(number, line)| {
            let mark = if number == at { '>' } else { ' ' };
            format!("\n  {mark}{number:>5} | {line}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_file_and_line_and_shows_it() {
        let text = "interface: 0.0.0.0\nworker_threads: [1\nuser: root\n";
        let error = parse(text, Path::new("/etc/salt/master")).expect_err("a list without end");
        let text = error.to_string();
        assert!(text.starts_with("Error parsing configuration file: /etc/salt/master:"), "{text}");
        assert!(text.contains("worker_threads: [1"), "{text}");
    }
}
