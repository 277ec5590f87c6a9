//! `state`: running single states, high data and templates that are given directly.

use std::path::PathBuf;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function};

use super::shared::{COMPILE, FAILED, conflict, pillar_must_be_fine, set_retcode, wish};
use crate::compiler::low::messages;
use crate::compiler::{HighData, LowChunk, template as pad};
use crate::engine::RunSettings;
use crate::engine::highstate::{Done, log_faults};
use crate::engine::run::{Returns, call_single, verify_single};
use crate::engine::session::with_session;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("state", &[&SINGLE, &LOW, &HIGH, &TEMPLATE, &TEMPLATE_STR]);

/// Runs one state function.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.single pkg.installed name=vim
/// ```
#[function(outputter = "highstate")]
fn single(
    apply: &Apply<'_>,
    /// The state function, `module.function`.
    fun: String,
    /// What it is about.
    name: Value,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    let mut parts = fun.split('.');
    let (Some(module), Some(function)) = (parts.next(), parts.next()) else {
        apply.job.set_retcode(COMPILE);
        return Ok("Invalid function passed".into());
    };
    let mut data = kwargs.clone();
    data.insert("state".into(), module.into());
    data.insert("fun".into(), function.into());
    data.insert("__id__".into(), name.clone());
    data.insert("name".into(), name);
    for taken in ["pillar", "pillar_enc", "pillarenv", "concurrent", "localconfig"] {
        data.shift_remove(taken);
    }
    with_session(apply, &wish(&test, &kwargs, None), |session| {
        let low = LowChunk::from(data);
        let faults = verify_single(session.apply, &low);
        if !faults.is_empty() {
            apply.job.set_retcode(COMPILE);
            return Ok(faults.into());
        }
        let tag = low.tag();
        let ret = call_single(session.apply, low, RunSettings::default())?;
        let returns: Returns = [(tag, ret)].into_iter().collect();
        let ret = Done::Returns(returns).into_value();
        set_retcode(apply, &ret, None);
        Ok(ret)
    })
}

/// Runs one low chunk.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.low '{"state": "pkg", "fun": "installed", "name": "vi", "__id__": "vi"}'
/// ```
#[function]
fn low(
    apply: &Apply<'_>,
    /// The chunk: `state`, `fun`, `name`, `__id__` and arguments.
    data: Map,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    let low = LowChunk::from(data);
    let faults = verify_single(apply, &low);
    if !faults.is_empty() {
        apply.job.set_retcode(COMPILE);
        return Ok(faults.into());
    }
    if !low.data.contains_key("__id__") {
        let what = "the low chunk has no `__id__`; add one, for instance its name";
        return Err(Error::execution(what));
    }
    let ret = call_single(apply, low, RunSettings::default())?;
    // Salt reads the one return as if it were a run of several, in which every member is wrong.
    apply.job.set_retcode(FAILED);
    Ok(ret.into())
}

/// Runs high data.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.high '{"vim": {"pkg": ["installed"]}}'
/// ```
#[function]
fn high(
    apply: &Apply<'_>,
    /// The high data.
    data: Map,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    with_session(apply, &wish(&test, &kwargs, None), |session| {
        let mut high = HighData::from_map(data.clone());
        let ret = session.call_high(&mut high, RunSettings::default())?.into_value();
        set_retcode(apply, &ret, Some(&data));
        Ok(ret)
    })
}

/// Runs an sls file on this minion, which need not be in the file roots.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.template '<path to a template on the minion>'
/// ```
#[function(outputter = "highstate")]
fn template(
    apply: &Apply<'_>,
    /// The file; `.sls` is added if it is missing.
    tem: String,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    with_session(apply, &wish(&Value::Null, &kwargs, None), |session| {
        pillar_must_be_fine(session, &kwargs)?;
        let path = if tem.ends_with(".sls") { tem.clone() } else { format!("{tem}.sls") };
        let env = kwargs.get("saltenv").map(Value::to_string).unwrap_or_default();
        let (mut high, mut faults) = session.high_of_file(&PathBuf::from(path), &env);
        if !faults.is_empty() {
            log_faults(apply, &mut faults);
            apply.job.set_retcode(COMPILE);
            return Ok(messages(&faults).into());
        }
        let shown = high.to_map();
        let ret = session.call_high(&mut high, RunSettings::default())?.into_value();
        set_retcode(apply, &ret, Some(&shown));
        Ok(ret)
    })
}

/// Runs a text as an sls file.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.template_str '<template string>'
/// ```
#[function(outputter = "highstate")]
fn template_str(
    apply: &Apply<'_>,
    /// The text.
    tem: String,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    with_session(apply, &wish(&Value::Null, &kwargs, None), |session| {
        let data = session.render_text(&tem)?;
        let ret = match data.truthy() {
            false => data,
            true => match pad::pad_template(data, "<template-str>") {
                Err(faults) => messages(&faults).into(),
                Ok(ids) => {
                    let mut high = HighData::from_map(ids);
                    session.call_high(&mut high, RunSettings::default())?.into_value()
                }
            },
        };
        set_retcode(apply, &ret, None);
        Ok(ret)
    })
}
