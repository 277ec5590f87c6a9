//! `salt`: runs a function on minions and prints what they return.

mod batch;
mod batch_run;
mod behind;
mod job;
mod live;
mod preview;
mod request;
mod show;

pub(super) use job::NOBODY;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use halite_core::{Map, Opts, Result};

use crate::client::block_on;
use crate::options::{ConfigOptions, EauthOptions, LogOptions, OutputOptions, put};
use crate::parse::{parse, usage};
use crate::targets::{self, MoreTargetOptions, TargetOptions};
use crate::version::VersionOptions;
use crate::{config, exit, log, output};

/// Runs a function on minions
#[derive(Parser, Debug)]
#[command(name = "salt", override_usage = "salt [OPTIONS] '<TARGET>' <FUNCTION> [ARGUMENTS]...")]
struct Cli {
    #[command(flatten)]
    versions: VersionOptions,
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    more_target: MoreTargetOptions,
    /// Seconds to wait before minions that have not returned are asked after the job
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true)]
    timeout: Option<i64>,
    /// Print all returns together, when all are there
    #[arg(short, long)]
    r#static: bool,
    /// Show how many have returned, and no returns
    #[arg(short, long)]
    progress: bool,
    /// Print the jid and do not wait
    #[arg(long = "async")]
    asynchronous: bool,
    /// The jid of the batch that this process runs behind `--async`
    #[arg(long = behind::OPTION, hide = true, value_name = "JID")]
    behind: Option<String>,
    /// Run on that many minions at a time: a number or a percentage
    #[arg(short, long, alias = "batch-size", value_name = "SIZE")]
    batch: Option<String>,
    /// Seconds to wait after a return before the next minion of a batch starts
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    batch_wait: f64,
    /// Run as a batch if at least this many minions are meant
    #[arg(long, value_name = "MINIONS")]
    batch_safe_limit: Option<usize>,
    /// Size of such a batch
    #[arg(long, value_name = "SIZE")]
    batch_safe_size: Option<String>,
    /// Stop a batch at the first failure
    #[arg(long)]
    failhard: bool,
    /// Run on so many minions, chosen at random
    #[arg(long, value_name = "MINIONS")]
    subset: Option<usize>,
    /// Print the jid and more about the job
    #[arg(short, long)]
    verbose: bool,
    /// Print the jid
    #[arg(long)]
    show_jid: bool,
    /// Say nothing of minions that did not return
    #[arg(long, overrides_with = "show_timeout")]
    hide_timeout: bool,
    /// Tell which minions did not return; this is what is done anyway
    #[arg(long, hide = true)]
    show_timeout: bool,
    /// Print how many returned, failed, and did not return
    #[arg(long)]
    summary: bool,
    /// Print the documentation of functions
    #[arg(short, long, alias = "documentation")]
    doc: bool,
    /// Word that separates the arguments of several functions
    #[arg(long, value_name = "WORD", default_value = ",")]
    args_separator: String,
    /// Arguments name=value whose values stay text: name,name
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    no_parse: Vec<String>,
    /// Read more arguments from standard input, one on each line
    #[arg(long)]
    args_stdin: bool,
    /// Returners to use
    #[arg(long = "return", value_name = "RETURNERS")]
    returner: Option<String>,
    /// Configuration of the returners
    #[arg(long = "return_config", alias = "return-config", value_name = "NAME")]
    return_config: Option<String>,
    /// Options of the returners, as a dict
    #[arg(long = "return_kwargs", alias = "return-kwargs", value_name = "DICT")]
    return_kwargs: Option<String>,
    /// Executors to use, in place of the minion's own
    #[arg(long, value_name = "LIST")]
    module_executors: Option<String>,
    /// Options of the executors
    #[arg(long, value_name = "DICT")]
    executor_opts: Option<String>,
    /// Data to keep with the job, to find it by
    #[arg(long, value_name = "DATA")]
    metadata: Option<String>,
    /// Ask minions for an event when they start
    #[arg(long)]
    start_event: bool,
    /// Report changed states only
    #[arg(long)]
    output_diff: bool,
    /// Print the master's configuration
    #[arg(long)]
    config_dump: bool,
    /// Print which minions are meant, and send nothing
    #[arg(long)]
    preview_target: bool,
    /// Print which minions are meant, by what, and how old the data is; send nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    eauth: EauthOptions,
    /// Target, function, arguments
    #[arg(value_name = "WORDS", hide = true, allow_negative_numbers = true)]
    words: Vec<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let mut cli: Cli = match parse(args, |command| command) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt").or_else(|| cli.eauth.refuse()) {
        return code;
    }
    if cli.args_stdin {
        cli.words.extend(std::io::stdin().lines().map_while(std::result::Result::ok));
    }
    run(&cli).unwrap_or_else(|error| {
        log::complain(&error.to_string());
        ExitCode::from(exit::GENERIC)
    })
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let tgt_type = match targets::chosen(&cli.target, &cli.more_target) {
        Ok(kind) => kind,
        Err(text) => return Ok(usage("salt", &text)),
    };
    let opts = config::master(&cli.config, &given(cli), "warning")?;
    if cli.config_dump {
        let opts = opts.with("output", "yaml");
        let all = (**opts.values()).clone().into();
        output::display(&all, Some("yaml"), &opts, 0, None)?;
        return Ok(ExitCode::from(exit::OK));
    }
    let request = match request::read(cli, &opts, tgt_type) {
        Ok(request) => request,
        Err(request::Incomplete { text, code }) => {
            if cli.words.len() < 2 {
                // With nobody to read it there is no use in help.
                let _ = Cli::command().disable_version_flag(true).print_help();
            }
            log::complain(&text);
            return Ok(ExitCode::from(code));
        }
    };
    cli.output.begin_file()?;
    if cli.preview || cli.preview_target {
        return preview::run(cli, &opts, &request);
    }
    block_on(send(cli, &opts, &request))
}

/// Chooses between a plain job and a batch.
async fn send(cli: &Cli, opts: &Opts, request: &request::Request) -> Result<ExitCode> {
    if let Some(size) = &cli.batch {
        return batch_run::run(cli, opts, request, size).await;
    }
    let configured = || usize::try_from(opts.int("batch_safe_limit", 0)).ok();
    let limit = cli.batch_safe_limit.or_else(configured).filter(|limit| *limit > 1);
    if let Some(limit) = limit {
        let many = preview::meant(opts, &request.spec)?.len() >= limit;
        if many {
            log::say("\nNOTICE: Too many minions targeted, switching to batch execution.");
            let configured = opts.get("batch_safe_size").map(ToString::to_string);
            let size = cli.batch_safe_size.clone().or(configured);
            let size = size.as_deref().unwrap_or(batch::SAFE_SIZE);
            return batch_run::run(cli, opts, request, size).await;
        }
    }
    job::run(cli, opts, request).await
}

/// The configuration options that the command line sets.
fn given(cli: &Cli) -> Map {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    cli.output.lay_over(&mut given);
    put(&mut given, "state_output_diff", cli.output_diff.then_some(true));
    put(&mut given, "timeout", cli.timeout.filter(|seconds| *seconds > 0));
    given
}
