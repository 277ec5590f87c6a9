//! `file.patch`: a patch applied once.

use std::path::{Path, PathBuf};

use halite_core::host::{Command, Output, Read};
use halite_core::value::{JsonStyle, to_json};
use halite_core::{Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

use super::content::{NoContent, Want, content, template_args};
use super::shared::{failed, folder_of, is_dir, refuse};
use crate::support::expand_user;
use crate::support::look_only::LookOnly;
use crate::support::words;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&PATCH]);

/// Options that the state uses itself.
const OWN_OPTIONS: [&str; 6] = ["-N", "--forward", "-r", "--reject-file", "-o", "--output"];

/// Tries a patch (read from stdin): the result goes to `$2`, what does not fit to `$1`, and both
/// are gone at the end, but for a reject file that is wanted (`$3`).
const TRY: &str = r#"
rejects=$1 result=$2 keep=$3; shift 3
"$@" -N -r "$rejects" -o "$result"; code=$?
if [ $code -ne 0 ] && [ -s "$rejects" ]; then
  program=$1; shift
  if "$program" "$@" -R -f --strip=0 --dry-run --forward --reject-file=- <"$rejects" >/dev/null 2>&1
  then code=240; else code=241; fi
fi
rm -f "$result"; [ -n "$keep" ] || rm -f "$rejects"
exit $code
"#;
/// Exit code of [`TRY`] for a patch that has been applied already.
const APPLIED: i64 = 240;
/// Exit code of [`TRY`] for a patch of which a part does not fit.
const UNFIT: i64 = 241;

/// What is patched with what.
struct Patching {
    path: PathBuf,
    patch: Vec<u8>,
    options: Vec<String>,
    strip: Option<i64>,
    reject_file: Option<PathBuf>,
}

/// Options without those that say how many folders to strip, and that number.
fn sort_out(
    options: Vec<String>,
    mut strip: Option<i64>,
) -> Result<(Vec<String>, Option<i64>), String> {
    let (mut kept, mut own) = (Vec::new(), Vec::new());
    let mut options = options.into_iter();
    let number = |text: &str, name: &str| {
        text.parse().map(Some).map_err(|_| {
            format!(
                "Invalid format for '{name}' CLI option. Consider using the 'strip' option for \
                 this state."
            )
        })
    };
    while let Some(option) = options.next() {
        own.extend(OWN_OPTIONS.iter().copied().find(|own| option.starts_with(own)));
        if let Some(text) = option.strip_prefix("-p") {
            strip = number(text, "-p")?;
        } else if let Some(text) = option.strip_prefix("--strip") {
            strip = match text.rsplit_once('=') {
                Some((_, text)) => number(text, "-strip")?,
                None => number(&options.next().unwrap_or_default(), "-strip")?,
            };
        } else {
            kept.push(option);
        }
    }
    if own.is_empty() {
        return Ok((kept, strip));
    }
    Err(format!("The following CLI options are not allowed: {}", own.join(", ")))
}

