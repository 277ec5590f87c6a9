//! `host`: names and addresses in the file of host names. Salt: `salt/states/host.py` behaviour.

use halite_core::{
    Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use crate::support::texts;

/// The module.
pub static MODULE: StateModule = StateModule::new("host", &[&PRESENT, &ABSENT, &ONLY]);

/// What is to be done to one address.
enum Step {
    Add(String),
    Comment(String),
    Remove(String),
}

impl Step {
    fn words(&self, name: &str, comment: &str, test: bool) -> String {
        match (self, test) {
            (Step::Add(ip), true) => format!("Host {name} ({ip}) would be added"),
            (Step::Add(ip), false) => format!("Added host {name} ({ip})"),
            (Step::Comment(ip), true) => format!("Comment for {ip} ({comment}) would be added"),
            (Step::Comment(ip), false) => format!("Set comment for host {ip} ({comment})"),
            (Step::Remove(ip), true) => format!("Host {name} ({ip}) would be removed"),
            (Step::Remove(ip), false) => format!("Removed host {name} ({ip})"),
        }
    }

    fn failure(&self, name: &str, comment: &str) -> String {
        match self {
            Step::Add(ip) => format!("Failed to add host {name} ({ip})"),
            Step::Comment(ip) => format!("Failed to add comment for host {ip} ({comment})"),
            Step::Remove(ip) => format!("Failed to remove host {name} ({ip})"),
        }
    }

    fn call(&self, apply: &Apply<'_>, name: &str, comment: &str) -> Result<bool> {
        let (fun, ip, what) = match self {
            Step::Add(ip) => ("hosts.add_host", ip, name),
            Step::Comment(ip) => ("hosts.set_comment", ip, comment),
            Step::Remove(ip) => ("hosts.rm_host", ip, name),
        };
        apply.call(fun, args![ip.as_str(), what])
    }

    fn note(&self, changes: &mut Map, name: &str, comment: &str) {
        let (key, ip, what) = match self {
            Step::Add(ip) => ("added", ip, name),
            Step::Comment(ip) => ("comment_added", ip, comment),
            Step::Remove(ip) => ("removed", ip, name),
        };
        let below = changes.entry(key.into()).or_insert_with(|| Map::new().into());
        if let Some(below) = below.as_map_mut() {
            below.insert(ip.as_str().into(), vec![what].into());
        }
    }
}

/// Sees to it that a name has an address, or several.
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    /// One address or a list of them.
    ip: Value,
    /// A comment for the line.
    #[default("".into())]
    comment: String,
    /// Take the name from all other addresses.
    #[default(false)]
    clean: bool,
) -> Result<Verdict<'a>> {
    let wanted = texts(&ip);
    let hosts: Map = cx.call("hosts.list_hosts", args![])?;
    let (mut said, mut steps, mut removals) = (Vec::new(), Vec::new(), Vec::new());
    let (mut warnings, mut valid) = (Vec::<Value>::new(), true);
    let fresh = wanted.iter().filter(|ip| !hosts.contains_key(ip.as_str()));
    let mut comments: Vec<Step> = Vec::new();
    for ip in fresh {
        steps.push(Step::Add(ip.clone()));
        comments.extend((!comment.is_empty()).then(|| Step::Comment(ip.clone())));
    }
    for (address, entry) in &hosts {
        let address = address.to_string();
        let aliases = entry.get("aliases").and_then(Value::as_list).unwrap_or_default();
        let held = aliases.iter().any(|alias| alias.as_str() == Some(&name));
        match (wanted.contains(&address), held) {
            (false, true) if clean => removals.push(Step::Remove(address)),
            (false, true) => warnings.push(Value::from(format!(
                "Host {name} present for IP address {address}. To get rid of this warning, either run this state with \
                 'clean' set to True to remove {name} from {address}, or add {address} to the 'ip' argument."
            ))),
            (false, false) => {}
            (true, true) => {
                let there = entry.get("comment").and_then(Value::as_str);
                if !comment.is_empty() && there != Some(&comment) {
                    comments.push(Step::Comment(address));
                } else {
                    said.push(format!("Host {name} ({address}) already present"));
                }
            }
            (true, false) if address.parse::<std::net::IpAddr>().is_ok() => {
                comments.extend((!comment.is_empty()).then(|| Step::Comment(address.clone())));
                steps.push(Step::Add(address));
            }
            (true, false) => {
                valid = false;
                said.push(format!("Invalid IP Address for {name} ({address})"));
            }
        }
    }
    steps.extend(comments);
    steps.extend(removals);
    Ok(planned(name, comment, steps, said, valid, warnings))
}

