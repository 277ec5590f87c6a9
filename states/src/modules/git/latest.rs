//! `git.latest`: a checkout that follows a repository. What is wanted, and what the repository has;
//! `update.rs` and `clone.rs` have the rest.

use halite_core::url::{redacted, with_login};
use halite_core::{
    Apply, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, state,
};

use super::shared::{
    Checkout, Story, bare as bare_text, here, identities, odd, refuse, short, text,
};
use super::{clone, update};
use crate::support::saltenv;

/// The module.
pub static MODULE: StateModule = StateModule::new("git", &[&LATEST]).available(here);

/// Whether local work gives way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reset {
    /// Never.
    No,
    /// Always.
    Yes,
    /// Only if the repository has something new.
    RemoteChanges,
}

/// What a wanted revision is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Branch,
    Tag,
    Sha1,
}

/// What the branch is to follow.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Upstream {
    /// Nothing: a tag or a hash is wanted.
    Unset,
    /// Whatever it follows now.
    Keep,
    /// This branch of the remote.
    Track(String),
}

impl Upstream {
    pub(super) fn wanted(&self) -> Option<&str> {
        match self {
            Upstream::Track(name) => Some(name),
            Upstream::Unset | Upstream::Keep => None,
        }
    }
}

/// What is asked for.
pub(super) struct Want {
    pub(super) name: String,
    pub(super) checkout: Checkout,
    pub(super) rev: String,
    pub(super) branch: Option<String>,
    pub(super) update_head: bool,
    pub(super) force_checkout: bool,
    pub(super) force_clone: bool,
    pub(super) force_fetch: bool,
    pub(super) force_reset: Reset,
    pub(super) submodules: bool,
    pub(super) bare: bool,
    pub(super) mirror: bool,
    pub(super) remote: String,
    pub(super) sync_tags: bool,
    pub(super) depth: Option<String>,
    pub(super) refspecs: Vec<String>,
    pub(super) fetch_url: String,
}

impl Want {
    /// The address as users see it.
    pub(super) fn shown_url(&self) -> String {
        redacted(&self.fetch_url)
    }

    /// The branch, if another than the one that is checked out is wanted.
    pub(super) fn other_branch(&self, local: Option<&str>) -> Option<&str> {
        self.branch.as_deref().filter(|branch| Some(*branch) != local)
    }
}

/// What the repository has.
pub(super) struct Remote {
    pub(super) has_head: bool,
    pub(super) default_branch: Option<String>,
    pub(super) rev: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) upstream: Upstream,
    /// What is wanted, as users see it.
    pub(super) loc: String,
}

impl Remote {
    /// Whether a revision of the checkout is the wanted one.
    pub(super) fn is(&self, local: Option<&str>) -> bool {
        match (local, self.rev.as_deref()) {
            (Some(local), Some(rev)) if self.kind == Some(Kind::Sha1) => local.starts_with(rev),
            (local, rev) => local == rev,
        }
    }
}

