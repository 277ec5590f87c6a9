//! `git.cloned`: a checkout that is made once.

use std::path::Path;

use halite_core::{
    Apply, Context, Error, Outcome, Result, StateModule, Value, Verdict, changed, state,
};

use super::shared::{Checkout, Story, bare, here, joined, text};

/// The module.
pub static MODULE: StateModule = StateModule::new("git", &[&CLONED]).available(here);

/// Sees to it that a repository was cloned, and that a branch is checked out. It is never updated.
///
/// ```yaml
/// https://example.com/site.git:
///   git.cloned:
///     - target: /srv/site
///     - branch: main
/// ```
#[state]
fn cloned<'a>(
    cx: &Context<'a>,
    /// The repository.
    name: String,
    /// Where the checkout is to be.
    target: Value,
    /// The branch that is to be checked out.
    #[default(Value::Null)]
    branch: Value,
    /// Who does it.
    #[default(None)]
    user: Option<String>,
    #[default(Value::Null)] _password: Value,
    /// A key for ssh, or several.
    #[default(Value::Null)]
    identity: Value,
    #[default(Value::Null)] https_user: Value,
    #[default(Value::Null)] https_pass: Value,
    #[default(Value::Null)] _output_encoding: Value,
) -> Result<Verdict<'a>> {
    let Some(target) = text(&target) else {
        return Ok(Verdict::fail("'target' argument is required"));
    };
    if !target.starts_with('/') {
        return Ok(Verdict::fail("'target' path must be absolute"));
    }
    let branch = text(&branch);
    if branch.as_deref() == Some("") {
        return Ok(Verdict::fail("Invalid 'branch' argument"));
    }
    let saltenv = "base".to_owned();
    let checkout = Checkout { target, user, identity, https_user, https_pass, saltenv };
    let target = &checkout.target;
    if !cx.host.exists(Path::new(target)) {
        let with = branch.as_ref().map(|branch| format!(" with branch '{branch}'"));
        let comment = format!("{name} would be cloned to {target}{}", with.unwrap_or_default());
        let mut story = Story::default();
        story.changes.insert("new".into(), format!("{name} => {target}").into());
        let would = story.end(None, comment);
        return Ok(Verdict::change(would, move |apply| {
            clone(apply, &checkout, &name, branch.as_deref(), story)
        }));
    }
    if let Err(error) = checkout.ask::<Value>(cx, "status", Vec::new(), &[]) {
        return Ok(Verdict::fail(error.to_string()));
    }
    let there = format!("Repository already exists at {target}");
    let Some(branch) = branch else { return Ok(Verdict::correct(there)) };
    let current: String = checkout.ask(cx, "current_branch", Vec::new(), &[])?;
    if current == branch {
        return Ok(Verdict::correct(format!("{there} and is checked out to branch '{branch}'")));
    }
    let would = Outcome::would(
        format!("Branch would be changed to '{branch}'"),
        changed("branch", current.as_str(), branch.as_str()),
    );
    Ok(Verdict::change(would, move |apply| switch(apply, &checkout, &current, &branch)))
}

fn clone(
    apply: &Apply<'_>,
    checkout: &Checkout,
    name: &str,
    branch: Option<&str>,
    mut story: Story,
) -> Result<Outcome> {
    let mut named = checkout.login().to_vec();
    let with = branch.map(|branch| format!(" with branch '{branch}'")).unwrap_or_default();
    named.extend(branch.map(|branch| ("opts", vec!["--branch", branch].into())));
    match checkout.tell(apply, "clone", vec![name.into()], &named) {
        Ok(_) => {}
        Err(error @ Error::Execution(_)) => {
            return Ok(Outcome::new(Some(false), format!("Clone failed: {}", bare(&error))));
        }
        Err(other) => return Err(other),
    }
    story.add(format!("{name} cloned to {}{with}", checkout.target));
    Ok(story.end(Some(true), joined(&story.comments)))
}

fn switch(apply: &Apply<'_>, checkout: &Checkout, current: &str, branch: &str) -> Result<Outcome> {
    let (rev, opts) = match checkout.parsed(apply, branch) {
        Some(_) => (branch.to_owned(), Value::Null),
        None => (format!("origin/{branch}"), vec!["-b", branch].into()),
    };
    match checkout.tell(apply, "checkout", Vec::new(), &[("rev", rev.into()), ("opts", opts)]) {
        Ok(_) => Ok(Outcome::done(
            format!("Branch changed to '{branch}'"),
            changed("branch", current, branch),
        )),
        Err(error @ Error::Execution(_)) => {
            let why = format!("Failed to change branch to '{branch}': {error}");
            Ok(Outcome::new(Some(false), why))
        }
        Err(other) => Err(other),
    }
}
