//! `git.latest` where there is no checkout yet.

use std::path::Path;

use halite_core::{Apply, Context, Error, Outcome, Result, Value, Verdict, changed};

use super::latest::{Kind, Remote, Want, guarded};
use super::shared::{Story, bare as bare_text, empty, in_the_way, joined};
use super::update::{branch_step, no_submodules};

const NO_HEAD: &str = "Remote HEAD refers to a ref that does not exist. This can happen when the default branch on the \
                       remote repository is renamed or deleted. If you are unable to fix the remote repository, you can \
                       work around this by setting the 'branch' argument (which will ensure that the named branch is \
                       created if it does not already exist).";

/// Clones into a folder that is empty, not there, or gives way.
pub(super) fn verdict<'a>(cx: &Context<'a>, want: Want, remote: Remote) -> Result<Verdict<'a>> {
    let (target, name) = (&want.checkout.target, &want.name);
    let folder = Path::new(target);
    let mut story = Story::default();
    let mut comment = format!("Repository {name} would be cloned to {target}");
    if cx.host.metadata(folder)?.is_some_and(|found| found.is_dir()) {
        if want.force_clone {
            story.changes.insert("forced clone".into(), true.into());
            comment = format!(
                "Target directory {target} exists. Since force_clone=True, the contents of {target} would be deleted, and \
                 {name} would be cloned into this directory."
            );
        } else if !cx.host.read_dir(folder)?.is_empty() {
            return Ok(Verdict::fail(in_the_way(target)));
        }
    }
    let forced = !story.changes.is_empty();
    let mut would = story.clone();
    would.changes.insert("new".into(), format!("{name} => {target}").into());
    let would: Outcome = would.end(None, comment);
    Ok(Verdict::change(would, move |apply| {
        if forced {
            if let Err(error) = empty(apply, &want.checkout.target) {
                story.changes.clear();
                return Ok(story.fail(format!("Unable to remove\n{error}")));
            }
        }
        let outcome = cloned(apply, &want, &remote, &mut story);
        guarded(&story, outcome)
    }))
}

fn cloned(apply: &Apply<'_>, want: &Want, remote: &Remote, story: &mut Story) -> Result<Outcome> {
    let checkout = &want.checkout;
    let mut opts: Vec<String> = Vec::new();
    opts.extend(want.mirror.then(|| "--mirror".to_owned()));
    opts.extend((want.bare && !want.mirror).then(|| "--bare".to_owned()));
    if want.remote != "origin" {
        opts.extend(["--origin".to_owned(), want.remote.clone()]);
    }
    if let Some(depth) = &want.depth {
        opts.extend(["--depth".into(), depth.clone(), "--branch".into(), want.rev.clone()]);
    }
    let mut named = checkout.login().to_vec();
    named.push(("opts", opts.into()));
    match checkout.tell(apply, "clone", vec![want.name.as_str().into()], &named) {
        Ok(_) => {}
        Err(error @ Error::Execution(_)) => {
            return Ok(story.fail(format!("Clone failed: {}", bare_text(&error))));
        }
        Err(other) => return Err(other),
    }
    let new = format!("{} => {}", want.name, checkout.target);
    story.changes.insert("new".into(), new.into());
    let how = match (want.mirror, want.bare) {
        (true, _) => " as mirror",
        (false, true) => " as bare repository",
        (false, false) => "",
    };
    story.add(format!("{} cloned to {}{how}", want.name, checkout.target));
    if !want.bare {
        match &remote.rev {
            Some(rev) => {
                if let Some(failed) = placed(apply, want, remote, rev, story)? {
                    return Ok(failed);
                }
            }
            None if want.rev != "HEAD" => {
                let (remote, rev) = (&want.remote, &want.rev);
                return Ok(story.fail(format!(
                    "Repository was cloned but is empty, so {remote}/{rev} cannot be checked out"
                )));
            }
            None => {}
        }
    }
    if want.submodules && remote.rev.is_some() {
        if let Err(error) = checkout.submodules(apply) {
            return Ok(story.fail(no_submodules(&error)));
        }
    }
    if let Some(rev) = checkout.revision(apply) {
        story.changes.extend(changed("revision", Value::Null, rev));
    }
    Ok(story.end(Some(true), joined(&story.comments)))
}

/// Brings a fresh clone to the wanted revision.
fn placed(
    apply: &Apply<'_>,
    want: &Want,
    remote: &Remote,
    rev: &str,
    story: &mut Story,
) -> Result<Option<Outcome>> {
    let checkout = &want.checkout;
    let lists = |fun: &str| checkout.ask::<Vec<String>>(apply, fun, Vec::new(), &[]);
    if remote.kind == Some(Kind::Tag) && !lists("list_tags")?.contains(&want.rev) {
        let why = format!("Revision '{}' does not exist in clone", want.rev);
        return Ok(Some(story.fail(why)));
    }
    if let Some(branch) = &want.branch {
        if !lists("list_branches")?.contains(branch) {
            let from = match want.rev.as_str() {
                "HEAD" => rev,
                other => remote.upstream.wanted().unwrap_or(other),
            };
            let opts = ("opts", vec!["-b", branch.as_str()].into());
            checkout.tell(apply, "checkout", vec![from.into()], &[opts])?;
            let loc = &remote.loc;
            story.add(format!("Branch '{branch}' checked out, with {loc} as a starting point"));
        }
    }
    let local_branch = checkout.maybe(apply, "current_branch", Vec::new(), &[]);
    if local_branch.is_none() && !remote.has_head {
        return Ok(Some(story.fail(NO_HEAD)));
    }
    if !remote.is(checkout.revision(apply).as_deref()) {
        let opts = ("opts", Value::from(vec!["--hard", rev]));
        checkout.tell(apply, "reset", Vec::new(), &[opts])?;
        story.add(format!("Repository was reset to {}", remote.loc));
    }
    let local = local_branch.unwrap_or_default();
    let abbreviated = ("opts", vec!["--abbrev-ref"].into());
    let of = format!("{local}@{{upstream}}");
    let upstream = checkout.maybe(apply, "rev_parse", vec![of.into()], &[abbreviated]);
    let branches = lists("list_branches")?;
    if let Some((comment, opts)) = branch_step(want, remote, upstream.as_deref(), &branches) {
        checkout.tell(apply, "branch", Vec::new(), &[("opts", opts.into())])?;
        story.add(comment);
    }
    Ok(None)
}
