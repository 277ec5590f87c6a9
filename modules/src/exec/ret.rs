//! `ret`: asks returners for what they hold. Salt: `salt/modules/ret.py` behaviour.

use halite_core::{Apply, Error, ExecModule, Map, Result, Returner, function};

use crate::returners::find;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("ret", &[&GET_JID, &GET_FUN, &GET_JIDS, &GET_MINIONS]);

fn named(name: &str) -> Result<&'static Returner> {
    find(name).ok_or_else(|| Error::execution(format!("there is no returner `{name}`")))
}

/// The returns of a job, by minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' ret.get_jid redis 20421104181954700505
/// ```
#[function]
fn get_jid(apply: &Apply<'_>, returner: String, jid: String) -> Result<Map> {
    let returner = named(&returner)?;
    returner.get_jid.ok_or_else(|| returner.lacks("get_jid"))?(apply, &jid)
}

/// The newest returns of a function, by minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' ret.get_fun mysql network.interfaces
/// ```
#[function]
fn get_fun(apply: &Apply<'_>, returner: String, fun: String) -> Result<Map> {
    let returner = named(&returner)?;
    returner.get_fun.ok_or_else(|| returner.lacks("get_fun"))?(apply, &fun)
}

/// The jobs that a returner knows.
///
/// CLI Example:
///
/// ```text
/// salt '*' ret.get_jids mysql
/// ```
#[function]
fn get_jids(apply: &Apply<'_>, returner: String) -> Result<Map> {
    let returner = named(&returner)?;
    returner.get_jids.ok_or_else(|| returner.lacks("get_jids"))?(apply)
}

/// The minions that a returner knows.
///
/// CLI Example:
///
/// ```text
/// salt '*' ret.get_minions mysql
/// ```
#[function]
fn get_minions(apply: &Apply<'_>, returner: String) -> Result<Vec<String>> {
    let returner = named(&returner)?;
    returner.get_minions.ok_or_else(|| returner.lacks("get_minions"))?(apply)
}
