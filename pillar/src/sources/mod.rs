//! External pillars, one file each.

use std::time::Duration;

use halite_core::{Args, Error, Map, Result, Value};

use crate::compile::Compiler;

/// How long a command of an external pillar may run.
const COMMAND_WAIT: Duration = Duration::from_secs(300);

/// An external pillar.
pub struct Source {
    /// Its name in `ext_pillar`.
    pub name: &'static str,
    /// What it gives for a minion.
    pub pillar: fn(Call<'_>) -> Result<Value>,
}

/// A call of an external pillar.
pub struct Call<'a> {
    /// Minion, options, machine.
    pub(crate) compiler: &'a Compiler<'a>,
    /// The pillar so far.
    pub(crate) pillar: &'a Map,
    /// What `ext_pillar` sets for it.
    pub(crate) args: Args,
}

impl Call<'_> {
    /// The argument at a position or of that name.
    pub(crate) fn argument(&self, position: usize, name: &str) -> Option<&Value> {
        let named = self.args.named.get(name);
        named.or_else(|| self.args.positional.get(position)).filter(|value| !value.is_null())
    }

    /// A text that must be given.
    pub(crate) fn text(&self, position: usize, name: &str) -> Result<String> {
        self.argument(position, name)
            .map(Value::to_string)
            .ok_or_else(|| Error::execution(format!("it needs the argument `{name}`")))
    }

    /// Refuses names that the source does not know.
    pub(crate) fn known(&self, names: &[&str]) -> Result<()> {
        let stranger = self
            .args
            .named
            .keys()
            .find(|key| !key.as_str().is_some_and(|key| names.contains(&key)));
        match stranger {
            None => Ok(()),
            Some(name) => Err(Error::execution(format!(
                "ext_pillar() got an unexpected keyword argument '{name}'"
            ))),
        }
    }

    /// The output of a shell command in which `%s` is the minion's id.
    fn command_output(&self, command: &str) -> Result<String> {
        let id = self.compiler.who.id.as_str();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-@+:".contains(c);
        if command.contains("%s") && !id.chars().all(plain) {
            let text = format!("the minion id '{id}' has characters that a shell would interpret");
            return Err(Error::execution(text));
        }
        let mut command = halite_core::host::Command::shell("/bin/sh", &command.replace("%s", id));
        command.timeout = Some(COMMAND_WAIT);
        let output = self.compiler.deps.host.run(&command)?;
        if output.timed_out {
            let text = format!("the command did not end within {}s", COMMAND_WAIT.as_secs());
            return Err(Error::execution(text));
        }
        if !output.success() {
            tracing::error!(
                "ext_pillar command failed ({}): {}",
                output.retcode,
                output.stderr_text()
            );
        }
        Ok(output.stdout_text())
    }
}

/// Finds a source by its name.
pub(crate) fn find(name: &str) -> Option<&'static Source> {
    ALL.iter().copied().find(|source| source.name == name)
}

/// The names of all sources, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|source| source.name)
}

include!(concat!(env!("OUT_DIR"), "/sources.rs"));