fn planned<'a>(
    name: String,
    comment: String,
    steps: Vec<Step>,
    mut said: Vec<String>,
    valid: bool,
    warnings: Vec<Value>,
) -> Verdict<'a> {
    let warn = move |outcome: Outcome| match warnings.is_empty() {
        true => outcome,
        false => outcome.with("warnings", warnings.clone()),
    };
    if steps.is_empty() {
        return Verdict::Settled(warn(Outcome::new(Some(valid), said.join("\n"))));
    }
    let (mut would, mut changes) = (said.clone(), Map::new());
    for step in &steps {
        would.push(step.words(&name, &comment, true));
        step.note(&mut changes, &name, &comment);
    }
    // Salt predicts a comment alone as a success.
    let pending = steps.iter().any(|step| !matches!(step, Step::Comment(_)));
    let mut predicted = Outcome::would(would.join("\n"), changes);
    predicted.result = if pending { None } else { Some(valid) };
    let predicted = warn(predicted);
    Verdict::change(predicted, move |apply| {
        let (mut changes, mut fine) = (Map::new(), valid);
        for step in &steps {
            if step.call(apply, &name, &comment)? {
                said.push(step.words(&name, &comment, false));
                step.note(&mut changes, &name, &comment);
            } else {
                fine = false;
                said.push(step.failure(&name, &comment));
            }
        }
        let mut outcome = Outcome::done(said.join("\n"), changes);
        outcome.result = Some(fine);
        Ok(warn(outcome))
    })
}

/// Sees to it that a name does not have an address.
#[state]
fn absent<'a>(cx: &Context<'a>, name: String, ip: Value) -> Result<Verdict<'a>> {
    let (mut would, mut plan) = (Vec::new(), Vec::new());
    for ip in texts(&ip) {
        let held: bool = cx.call("hosts.has_pair", args![ip.as_str(), name.as_str()])?;
        would.push(match held {
            true => format!("Host {name} ({ip}) needs to be removed"),
            false => format!("Host {name} ({ip}) already absent"),
        });
        plan.push((ip, held));
    }
    let absent = plan.iter().any(|(_, held)| !held);
    if plan.iter().all(|(_, held)| !held) {
        let result = if plan.is_empty() { None } else { Some(true) };
        return Ok(Verdict::Settled(Outcome::new(result, would.join("\n"))));
    }
    let predicted = Outcome::new(if absent { Some(true) } else { None }, would.join("\n"));
    Ok(Verdict::change(predicted, move |apply| {
        let (mut said, mut changes, mut result) = (Vec::new(), Map::new(), None);
        for (ip, held) in &plan {
            let line = if !held {
                result = Some(true);
                format!("Host {name} ({ip}) already absent")
            } else if apply.call::<bool>("hosts.rm_host", args![ip.as_str(), name.as_str()])? {
                changes = map! {"host" => name.as_str()};
                result = Some(true);
                format!("Removed host {name} ({ip})")
            } else {
                result = Some(false);
                "Failed to remove host".to_owned()
            };
            said.push(line);
        }
        Ok(Outcome { result, comment: said.join("\n"), changes, ..Outcome::default() })
    }))
}

/// Sees to it that an address has these names and no others.
#[state]
fn only<'a>(
    cx: &Context<'a>,
    /// The address.
    name: String,
    /// One name or a list of them; none removes the address.
    hostnames: Value,
) -> Result<Verdict<'a>> {
    let held: Vec<String> = cx.call("hosts.get_alias", args![name.as_str()])?;
    let old = held.join(" ");
    let new: Vec<String> = texts(&hostnames).iter().map(|name| name.trim().to_owned()).collect();
    let new = new.join(" ");
    if old == new {
        return Ok(Verdict::correct(format!("IP address {name} already set to \"{new}\"")));
    }
    let would = format!("Would change {name} from \"{old}\" to \"{new}\"");
    Ok(Verdict::change(Outcome::new(None, would), move |apply| {
        let words = format!("{name} from \"{old}\" to \"{new}\"");
        if !apply.call::<bool>("hosts.set_host", args![name.as_str(), new.as_str()])? {
            let comment = format!("hosts.set_host failed to change {words}");
            return Ok(Outcome::new(Some(false), comment));
        }
        let changes = map! { name.as_str() => map!{"old" => old, "new" => new} };
        Ok(Outcome::done(format!("successfully changed {words}"), changes))
    }))
}