/// Applies a patch to a file or a folder, unless that has been done.
///
/// ```yaml
/// /opt/myfile.txt:
///   file.patch:
///     - source: salt://myfile.patch
/// ```
#[state]
fn patch<'a>(
    cx: &Context<'a>,
    /// Path of the file or folder.
    name: String,
    /// The patch.
    #[default(Value::Null)]
    source: Value,
    #[default(Value::Null)] source_hash: Value,
    #[default(Value::Null)] source_hash_name: Value,
    #[default(false)] skip_verify: bool,
    #[default(None)] template: Option<String>,
    #[default(Value::Null)] context: Value,
    #[default(Value::Null)] defaults: Value,
    /// Further options of `patch`.
    #[default(String::new())]
    options: String,
    /// Where to put what could not be applied.
    #[default(None)]
    reject_file: Option<String>,
    /// How many leading folders of names in the patch are left out.
    #[default(None)]
    strip: Option<i64>,
    #[default(None)] saltenv: Option<String>,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    if cx.host.which("patch").is_none() {
        return refuse("patch executable not found on minion");
    }
    let name = expand_user(cx, &name);
    let path = PathBuf::from(&name);
    if let Some(fault) = misplaced(cx.host, &name, reject_file.as_deref()) {
        return refuse(fault);
    }
    let Some(given) = words::split(&options) else { return refuse("No closing quotation") };
    let (options, strip) = match sort_out(given, strip) {
        Ok(sorted) => sorted,
        Err(fault) => return refuse(fault),
    };
    let template = match template_args(template, &defaults, &context) {
        Ok(template) => template,
        Err(fault) => return refuse(fault),
    };
    let in_env = saltenv.as_ref().map(|env| format!("?saltenv={env}"));
    let source = match (source, saltenv) {
        (Value::Str(url), Some(env)) if url.starts_with("salt://") && !url.contains('?') => {
            format!("{url}?saltenv={env}").into()
        }
        (source, _) => source,
    };
    let want = Want {
        name,
        source,
        source_hash,
        source_hash_name,
        skip_verify,
        template,
        keep_source: true,
        ..Want::default()
    };
    let host = LookOnly(cx.host);
    let patch = match content(&Apply { cx, host: &host }, &want) {
        Ok(Ok(content)) => content.bytes.unwrap_or_default(),
        // Salt: in test mode a patch that cannot be had is an empty one.
        Ok(Err(_)) if cx.test() => Vec::new(),
        Ok(Err(NoContent::Unable(fault) | NoContent::Plain(fault))) => {
            // The environment is named at the end; it was not part of the given address.
            let fault = in_env.map_or(fault.clone(), |part| fault.replace(&part, ""));
            let outcome = failed(format!("Unable to manage file: {fault}"));
            // Salt returns what `file.managed` said of the file that was to take the patch.
            return Ok(Verdict::Settled(outcome.with("name", temp_name(cx, 0))));
        }
        Err(error) => return refuse(error.to_string()),
    };
    let reject_file = reject_file.map(PathBuf::from);
    let verdict = Patching { path, patch, options, strip, reject_file }.judge(cx)?;
    let old = ["hash", "dry_run_first"].into_iter().filter(|name| kwargs.contains_key(*name));
    let warnings: Vec<String> = old
        .map(|name| format!("The '{name}' argument is no longer used and has been ignored."))
        .collect();
    Ok(match verdict {
        Verdict::Settled(outcome) if !warnings.is_empty() => {
            Verdict::Settled(outcome.with("warnings", warnings))
        }
        other => other,
    })
}

/// The complaint about paths that cannot be worked on.
fn misplaced(host: &dyn Read, name: &str, reject_file: Option<&str>) -> Option<String> {
    let path = Path::new(name);
    if name.is_empty() {
        return Some("A file/directory to be patched is required".into());
    }
    if !path.is_absolute() {
        return Some(format!("{name} is not an absolute path"));
    }
    if !host.exists(path) {
        return Some(format!("{name} does not exist"));
    }
    let file = reject_file?;
    let folder = folder_of(Path::new(file));
    if !folder.is_absolute() {
        return Some(format!("'{file}' is not an absolute path"));
    }
    (!is_dir(host, folder)).then(|| {
        format!(
            "Parent directory for reject_file '{file}' either does not exist, or is not a directory"
        )
    })
}

impl Patching {
    /// The command without the options that only a try or only the deed has.
    fn words(&self, host: &dyn Read) -> Vec<String> {
        let program = host.which("patch").map(|path| path.to_string_lossy().into_owned());
        let mut words = vec![program.unwrap_or_else(|| "patch".into())];
        words.extend(self.options.iter().cloned());
        let path = self.path.to_string_lossy().into_owned();
        if is_dir(host, &self.path) {
            let strip = match self.strip {
                Some(strip) => format!("-p{strip}"),
                None => "--strip=0".into(),
            };
            words.extend([strip, "-d".into(), path]);
        } else {
            words.push(path);
        }
        words
    }

