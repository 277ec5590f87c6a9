//! What the files of `cmd` share: arguments, results that scripts print.

use std::path::Path;

use halite_core::value::parse_json;
use halite_core::{Apply, Args, Context, Map, Outcome, Result, Value, Verdict};

/// Arguments that a command or script runs with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    /// The name: for commands, the command.
    pub(crate) name: String,
    /// Whether output is read as a result, and the command to run in test mode instead.
    pub(crate) stateful: Value,
    /// Everything for `cmd.run_all` or `cmd.script`.
    pub(crate) named: Map,
    /// Report a command that ran out of time as a success.
    pub(crate) ignore_timeout: bool,
    /// The script's source; a command has none.
    pub(crate) source: Option<String>,
}

/// Arguments of states that commands do not know.
const NOT_FOR_COMMANDS: &[&str] = &[
    "stateful",
    "ignore_timeout",
    "sfun",
    "__reqs__",
    "source",
    "unless",
    "onlyif",
    "creates",
    "name",
    "__agg__",
];

impl Job {
    /// A job from the arguments of a state.
    pub(crate) fn new(cx: &Context<'_>, name: String, mut given: Map, script: bool) -> Job {
        let take = |given: &mut Map, key: &str| given.shift_remove(key).unwrap_or_default();
        let stateful = take(&mut given, "stateful");
        let ignore_timeout = take(&mut given, "ignore_timeout").truthy();
        let source = take(&mut given, "source");
        let mut named: Map = given
            .into_iter()
            .filter(|(key, value)| {
                !value.is_null() && !key.as_str().is_some_and(|key| NOT_FOR_COMMANDS.contains(&key))
            })
            .collect();
        if !named.contains_key("shell")
            && let Some(shell) = cx.grains.get("shell")
        {
            named.insert("shell".into(), shell.clone());
        }
        named.insert("python_shell".into(), true.into());
        let source = match (script, source) {
            (false, _) => None,
            (true, Value::Null) => Some(name.clone()),
            (true, given) => Some(given.to_string()),
        };
        Job { name, stateful, named, ignore_timeout, source }
    }

    fn is_stateful(&self) -> bool {
        self.stateful.as_bool() == Some(true) || self.stateful.as_list().is_some()
    }

    /// The command for test mode, if the state names one.
    fn test_name(&self) -> Option<String> {
        let first = self.stateful.as_list()?.first()?;
        first.get("test_name").map(Value::to_string)
    }

    fn malformed(&self) -> Option<&'static str> {
        let env = self.named.get("env");
        if env.is_some_and(|env| env.as_list().is_none() && env.as_map().is_none()) {
            return Some("Invalidly-formatted 'env' parameter. See documentation.");
        }
        let not_map = |key: &str| {
            self.named.get(key).is_some_and(|value| value.truthy() && value.as_map().is_none())
        };
        if not_map("context") {
            return Some("Invalidly-formatted 'context' parameter. Must be formed as a dict.");
        }
        not_map("defaults")
            .then_some("Invalidly-formatted 'defaults' parameter. Must be formed as a dict.")
    }

    /// What is to be done.
    pub(crate) fn judge<'a>(mut self, cx: &Context<'a>) -> Result<Verdict<'a>> {
        if let Some(fault) = self.malformed() {
            return Ok(Verdict::fail(fault));
        }
        let test_name = self.test_name();
        if let (true, Some(name)) = (cx.test(), test_name) {
            self.name = name;
            let host = crate::support::look_only::LookOnly(cx.host);
            let mut outcome = self.run(&Apply { cx, host: &host })?;
            let ran = outcome.extra.shift_remove("retcode").and_then(|code| code.as_i64());
            if ran == Some(0) && !outcome.changes.is_empty() {
                outcome.result = None;
            }
            return Ok(Verdict::Settled(outcome));
        }
        let name = &self.name;
        let mut would = match self.source {
            None => {
                let comment = format!("Command \"{name}\" would have been executed");
                Outcome::would(comment, halite_core::map! {"cmd" => name.as_str()})
            }
            Some(_) => {
                let comment = format!("Command '{name}' would have been executed");
                Outcome::would(comment, Map::new())
            }
        };
        if self.is_stateful() {
            would = reinterpreted(would);
        }
        Ok(Verdict::change(would, move |apply| {
            let mut outcome = self.run(apply)?;
            outcome.extra.shift_remove("retcode");
            Ok(outcome)
        }))
    }

    /// Runs it. The exit code is left in `extra`.
    fn run(&self, apply: &Apply<'_>) -> Result<Outcome> {
        if let Some(cwd) = self.named.get("cwd").map(Value::to_string)
            && !matches!(apply.host.metadata(Path::new(&cwd)), Ok(Some(stat)) if stat.is_dir())
        {
            let comment = format!("Desired working directory \"{cwd}\" is not available");
            return Ok(Outcome::new(Some(false), comment));
        }
        let mut named = self.named.clone();
        let ran = match &self.source {
            None => {
                let fun = if named.contains_key("root") { "cmd.run_chroot" } else { "cmd.run_all" };
                if named.contains_key("root") {
                    let root = named.shift_remove("root").unwrap_or_default();
                    let positional = vec![root, self.name.as_str().into()];
                    apply.call_value(fun, Args { positional, named })
                } else {
                    apply.call_value(
                        fun,
                        Args { positional: vec![self.name.as_str().into()], named },
                    )
                }
            }
            Some(source) => {
                self.script_args(apply.cx, &mut named);
                apply.call_value(
                    "cmd.script",
                    Args { positional: vec![source.as_str().into()], named },
                )
            }
        };
        let ran = match ran {
            Ok(ran) => ran.as_map().cloned().unwrap_or_default(),
            Err(halite_core::Error::Cancelled) => return Err(halite_core::Error::Cancelled),
            Err(error) => return Ok(Outcome::new(Some(false), error.to_string())),
        };
        Ok(self.outcome(apply.cx, ran))
    }

    fn script_args(&self, cx: &Context<'_>, named: &mut Map) {
        let mut context = named.shift_remove("defaults").and_then(|d| d.as_map().cloned());
        if let Some(own) = named.shift_remove("context") {
            let own = own.as_map().cloned().unwrap_or_default();
            context.get_or_insert_default().extend(own);
        }
        if let Some(context) = context {
            named.insert("context".into(), context.into());
        }
        named.insert("saltenv".into(), crate::support::saltenv(cx).into());
        if let Some((_, rest)) = self.name.split_once(' ')
            && !named.get("args").is_some_and(Value::truthy)
        {
            named.insert("args".into(), rest.into());
        }
    }

    fn outcome(&self, cx: &Context<'_>, mut ran: Map) -> Outcome {
        let mut retcode = ran.get("retcode").and_then(Value::as_i64).unwrap_or(0);
        let stdout = ran.get("stdout").map(Value::to_string).unwrap_or_default();
        if self.ignore_timeout && retcode == 1 && stdout.contains("Timed out after") {
            retcode = 0;
            ran.insert("retcode".into(), 0.into());
        }
        let comment = match &self.source {
            None => format!("Command \"{}\" run", self.name),
            Some(source) if ran.get("cache_error").is_some_and(Value::truthy) => {
                let env = crate::support::saltenv(cx);
                format!("Unable to cache script {source} from saltenv '{env}'")
            }
            Some(_) => format!("Command '{}' run", self.name),
        };
        let outcome =
            Outcome { result: Some(retcode == 0), comment, changes: ran, extra: Map::new() };
        let outcome = if self.is_stateful() { reinterpreted(outcome) } else { outcome };
        outcome.with("retcode", retcode)
    }
}

