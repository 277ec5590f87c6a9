//! `ini`: options and sections of ini files. Salt: `salt/modules/ini_manage.py` behaviour.

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{Ini, plain};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "ini",
    &[&SET_OPTION, &GET_OPTION, &REMOVE_OPTION, &GET_SECTION, &REMOVE_SECTION, &GET_INI],
);

/// Sets options, in sections or above them; gives what has changed.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.set_option /etc/x.ini '{section: {key: value}}'
/// ```
#[function]
fn set_option(
    apply: &Apply<'_>,
    file_name: String,
    /// Options, and sections with theirs.
    #[default(None)]
    sections: Option<Map>,
    /// What stands between name and value.
    #[default("=".into())]
    separator: String,
    #[default(None)] encoding: Option<String>,
    /// Write no spaces around the separator.
    #[default(false)]
    no_spaces: bool,
) -> Result<Map> {
    let mut ini = Ini::read(apply.cx, &file_name, &separator, encoding.as_deref(), no_spaces)?;
    let changes = ini.update(&sections.unwrap_or_default())?;
    ini.write(apply, &file_name)?;
    Ok(changes)
}

/// Gives the value of an option; `None` if it is not set.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.get_option /etc/x.ini section key
/// ```
#[function]
fn get_option(
    cx: &Context<'_>,
    file_name: String,
    /// The section; none for options above all sections.
    section: Option<String>,
    option: String,
    #[default("=".into())] separator: String,
    #[default(None)] encoding: Option<String>,
) -> Result<Value> {
    let ini = Ini::read(cx, &file_name, &separator, encoding.as_deref(), false)?;
    Ok(match section.filter(|section| !section.is_empty()) {
        Some(section) => ini.items.get(section.as_str()).and_then(|s| s.get(&option)).cloned(),
        None => ini.items.get(option.as_str()).cloned(),
    }
    .unwrap_or_default())
}

/// Removes an option; gives the value it had.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.remove_option /etc/x.ini section key
/// ```
#[function]
fn remove_option(
    apply: &Apply<'_>,
    file_name: String,
    section: Option<String>,
    option: String,
    #[default("=".into())] separator: String,
    #[default(None)] encoding: Option<String>,
) -> Result<Value> {
    let mut ini = Ini::read(apply.cx, &file_name, &separator, encoding.as_deref(), false)?;
    let inside =
        section.and_then(|section| ini.items.get_mut(section.as_str()).and_then(Value::as_map_mut));
    let value = match inside {
        Some(section) => section.shift_remove(option.as_str()),
        None => ini.items.shift_remove(option.as_str()),
    };
    ini.write(apply, &file_name)?;
    Ok(value.unwrap_or_default())
}

/// Gives the options of a section.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.get_section /etc/x.ini section
/// ```
#[function]
fn get_section(
    cx: &Context<'_>,
    file_name: String,
    section: String,
    #[default("=".into())] separator: String,
    #[default(None)] encoding: Option<String>,
) -> Result<Map> {
    let ini = Ini::read(cx, &file_name, &separator, encoding.as_deref(), false)?;
    match ini.items.get(section.as_str()) {
        None => Ok(Map::new()),
        Some(Value::Map(section)) => Ok(plain(section)),
        Some(_) => Err(Error::execution(format!("'{section}' is an option and no section"))),
    }
}

/// Removes a section; gives the options it had, or `None` if it was not there.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.remove_section /etc/x.ini section
/// ```
#[function]
fn remove_section(
    apply: &Apply<'_>,
    file_name: String,
    section: String,
    #[default("=".into())] separator: String,
    #[default(None)] encoding: Option<String>,
) -> Result<Value> {
    let mut ini = Ini::read(apply.cx, &file_name, &separator, encoding.as_deref(), false)?;
    let Some(held) = ini.items.shift_remove(section.as_str()) else { return Ok(Value::Null) };
    ini.write(apply, &file_name)?;
    Ok(held.as_map().map(|section| Value::from(plain(section))).unwrap_or_default())
}

/// Gives the whole file, without comments.
///
/// CLI Example:
///
/// ```text
/// salt '*' ini.get_ini /etc/x.ini
/// ```
#[function]
fn get_ini(
    cx: &Context<'_>,
    file_name: String,
    #[default("=".into())] separator: String,
    #[default(None)] encoding: Option<String>,
) -> Result<Map> {
    Ok(plain(&Ini::read(cx, &file_name, &separator, encoding.as_deref(), false)?.items))
}
