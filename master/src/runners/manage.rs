//! `manage`: which minions answer, are connected, are of which version. Salt: `salt/runners/manage.py` behaviour.

use std::collections::BTreeSet;
use std::time::Duration;

use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};

use crate::client::{Job, Patience};
use crate::keys::{KeyChanges, KeyState};
use crate::services::MasterServices;
use crate::store::PRESENCE;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "manage",
    &[
        &ALIVED,
        &ALLOWED,
        &BOOTSTRAP,
        &DOWN,
        &JOINED,
        &KEY_REGEN,
        &LIST_NOT_STATE,
        &LIST_STATE,
        &NOT_ALIVED,
        &NOT_ALLOWED,
        &NOT_JOINED,
        &NOT_PRESENT,
        &NOT_REAPED,
        &PRESENT,
        &REAPED,
        &SAFE_ACCEPT,
        &STATUS,
        &UP,
        &VERSIONS,
    ],
);

fn ping(
    cx: &Context<'_>,
    tgt: Value,
    tgt_type: &str,
    timeout: Option<f64>,
    gather_job_timeout: Option<f64>,
) -> Result<(Vec<String>, Vec<String>)> {
    let master = MasterServices::of(cx)?;
    let usual = Patience::of(cx.opts);
    let seconds = |given: Option<f64>, usual: Duration| {
        given.map_or(usual, |s| Duration::from_secs_f64(s.clamp(0.0, 1e6)))
    };
    let patience = Patience {
        timeout: seconds(timeout, usual.timeout),
        gather: seconds(gather_job_timeout, usual.gather),
    };
    let job = Job::new(tgt, tgt_type, "test.ping", Vec::new());
    let (returns, silent) = master.run_job(&job, Some(patience))?;
    Ok((returns.into_iter().map(|(id, _)| id).collect(), silent))
}

/// Pings and tells who is up and who is down.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.status
/// salt-run manage.status tgt="webservers" tgt_type="nodegroup"
/// ```
#[function]
fn status(
    cx: &Context<'_>,
    #[default(true)] output: bool,
    #[default("*".into())] tgt: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(None)] timeout: Option<f64>,
    #[default(None)] gather_job_timeout: Option<f64>,
) -> Result<Map> {
    let _ = output;
    let (up, down) = ping(cx, tgt, &tgt_type, timeout, gather_job_timeout)?;
    Ok(map! {"up" => up, "down" => down})
}

/// Lists the minions that answer a ping.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.up
/// ```
#[function]
fn up(
    cx: &Context<'_>,
    #[default("*".into())] tgt: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(None)] timeout: Option<f64>,
    #[default(None)] gather_job_timeout: Option<f64>,
) -> Result<Vec<String>> {
    Ok(ping(cx, tgt, &tgt_type, timeout, gather_job_timeout)?.0)
}

/// Lists the minions that do not answer a ping; with `removekeys` their keys are deleted.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.down
/// salt-run manage.down removekeys=True
/// ```
#[function]
fn down(
    apply: &Apply<'_>,
    #[default(false)] removekeys: bool,
    #[default("*".into())] tgt: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(None)] timeout: Option<f64>,
    #[default(None)] gather_job_timeout: Option<f64>,
) -> Result<Vec<String>> {
    let (_, down) = ping(apply.cx, tgt, &tgt_type, timeout, gather_job_timeout)?;
    if removekeys && !down.is_empty() {
        let keys = MasterServices::of(apply.cx)?.keys()?;
        let matches = keys.glob_match(&down)?;
        KeyChanges::new(apply.opts, &keys).delete(&matches)?;
    }
    Ok(down)
}

/// Who is connected, and who of the accepted is not. Read from what the running master writes down.
fn connected(
    cx: &Context<'_>,
    subset: Option<Vec<String>>,
    here: bool,
    show_ip: bool,
) -> Result<Value> {
    let master = MasterServices::of(cx)?;
    let store = master.store()?;
    let connected: BTreeSet<String> = store.keys(PRESENCE)?.into_iter().collect();
    let wanted = |id: &String| subset.as_ref().is_none_or(|subset| subset.contains(id));
    let ids: Vec<String> = if here {
        connected.into_iter().filter(wanted).collect()
    } else {
        let accepted =
            master.keys()?.list(KeyState::Accepted)?.into_iter().map(|id| id.to_string());
        accepted.filter(|id| !connected.contains(id) && wanted(id)).collect()
    };
    if !(show_ip && here) {
        return Ok(ids.into());
    }
    let with_ip = ids.into_iter().map(|id| {
        let ip = store.fetch(PRESENCE, &id)?.and_then(|(_, data)| data.get("ip").cloned());
        Ok((Value::from(id), ip.unwrap_or_default()))
    });
    with_ip.collect::<Result<Map>>().map(Value::from)
}

/// Lists the minions that are connected.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.list_state
/// ```
#[function]
fn list_state(
    cx: &Context<'_>,
    #[default(None)] subset: Option<Vec<String>>,
    #[default(false)] show_ip: bool,
) -> Result<Value> {
    connected(cx, subset, true, show_ip)
}

/// Lists the minions that are not connected.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.list_not_state
/// ```
#[function]
fn list_not_state(
    cx: &Context<'_>,
    #[default(None)] subset: Option<Vec<String>>,
    #[default(false)] show_ip: bool,
) -> Result<Value> {
    connected(cx, subset, false, show_ip)
}

