//! `user.chfullname` and its kin: the comment field of a user.

use halite_core::{Apply, ExecModule, Result, function};

use super::shared::{GECOS, check_name, gecos_parts, shadow_tool};
use super::useradd::{find, with_root};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("user", &[&CHFULLNAME, &CHROOMNUMBER, &CHWORKPHONE, &CHHOMEPHONE, &CHOTHER]);

/// Sets one part of the comment field and says whether it is so now.
pub(super) fn set(
    apply: &Apply<'_>,
    name: &str,
    key: &str,
    value: &str,
    root: Option<&str>,
) -> Result<bool> {
    check_name(name)?;
    let index = GECOS.iter().position(|known| *known == key).unwrap_or(GECOS.len() - 1);
    let Some(user) = find(apply, name, root)? else { return Ok(false) };
    let mut parts = gecos_parts(&user.gecos);
    if parts[index] == value {
        return Ok(true);
    }
    parts[index] = value.to_owned();
    let argv = ["usermod", "-c", &parts.join(","), name].map(str::to_owned);
    shadow_tool(apply, &with_root(argv.to_vec(), root))?;
    let now = find(apply, name, root)?.map(|user| gecos_parts(&user.gecos));
    Ok(now.is_some_and(|parts| parts[index] == value))
}

/// Changes a user's full name.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chfullname foo "Foo Bar"
/// ```
#[function]
fn chfullname(
    apply: &Apply<'_>,
    name: String,
    fullname: Option<String>,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    set(apply, &name, "fullname", &fullname.unwrap_or_default(), root.as_deref())
}

/// Changes a user's room number.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chroomnumber foo 123
/// ```
#[function]
fn chroomnumber(
    apply: &Apply<'_>,
    name: String,
    roomnumber: Option<String>,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    set(apply, &name, "roomnumber", &roomnumber.unwrap_or_default(), root.as_deref())
}

/// Changes a user's work phone.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chworkphone foo 7735550123
/// ```
#[function]
fn chworkphone(
    apply: &Apply<'_>,
    name: String,
    workphone: Option<String>,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    set(apply, &name, "workphone", &workphone.unwrap_or_default(), root.as_deref())
}

/// Changes a user's home phone.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chhomephone foo 7735551234
/// ```
#[function]
fn chhomephone(
    apply: &Apply<'_>,
    name: String,
    homephone: Option<String>,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    set(apply, &name, "homephone", &homephone.unwrap_or_default(), root.as_deref())
}

/// Changes what else the comment field says of a user.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chother foobar other=value
/// ```
#[function]
fn chother(
    apply: &Apply<'_>,
    name: String,
    other: Option<String>,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    set(apply, &name, "other", &other.unwrap_or_default(), root.as_deref())
}
