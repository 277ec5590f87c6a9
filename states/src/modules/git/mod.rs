//! What the states of `git` share: calls of the module, and the texts of what came of them.
//! Salt: `salt/states/git.py` behaviour.

use halite_core::{
    Apply, Args, Available, Context, Error, FromValue, Map, Outcome, Result, Value, Verdict,
    host::Read,
};

use crate::support::expand_user;

/// Where the states are.
pub(super) fn here(_: &Map, host: &dyn Read) -> Available {
    match host.which("git") {
        Some(_) => Available::Yes,
        None => Available::No("git module could not be loaded".into()),
    }
}

/// A checkout and as whom it is worked on.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkout {
    pub(super) target: String,
    pub(super) user: Option<String>,
    pub(super) identity: Value,
    pub(super) https_user: Value,
    pub(super) https_pass: Value,
    pub(super) saltenv: String,
}

/// Keyword arguments of a call.
pub(super) type Named<'n> = &'n [(&'n str, Value)];

impl Checkout {
    fn args(&self, positional: Vec<Value>, named: Named<'_>) -> Args {
        let mut all: Map =
            named.iter().map(|(key, value)| ((*key).into(), value.clone())).collect();
        all.insert("user".into(), self.user.clone().into());
        Args { positional, named: all }
    }

    /// Arguments of a call for the checkout.
    pub(super) fn call(&self, more: Vec<Value>, named: Named<'_>) -> Args {
        let positional = std::iter::once(Value::from(self.target.as_str())).chain(more).collect();
        self.args(positional, named)
    }

    /// What the module says of the checkout.
    pub(super) fn ask<T: FromValue>(
        &self,
        cx: &Context<'_>,
        fun: &str,
        more: Vec<Value>,
        named: Named<'_>,
    ) -> Result<T> {
        cx.call(&format!("git.{fun}"), self.call(more, named))
    }

    /// The same where a failure is an answer too.
    pub(super) fn maybe(
        &self,
        cx: &Context<'_>,
        fun: &str,
        more: Vec<Value>,
        named: Named<'_>,
    ) -> Option<String> {
        let named: Vec<_> =
            named.iter().cloned().chain([("ignore_retcode", Value::Bool(true))]).collect();
        self.ask(cx, fun, more, &named).ok()
    }

    /// The hash of a revision; `None` if there is none.
    pub(super) fn parsed(&self, cx: &Context<'_>, rev: &str) -> Option<String> {
        self.maybe(cx, "rev_parse", vec![rev.into()], &[])
    }

    /// What the checkout is at: the hash.
    pub(super) fn revision(&self, cx: &Context<'_>) -> Option<String> {
        self.maybe(cx, "revision", Vec::new(), &[])
    }

    /// Has the module change the checkout.
    pub(super) fn tell(
        &self,
        apply: &Apply<'_>,
        fun: &str,
        more: Vec<Value>,
        named: Named<'_>,
    ) -> Result<Value> {
        apply.call_value(&format!("git.{fun}"), self.call(more, named))
    }

    /// The arguments with which others are talked to.
    pub(super) fn key(&self) -> [(&'static str, Value); 2] {
        [("identity", self.identity.clone()), ("saltenv", self.saltenv.as_str().into())]
    }

    /// The same with user and password for https.
    pub(super) fn login(&self) -> [(&'static str, Value); 4] {
        let [identity, saltenv] = self.key();
        let user = ("https_user", self.https_user.clone());
        [identity, saltenv, user, ("https_pass", self.https_pass.clone())]
    }

    /// What a repository elsewhere has: names with hashes.
    pub(super) fn remote_refs(&self, cx: &Context<'_>, url: &str, all: bool) -> Result<Map> {
        let mut named = self.login().to_vec();
        named.extend((!all).then_some(("heads", Value::Bool(false))));
        cx.call("git.remote_refs", self.args(vec![url.into()], &named))
    }

    /// Whether there is a checkout.
    pub(super) fn exists(&self, cx: &Context<'_>, part: &str) -> Result<bool> {
        let folder = std::path::Path::new(&self.target).join(part);
        let there = cx.host.metadata(&folder)?.is_some_and(|found| found.is_dir());
        Ok(there || self.ask(cx, "is_worktree", Vec::new(), &[])?)
    }

    /// Fetches; whether something is new.
    pub(super) fn fetch(
        &self,
        apply: &Apply<'_>,
        remote: &str,
        force: bool,
        refspecs: &[String],
    ) -> Result<bool> {
        let mut named = self.key().to_vec();
        named.push(("remote", remote.into()));
        named.push(("force", force.into()));
        named.push(("refspecs", refspecs.to_vec().into()));
        Ok(self.tell(apply, "fetch", Vec::new(), &named)?.truthy())
    }

    /// Brings the submodules to where they are to be.
    pub(super) fn submodules(&self, apply: &Apply<'_>) -> Result<()> {
        let mut named = self.key().to_vec();
        named.push(("opts", vec!["--init", "--recursive"].into()));
        self.tell(apply, "submodule", vec!["update".into()], &named).map(drop)
    }
}

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) changes: Map,
    pub(super) comments: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Story {
    /// One more thing that was done.
    pub(super) fn add(&mut self, comment: impl Into<String>) {
        self.comments.push(comment.into());
    }

    /// An outcome with these changes.
    pub(super) fn end(&self, result: Option<bool>, comment: impl Into<String>) -> Outcome {
        let changes = self.changes.clone();
        let outcome = Outcome { result, comment: comment.into(), changes, ..Outcome::default() };
        match self.warnings.is_empty() {
            true => outcome,
            false => outcome.with("warnings", self.warnings.clone()),
        }
    }

    /// It failed; what was done before stays done.
    pub(super) fn fail(&self, why: impl Into<String>) -> Outcome {
        let mut text = why.into();
        if !self.comments.is_empty() {
            text.push_str(&format!("\n\nChanges already made: {}", joined(&self.comments)));
        }
        self.end(Some(false), text)
    }

    /// An error as an outcome.
    pub(super) fn failed(&self, error: &Error) -> Outcome {
        self.fail(bare(error))
    }

    /// Nothing more is to be done.
    pub(super) fn up_to_date(&self, cx: &Context<'_>, target: &str, dirty: bool) -> Outcome {
        let mut text = format!("Repository {target} is up-to-date");
        if dirty {
            text.push_str(
                ", but with uncommitted changes. Set 'force_reset' to True to purge uncommitted changes.",
            );
        }
        if !self.comments.is_empty() {
            let would = if cx.test() { "that would be " } else { "" };
            let made = joined(&self.comments);
            text.push_str(&format!("\n\nChanges {would}made: {made}"));
        }
        self.end(Some(true), text)
    }
}

/// Sentences as Salt joins them.
pub(super) fn joined(comments: &[String]) -> String {
    let text = comments.join(". ");
    if comments.len() > 1 { format!("{text}.") } else { text }
}

/// The text of an error without the command that failed.
pub(super) fn bare(error: &Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let command = first.starts_with("Command '") || first.starts_with("Command \"");
    let ends = ["' failed: ", "\" failed: "].map(|end| first.rfind(end).map(|at| at + end.len()));
    match ends.into_iter().flatten().max().filter(|_| command) {
        Some(end) => text[end..].to_owned(),
        None => text,
    }
}

/// The first digits of a hash.
pub(super) fn short(hash: Option<&str>) -> String {
    hash.map_or("None".to_owned(), |hash| hash.chars().take(7).collect())
}

/// An argument as text, unless it is not given.
pub(super) fn text(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| value.to_string())
}

/// A refusal.
pub(super) fn refuse<T>(why: impl Into<String>) -> Result<T, Verdict<'static>> {
    Err(Verdict::fail(why))
}

/// Keyword arguments that are not known. Salt: `salt.utils.args.invalid_kwargs`.
pub(super) fn odd(kwargs: &Map, known: &[&str]) -> Option<String> {
    let odd = |key: &str| !key.starts_with("__") && !known.contains(&key);
    let odd: Vec<String> = kwargs
        .iter()
        .filter(|(key, _)| odd(key.as_str().unwrap_or_default()))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let text = || format!("The following keyword arguments are not valid: {}", odd.join(", "));
    (!odd.is_empty()).then(text)
}

/// Keys for ssh: a list of absolute paths, or of files of the master.
pub(super) fn identities(
    cx: &Context<'_>,
    given: &Value,
    title: &str,
) -> Result<Value, Verdict<'static>> {
    let files: Vec<String> = match given {
        Value::Null => return Ok(Value::Null),
        Value::Str(one) => vec![one.to_string()],
        Value::List(many) => many.iter().map(Value::to_string).collect(),
        _ => return refuse(format!("{title} must be either a list or a string")),
    };
    let files: Vec<String> = files.iter().map(|file| expand_user(cx, file)).collect();
    match files.iter().find(|file| !file.contains("salt://") && !file.starts_with('/')) {
        Some(file) => refuse(format!("{title} '{file}' is not an absolute path")),
        None => Ok(files.into()),
    }
}

/// Empties a folder that is in the way of a clone.
pub(super) fn empty(apply: &Apply<'_>, target: &str) -> Result<()> {
    let folder = std::path::Path::new(target);
    for name in apply.cx.host.read_dir(folder)? {
        let path = folder.join(name);
        match apply.host.symlink_metadata(&path)? {
            Some(found) if found.is_dir() => apply.host.remove_dir_all(&path)?,
            Some(_) => apply.host.remove_file(&path)?,
            None => {}
        }
    }
    Ok(())
}

/// Why a folder cannot be cloned into.
pub(super) fn in_the_way(target: &str) -> String {
    format!(
        "Target '{target}' exists, is non-empty and is not a git repository. Set the 'force_clone' option to True to \
         remove this directory's contents and proceed with cloning the remote repository"
    )
}