/// What the repository has of what is wanted. A hash is taken in lower case.
fn remote(cx: &Context<'_>, want: &mut Want) -> Result<Result<Remote, Outcome>> {
    let refs = match want.checkout.remote_refs(cx, &want.name, false) {
        Ok(refs) => refs,
        Err(error @ Error::Execution(_)) => {
            let why = format!("Failed to check remote refs: {}", bare_text(&error));
            return Ok(Err(Outcome::new(Some(false), why)));
        }
        Err(other) => return Err(other),
    };
    let at = |name: &str| refs.get(name).map(Value::to_string);
    let head = at("HEAD");
    let branch_at = |hash: &str| {
        let mut branches = refs.iter().filter(|(_, sha)| sha.as_str() == Some(hash));
        branches.find_map(|(name, _)| name.as_str()?.strip_prefix("refs/heads/").map(str::to_owned))
    };
    let default_branch = head.as_deref().and_then(branch_at);
    let mut found = Remote {
        has_head: head.is_some(),
        default_branch,
        rev: None,
        kind: None,
        upstream: Upstream::Unset,
        loc: String::new(),
    };
    let rev = want.rev.clone();
    let tag = || at(&format!("refs/tags/{rev}^{{}}")).or_else(|| at(&format!("refs/tags/{rev}")));
    let hex = rev.len() <= 40 && rev.chars().all(|c| c.is_ascii_hexdigit());
    if want.bare || rev == "HEAD" {
        if let Some(hash) = head.filter(|_| !want.bare) {
            (found.rev, found.kind) = (Some(hash), Some(Kind::Sha1));
            found.upstream = Upstream::Keep;
        }
    } else if let Some(hash) = at(&format!("refs/heads/{rev}")) {
        (found.rev, found.kind) = (Some(hash), Some(Kind::Branch));
        found.upstream = Upstream::Track(format!("{}/{rev}", want.remote));
    } else if let Some(hash) = tag() {
        (found.rev, found.kind) = (Some(hash), Some(Kind::Tag));
    } else if hex {
        want.rev = rev.to_lowercase();
        (found.rev, found.kind) = (Some(want.rev.clone()), Some(Kind::Sha1));
    }
    let hash = short(found.rev.as_deref());
    found.loc = match (found.kind, found.upstream.wanted()) {
        (Some(Kind::Sha1), _) if rev == "HEAD" => format!("remote HEAD ({hash})"),
        (Some(Kind::Sha1), _) => hash,
        (Some(Kind::Branch), Some(upstream)) => format!("{upstream} ({hash})"),
        (Some(_), _) => format!("{rev} ({hash})"),
        (None, _) => "None".into(),
    };
    let named = matches!(found.kind, Some(Kind::Branch | Kind::Tag));
    let why = if want.depth.is_some() && !named {
        "When 'depth' is used, 'rev' must be set to the name of a branch or tag on the remote repository"
            .to_owned()
    } else if found.rev.is_none() && !want.bare && rev != "HEAD" {
        format!("No revision matching '{rev}' exists in the remote repository")
    } else {
        return Ok(Ok(found));
    };
    Ok(Err(Outcome::new(Some(false), why)))
}

/// Arguments that other states have too.
struct Given {
    name: String,
    target: Value,
    rev: Value,
    remote: Value,
    force_reset: Value,
    bare: bool,
}

fn checked(given: &Given) -> Result<Reset, Verdict<'static>> {
    if !given.remote.truthy() {
        return refuse("'remote' argument is required");
    }
    if !given.target.truthy() {
        return refuse("'target' argument is required");
    }
    if !given.rev.truthy() {
        return refuse(format!("'{}' is not a valid value for the 'rev' argument", given.rev));
    }
    let reset = match &given.force_reset {
        Value::Bool(false) | Value::Int(0) => Reset::No,
        Value::Bool(true) | Value::Int(1) => Reset::Yes,
        text if text.as_str() == Some("remote-changes") => Reset::RemoteChanges,
        _ => return refuse("'force_reset' must be one of True, False, or 'remote-changes'"),
    };
    match given.target.to_string().starts_with('/') {
        true => Ok(reset),
        false => refuse(format!("target '{}' is not an absolute path", given.target)),
    }
}

