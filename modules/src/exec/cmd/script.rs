//! `cmd.script`, `cmd.exec_code`: code that is put in a file first.

use std::path::{Path, PathBuf};

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{Request, run as execute};
use crate::support::shlex::split;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("cmd", &[&SCRIPT, &SCRIPT_RETCODE, &EXEC_CODE, &EXEC_CODE_ALL]);

/// Fetches a script and runs it; gives `pid`, `retcode`, `stdout` and `stderr`.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.script salt://scripts/runme.sh 'arg1 arg2 "arg 3"'
/// salt '*' cmd.script salt://scripts/runme.sh stdin='one\ntwo' template=jinja
/// ```
#[function]
fn script(
    apply: &Apply<'_>,
    /// `salt://`, `http(s)://` or a path.
    source: String,
    /// Arguments: a text that is split into words, or a list.
    #[default(Value::Null)]
    args: Value,
    /// Working folder; the script's copy is put there too.
    #[default(None)]
    cwd: Option<String>,
    #[default(None)] stdin: Option<String>,
    #[default(None)] runas: Option<String>,
    #[default(None)] group: Option<String>,
    #[default(Some(String::new()))] shell: Option<String>,
    #[default(None)] python_shell: Option<bool>,
    #[default(Value::Null)] env: Value,
    /// Render the script with this engine first.
    #[default(None)]
    template: Option<String>,
    #[default(Value::Null)] umask: Value,
    #[default(None)] output_encoding: Option<String>,
    #[default("debug".into())] output_loglevel: String,
    #[default(Value::Null)] _log_callback: Value,
    #[default(false)] hide_output: bool,
    #[default(Value::Null)] timeout: Value,
    #[default(true)] reset_system_locale: bool,
    #[default(None)] saltenv: Option<String>,
    #[default(false)] _use_vt: bool,
    #[default(false)] bg: bool,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] success_retcodes: Value,
    #[default(Value::Null)] success_stdout: Value,
    #[default(Value::Null)] success_stderr: Value,
    #[kwargs] mut kwargs: Map,
) -> Result<Map> {
    kwargs.shift_remove("__env__");
    let python_shell = if args.truthy() { Some(false) } else { python_shell };
    let request = Request {
        cwd,
        stdin,
        runas,
        group,
        shell,
        python_shell,
        env,
        umask,
        output_encoding,
        output_loglevel,
        hide_output,
        timeout,
        reset_system_locale,
        bg,
        success_retcodes,
        success_stdout,
        success_stderr,
        kwargs,
        rstrip: true,
        saltenv,
        ..Request::default()
    };
    run_script(apply, &source, &args, template.as_deref(), request)
}

/// Fetches the script, runs the copy with its arguments and removes it.
fn run_script(
    apply: &Apply<'_>,
    source: &str,
    args: &Value,
    template: Option<&str>,
    mut request: Request,
) -> Result<Map> {
    let saltenv = request.saltenv.clone().unwrap_or_else(|| match apply.opts.str("saltenv") {
        "" => "base".into(),
        set => set.into(),
    });
    let path = temp_path(apply, request.cwd.as_deref(), source);
    if !fetch(apply, source, &path, template, &saltenv, &request.kwargs)? {
        return Ok(map! {
            "pid" => 0, "retcode" => 1, "stdout" => "", "stderr" => "", "cache_error" => true,
        });
    }
    apply.host.chmod(&path, 0o500)?;
    if let Some(user) = &request.runas {
        let Some(found) = apply.host.user(user)? else {
            apply.host.remove_file(&path)?;
            return Err(Error::execution(format!("User '{user}' is not available")));
        };
        apply.host.chown(&path, Some(found.uid), None, true)?;
    }
    let mut words = vec![Value::from_os(path.as_os_str())];
    match args {
        Value::List(items) => words.extend(items.iter().cloned()),
        Value::Null => {}
        text => words.extend(split(&text.to_string())?.into_iter().map(Value::from)),
    }
    (request.cmd, request.saltenv) = (words.into(), Some(saltenv));
    let ran = execute(apply, &request);
    apply.host.remove_file(&path)?;
    let mut ran = match ran {
        Ok(ran) => ran.into_map(),
        Err(error) => {
            tracing::error!("cmd.script: Unable to run script '{source}': {error}");
            return Ok(Map::new());
        }
    };
    if request.hide_output {
        ran.insert("stdout".into(), "".into());
        ran.insert("stderr".into(), "".into());
    }
    Ok(ran)
}

