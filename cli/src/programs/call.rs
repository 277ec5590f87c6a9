//! `salt-call`: runs one function on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::{CommandFactory, Parser};
use halite_core::services::RunStep;
use halite_core::{Error, Map, Opts, Result, Value};
use halite_master::runner::call_here;
use halite_minion::{Call, Caller, Failure, Watcher, input};

use crate::board::{self, Board};
use crate::options::{ConfigOptions, LogOptions, OutputOptions, put};
use crate::parse::{refused, usage};
use crate::{exit, log, output};

/// Runs a function on this machine, with or without a master
#[derive(Parser, Debug)]
#[command(name = "salt-call", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Run without a master: states and pillar from this machine's own roots
    #[arg(long)]
    local: bool,
    /// Folder of states, instead of the configured ones
    #[arg(long, value_name = "DIR")]
    file_root: Vec<PathBuf>,
    /// Folder of pillar, instead of the configured ones
    #[arg(long, value_name = "DIR")]
    pillar_root: Vec<PathBuf>,
    /// Further folder of state modules
    #[arg(long, value_name = "DIR")]
    states_dir: Vec<PathBuf>,
    /// Further folder of execution modules
    #[arg(short = 'm', long, value_name = "DIR")]
    module_dirs: Vec<PathBuf>,
    /// Exit with the function's own retcode
    #[arg(long)]
    retcode_passthrough: bool,
    /// Print what belongs to the return as well: jid, retcode, arguments
    #[arg(long)]
    metadata: bool,
    /// Data to keep with the job, to find it by
    #[arg(long, value_name = "METADATA")]
    set_metadata: Option<String>,
    /// Minion id to use
    #[arg(long)]
    id: Option<String>,
    /// Master to use
    #[arg(long)]
    master: Option<String>,
    /// Cache folder to use
    #[arg(long, value_name = "DIR")]
    cachedir: Option<PathBuf>,
    /// Print the grains
    #[arg(short, long)]
    grains: bool,
    /// Print the documentation of a function, of a module, or of all
    #[arg(short, long, visible_alias = "documentation")]
    doc: bool,
    /// Returners to pass the return to, separated by commas
    #[arg(long = "return", value_name = "RETURNER")]
    return_: Option<String>,
    /// Do not send the return to the master
    #[arg(long)]
    no_return_event: bool,
    /// Keyword arguments to leave as text
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    no_parse: Vec<String>,
    /// Executors instead of the configured ones
    #[arg(long, value_name = "EXECUTORS")]
    module_executors: Option<String>,
    /// Read further arguments from standard input, one a line
    #[arg(long)]
    args_stdin: bool,
    /// Do not load grains
    #[arg(long)]
    skip_grains: bool,
    /// Read the grains anew
    #[arg(long)]
    refresh_grains_cache: bool,
    /// Seconds to wait for the master at sign-in
    #[arg(short = 't', long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u32,
    /// Report changed states only
    #[arg(long)]
    output_diff: bool,
    /// Say why: `state.show_top --why` is `state.show_top why=True`
    #[arg(long)]
    why: bool,
    /// User to run as
    #[arg(long = "priv", value_name = "USER")]
    user: Option<String>,
    /// Function, then its arguments
    #[arg(value_name = "FUNCTION")]
    words: Vec<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let mut cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return refused(&Cli::command(), &args, &error),
    };
    if cli.args_stdin {
        cli.words.extend(std::io::stdin().lines().map_while(std::result::Result::ok));
    }
    if cli.why && !cli.words.is_empty() {
        cli.words.push("why=True".into());
    }
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            log::complain(&error.to_string());
            ExitCode::from(exit::GENERIC)
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    if cli.words.is_empty() && !cli.grains && !cli.doc {
        log::complain("salt-call: error: Requires function, --grains or --doc");
        return Ok(ExitCode::from(exit::USAGE));
    }
    if cli.doc && cli.words.len() > 1 {
        let what = "You can only get documentation for one method at one time";
        return Ok(usage("salt-call", what));
    }
    warn_of_ignored_roots(cli);
    let (opts, warnings) = halite_minion::config::load(&cli.config.config_dir, &given(cli))?;
    log::start(&opts, "warning");
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let file = cli.output.output_file.as_deref();
    if let (Some(path), false) = (file, cli.output.output_file_append) {
        empty_file(path)?;
    }
    let alone = opts.str("file_client") == "local" || opts.str("master_type") == "disable";
    let board = board::is_watched().then(|| Arc::new(Mutex::new(Board::new())));
    let watcher = board.as_ref().map(|board| watcher(board, opts.str("id")));
    let caller = match alone {
        true => Caller::local(opts, watcher, call_here),
        false => Caller::remote(opts, watcher, call_here),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(none) => {
            log::complain(&none.why);
            return Ok(ExitCode::from(none.code));
        }
    };
    let opts = &caller.engine().machine.opts;
    if cli.doc {
        print_docs(&caller, cli.words.first().map_or("", String::as_str));
        return Ok(ExitCode::from(exit::OK));
    }
    if cli.grains {
        let grains = Value::from(std::sync::Arc::clone(&caller.engine().machine.grains));
        output::display(&local(grains), Some("nested"), opts, 0, file)?;
        return Ok(ExitCode::from(exit::OK));
    }
    let call = call_of(cli);
    let called = caller.call(&call);
    board.iter().for_each(|board| locked(board).clear());
    match called {
        Ok(ret) => print_return(cli, opts, ret, file),
        Err(failure) => Ok(print_failure(&caller, &call.fun, failure, opts)),
    }
}

