//! `git`: what goes to and comes from other repositories. Salt: `salt/modules/git.py`.

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{How, address, change, expand, look, only, options, words};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "git",
    &[&CLONE, &FETCH, &PULL, &PUSH, &SUBMODULE, &LS_REMOTE, &REMOTE_REFS, &REMOTE_SET],
)
.available(super::shared::here);

/// Clones a repository.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.clone /path/to/repo_parent_dir https://github.com/user/repo.git
/// ```
#[function]
fn clone(
    apply: &Apply<'_>,
    /// Where the checkout is to be; with `name`, its parent folder.
    cwd: String,
    /// The repository.
    #[default(None)]
    url: Option<String>,
    /// The name of the checkout.
    #[default(None)]
    name: Option<String>,
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
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<bool> {
    let place = expand(apply, &cwd, user.as_deref());
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Err(Error::usage("git.clone", "Missing 'url' argument"));
    };
    let url = address(&url, &https_user, &https_pass)?;
    let mut words = words(&git_opts, &["clone"], &opts)?;
    words.extend(["--".to_owned(), url]);
    let within = match name {
        Some(name) => {
            words.push(name);
            if !apply.cx.host.exists(&place) {
                apply.call_value("file.makedirs", args![format!("{}/", place.display())])?;
            }
            place
        }
        None => {
            words.push(place.display().to_string());
            "/tmp".into()
        }
    };
    let how = How::within(within, user.as_deref()).quiet(ignore_retcode);
    change(apply, &words, &how.with_key(&identity, &saltenv))?;
    Ok(true)
}

/// Fetches from a remote; gives what is new.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.fetch /path/to/repo upstream
/// ```
#[function]
fn fetch(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The remote.
    #[default(None)]
    remote: Option<String>,
    /// Also what is no fast-forward.
    #[default(false)]
    force: bool,
    /// What is to be fetched, as a list or with commas.
    #[default(Value::Null)]
    refspecs: Value,
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
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Map> {
    let mut words = words(&git_opts, &["fetch"], &Value::Null)?;
    words.extend(force.then(|| "--force".to_owned()));
    words.extend(options(&opts)?.into_iter().filter(|word| word != "-f" && word != "--force"));
    words.extend(remote.filter(|remote| !remote.is_empty()));
    match &refspecs {
        Value::Null => {}
        Value::List(items) => words.extend(items.iter().map(Value::to_string)),
        other => words.extend(other.to_string().split(',').map(str::to_owned)),
    }
    let place = expand(apply, &cwd, user.as_deref());
    let how = How::within(place, user.as_deref()).quiet(ignore_retcode).merged();
    let said = change(apply, &words, &how.with_key(&identity, &saltenv))?;
    Ok(fetched(&said.stdout))
}

/// Fetches and merges.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.pull /path/to/repo opts='--rebase origin master'
/// ```
#[function]
fn pull(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
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
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&git_opts, &["pull"], &opts)?;

    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .with_key(&identity, &saltenv),
    )?;
    Ok(said.stdout)
}

/// Sends a branch to a remote.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.push /path/to/repo origin master
/// ```
#[function]
fn push(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The remote.
    #[default(None)]
    remote: Option<String>,
    /// The branch, as `local:remote` if they differ.
    #[default(None)]
    ref_: Option<String>,
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
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let mut words = words(&git_opts, &["push"], &opts)?;
    words.extend(remote.into_iter().chain(ref_));
    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .with_key(&identity, &saltenv),
    )?;
    Ok(said.stdout)
}

