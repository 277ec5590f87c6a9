//! `salt-run`: runs a function on the master's host.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use halite_core::{Args, Error, Map, Opts, Result, Value, map};
use halite_master::runner::{self, Call, Kind, Ran};
use halite_minion::input::parse_call;

use crate::client::{Client, block_on, invoker};
use crate::options::{ConfigOptions, EauthOptions, LogOptions, OutputOptions, put};
use crate::parse::{parse, usage};
use crate::version::VersionOptions;
use crate::{config, exit, log, output};

/// Runs a function on the master's host
#[derive(Parser, Debug)]
#[command(name = "salt-run", override_usage = "salt-run [OPTIONS] <FUNCTION> [ARGUMENTS]...")]
struct Cli {
    #[command(flatten)]
    versions: VersionOptions,
    #[command(flatten)]
    config: ConfigOptions,
    /// Seconds to wait, where the function waits for minions
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u32>,
    /// Print the documentation of functions
    #[arg(short, long, alias = "documentation")]
    doc: bool,
    /// Let the running master run it, and do not wait
    #[arg(long = "async")]
    asynchronous: bool,
    /// Id to use for the run
    #[arg(long, value_name = "JID")]
    jid: Option<String>,
    /// Print nothing of the result
    #[arg(long)]
    quiet: bool,
    /// Arguments name=value whose values stay text: name,name
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    no_parse: Vec<String>,
    /// Read more arguments from standard input, one on each line
    #[arg(long)]
    args_stdin: bool,
    /// Known for Salt's sake; runner functions have no grains here
    #[arg(long, hide = true)]
    skip_grains: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    eauth: EauthOptions,
    /// Function, arguments
    #[arg(value_name = "WORDS", hide = true, allow_negative_numbers = true)]
    words: Vec<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let mut cli: Cli = match parse(args, |command| command) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt-run").or_else(|| cli.eauth.refuse()) {
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
    let name = cli.words.first().map_or("", String::as_str);
    if cli.doc || name.is_empty() {
        if cli.words.len() > 1 {
            let what = "You can only get documentation for one method at one time";
            return Ok(usage("salt-run", what));
        }
        print_docs(name);
        return Ok(ExitCode::from(exit::OK));
    }
    let opts = config::master(&cli.config, &given(cli), "warning")?;
    let args = parse_call(&cli.words[1..], &cli.no_parse);
    if cli.asynchronous {
        return block_on(start(&opts, name, args));
    }
    cli.output.begin_file()?;
    let call = Call {
        kind: Kind::Runner,
        fun: name.to_owned(),
        args,
        user: invoker(),
        jid: cli.jid.clone(),
        print: Box::new(|line: &str| log::say(line)),
    };
    let ran = match std::io::IsTerminal::is_terminal(&std::io::stderr()) && !cli.quiet {
        true => runner::run_watched(&opts, call, Arc::new(|line: &str| log::complain(line))),
        false => runner::run(&opts, call),
    };
    if !cli.quiet {
        show(cli, &opts, name, &ran)?;
    }
    // Salt: how a function is to be called is an answer like any other.
    let told = wrong_arguments(&ran).is_some();
    Ok(if told { ExitCode::from(exit::OK) } else { exit::of_retcode(ran.retcode) })
}

/// What is said of arguments that the function does not take.
fn wrong_arguments(ran: &Ran) -> Option<&str> {
    let text = ran.shown().as_str().filter(|_| !ran.success)?;
    text.starts_with("Passed invalid arguments").then_some(text)
}

/// Prints the result; with wrong arguments, how the function is to be called.
fn show(cli: &Cli, opts: &Opts, name: &str, ran: &Ran) -> Result<()> {
    let file = cli.output.output_file.as_deref();
    let ret = ran.shown();
    let docs = runner::docs(Kind::Runner, name);
    match wrong_arguments(ran).zip(docs.get(name)) {
        // As Salt prints it: the text and the function's documentation.
        Some((text, doc)) => {
            let usage = format!("\n{text}\n\nUsage:\n{doc}");
            output::display(&usage.into(), None, opts, ran.retcode, file)
        }
        // Functions that print by themselves, as `state.event`, return nothing.
        None if ret.is_null() => Ok(()),
        None => {
            let out = ran.outputter.as_deref();
            output::display(ret, out, opts, ran.retcode, file)
        }
    }
}

fn print_docs(name: &str) {
    for (fun, doc) in runner::docs(Kind::Runner, name) {
        log::say(&format!("{fun}:\n{doc}\n"));
    }
}

/// Has the running master run it.
async fn start(opts: &Opts, fun: &str, args: Args) -> Result<ExitCode> {
    let client = Client::new(opts)?;
    let load = map! {
        "cmd" => "runner", "fun" => fun, "arg" => args.positional, "kwarg" => args.named,
    };
    let answer = client.ask(load).await?;
    let tag = answer.get("tag").map(Value::to_string);
    let tag =
        tag.ok_or_else(|| Error::execution(format!("the master's answer has no tag: {answer}")))?;
    log::complain(&format!(
        "Running in asynchronous mode. Results of this execution may be collected by attaching to \
         the master event bus or by examining the master job cache, if configured. This execution \
         is running under tag {tag}"
    ));
    Ok(ExitCode::from(exit::OK))
}

fn given(cli: &Cli) -> Map {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    cli.output.lay_over(&mut given);
    put(&mut given, "timeout", cli.timeout.filter(|seconds| *seconds > 0));
    given
}
