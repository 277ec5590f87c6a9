//! `git`: what branches, tags and symbolic names stand for. Salt: `salt/modules/git.py`.

use halite_core::{Apply, Error, ExecModule, Result, Value, function};

use super::shared::{How, change, expand, options, words};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("git", &[&MERGE, &REBASE, &SYMBOLIC_REF, &TAG]).available(super::shared::here);

/// Merges a revision.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.merge /path/to/repo @{upstream}
/// ```
#[function]
fn merge(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The revision.
    #[default(None)]
    rev: Option<String>,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// A key for ssh, or several.
    #[default(Value::Null)]
    identity: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["merge"], &opts)?;
    words.extend(rev.filter(|rev| !rev.is_empty()));
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .with_key(&identity, "base"),
    )?;
    Ok(said.stdout)
}

/// Moves the branch onto a revision.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.rebase /path/to/repo master
/// ```
#[function]
fn rebase(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The revision, and what else the command takes.
    #[default("master".into())]
    rev: String,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["rebase"], &opts)?;
    if words.iter().any(|word| word == "-i" || word == "--interactive") {
        return Err(Error::usage("git.rebase", "Interactive rebases are not supported"));
    }
    words.extend(crate::support::shlex::split(&rev)?);
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Gives or sets what a symbolic name stands for.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.symbolic_ref /path/to/repo HEAD
/// ```
#[function]
fn symbolic_ref(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The name.
    ref_: String,
    /// What it is to stand for.
    #[default(None)]
    value: Option<String>,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["symbolic-ref"], &opts)?;
    let delete = words.iter().any(|word| word == "-d" || word == "--delete");
    if delete && value.is_some() {
        let what = "Value cannot be set for symbolic ref if -d/--delete is included in opts";
        return Err(Error::usage("git.symbolic_ref", what));
    }
    words.push(ref_);
    words.extend(value.filter(|value| !value.is_empty()));
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref()).quiet(ignore_retcode),
    )?;
    Ok(said.stdout)
}

/// Makes or deletes a tag.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.tag /path/to/repo v0.1.2 message='Version 0.1.2'
/// ```
#[function]
fn tag(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The tag.
    name: String,
    /// What it is to name.
    #[default("HEAD".into())]
    ref_: String,
    /// What is to be said of it.
    #[default(None)]
    message: Option<String>,
    /// Further options of the command.
    #[default("".into())]
    opts: Value,
    /// Further options of git.
    #[default("".into())]
    git_opts: Value,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&Value::Null, &["tag"], &Value::Null)?;
    words.splice(1..1, options(&git_opts)?);
    let opts = options(&opts)?.into_iter().filter(|word| word != "-a" && word != "--annotate");
    let opts: Vec<String> = opts.collect();
    if opts.iter().any(|word| word == "-m" || word.contains("--message")) {
        let what = "Tag messages must be passed in the \"message\" argument";
        return Err(Error::usage("git.tag", what));
    }
    if let Some(message) = message {
        words.extend(["-a".to_owned(), "-m".to_owned(), message]);
    }
    let delete = opts.iter().any(|word| word == "-d" || word == "--delete");
    words.extend(opts);
    words.push(name);
    words.extend((!delete).then_some(ref_));
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .merged(),
    )?;
    Ok(said.stdout)
}