/// Shows the states of a run on the board.
fn watcher(board: &Arc<Mutex<Board>>, id: &str) -> Watcher {
    let (board, id) = (Arc::clone(board), if id.is_empty() { "local" } else { id }.to_owned());
    Arc::new(move |step: &RunStep<'_>| {
        let mut board = locked(&board);
        board.step(&id, step);
        board.draw(None);
    })
}

fn locked(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Options of the command line, under their configuration names.
fn given(cli: &Cli) -> Map {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    cli.output.lay_over(&mut given);
    if cli.local {
        put(&mut given, "local", Some(true));
        put(&mut given, "file_client", Some("local"));
        put(&mut given, "file_roots", base_env(&cli.file_root));
        put(&mut given, "pillar_roots", base_env(&cli.pillar_root));
    }
    put(&mut given, "id", cli.id.as_deref());
    put(&mut given, "master", cli.master.as_deref());
    put(&mut given, "cachedir", cli.cachedir.as_deref().map(absolute));
    put(&mut given, "states_dirs", list(&cli.states_dir));
    put(&mut given, "module_dirs", list(&cli.module_dirs));
    put(&mut given, "return", cli.return_.as_deref());
    put(&mut given, "module_executors", cli.module_executors.as_deref().map(input::yamlify));
    put(&mut given, "no_return_event", cli.no_return_event.then_some(true));
    put(&mut given, "skip_grains", cli.skip_grains.then_some(true));
    put(&mut given, "refresh_grains_cache", cli.refresh_grains_cache.then_some(true));
    put(&mut given, "state_output_diff", cli.output_diff.then_some(true));
    put(&mut given, "user", cli.user.as_deref());
    put(&mut given, "auth_timeout", Some(cli.timeout));
    put(&mut given, "caller", Some(true));
    given
}

fn base_env(roots: &[PathBuf]) -> Option<Map> {
    list(roots).map(|roots| halite_core::map! {"base" => roots})
}

fn list(folders: &[PathBuf]) -> Option<Value> {
    let folders: Vec<Value> = folders.iter().map(|folder| absolute(folder)).collect();
    (!folders.is_empty()).then(|| Value::from(folders))
}

fn absolute(path: &Path) -> Value {
    Value::from(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

fn warn_of_ignored_roots(cli: &Cli) {
    let given = [
        ("--file-root", !cli.file_root.is_empty()),
        ("--pillar-root", !cli.pillar_root.is_empty()),
        ("--states-dir", !cli.states_dir.is_empty()),
    ];
    let names: Vec<&str> = given.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    if cli.local || names.is_empty() {
        return;
    }
    let verb = if names.len() == 1 { "is" } else { "are" };
    log::complain(&format!(
        "Warning: {} {verb} ignored because --local was not specified; states and pillar come \
         from the master. Run with --local to use them.",
        names.join(", ")
    ));
}

fn call_of(cli: &Cli) -> Call {
    let (fun, words) = cli.words.split_first().expect("run() refused an empty list");
    Call {
        fun: fun.clone(),
        fun_args: words.iter().map(Value::from).collect(),
        args: input::parse_call(words, &cli.no_parse),
        metadata: cli.set_metadata.as_deref().map(input::yamlify),
    }
}

fn local(value: Value) -> Value {
    Value::from(halite_core::map! {"local" => value})
}

fn print_return(cli: &Cli, opts: &Opts, ret: Map, file: Option<&Path>) -> Result<ExitCode> {
    let retcode = ret.get("retcode").and_then(Value::as_i64).unwrap_or(0);
    if cli.metadata {
        output::display(&local(ret.into()), Some("nested"), opts, retcode, file)?;
    } else {
        let asked = ret.get("out").and_then(Value::as_str).unwrap_or("nested");
        let shown = ret.get("return").cloned().unwrap_or_default();
        output::display(&local(shown), Some(asked), opts, retcode, file)?;
    }
    Ok(match retcode {
        0 => ExitCode::from(exit::OK),
        retcode if cli.retcode_passthrough => exit::of_retcode(retcode),
        _ => ExitCode::from(exit::GENERIC),
    })
}

/// Says what went wrong as `salt-call` says it. Salt: `salt.cli.caller` behaviour.
fn print_failure(caller: &Caller, fun: &str, failure: Failure, opts: &Opts) -> ExitCode {
    let code = match failure {
        Failure::Missing(text) => {
            let docs = caller.engine().docs(&format!("{fun}*"));
            if docs.is_empty() {
                log::complain(&text);
                exit::MISSING
            } else {
                let mut docs = docs;
                docs.insert(fun.into(), format!("'{fun}' is not available.").into());
                // The answer is help: what cannot be printed is lost without harm.
                let _ = output::display(&local(docs.into()), Some("nested"), opts, 1, None);
                exit::GENERIC
            }
        }
        Failure::Keywords(text) => {
            log::complain(&text);
            exit::GENERIC
        }
        Failure::Binding(text) | Failure::Invocation(text) => {
            log::complain(&format!("\nPassed invalid arguments: {text}.\n\nUsage:"));
            let entry = caller.engine().machine.exec.get(fun);
            log::say(&entry.map(|entry| entry.spec.docstring()).unwrap_or_default());
            exit::GENERIC
        }
        Failure::Execution(text) => {
            log::complain(&format!("Error running '{fun}': {text}"));
            exit::GENERIC
        }
        Failure::Panic(text) => {
            log::complain(&format!("Error running '{fun}': a fault of this program: {text}"));
            exit::GENERIC
        }
    };
    ExitCode::from(code)
}

fn print_docs(caller: &Caller, prefix: &str) {
    for (name, spec) in caller.engine().machine.exec.specs() {
        if name.starts_with(prefix) {
            log::say(&format!("{name}:\n{}\n", spec.docstring()));
        }
    }
}

fn empty_file(path: &Path) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let opened = std::fs::OpenOptions::new().write(true).truncate(true).open(path);
    opened.map(drop).map_err(|error| Error::file("empty", path, error))
}
