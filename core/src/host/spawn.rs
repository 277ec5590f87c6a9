//! From a [`Command`] to a process: user, groups, environment, umask, pipes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use super::real::RealHost;
use super::{Command, Read};
use crate::{Error, Result};

/// The process of a command, ready to be started.
pub(super) fn prepare(host: &RealHost, command: &Command) -> Result<std::process::Command> {
    let Some((program, args)) = command.argv.split_first() else {
        return Err(Error::execution("an empty command cannot be run"));
    };
    let (program, args) = match &command.runas {
        Some(name) => with_groups(host, name, command)?,
        None => None,
    }
    .map_or_else(|| (program.clone(), args.to_vec()), |mut argv| (argv.remove(0), argv));
    let (program, by_setpriv) = (program.as_str(), program != command.argv[0]);
    let mut process = match (command.umask, command.merge_stderr) {
        (None, false) => std::process::Command::new(program),
        // Neither a umask nor a joined stream can be had of std without `unsafe`: sh does both,
        // with the command as arguments and not as text.
        (umask, merge) => {
            let mask = umask.map(|mask| format!("umask {mask:04o}; ")).unwrap_or_default();
            let join = if merge { " 2>&1" } else { "" };
            let mut shell = std::process::Command::new("/bin/sh");
            shell.arg("-c").arg(format!("{mask}exec \"$0\" \"$@\"{join}")).arg(program);
            shell
        }
    };
    process.args(args).process_group(0);
    process.stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    if command.detach {
        process.stdout(Stdio::null()).stderr(Stdio::null());
    } else {
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    if let Some(cwd) = &command.cwd {
        process.current_dir(cwd);
    }
    if command.clean_env {
        process.env_clear();
    }
    if let Some(name) = &command.runas {
        become_user(host, name, &mut process, by_setpriv)?;
    }
    for (name, value) in &command.env {
        match value {
            Some(value) => process.env(name, value),
            None => process.env_remove(name),
        };
    }
    if let Some(name) = &command.group {
        let group = host.group(name)?.ok_or_else(|| {
            Error::execution(format!("Group '{name}' is not available on this system"))
        })?;
        // Before `setpriv` this would take its right to change the user away.
        if !by_setpriv {
            process.gid(group.gid);
        }
    }
    Ok(process)
}

/// The command by way of `setpriv`, for a user in more groups than one or in a folder of another: std can set user and group
/// of a child, and clears the others (the call that sets them is not stable).
fn with_groups(host: &RealHost, name: &str, command: &Command) -> Result<Option<Vec<String>>> {
    let Some(user) = host.user(name)? else { return Ok(None) };
    if rustix::process::geteuid().as_raw() != 0 || user.uid == 0 {
        return Ok(None);
    }
    let groups = host.groups()?;
    let mut ids: Vec<u32> = vec![user.gid];
    ids.extend(groups.iter().filter(|group| group.members.contains(&user.name)).map(|g| g.gid));
    ids.dedup();
    // A folder that the user could not reach is entered before the user changes.
    if ids.len() < 2 && command.cwd.is_none() {
        return Ok(None);
    }
    let real = host.which("setpriv").filter(|path| {
        // The one of busybox sets no groups.
        fs::canonicalize(path).is_ok_and(|path| !path.ends_with("busybox"))
    });
    let Some(setpriv) = real else {
        return Ok(None);
    };
    let gid = match &command.group {
        Some(wanted) => host.group(wanted)?.map_or(user.gid, |group| group.gid),
        None => user.gid,
    };
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let mut argv = vec![
        setpriv.display().to_string(),
        format!("--reuid={}", user.uid),
        format!("--regid={gid}"),
        format!("--groups={}", ids.join(",")),
        "--".into(),
    ];
    argv.extend(command.argv.iter().cloned());
    Ok(Some(argv))
}

/// Sets user, group and the variables that a login would set.
fn become_user(
    host: &RealHost,
    name: &str,
    process: &mut std::process::Command,
    by_setpriv: bool,
) -> Result<()> {
    let user = host
        .user(name)?
        .ok_or_else(|| Error::execution(format!("User '{name}' is not available")))?;
    process.env("HOME", &user.home).env("USER", &user.name).env("LOGNAME", &user.name);
    process.env("SHELL", &user.shell);
    if !by_setpriv && rustix::process::geteuid().as_raw() != user.uid {
        process.uid(user.uid).gid(user.gid);
    }
    Ok(())
}
