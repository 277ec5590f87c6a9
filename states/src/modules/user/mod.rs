//! What a user is to be, and what of it is not so. Salt: `salt/states/user.py` behaviour.

use halite_core::{Context, Map, Result, Value, args, map};

/// What stands in place of a password.
pub(super) const HIDDEN: &str = "XXX-REDACTED-XXX";
/// Days of the shadow file: the argument, the field, the function, the words of a failure.
pub(super) const DAYS: &[(&str, &str, &str, &str)] = &[
    ("date", "lstchg", "shadow.set_date", "last change date to"),
    ("mindays", "min", "shadow.set_mindays", "minimum days to"),
    ("maxdays", "max", "shadow.set_maxdays", "maximum days to"),
    ("inactdays", "inact", "shadow.set_inactdays", "inactive days to"),
    ("warndays", "warn", "shadow.set_warndays", "warn days to"),
    ("expire", "expire", "shadow.set_expire", "expire days to"),
];
/// The parts of the comment field.
pub(super) const GECOS: &[&str] = &["fullname", "roomnumber", "workphone", "homephone", "other"];

/// What a user is to be.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) uid: Value,
    pub(super) gid: Value,
    /// The primary group that is compared with: the user's own, if it is to have one.
    pub(super) compared_gid: Value,
    pub(super) groups: Option<Vec<String>>,
    pub(super) optional_groups: Option<Vec<String>>,
    pub(super) remove_groups: bool,
    pub(super) home: Option<String>,
    pub(super) createhome: bool,
    pub(super) password: Option<String>,
    pub(super) enforce_password: bool,
    pub(super) empty_password: bool,
    pub(super) password_lock: Option<bool>,
    pub(super) shell: Option<String>,
    /// Values of [`GECOS`] that are given.
    pub(super) gecos: Map,
    /// Values of [`DAYS`] that are given.
    pub(super) days: Map,
    pub(super) local: bool,
}

/// `user.info` of this system.
pub(super) fn info(cx: &Context<'_>, name: &str, local: bool) -> Result<Map> {
    match local {
        true => cx.call("user.info", args![name; root = "/"]),
        false => cx.call("user.info", args![name]),
    }
}

/// `shadow.info`; empty where there is no shadow file.
pub(super) fn shadow(cx: &Context<'_>, name: &str) -> Result<Map> {
    match cx.exec.contains("shadow.info") {
        true => cx.call("shadow.info", args![name]),
        false => Ok(Map::new()),
    }
}

/// The number of a group given by name or number.
fn gid_of(cx: &Context<'_>, group: &Value) -> Result<Option<i64>> {
    match group.as_i64() {
        Some(gid) => Ok(Some(gid)),
        None => Ok(cx.host.group(&group.to_string())?.map(|group| group.gid.into())),
    }
}

/// The name of a group given by name or number.
fn name_of(cx: &Context<'_>, group: &Value) -> Result<String> {
    match group.as_i64().and_then(|gid| u32::try_from(gid).ok()) {
        Some(gid) => Ok(cx.host.group_of(gid)?.map_or_else(|| gid.to_string(), |group| group.name)),
        None => Ok(group.to_string()),
    }
}

impl Wanted {
    /// What is to be changed, by Salt's names; `None` if there is no such user.
    pub(super) fn differences(&self, cx: &Context<'_>) -> Result<Option<Map>> {
        let user = info(cx, &self.name, self.local)?;
        if user.is_empty() {
            return Ok(None);
        }
        let field = |key: &str| user.get(key).cloned().unwrap_or_default();
        let mut change = Map::new();
        if self.uid.truthy() && field("uid") != self.uid {
            change.insert("uid".into(), self.uid.clone());
        }
        let (gid, wanted_gid) = (field("gid"), &self.compared_gid);
        if !wanted_gid.is_null() && gid != *wanted_gid && gid.as_i64() != gid_of(cx, wanted_gid)? {
            change.insert("gid".into(), wanted_gid.clone());
        }
        if let Some(groups) = self.group_change(cx, &user)? {
            change.insert("groups".into(), groups.into());
        }
        let home = self.home.as_deref().filter(|home| !home.is_empty());
        let held_home = field("home").to_string();
        if let Some(home) = home.filter(|home| *home != held_home) {
            change.insert("home".into(), home.into());
        }
        if self.createhome {
            let home = home.unwrap_or(&held_home);
            let stat = cx.host.metadata(std::path::Path::new(home))?;
            if !stat.is_some_and(|stat| stat.is_dir()) {
                change.insert("homeDoesNotExist".into(), home.into());
            }
        }
        if let Some(shell) = self.shell.as_deref().filter(|shell| !shell.is_empty()) {
            if field("shell").as_str() != Some(shell) {
                change.insert("shell".into(), shell.into());
            }
        }
        self.shadow_change(cx, &mut change)?;
        for (key, wanted) in &self.gecos {
            if field(key.as_str().unwrap_or_default()) != *wanted {
                change.insert(key.clone(), wanted.clone());
            }
        }
        Ok(Some(change))
    }

