//! Outputters: how a result is printed. One file each; the name is the file's.

mod check;
pub(crate) mod colors;
mod highstate;
mod highstate_ids;
mod highstate_summary;
mod json;
mod key;
mod nested;
mod no_return;
mod plain;
mod pprint;
mod raw;
mod table;
mod txt;
mod yaml;

use std::fmt::{self, Write};
use std::io::{IsTerminal, Write as _};

use halite_core::{Error, Opts, Result, Value};

/// What an outputter may ask of its surroundings.
pub(crate) struct OutputOpts<'a> {
    /// The configuration, with the command line over it (`state_output`, `output_indent`, ...).
    pub(crate) opts: &'a Opts,
    /// Whether to use colours.
    pub(crate) color: bool,
    /// The retcode that came with the result.
    pub(crate) retcode: i64,
}

/// One way to print a result.
pub(crate) trait Outputter: Sync {
    /// Its name after `--out`.
    fn name(&self) -> &'static str;

    /// Writes `data` (id to return) as text; white space at its end is cut.
    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result;
}

/// Every outputter; the first stands in for unknown names.
static ALL: &[&dyn Outputter] = &[
    &nested::Nested,
    &highstate::Highstate,
    &check::Check,
    &json::Json,
    &key::Key,
    &no_return::NoReturn,
    &plain::Plain,
    &pprint::Pprint,
    &raw::Raw,
    &table::Table,
    &txt::Txt,
    &yaml::Yaml,
];

/// Which outputter is meant: the user's choice, else what the result asks for.
/// Salt: `salt.output.get_printout` behaviour.
fn select(asked: Option<&str>, opts: &Opts) -> &'static dyn Outputter {
    let chosen = match opts.str("output") {
        "" | "highstate" => asked.unwrap_or_default(),
        chosen => chosen,
    };
    let name = match chosen {
        "" => "nested",
        "text" => "txt",
        name => name,
    };
    let found = ALL.iter().copied().find(|outputter| outputter.name() == name);
    found.unwrap_or_else(|| {
        tracing::error!("Invalid outputter {name} specified, fall back to nested");
        ALL[0]
    })
}

/// The text of `data` as it is to be printed.
pub(crate) fn render(data: &Value, asked: Option<&str>, opts: &Opts, retcode: i64) -> String {
    let terminal = std::io::stdout().is_terminal();
    let wanted = opts.get("color").is_none_or(Value::truthy);
    let color = opts.bool("force_color") || (terminal && wanted && !opts.bool("no_color"));
    let mut text = String::new();
    let output_opts = OutputOpts { opts, color, retcode };
    // Writing to a String cannot fail.
    let _ = select(asked, opts).output(&output_opts, data, &mut text);
    text.truncate(text.trim_end().len());
    text
}

/// Prints `data` to standard output, or appends it to `file`.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn display(
    data: &Value,
    asked: Option<&str>,
    opts: &Opts,
    retcode: i64,
    file: Option<&std::path::Path>,
) -> Result<()> {
    let text = render(data, asked, opts, retcode);
    match file {
        _ if text.is_empty() => {}
        None => crate::log::say(&text),
        Some(path) => {
            let open = std::fs::OpenOptions::new().append(true).create(true).open(path);
            open.and_then(|mut file| writeln!(file, "{text}"))
                .map_err(|error| Error::file("write", path, error))?;
        }
    }
    Ok(())
}
