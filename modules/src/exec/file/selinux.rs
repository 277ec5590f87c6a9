//! `file.restorecon`, `file.get_selinux_context`: the SELinux labels of files, by the machine's own
//! programs.

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("file", &[&RESTORECON, &GET_SELINUX_CONTEXT, &SET_SELINUX_CONTEXT]);

fn succeeds(cx: &Context<'_>, argv: Vec<Value>) -> Result<bool> {
    let code: Value = cx.call("cmd.retcode", args![argv; python_shell = false])?;
    Ok(code.as_i64() == Some(0))
}

/// Gives a file the label that the policy has for it.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.restorecon /home/user/.ssh/authorized_keys
/// ```
#[function]
fn restorecon(apply: &Apply<'_>, path: String, #[default(false)] recursive: bool) -> Result<bool> {
    let option = if recursive { "-FR" } else { "-F" };
    succeeds(apply, vec!["restorecon".into(), option.into(), path.into()])
}

fn label(cx: &Context<'_>, path: &str) -> Result<Value> {
    let argv: Vec<Value> = vec!["stat".into(), "-c".into(), "%C".into(), path.into()];
    let ran: Map = cx.call("cmd.run_all", args![argv; python_shell = false])?;
    Ok(match ran.get("retcode").and_then(Value::as_i64) {
        Some(0) => ran.get("stdout").cloned().unwrap_or_default(),
        _ => format!("No selinux context information is available for {path}").into(),
    })
}

/// Gives the label of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_selinux_context /etc/hosts
/// ```
#[function]
fn get_selinux_context(cx: &Context<'_>, path: String) -> Result<Value> {
    label(cx, &path)
}

/// Sets parts of the label of a file, and gives the whole.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.set_selinux_context path <user> <role> <type> <range>
/// salt '*' file.set_selinux_context /etc/yum.repos.d/epel.repo system_u object_r system_conf_t s0
/// ```
#[function]
fn set_selinux_context(
    apply: &Apply<'_>,
    path: String,
    #[default(None)] user: Option<String>,
    #[default(None)] role: Option<String>,
    #[default(None)] type_: Option<String>,
    #[default(None)] range: Option<String>,
    /// Put it into the policy as well.
    #[default(false)]
    persist: bool,
) -> Result<Value> {
    let parts = [("-u", &user), ("-r", &role), ("-t", &type_), ("-l", &range)];
    if parts.iter().all(|(_, part)| part.is_none()) {
        return Ok(false.into());
    }
    if persist {
        let call = args![&path; sel_type = type_.clone(), sel_user = user.clone(),
            sel_level = range.clone()];
        let done = apply.call_value("selinux.fcontext_add_policy", call)?;
        if done.get("retcode").and_then(Value::as_i64) != Some(0) {
            return Err(Error::execution(format!("Problem setting fcontext: {done}")));
        }
    }
    let mut argv: Vec<Value> = vec!["chcon".into()];
    for (option, part) in parts {
        if let Some(part) = part {
            argv.extend([Value::from(option), part.as_str().into()]);
        }
    }
    argv.push(path.as_str().into());
    if succeeds(apply, argv)? { label(apply, &path) } else { Ok(false.into()) }
}