/// A name for a copy: in the working folder or the temporary one, with the source's extension.
fn temp_path(apply: &Apply<'_>, folder: Option<&str>, source: &str) -> PathBuf {
    let name = source.split('?').next().unwrap_or(source).rsplit('/').next().unwrap_or_default();
    let extension = name.rfind('.').filter(|at| *at > 0).map_or("", |at| &name[at..]);
    let folder = folder.map(str::to_owned).or_else(|| apply.host.env("TMPDIR"));
    let token = crate::support::token(apply.host.now_micros());
    Path::new(folder.as_deref().unwrap_or("/tmp")).join(format!("__salt.tmp.{token}{extension}"))
}

/// Puts the script at `path`; false if it cannot be had.
fn fetch(
    apply: &Apply<'_>,
    source: &str,
    path: &Path,
    template: Option<&str>,
    saltenv: &str,
    kwargs: &Map,
) -> Result<bool> {
    if let Some(engine) = template {
        let mut call = args![source, path, engine, saltenv];
        for (key, value) in kwargs {
            if !key.to_string().starts_with("__pub_") {
                call.named.insert(key.clone(), value.clone());
            }
        }
        return Ok(apply.call_value("cp.get_template", call)?.truthy());
    }
    let cached = apply.call_value("cp.cache_file", args![source, saltenv])?;
    let Some(cached) = cached.as_str().filter(|cached| !cached.is_empty()) else {
        return Ok(false);
    };
    let Ok(content) = apply.host.read(Path::new(cached)) else { return Ok(false) };
    apply.host.write_atomic(path, &content, Some(0o500))?;
    Ok(true)
}

/// Fetches a script, renders it, runs it and gives its exit code.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.script_retcode salt://scripts/runme.sh 'arg1 arg2'
/// ```
#[function]
fn script_retcode(
    apply: &Apply<'_>,
    source: String,
    #[default(Value::Null)] args: Value,
    #[default("jinja".into())] template: String,
    /// All that `cmd.script` takes.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let mut call = args![source, args; template = template];
    call.named.extend(kwargs);
    let ran: Map = apply.call("cmd.script", call)?;
    ran.get("retcode").cloned().ok_or_else(|| Error::execution("the script could not be run"))
}

/// Runs code with an interpreter and gives its output.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.exec_code ruby 'puts "cheese"'
/// salt '*' cmd.exec_code bash 'echo "$1"' args='["a", "b"]' env='{"FOO": "bar"}'
/// ```
#[function]
fn exec_code(
    apply: &Apply<'_>,
    /// The interpreter.
    lang: String,
    /// The code.
    code: String,
    #[default(None)] cwd: Option<String>,
    /// Arguments of the code: one text, or a list.
    #[default(Value::Null)]
    args: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let ran = run_code(apply, &lang, &code, cwd, args, kwargs)?;
    Ok(ran.get("stdout").cloned().unwrap_or_default())
}

/// Runs code with an interpreter and gives `pid`, `retcode`, `stdout` and `stderr`.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.exec_code_all ruby 'puts "cheese"'
/// ```
#[function]
fn exec_code_all(
    apply: &Apply<'_>,
    lang: String,
    code: String,
    #[default(None)] cwd: Option<String>,
    #[default(Value::Null)] args: Value,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    run_code(apply, &lang, &code, cwd, args, kwargs)
}

fn run_code(
    apply: &Apply<'_>,
    lang: &str,
    code: &str,
    cwd: Option<String>,
    args: Value,
    kwargs: Map,
) -> Result<Map> {
    let path = temp_path(apply, None, "");
    apply.host.write_atomic(&path, code.as_bytes(), Some(0o600))?;
    if let Some(user) = kwargs.get("runas").and_then(Value::as_str) {
        let uid = apply.host.user(user)?.map(|user| user.uid);
        apply.host.chown(&path, uid, None, true)?;
    }
    let mut words = vec![Value::str(lang), Value::from_os(path.as_os_str())];
    match args {
        Value::List(items) => words.extend(items.iter().cloned()),
        text @ Value::Str(_) => words.push(text),
        _ => {}
    }
    let mut call = args![words; python_shell = false];
    call.named.extend(kwargs);
    call.named.insert("cwd".into(), cwd.into());
    let ran = apply.call("cmd.run_all", call);
    apply.host.remove_file(&path)?;
    ran
}
