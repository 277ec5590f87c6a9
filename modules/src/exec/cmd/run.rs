//! `cmd.run` and its kin: one command, and the part of its result that each of them gives.

use halite_core::{Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{Ran, Request, run as execute};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("cmd", &[&RUN, &RUN_STDOUT, &RUN_STDERR, &RUN_ALL, &RETCODE, &SHELL, &RUN_BG]);

/// Declares functions that take a command with all its surroundings and differ in what they give.
macro_rules! command_functions {
    ($($(#[doc = $doc:tt])* fn $name:ident(stderr joined: $joined:tt) -> $finish:path;)+) => {$(
        $(#[doc = $doc])*
        #[function]
        fn $name(
            cx: &Context<'_>,
            /// The command: a text, or a list of words.
            cmd: Value,
            /// Working folder; the user's home by default.
            #[default(None)] cwd: Option<String>,
            /// What the command reads.
            #[default(None)] stdin: Option<String>,
            /// Run as this user.
            #[default(None)] runas: Option<String>,
            /// Run as this group.
            #[default(None)] group: Option<String>,
            /// The shell for text that needs one; `$SHELL` by default.
            #[default(Some(String::new()))] shell: Option<String>,
            /// Whether the text goes through the shell; else it is split into words.
            #[default(None)] python_shell: Option<bool>,
            /// Variables: a map, or a list of maps.
            #[default(Value::Null)] env: Value,
            /// Start from an empty environment.
            #[default(false)] clean_env: bool,
            /// Render the text with this engine first.
            #[default(None)] template: Option<String>,
            /// Drop white space at the end of output.
            #[default(true)] rstrip: bool,
            /// File mode mask, octal.
            #[default(Value::Null)] umask: Value,
            /// Encoding of the output.
            #[default(None)] output_encoding: Option<String>,
            /// `quiet` keeps the command out of logs and errors.
            #[default("debug".into())] output_loglevel: String,
            #[default(Value::Null)] _log_callback: Value,
            /// Give no output back.
            #[default(false)] hide_output: bool,
            /// Kill the command after this many seconds.
            #[default(Value::Null)] timeout: Value,
            /// Set the locale to C.
            #[default(true)] reset_system_locale: bool,
            /// Do not make a bad exit code the job's.
            #[default(false)] ignore_retcode: bool,
            /// Environment of the files that a template may use.
            #[default(None)] saltenv: Option<String>,
            #[default(false)] _use_vt: bool,
            /// Join error output and output.
            #[default($joined)] redirect_stderr: bool,
            /// Do not wait for the command.
            #[default(false)] bg: bool,
            #[default(Value::Null)] _password: Value,
            #[default(false)] _encoded_cmd: bool,
            /// Raise an error on a bad exit code.
            #[default(false)] raise_err: bool,
            /// A folder to put before `PATH`.
            #[default(None)] prepend_path: Option<String>,
            /// Exit codes that count as success.
            #[default(Value::Null)] success_retcodes: Value,
            /// Texts in the output that mean success.
            #[default(Value::Null)] success_stdout: Value,
            /// Texts in the error output that mean success.
            #[default(Value::Null)] success_stderr: Value,
            #[kwargs] kwargs: Map,
        ) -> Result<Value> {
            let request = Request {
                cmd, cwd, stdin, runas, group, shell, python_shell, env, clean_env, template,
                rstrip, umask, output_encoding, output_loglevel, hide_output, timeout,
                reset_system_locale, ignore_retcode, saltenv, redirect_stderr, bg, raise_err,
                prepend_path, success_retcodes, success_stdout, success_stderr, kwargs,
            };
            $finish(cx, request)
        }
    )+};
}

command_functions! {
    /// Runs a command and gives its output, error output included.
    ///
    /// Called by a job (`salt`, `salt-call`), the text goes through the shell; called from a
    /// template or a state it is split into words, unless `python_shell=True` is given.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.run "ls -l | awk '/foo/{print \$2}'"
    /// salt '*' cmd.run "echo $ME" env='{ME: me}' cwd=/tmp timeout=5
    /// ```
    fn run(stderr joined: true) -> output;

    /// Runs a command and gives its standard output alone.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.run_stdout "ls -l"
    /// ```
    fn run_stdout(stderr joined: false) -> stdout;

    /// Runs a command and gives its error output alone.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.run_stderr "ls /nowhere"
    /// ```
    fn run_stderr(stderr joined: false) -> stderr;

    /// Runs a command and gives all of it: `pid`, `retcode`, `stdout`, `stderr`.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.run_all "ls -l"
    /// ```
    fn run_all(stderr joined: false) -> all;

    /// Runs a command and gives its exit code.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.retcode "file /bin/bash"
    /// ```
    fn retcode(stderr joined: true) -> code;

    /// Runs a text through the shell, whoever calls, and gives its output.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.shell "ls -l | wc -l"
    /// ```
    fn shell(stderr joined: true) -> through_shell;

    /// Starts a command in the background and gives its process id.
    ///
    /// CLI Example:
    ///
    /// ```text
    /// salt '*' cmd.run_bg "sleep 30; touch /tmp/done"
    /// ```
    fn run_bg(stderr joined: true) -> background;
}

fn output(cx: &Context<'_>, request: Request) -> Result<Value> {
    let ran = execute(cx, &request)?;
    let text = if request.hide_output { String::new() } else { ran.stdout };
    let failed = ran.retcode.is_some_and(|code| code != 0) && !request.ignore_retcode;
    if failed && request.raise_err && request.output_loglevel != "quiet" {
        return Err(Error::execution(text));
    }
    Ok(text.into())
}

fn through_shell(cx: &Context<'_>, mut request: Request) -> Result<Value> {
    request.python_shell = request.python_shell.or(Some(true));
    output(cx, request)
}

fn apart(cx: &Context<'_>, mut request: Request) -> Result<Ran> {
    request.redirect_stderr = false;
    let hide = request.hide_output;
    let mut ran = execute(cx, &request)?;
    if hide {
        (ran.stdout, ran.stderr) = (String::new(), String::new());
    }
    Ok(ran)
}

fn stdout(cx: &Context<'_>, request: Request) -> Result<Value> {
    Ok(apart(cx, request)?.stdout.into())
}

fn stderr(cx: &Context<'_>, request: Request) -> Result<Value> {
    Ok(apart(cx, request)?.stderr.into())
}

fn all(cx: &Context<'_>, request: Request) -> Result<Value> {
    let hide = request.hide_output;
    let mut ran = execute(cx, &request)?;
    if hide {
        (ran.stdout, ran.stderr) = (String::new(), String::new());
    }
    Ok(ran.into_map().into())
}

fn code(cx: &Context<'_>, request: Request) -> Result<Value> {
    Ok(execute(cx, &request)?.retcode.into())
}

fn background(cx: &Context<'_>, mut request: Request) -> Result<Value> {
    request.bg = true;
    Ok(halite_core::map! { "pid" => execute(cx, &request)?.pid }.into())
}