fn is_true(value: &Value) -> Result<bool, String> {
    match value.to_string().to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("Failed parsing boolean value: {value}")),
    }
}

/// Reads what a stateful command printed: JSON, or `name=value` pairs in the last line.
/// Salt: `_reinterpreted_state` behaviour.
fn reinterpreted(mut outcome: Outcome) -> Outcome {
    let ran = std::mem::take(&mut outcome.changes);
    outcome.comment = String::new();
    let text = |key: &str| ran.get(key).map(Value::to_string).unwrap_or_default();
    let out = text("stdout");
    if out.is_empty() {
        outcome.comment = text("stderr");
        return outcome;
    }
    let (mut data, before) = match parse_json(&out) {
        Ok(Value::Map(map)) => ((*map).clone(), None),
        Ok(_) => {
            outcome.result = Some(false);
            outcome.comment = "script JSON output must be a JSON object (e.g., {})!".into();
            return outcome;
        }
        Err(_) => {
            // Salt cuts before the last line; of a single one it takes the last character.
            let mut but_last = out.chars();
            but_last.next_back();
            let cut = out.trim_end().rsplit_once('\n');
            let (before, last) = cut.unwrap_or((but_last.as_str(), out.as_str()));
            match pairs(last) {
                Some(data) => (data, Some(before.to_owned())),
                None => {
                    outcome.result = Some(false);
                    outcome.comment = "Failed parsing script output! Stdout must be JSON or a \
                                       line of name=value pairs."
                        .into();
                    outcome.changes = ran;
                    return outcome;
                }
            }
        }
    };
    let changed = match data.get("changed").map_or(Ok(false), is_true) {
        Ok(changed) => changed,
        Err(fault) => {
            outcome.result = Some(false);
            outcome.comment = fault;
            return outcome;
        }
    };
    if let Some(comment) = data.shift_remove("comment") {
        outcome.comment = comment.to_string();
    }
    if changed {
        let stdout = before.unwrap_or_default();
        for (key, value) in ran {
            data.entry(key).or_insert(value);
        }
        data.insert("stdout".into(), stdout.into());
        outcome.changes = data;
    }
    outcome
}

/// `a=1 b='x y'` as a mapping; `None` if a word is no pair.
fn pairs(line: &str) -> Option<Map> {
    let mut map = Map::new();
    for word in crate::support::words::split(line)? {
        let (key, value) = word.split_once('=').filter(|(_, value)| !value.contains('='))?;
        map.insert(key.into(), value.into());
    }
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn stateful_output_is_read() {
        let check = |stdout: &str, changed: bool, comment: &str| {
            let outcome = Outcome::done("", map! {"stdout" => stdout, "retcode" => 0});
            let read = reinterpreted(outcome);
            assert_eq!((!read.changes.is_empty(), read.comment.as_str()), (changed, comment));
        };
        check("{\"changed\": true, \"comment\": \"c\"}", true, "c");
        check("noise\nchanged=yes comment='a b'", true, "a b");
        check("changed=no", false, "");
    }
}
