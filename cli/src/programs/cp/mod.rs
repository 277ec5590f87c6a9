//! `salt-cp`: copies files from here to minions.

mod send;
mod sources;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{Map, Opts, Result, Value};

use crate::client::block_on;
use crate::options::{ConfigOptions, LogOptions, OutputOptions, put};
use crate::parse::{parse, usage};
use crate::targets::{self, MoreTargetOptions, TargetOptions};
use crate::version::VersionOptions;
use crate::{config, exit, log, nodegroups, output};

/// Copies files to minions. Without --chunked: a few small text files
#[derive(Parser, Debug)]
#[command(name = "salt-cp", override_usage = "salt-cp [OPTIONS] '<TARGET>' <SOURCE>... <DEST>")]
struct Cli {
    #[command(flatten)]
    versions: VersionOptions,
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    target: TargetOptions,
    /// Seconds to wait for minions
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u32>,
    /// Send in pieces: large files, binary files, folders
    #[arg(short = 'C', long)]
    chunked: bool,
    /// Do not compress the pieces
    #[arg(short, long)]
    no_compression: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    log: LogOptions,
    #[arg(value_name = "WORDS", hide = true)]
    words: Vec<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let cli: Cli = match parse(args, |command| command) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt-cp") {
        return code;
    }
    run(&cli).unwrap_or_else(|error| {
        log::complain(&error.to_string());
        ExitCode::from(exit::GENERIC)
    })
}

/// What is copied to whom.
struct Job<'a> {
    opts: &'a Opts,
    tgt: Value,
    tgt_type: String,
    delimiter: &'a str,
    dest: &'a str,
    compress: bool,
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let [target, sources @ .., dest] = cli.words.as_slice() else {
        return Ok(usage("salt-cp", "Insufficient arguments"));
    };
    if sources.is_empty() {
        return Ok(usage("salt-cp", "Insufficient arguments"));
    }
    let kind = match targets::chosen(&cli.target, &MoreTargetOptions::default()) {
        Ok(kind) => kind,
        Err(text) => return Ok(usage("salt-cp", &text)),
    };
    let opts = config::master(&cli.config, &given(cli), "warning")?;
    let (tgt, tgt_type) = nodegroups::resolve(&opts, targets::value(target, kind), kind)
        .map_err(halite_core::Error::execution)?;
    let sources: Vec<PathBuf> = match sources::expand(sources) {
        Ok(sources) => sources,
        Err(text) => {
            log::complain(&text);
            return Ok(ExitCode::from(exit::INCOMPLETE));
        }
    };
    let delimiter = cli.target.delimiter.as_str();
    let compress = !cli.no_compression;
    let job = Job { opts: &opts, tgt, tgt_type, delimiter, dest, compress };
    cli.output.begin_file()?;
    let sent = match cli.chunked {
        true => block_on(send::in_pieces(&job, &sources::walk(&sources)?)),
        false => match sources::texts(&sources) {
            Ok(files) => block_on(send::at_once(&job, files)),
            Err(text) => {
                log::say(&text);
                return Ok(ExitCode::from(exit::GENERIC));
            }
        },
    }?;
    let file = cli.output.output_file.as_deref();
    let Some(sent) = sent else {
        log::say(crate::programs::salt::NOBODY);
        output::display(&Map::new().into(), None, &opts, 0, file)?;
        return Ok(ExitCode::from(exit::REFUSED));
    };
    let well = sent.well;
    output::display(&sent.results.into(), Some("nested"), &opts, 0, file)?;
    Ok(ExitCode::from(if well { exit::OK } else { exit::GENERIC }))
}

fn given(cli: &Cli) -> Map {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    cli.output.lay_over(&mut given);
    put(&mut given, "timeout", cli.timeout.filter(|seconds| *seconds > 0));
    given
}
