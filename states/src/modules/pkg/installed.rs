//! `pkg.installed`.

use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{
    Desired, desired, installable, installed_list, names, refresh_wanted, satisfied,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("pkg", &[&INSTALLED]);

/// Longest list of names in a comment, in bytes, before it becomes a count.
const SUMMARY_BYTES: usize = 20;
/// Most names of packages that were there already.
const NAMES_MAX: usize = 20;

/// Sees to it that packages are installed, in the version asked for.
#[state]
pub(super) fn installed<'a>(
    cx: &Context<'a>,
    name: String,
    /// Version, or a comparison such as `>=1.2`.
    #[default(None)]
    version: Option<String>,
    /// Refresh the lists first; by default when something is to be installed.
    #[default(None)]
    refresh: Option<Value>,
    #[default(None)] fromrepo: Option<String>,
    #[default(false)] skip_verify: bool,
    /// Several packages: texts, or `{name: version}`.
    #[default(None)]
    pkgs: Option<Value>,
    /// Package files: `{name: source}`.
    #[default(None)]
    sources: Option<Value>,
    /// Keep (or release) the packages at their version.
    #[default(None)]
    hold: Option<Value>,
    /// Install again what is installed.
    #[default(false)]
    reinstall: bool,
    #[kwargs] options: Map,
) -> Result<Verdict<'a>> {
    let empty = |list: &Option<Value>| {
        list.as_ref().is_some_and(|list| list.as_list().is_some_and(<[Value]>::is_empty))
    };
    if empty(&pkgs) || empty(&sources) {
        return Ok(Verdict::correct("No packages to install provided"));
    }
    if pkgs.is_some() && sources.is_some() {
        return Ok(Verdict::fail("Only one of \"pkgs\" and \"sources\" is permitted."));
    }
    let wanted = desired(&name, version.as_deref(), pkgs.as_ref(), sources.as_ref());
    let list = installed_list(cx)?;
    let mut targets = Vec::new();
    for want in &wanted {
        if reinstall || !satisfied(cx, want, &list)? {
            targets.push(want.clone());
        }
    }
    if targets.is_empty() && hold.is_none() {
        let exact = if version.is_some() && sources.is_none() {
            " and are at the desired version"
        } else {
            ""
        };
        return Ok(Verdict::correct(format!(
            "All specified packages are already installed{exact}"
        )));
    }
    let would = predicted(cx, &targets)?;
    let mut named = options;
    put(&mut named, "fromrepo", fromrepo.map(Value::from));
    put(&mut named, "skip_verify", skip_verify.then_some(true.into()));
    put(&mut named, "reinstall", reinstall.then_some(true.into()));
    // The lists are read once; what is wanted beyond that is said by the state.
    put(
        &mut named,
        "refresh",
        Some((refresh_wanted(refresh.as_ref()) && !targets.is_empty()).into()),
    );
    let work = Work { name, wanted, targets, sources: sources.is_some(), hold, named };
    Ok(Verdict::change(would, move |apply| work.run(apply)))
}

fn put(named: &mut Map, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        named.insert(key.into(), value);
    }
}

fn predicted(cx: &Context<'_>, targets: &[Desired]) -> Result<Outcome> {
    if targets.is_empty() {
        return Ok(Outcome::new(None, "The packages would be held or released"));
    }
    let comment = format!("The following packages would be installed/updated: {}", names(targets));
    Ok(Outcome::would(comment, installable(cx, targets, &Map::new())?))
}

struct Work {
    name: String,
    wanted: Vec<Desired>,
    targets: Vec<Desired>,
    sources: bool,
    hold: Option<Value>,
    named: Map,
}

impl Work {
    fn run(mut self, apply: &Apply<'_>) -> Result<Outcome> {
        let mut changes = Map::new();
        if !self.targets.is_empty() {
            let items: Vec<Value> = self.targets.iter().map(Desired::item).collect();
            let key = if self.sources { "sources" } else { "pkgs" };
            self.named.insert(key.into(), items.into());
            match apply.call::<Map>("pkg.install", Args::named(std::mem::take(&mut self.named))) {
                Ok(made) => changes = made,
                Err(error) => {
                    let text = error.to_string();
                    let what = match text.starts_with("Problem encountered") {
                        true => text,
                        false => {
                            format!("An error was encountered while installing package(s): {text}")
                        }
                    };
                    return Ok(Outcome::failed(what, Map::new()));
                }
            }
        }
        let list = installed_list(apply.cx)?;
        let is_target = |want: &Desired| self.targets.iter().any(|t| t.name == want.name);
        let (mut modified, mut kept, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for want in &self.wanted {
            let there = match self.sources {
                true => list.contains_key(want.name.as_str()),
                false => satisfied(apply.cx, want, &list)?,
            };
            match (there, is_target(want)) {
                (true, true) => modified.push(want),
                (true, false) => kept.push(want),
                (false, _) => failed.push(want),
            }
        }
        let mut outcome = Outcome::done("", changes);
        let mut lines = comments(&modified, &kept, &failed);
        if !failed.is_empty() {
            outcome.result = Some(false);
        }
        self.settle_hold(apply, &mut outcome, &mut lines)?;
        outcome.comment = lines.join("\n");
        Ok(outcome)
    }

    /// Holds or releases, and puts what came of it into the outcome.
    fn settle_hold(
        &self,
        apply: &Apply<'_>,
        outcome: &mut Outcome,
        lines: &mut Vec<String>,
    ) -> Result<()> {
        let Some(hold) = &self.hold else { return Ok(()) };
        let action = if hold.truthy() { "pkg.hold" } else { "pkg.unhold" };
        let names: Vec<Value> = self.wanted.iter().map(|want| want.name.as_str().into()).collect();
        let named = map! {"name" => self.name.as_str(), "pkgs" => names};
        for (name, answer) in apply.call::<Map>(action, Args::named(named))? {
            let text = |key: &str| answer.get(key).map(Value::to_string).unwrap_or_default();
            lines.push(text("comment"));
            if answer.get("result") == Some(&Value::Bool(false)) {
                outcome.result = Some(false);
            }
            if let Some(changes) = answer.get("changes").filter(|changes| changes.truthy()) {
                outcome.changes.insert(name, changes.clone());
            }
        }
        Ok(())
    }
}

fn comments(modified: &[&Desired], kept: &[&Desired], failed: &[&Desired]) -> Vec<String> {
    let shown =
        |list: &[&Desired]| list.iter().map(|want| want.shown()).collect::<Vec<_>>().join(", ");
    let count = |list: &[&Desired]| {
        let plural = if list.len() > 1 { ("s", "were") } else { ("", "was") };
        format!("{} targeted package{} {}", list.len(), plural.0, plural.1)
    };
    let mut lines = Vec::new();
    if !failed.is_empty() {
        lines.push(format!("The following packages failed to install/update: {}", shown(failed)));
    }
    if !modified.is_empty() {
        let summary = shown(modified);
        lines.push(if summary.len() < SUMMARY_BYTES {
            format!("The following packages were installed/updated: {summary}")
        } else {
            format!("{} installed/updated.", count(modified))
        });
    }
    if !kept.is_empty() {
        lines.push(if kept.len() <= NAMES_MAX {
            format!("The following packages were already installed: {}", shown(kept))
        } else {
            format!("{} already installed", count(kept))
        });
    }
    lines
}
