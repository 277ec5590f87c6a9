//! `group`: groups of the system. Salt: `salt/states/group.py` behaviour.

use halite_core::{
    Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("group", &[&PRESENT, &ABSENT]);

/// What a group is to be.
struct Wanted {
    name: String,
    gid: Value,
    addusers: Option<Vec<String>>,
    delusers: Option<Vec<String>>,
    members: Option<Vec<String>>,
    non_unique: bool,
    system: bool,
    local: bool,
}

fn info(cx: &Context<'_>, name: &str, local: bool) -> Result<Map> {
    match local {
        true => cx.call("group.info", args![name; root = "/"]),
        false => cx.call("group.info", args![name]),
    }
}

impl Wanted {
    /// What is to be changed of the group; `None` if there is no such group.
    fn differences(&self, cx: &Context<'_>) -> Result<Option<Map>> {
        let group = info(cx, &self.name, self.local)?;
        if group.is_empty() {
            return Ok(None);
        }
        let held = group.get("members").and_then(Value::as_list).unwrap_or_default();
        let held: Vec<String> = held.iter().map(Value::to_string).collect();
        let mut change = Map::new();
        if self.gid.truthy() {
            match self.gid.to_string().parse::<i64>() {
                Ok(gid) if group.get("gid").and_then(Value::as_i64) == Some(gid) => {}
                Ok(gid) => drop(change.insert("gid".into(), gid.into())),
                // What Salt makes of a number that is none: a change that cannot be made.
                Err(_) => {
                    return Ok(Some(map! {"result" => false, "comment" => "Invalid gid"}));
                }
            }
        }
        match self.members.as_deref() {
            Some([]) if !held.is_empty() => {
                change.insert("delusers".into(), held.clone().into());
            }
            Some(members)
                if members.iter().any(|m| !held.contains(m))
                    || held.iter().any(|m| !members.contains(m)) =>
            {
                change.insert("members".into(), members.to_vec().into());
            }
            _ => {}
        }
        let users = |list: &Option<Vec<String>>, inside: bool| -> Vec<String> {
            let list = list.iter().flatten();
            list.filter(|user| held.contains(user) == inside).cloned().collect()
        };
        let (add, remove) = (users(&self.addusers, false), users(&self.delusers, true));
        if !add.is_empty() {
            change.insert("addusers".into(), add.into());
        }
        if !remove.is_empty() {
            change.insert("delusers".into(), remove.into());
        }
        Ok(Some(change))
    }

    fn change(&self, apply: &Apply<'_>, changes: &Map, said: String) -> Result<Outcome> {
        let name = self.name.as_str();
        for (key, value) in changes {
            let users = || value.as_list().unwrap_or_default().iter().map(Value::to_string);
            match key.as_str() {
                Some("gid") => {
                    let args = args![name, &self.gid; non_unique = self.non_unique];
                    apply.call_value("group.chgid", args)?;
                }
                Some("addusers") => {
                    for user in users() {
                        apply.call_value("group.adduser", args![name, user])?;
                    }
                }
                Some("delusers") => {
                    for user in users() {
                        apply.call_value("group.deluser", args![name, user])?;
                    }
                }
                Some("members") => {
                    let all: Vec<String> = users().collect();
                    apply.call_value("group.members", args![name, all.join(",")])?;
                }
                _ => {}
            }
        }
        Ok(match self.differences(apply.cx)? {
            Some(left) if left.is_empty() => {
                Outcome::done(said, map! {"Final" => "All changes applied successfully"})
            }
            left => Outcome::failed(
                format!("{said}Some changes could not be applied"),
                map! {"Failed" => left},
            ),
        })
    }

    fn create(&self, apply: &Apply<'_>) -> Result<Outcome> {
        let name = self.name.as_str();
        if !self.gid.is_null() && !self.non_unique {
            let all: Vec<Map> = apply.call("group.getent", args![])?;
            let taken = all.iter().find(|group| group.get("gid") == Some(&self.gid));
            if let Some(other) = taken.and_then(|group| group.get("name")) {
                let text = format!(
                    "Group {name} is not present but gid {} is already taken by group {other}",
                    self.gid
                );
                return Ok(Outcome::failed(text, Map::new()));
            }
        }
        let args = args![name; gid = &self.gid, system = self.system,
            non_unique = self.non_unique, local = self.local];
        if !apply.call_value("group.add", args)?.truthy() {
            let text = format!("Failed to create new group {name}");
            return Ok(Outcome::failed(text, Map::new()));
        }
        let some = |list: &Option<Vec<String>>| list.clone().filter(|list| !list.is_empty());
        if let Some(users) = some(&self.addusers).or_else(|| some(&self.members)) {
            apply.call_value("group.members", args![name, users.join(",")])?;
        }
        let made = info(apply.cx, name, self.local)?;
        Ok(match self.differences(apply.cx)? {
            Some(left) if !left.is_empty() => Outcome::failed(
                format!("Group {name} has been created but, some changes could not be applied"),
                map! {"Failed" => left},
            ),
            _ => Outcome::done(format!("New group {name} created"), made),
        })
    }
}

/// Sees to it that a group is there, with these members.
///
/// ```yaml
/// cheese:
///   group.present:
///     - gid: 7648
///     - system: True
///     - addusers: [user1, users2]
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] gid: Value,
    /// Make a system group.
    #[default(false)]
    system: bool,
    #[default(None)] addusers: Option<Vec<String>>,
    #[default(None)] delusers: Option<Vec<String>>,
    /// All members: others are removed.
    #[default(None)]
    members: Option<Vec<String>>,
    /// Allow a number that is taken.
    #[default(false)]
    non_unique: bool,
    /// Local accounts only.
    #[default(false)]
    local: bool,
) -> Result<Verdict<'a>> {
    if members.is_some() && (addusers.is_some() || delusers.is_some()) {
        let text = "Error: Conflicting options \"members\" with \"addusers\" and/or \"delusers\" \
                    can not be used together. ";
        return Ok(Verdict::Settled(Outcome::new(None, text)));
    }
    let both = addusers.iter().flatten().any(|user| delusers.iter().flatten().any(|d| d == user));
    if both {
        let text = "Error. Same user(s) can not be added and deleted simultaneously";
        return Ok(Verdict::Settled(Outcome::new(None, text)));
    }
    let wanted = Wanted { name, gid, addusers, delusers, members, non_unique, system, local };
    let name = &wanted.name;
    Ok(match wanted.differences(cx)? {
        Some(changes) if changes.is_empty() => {
            Verdict::correct(format!("Group {name} is present and up to date"))
        }
        Some(changes) => {
            let mut said = "The following group attributes are set to be changed:\n".to_owned();
            for (key, value) in &changes {
                said.push_str(&format!("{key}: {value}\n"));
            }
            let would = Outcome::new(None, said.clone());
            Verdict::change(would, move |apply| wanted.change(apply, &changes, said))
        }
        None => {
            let would = Outcome::new(None, format!("Group {name} set to be added"));
            Verdict::change(would, move |apply| wanted.create(apply))
        }
    })
}

/// Sees to it that a group is not there.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(false)] local: bool,
) -> Result<Verdict<'a>> {
    if info(cx, &name, local)?.is_empty() {
        return Ok(Verdict::correct("Group not present"));
    }
    let would = Outcome::new(None, format!("Group {name} is set for removal"));
    Ok(Verdict::change(would, move |apply| {
        let gone = apply.call_value("group.delete", args![name.as_str(); local = local])?;
        Ok(match gone.truthy() {
            true => Outcome::done(format!("Removed group {name}"), map! {name.as_str() => ""}),
            false => Outcome::failed(format!("Failed to remove group {name}"), Map::new()),
        })
    }))
}