    fn shadow_change(&self, cx: &Context<'_>, change: &mut Map) -> Result<()> {
        if !cx.exec.contains("shadow.info") {
            return Ok(());
        }
        let shadow = shadow(cx, &self.name)?;
        let field = |key: &str| shadow.get(key).cloned().unwrap_or_default();
        let held = field("passwd").to_string();
        if let (Some(password), false) = (self.password(), self.empty_password) {
            let default: String = cx.call("shadow.default_hash", args![])?;
            if (held == default || self.enforce_password) && held != password {
                change.insert("passwd".into(), password.into());
            }
        }
        if self.empty_password && !held.is_empty() {
            change.insert("empty_password".into(), true.into());
        }
        for (argument, key, _, _) in DAYS {
            let wanted = self.days.get(*argument);
            let counts = |v: &&Value| *argument != "expire" || v.truthy();
            if let Some(wanted) = wanted.filter(counts).filter(|v| field(key) != **v) {
                change.insert((*argument).into(), wanted.clone());
            }
        }
        if let Some(lock) = self.password_lock.filter(|lock| *lock != held.starts_with('!')) {
            change.insert("password_lock".into(), lock.into());
        }
        Ok(())
    }

    /// The password to set, if one is wanted.
    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref().filter(|password| !password.is_empty())
    }

    /// The groups to set, if they are to be changed.
    fn group_change(&self, cx: &Context<'_>, user: &Map) -> Result<Option<Vec<String>>> {
        let held = user.get("groups").and_then(Value::as_list).unwrap_or_default();
        let mut held: Vec<String> = held.iter().map(Value::to_string).collect();
        let optional = self.optional_groups.iter().flatten();
        let mut wanted: Vec<String> =
            self.groups.iter().flatten().chain(optional).cloned().collect();
        let any_optional = self.optional_groups.as_ref().is_some_and(|list| !list.is_empty());
        if !self.remove_groups || (self.groups.is_none() && !any_optional) {
            wanted.extend(held.iter().cloned());
        }
        wanted.sort();
        wanted.dedup();
        let gid = user.get("gid").cloned().unwrap_or_default();
        let primary = if self.compared_gid.is_null() { &gid } else { &self.compared_gid };
        let (primary, old_primary) = (name_of(cx, primary)?, name_of(cx, &gid)?);
        // Names of one number are one group: the primary group counts under all of them.
        let drop_group = |name: &str, list: &mut Vec<String>| -> Result<()> {
            let gid = gid_of(cx, &name.into())?;
            let mut kept = Vec::new();
            for group in list.drain(..) {
                let same =
                    group == name || (gid.is_some() && gid_of(cx, &group.as_str().into())? == gid);
                if !same {
                    kept.push(group);
                }
            }
            *list = kept;
            Ok(())
        };
        drop_group(&primary, &mut held)?;
        drop_group(&primary, &mut wanted)?;
        if old_primary != primary {
            drop_group(&old_primary, &mut held)?;
        }
        if !wanted.contains(&self.name) {
            held.retain(|group| *group != self.name);
        }
        let missing = wanted.iter().any(|group| !held.contains(group));
        let surplus = held.iter().any(|group| !wanted.contains(group));
        let differs = missing || (self.remove_groups && surplus);
        Ok((differs && (!wanted.is_empty() || self.remove_groups)).then_some(wanted))
    }
}

/// The changes of numbers that are refused unless they are allowed, as one text.
pub(super) fn refused(
    cx: &Context<'_>,
    wanted: &Wanted,
    changes: &Map,
    allowed: (bool, bool),
) -> Result<Option<String>> {
    let user = info(cx, &wanted.name, wanted.local)?;
    let mut errors = Vec::new();
    for (key, allowed) in [("uid", allowed.0), ("gid", allowed.1)] {
        if let (Some(new), false) = (changes.get(key), allowed) {
            let old = user.get(key).cloned().unwrap_or_default();
            errors.push(format!(
                "- Changing {key} ({old} -> {new}) not permitted, set allow_{key}_change to True \
                 to force this change. Note that this will not change file ownership."
            ));
        }
    }
    let head = "Encountered error checking for needed changes. Additional info follows:\n\n";
    Ok((!errors.is_empty()).then(|| format!("{head}{}", errors.join("\n"))))
}

/// Puts a value that is given into `map`.
pub(super) fn given(map: &mut Map, key: &str, value: Value) {
    if !value.is_null() {
        map.extend(map! {key => value});
    }
}