/// Runs a command of `git submodule`.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.submodule /path/to/repo/sub/repo update opts='--init'
/// ```
#[function]
fn submodule(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The command.
    command: String,
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
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<String> {
    let words = words(&git_opts, &["submodule", &command], &opts)?;

    let said = change(
        apply,
        &words,
        &How::within(expand(apply, &cwd, user.as_deref()), user.as_deref())
            .quiet(ignore_retcode)
            .with_key(&identity, &saltenv),
    )?;
    Ok(said.stdout)
}

/// Lists what a remote has: names with hashes.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.ls_remote /path/to/repo origin master
/// ```
#[function]
fn ls_remote(
    cx: &Context<'_>,
    /// The checkout, if the remote is the name of one of its.
    #[default(None)]
    cwd: Option<String>,
    /// The remote, by name or address.
    #[default("origin".into())]
    remote: String,
    /// Only names that match.
    #[default(None)]
    ref_: Option<String>,
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
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    #[default("base".into())] saltenv: String,
) -> Result<Map> {
    let mut words = words(&git_opts, &["ls-remote"], &opts)?;
    words.push(address(&remote, &https_user, &https_pass)?);
    words.extend(ref_.filter(|name| !name.is_empty()));
    let user = user.as_deref();
    let how = match cwd {
        Some(cwd) => How::within(expand(cx, &cwd, user), user),
        None => How::anywhere(user),
    };
    let how = how.quiet(ignore_retcode).with_key(&identity, &saltenv);
    Ok(refs_of(&look(cx, &words, &how)?.stdout))
}

/// Lists what a repository has: names with hashes.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.remote_refs https://github.com/saltstack/salt.git
/// ```
#[function]
fn remote_refs(
    cx: &Context<'_>,
    /// The repository.
    url: String,
    /// Only branches.
    #[default(false)]
    heads: bool,
    /// Only tags.
    #[default(false)]
    tags: bool,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// A key for ssh, or several.
    #[default(Value::Null)]
    identity: Value,
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
    #[default("base".into())] saltenv: String,
    /// `filter`: only names that match.
    #[kwargs]
    kwargs: Map,
) -> Result<Map> {
    let mut kwargs = only(kwargs, &["filter"])?;
    let mut words = words(&Value::Null, &["ls-remote"], &Value::Null)?;
    words.extend(heads.then(|| "--heads".to_owned()));
    words.extend(tags.then(|| "--tags".to_owned()));
    words.push(address(&url, &https_user, &https_pass)?);
    let filter = kwargs.shift_remove("filter").filter(Value::truthy);
    words.extend(filter.map(|filter| filter.to_string()));
    let how = How::anywhere(user.as_deref()).quiet(ignore_retcode);
    Ok(refs_of(&look(cx, &words, &how.with_key(&identity, &saltenv))?.stdout))
}

/// Sets the address of a remote, which is made if there is none; gives its addresses.
///
/// CLI Example:
///
/// ```text
/// salt '*' git.remote_set /path/to/repo git@github.com:user/repo.git
/// ```
#[function]
fn remote_set(
    apply: &Apply<'_>,
    /// The checkout.
    cwd: String,
    /// The address.
    url: String,
    /// The remote.
    #[default("origin".into())]
    remote: String,
    /// Who runs git.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    /// Another address to push to.
    #[default(None)]
    push_url: Option<String>,
    #[default(Value::Null)] push_https_user: Value,
    #[default(Value::Null)] push_https_pass: Value,
    /// Whether a failure is no fault of the job.
    #[default(false)]
    ignore_retcode: bool,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Value> {
    let place = expand(apply, &cwd, user.as_deref());
    let how = How::within(place, user.as_deref()).quiet(ignore_retcode);
    let run = |command: &[&str]| change(apply, &words(&Value::Null, command, &Value::Null)?, &how);
    let who = user.as_deref();
    let all: Map = apply.cx.call("git.remotes", args![cwd.as_str(); user = who])?;
    if all.contains_key(remote.as_str()) {
        run(&["remote", "rm", &remote])?;
    }
    run(&["remote", "add", &remote, &address(&url, &https_user, &https_pass)?])?;
    if let Some(url) = push_url.filter(|url| !url.is_empty()) {
        let url = address(&url, &push_https_user, &push_https_pass)?;
        run(&["remote", "set-url", "--push", &remote, &url])?;
    }
    apply.call_value("git.remote_get", args![cwd, remote; user = user.as_deref()])
}

/// `HASH NAME` of each line.
fn refs_of(text: &str) -> Map {
    let lines = text.lines().filter_map(|line| line.split_once(char::is_whitespace));
    lines.map(|(hash, name)| (name.trim_start().into(), hash.into())).collect()
}

fn list(found: &mut Map, key: &str, name: &str) {
    let entry = found.entry(key.into()).or_insert_with(|| Value::list([]));
    if let Some(names) = entry.as_list_mut() {
        names.push(name.into());
    }
}

/// What git says that it has fetched.
fn fetched(text: &str) -> Map {
    let pattern = concat!(
        r"^[\s*]*(?:([0-9a-f]+)\.\.([0-9a-f]+)|\[(?:new (tag|branch)|tag update)\])",
        r"\s+(.+)->",
    );
    let update = regex::Regex::new(pattern).expect("is a valid pattern");
    let mut found = Map::new();
    for parts in text.lines().filter_map(|line| update.captures(line)) {
        let part = |at: usize| parts.get(at).map(|part| part.as_str());
        let name = part(4).unwrap_or_default().trim_end();
        match (part(3), part(1).zip(part(2))) {
            (Some("tag"), _) => list(&mut found, "new tags", name),
            (Some(_), _) => list(&mut found, "new branches", name),
            (None, None) => list(&mut found, "updated tags", name),
            (None, Some((old, new))) => {
                let entry = found.entry("updated branches".into());
                let entry = entry.or_insert_with(|| Map::new().into());
                if let Some(entry) = entry.as_map_mut() {
                    entry.insert(name.into(), map! {"old" => old, "new" => new}.into());
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_read() {
        let text = "From /srv/x\n   1a2b3c4..5d6e7f8  master     -> origin/master\n * [new branch]      dev  -> origin/dev\n \
                    * [new tag]         v1         -> v1\n t [tag update]      v0 -> v0\n";
        assert_eq!(
            Value::from(fetched(text)).repr(),
            "{'updated branches': {'master': {'old': '1a2b3c4', 'new': '5d6e7f8'}}, 'new branches': ['dev'], 'new tags': ['v1']}"
        );
    }
}