    fn judge<'a>(self, cx: &Context<'a>) -> Result<Verdict<'a>> {
        let keep = self.reject_file.as_ref().map(|path| path.to_string_lossy().into_owned());
        let rejects = keep.clone().unwrap_or_else(|| temp_name(cx, 0));
        let head = [
            "/bin/sh",
            "-c",
            TRY,
            "sh",
            &rejects,
            &temp_name(cx, 1),
            keep.as_deref().unwrap_or(""),
        ];
        let mut command = Command::new(head);
        command.argv.extend(self.words(cx.host));
        command.stdin = Some(self.patch.clone());
        let tried = cx.host.query(&command)?;
        match tried.retcode {
            0 => {}
            APPLIED => return Ok(Verdict::correct("Patch was already applied")),
            UNFIT => return Ok(Verdict::fail(self.unfit(cx, &tried))),
            _ => return Ok(Verdict::fail(tried.stderr_text().trim_end())),
        }
        let would = Outcome::would("The patch would be applied", ran(&tried));
        Ok(Verdict::change(would, move |apply| {
            let mut command = Command::new(self.words(apply.host));
            command.argv.extend(["--forward".into(), "--reject-file=-".into()]);
            command.stdin = Some(self.patch);
            let done = apply.host.run(&command)?;
            if !done.success() {
                return Ok(Outcome { changes: ran(&done), ..failed("Failed to apply patch") });
            }
            Ok(Outcome::done("Patch successfully applied", ran(&done)))
        }))
    }

    fn unfit(&self, cx: &Context<'_>, tried: &Output) -> String {
        let mut comment = "Patch would not apply cleanly, no changes made. Results of dry-run are \
                           below."
            .to_owned();
        if self.reject_file.is_none() {
            comment += " Run state again using the reject_file option to save rejects to a \
                        persistent file.";
        }
        // In the form that was asked for on the command line, as Salt does.
        if cx.opts.str("output") == "json" {
            let mut all = ran(tried);
            all.insert("retcode".into(), 1.into());
            let style = JsonStyle { indent: Some(4), ..JsonStyle::default() };
            return comment + "\n\n" + &to_json(&all.into(), style);
        }
        comment += "\n\n              ----------";
        let parts = [
            ("pid", tried.pid.to_string()),
            ("retcode", "1".into()),
            ("stderr", tried.stderr_text()),
            ("stdout", tried.stdout_text()),
        ];
        for (key, text) in parts {
            comment += &format!("\n              {key}:");
            for line in text.trim_end().lines() {
                comment += &format!("\n                  {line}");
            }
        }
        comment
    }
}

/// A name as `mktemp` would make one.
fn temp_name(cx: &Context<'_>, number: i64) -> String {
    let token = (cx.host.now_micros() + number) % 0x1_0000_0000;
    std::env::temp_dir().join(format!("tmp{token:08x}")).to_string_lossy().into_owned()
}

/// The shape of `cmd.run_all`.
fn ran(output: &Output) -> Map {
    map! {
        "pid" => output.pid, "retcode" => output.retcode,
        "stdout" => output.stdout_text().trim_end(), "stderr" => output.stderr_text().trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_sorted_out() {
        let words = |text: &str| words::split(text).expect("is well formed");
        assert_eq!(sort_out(words("-p1 -s"), None), Ok((words("-s"), Some(1))));
        assert_eq!(sort_out(words("--strip 2"), None), Ok((Vec::new(), Some(2))));
        let fault = "The following CLI options are not allowed: -N, -r";
        assert_eq!(sort_out(words("-N -r x"), None), Err(fault.into()));
        assert!(sort_out(words("-px"), None).is_err());
    }
}