macro_rules! same_as {
    ($($name:ident $here:literal $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function]
        fn $name(
            cx: &Context<'_>,
            #[default(None)] subset: Option<Vec<String>>,
            #[default(false)] show_ip: bool,
        ) -> Result<Value> {
            connected(cx, subset, $here, show_ip)
        }
    )* };
}

same_as! {
    present true "Lists the minions that are connected.\n\nCLI Example:\n\n```text\nsalt-run manage.present\n```";
    not_present false "Lists the minions that are not connected.\n\nCLI Example:\n\n```text\nsalt-run manage.not_present\n```";
    joined true "Lists the minions that are connected.\n\nCLI Example:\n\n```text\nsalt-run manage.joined\n```";
    not_joined false "Lists the minions that are not connected.\n\nCLI Example:\n\n```text\nsalt-run manage.not_joined\n```";
    allowed true "Lists the minions that are connected.\n\nCLI Example:\n\n```text\nsalt-run manage.allowed\n```";
    not_allowed false "Lists the minions that are not connected.\n\nCLI Example:\n\n```text\nsalt-run manage.not_allowed\n```";
    alived true "Lists the minions that are connected.\n\nCLI Example:\n\n```text\nsalt-run manage.alived\n```";
    not_alived false "Lists the minions that are not connected.\n\nCLI Example:\n\n```text\nsalt-run manage.not_alived\n```";
    reaped true "Lists the minions that are connected.\n\nCLI Example:\n\n```text\nsalt-run manage.reaped\n```";
    not_reaped false "Lists the minions that are not connected.\n\nCLI Example:\n\n```text\nsalt-run manage.not_reaped\n```";
}

/// Compares the versions of the minions with the master's.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.versions
/// ```
#[function]
fn versions(cx: &Context<'_>) -> Result<Map> {
    let own = halite_core::SALT_VERSION;
    let job = Job::new("*", "glob", "test.version", Vec::new());
    let (returns, _) = MasterServices::of(cx)?.run_job(&job, None)?;
    let number = |version: &str| -> Vec<u64> {
        let digits = version.split(|c: char| !c.is_ascii_digit());
        digits.filter_map(|part| part.parse().ok()).take(3).collect()
    };
    let (mut same, mut older, mut newer) = (Map::new(), Map::new(), Map::new());
    for (id, data) in returns {
        let Some(version) = data.get("return").and_then(Value::as_str) else { continue };
        let group = match number(version).cmp(&number(own)) {
            std::cmp::Ordering::Equal => &mut same,
            std::cmp::Ordering::Less => &mut older,
            std::cmp::Ordering::Greater => &mut newer,
        };
        group.insert(id.into(), version.into());
    }
    let mut found = map! {"Master" => own};
    let groups = [
        ("Up to date", same),
        ("Minion requires update", older),
        ("Minion newer than master", newer),
    ];
    for (name, group) in groups.into_iter().filter(|(_, group)| !group.is_empty()) {
        found.insert(name.into(), group.into());
    }
    Ok(found)
}

/// Accepts the pending keys of minions whose fingerprint is the one that they show by themselves. The fingerprints
/// are asked for over salt-ssh, which this master does not have: compare them with `salt-key -f` instead.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.safe_accept my_minion
/// ```
#[function]
fn safe_accept(target: String, #[default("glob".into())] tgt_type: String) -> Result<Value> {
    let _ = tgt_type;
    Err(halite_core::Error::execution(format!(
        "safe_accept asks `{target}` over salt-ssh, which is not available; compare the fingerprints of \
         `salt-key -f {target}` and, on the minion, `salt-call --local key.finger`, then `salt-key -a`"
    )))
}

/// Has all minions make new keys and removes all keys of the master: everything is to be accepted anew.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.key_regen
/// ```
#[function]
fn key_regen(apply: &Apply<'_>) -> Result<&'static str> {
    let master = MasterServices::of(apply.cx)?;
    master.run_job(&Job::new("*", "glob", "saltutil.regen_keys", Vec::new()), None)?;
    remove_files(apply, &apply.opts.path("pki_dir"), 4)?;
    Ok(
        "The minion and master keys have been deleted.  Restart the Salt\nMaster within the next 60 seconds!!!\n\n\
        Wait for the minions to reconnect.  Once the minions reconnect\nthe new keys will appear in pending and will \
        need to be re-\naccepted by running:\n    salt-key -A\n\n\
        Be advised that minions not currently connected to the master\nwill not be able to reconnect and may require \
        manual\nregeneration via a local call to\n    salt-call saltutil.regen_keys",
    )
}

fn remove_files(apply: &Apply<'_>, folder: &std::path::Path, depth: usize) -> Result<()> {
    for name in apply.host.read_dir(folder)? {
        let path = folder.join(name);
        match path.is_dir() && !path.is_symlink() {
            true if depth > 0 => remove_files(apply, &path, depth - 1)?,
            true => {}
            false => apply.host.remove_file(&path)?,
        }
    }
    Ok(())
}

/// Installs Salt on hosts over ssh with a script from the network. That is not done here.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.bootstrap hosts='host1,host2'
/// ```
#[function]
fn bootstrap(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Result<Value> {
    let _ = (args, kwargs);
    Err(halite_core::Error::execution(
        "manage.bootstrap would run a script from the network as root on other hosts and needs salt-ssh, which is not \
         there; copy the one program to the host and start `salt-minion` there",
    ))
}