fn wanted(cx: &Context<'_>, given: &Given, logins: [&Value; 3]) -> Result<Want, Verdict<'static>> {
    let force_reset = checked(given)?;
    let [identity, https_user, https_pass] = logins;
    let identity = identities(cx, identity, "identity")?;
    let target = given.target.to_string();
    let found = cx.host.metadata(std::path::Path::new(&target));
    if found.is_ok_and(|found| found.is_some_and(|found| found.is_file())) {
        return refuse(format!("Target '{target}' exists and is a regular file, cannot proceed"));
    }
    let fetch_url = match with_login(&given.name, https_user, https_pass) {
        Ok(url) => url,
        Err(why) => return refuse(why),
    };
    let rev = given.rev.to_string();
    if rev != "HEAD" && given.bare {
        return refuse("'rev' is not compatible with the 'mirror' and 'bare' arguments");
    }
    let checkout = Checkout {
        target,
        user: None,
        identity,
        https_user: https_user.clone(),
        https_pass: https_pass.clone(),
        saltenv: saltenv(cx),
    };
    Ok(Want {
        name: given.name.clone(),
        checkout,
        rev,
        branch: None,
        update_head: true,
        force_checkout: false,
        force_clone: false,
        force_fetch: false,
        force_reset,
        submodules: false,
        bare: given.bare,
        mirror: false,
        remote: given.remote.to_string(),
        sync_tags: true,
        depth: None,
        refspecs: Vec::new(),
        fetch_url,
    })
}

/// Sees to it that a checkout is at a revision of a repository, newly fetched.
///
/// ```yaml
/// https://example.com/site.git:
///   git.latest:
///     - target: /srv/site
///     - rev: main
/// ```
#[state]
fn latest<'a>(
    cx: &Context<'a>,
    /// The repository.
    name: String,
    /// Where the checkout is to be.
    target: Value,
    /// A branch, a tag or a hash.
    #[default("HEAD".into())]
    rev: Value,
    /// The local branch; by default the one that is checked out.
    #[default(Value::Null)]
    branch: Value,
    /// Who does it.
    #[default(Value::Null)]
    user: Value,
    #[default(Value::Null)] _password: Value,
    /// Whether what is fetched is also checked out.
    #[default(true)]
    update_head: bool,
    /// Throw local changes away when another branch is checked out.
    #[default(false)]
    force_checkout: bool,
    /// Whether a folder with something else in it gives way.
    #[default(false)]
    force_clone: bool,
    /// Fetch also what is no fast-forward.
    #[default(false)]
    force_fetch: bool,
    /// Throw local work away: true, false or `remote-changes`.
    #[default(Value::Bool(false))]
    force_reset: Value,
    #[default(false)] submodules: bool,
    /// Without a checkout.
    #[default(false)]
    bare: bool,
    /// A bare copy of all that the repository has.
    #[default(false)]
    mirror: bool,
    /// The name of the remote.
    #[default("origin".into())]
    remote: Value,
    /// Whether tags are fetched.
    #[default(true)]
    fetch_tags: bool,
    /// Whether tags that the repository does not have any more are removed.
    #[default(true)]
    sync_tags: bool,
    /// How many commits are cloned.
    #[default(Value::Null)]
    depth: Value,
    /// A key for ssh, or several.
    #[default(Value::Null)]
    identity: Value,
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    /// Which branches are fetched.
    #[default("*".into())]
    refspec_branch: String,
    /// Which tags are fetched.
    #[default("*".into())]
    refspec_tag: String,
    #[default(Value::Null)] _output_encoding: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    if let Some(why) = odd(&kwargs, &[]) {
        return Ok(Verdict::fail(why));
    }
    let given = Given { name, target, rev, remote, force_reset, bare: bare || mirror };
    let want = match wanted(cx, &given, [&identity, &https_user, &https_pass]) {
        Ok(want) => want,
        Err(refused) => return Ok(refused),
    };
    let refspecs = vec![
        format!("refs/heads/{refspec_branch}:refs/remotes/{}/{refspec_branch}", want.remote),
        format!("+refs/tags/{refspec_tag}:refs/tags/{refspec_tag}"),
    ];
    let want = Want {
        branch: text(&branch),
        update_head,
        force_checkout,
        force_clone,
        force_fetch,
        submodules,
        mirror,
        sync_tags,
        depth: text(&depth),
        refspecs: if fetch_tags { refspecs } else { Vec::new() },
        checkout: Checkout { user: text(&user), ..want.checkout },
        ..want
    };
    decided(cx, want)
}

fn decided<'a>(cx: &Context<'a>, mut want: Want) -> Result<Verdict<'a>> {
    let remote = match remote(cx, &mut want)? {
        Ok(remote) => remote,
        Err(outcome) => return Ok(Verdict::Settled(outcome)),
    };
    let part = if want.bare { "refs" } else { ".git" };
    if !want.checkout.exists(cx, part)? {
        return clone::verdict(cx, want, remote);
    }
    let local = match update::look(cx, &want, &remote) {
        Ok(Ok(local)) => local,
        Ok(Err(outcome)) => return Ok(Verdict::Settled(outcome)),
        Err(error) => return guarded(&Story::default(), Err(error)).map(Verdict::Settled),
    };
    let would = match cx.test() {
        true => update::predicted(cx, &want, &remote, &local),
        false => Outcome::default(),
    };
    Ok(Verdict::change(would, move |apply: &Apply<'_>| {
        let mut story = Story::default();
        let outcome = update::update(apply, &want, &remote, &local, &mut story);
        guarded(&story, outcome)
    }))
}

/// A failure of the module ends the state with what has been done so far.
pub(super) fn guarded(story: &Story, outcome: Result<Outcome>) -> Result<Outcome> {
    match outcome {
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => Ok(story.failed(&error)),
        Ok(outcome) => Ok(outcome),
    }
}
