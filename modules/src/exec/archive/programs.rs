//! Archives by the machine's own programs: `tar`, `gzip`, `zip`, `rar` and their kin.

use halite_core::{Context, Error, ExecModule, Map, Result, Value, args, function};

use super::shared::{sources, trimmed, words};
use crate::support::shlex;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("archive", &[&TAR, &GZIP, &GUNZIP, &CMD_ZIP, &CMD_UNZIP, &RAR, &UNRAR]);

/// How a program is run.
#[derive(Default)]
struct How {
    cwd: Option<String>,
    template: Option<String>,
    runas: Option<String>,
}

impl How {
    fn named(&self) -> Map {
        let mut named = args![; python_shell = false].named;
        for (key, value) in
            [("cwd", &self.cwd), ("template", &self.template), ("runas", &self.runas)]
        {
            if let Some(value) = value {
                named.insert(key.into(), value.into());
            }
        }
        named
    }

    /// The lines that the program printed.
    fn lines(&self, cx: &Context<'_>, words: Vec<String>) -> Result<Vec<String>> {
        let mut call = args![words];
        call.named = self.named();
        let output: Value = cx.call("cmd.run", call)?;
        Ok(output.to_string().lines().map(str::to_owned).collect())
    }
}

/// The first of these programs that is there.
///
/// # Errors
/// If none is.
fn program<'a>(cx: &Context<'_>, names: &[&'a str]) -> Result<&'a str> {
    let found = names.iter().find(|name| cx.host.which(name).is_some());
    found.copied().ok_or_else(|| match names {
        [one] => Error::execution(format!("The '{one}' binary was not found in $PATH.")),
        many => {
            let list: Vec<String> = many.iter().map(|name| format!("\"'{name}'\"")).collect();
            let list = list.join(", ");
            Error::execution(format!("None of provided binaries([{list}]) were found in $PATH."))
        }
    })
}

/// Packs or unpacks by `tar`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.tar cjvf /tmp/tarfile.tar.bz2 /tmp/file_1,/tmp/file_2
/// salt '*' archive.tar cjvf /tmp/tarfile.tar.bz2 '/tmp/file_*'
/// salt '*' archive.tar xf foo.tar dest=/target/directory
/// ```
#[function]
fn tar(
    cx: &Context<'_>,
    /// What `tar` is to do, as on its command line.
    options: String,
    tarfile: String,
    /// What is packed: a list, or a text with commas. Wildcards are resolved.
    #[default(Value::Null)]
    sources: Value,
    /// Where it is unpacked.
    #[default(None)]
    dest: Option<String>,
    #[default(None)] cwd: Option<String>,
    /// The language that the words are templates of.
    #[default(None)]
    template: Option<String>,
    #[default(None)] runas: Option<String>,
) -> Result<Vec<String>> {
    program(cx, &["tar"])?;
    if options.is_empty() {
        return Err(Error::usage("archive.tar", "Tar options can not be empty"));
    }
    let mut line = vec!["tar".to_owned()];
    line.extend(options.split_whitespace().map(str::to_owned));
    line.push(tarfile);
    if let Some(dest) = dest.filter(|dest| !dest.is_empty()) {
        line.extend(["-C".to_owned(), dest]);
    }
    line.extend(self::sources(cx, &sources));
    How { cwd, template, runas }.lines(cx, line)
}

/// Compresses a file by `gzip`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.gzip /tmp/sourcefile.txt
/// salt '*' archive.gzip /tmp/sourcefile.txt options='-9'
/// ```
#[function]
fn gzip(
    cx: &Context<'_>,
    sourcefile: String,
    #[default(None)] template: Option<String>,
    #[default(None)] runas: Option<String>,
    /// One more argument.
    #[default(None)]
    options: Option<String>,
) -> Result<Vec<String>> {
    one_file(cx, "gzip", sourcefile, options, How { template, runas, ..How::default() })
}

/// Unpacks a file by `gunzip`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.gunzip /tmp/sourcefile.txt.gz
/// salt '*' archive.gunzip /tmp/sourcefile.txt.gz options='--verbose'
/// ```
#[function]
fn gunzip(
    cx: &Context<'_>,
    gzipfile: String,
    #[default(None)] template: Option<String>,
    #[default(None)] runas: Option<String>,
    /// One more argument.
    #[default(None)]
    options: Option<String>,
) -> Result<Vec<String>> {
    one_file(cx, "gunzip", gzipfile, options, How { template, runas, ..How::default() })
}

fn one_file(
    cx: &Context<'_>,
    name: &str,
    file: String,
    options: Option<String>,
    how: How,
) -> Result<Vec<String>> {
    let mut line = vec![program(cx, &[name])?.to_owned()];
    line.extend(options.filter(|options| !options.is_empty()));
    line.push(file);
    how.lines(cx, line)
}

/// Packs by `zip`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.cmd_zip /tmp/zipfile.zip /tmp/sourcefile1,/tmp/sourcefile2
/// salt '*' archive.cmd_zip /tmp/baz.zip baz.txt cwd=/foo/bar
/// ```
#[function]
fn cmd_zip(
    cx: &Context<'_>,
    zip_file: String,
    /// A list, or a text with commas. Wildcards are resolved.
    sources: Value,
    #[default(None)] template: Option<String>,
    /// The folder that relative paths begin at.
    #[default(None)]
    cwd: Option<String>,
    #[default(None)] runas: Option<String>,
) -> Result<Vec<String>> {
    let mut line = vec![program(cx, &["zip"])?.to_owned(), "-r".into(), zip_file];
    line.extend(self::sources(cx, &sources));
    How { cwd, template, runas }.lines(cx, line)
}

/// Unpacks by `unzip`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.cmd_unzip /tmp/zipfile.zip /home/strongbad/ excludes=file_1,file_2
/// ```
#[function]
fn cmd_unzip(
    cx: &Context<'_>,
    zip_file: String,
    dest: String,
    /// What is left out: a list, or a text with commas.
    #[default(Value::Null)]
    excludes: Value,
    /// Further arguments of `unzip`.
    #[default(None)]
    options: Option<String>,
    #[default(None)] template: Option<String>,
    #[default(None)] runas: Option<String>,
    /// How many members are told at most; `True` for 100.
    #[default(false.into())]
    trim_output: Value,
    /// The password; other users of the machine can see it while `unzip` runs.
    #[default(None)]
    password: Option<String>,
) -> Result<Vec<String>> {
    let mut line = vec![program(cx, &["unzip"])?.to_owned()];
    let password = password.filter(|password| !password.is_empty());
    let level = if password.is_some() { "quiet" } else { "debug" };
    line.extend(password.into_iter().flat_map(|password| ["-P".to_owned(), password]));
    line.extend(shlex::split(options.as_deref().unwrap_or_default())?);
    line.extend([zip_file, "-d".into(), dest]);
    if !excludes.is_null() {
        line.push("-x".into());
        line.extend(words(&excludes));
    }
    let mut call = args![line; redirect_stderr = true, output_loglevel = level];
    call.named.extend(How { template, runas, ..How::default() }.named());
    let ran: Map = cx.call("cmd.run_all", call)?;
    let output = ran.get("stdout").map(Value::to_string).unwrap_or_default();
    if ran.get("retcode").is_some_and(Value::truthy) {
        return Err(Error::execution(output));
    }
    Ok(trimmed(output.lines().map(str::to_owned).collect(), &trim_output))
}

/// Packs by `rar`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.rar /tmp/rarfile.rar '/tmp/sourcefile*'
/// ```
#[function]
fn rar(
    cx: &Context<'_>,
    rarfile: String,
    /// A list, or a text with commas. Wildcards are resolved.
    sources: Value,
    #[default(None)] template: Option<String>,
    #[default(None)] cwd: Option<String>,
    #[default(None)] runas: Option<String>,
) -> Result<Vec<String>> {
    let mut line = vec![program(cx, &["rar"])?.to_owned(), "a".into(), "-idp".into(), rarfile];
    line.extend(self::sources(cx, &sources));
    How { cwd, template, runas }.lines(cx, line)
}

/// Unpacks by `unrar` or `rar`.
///
/// CLI Example:
///
/// ```text
/// salt '*' archive.unrar /tmp/rarfile.rar /home/strongbad/ excludes=file_1,file_2
/// ```
#[function]
fn unrar(
    cx: &Context<'_>,
    rarfile: String,
    dest: String,
    /// What is left out: a list, or a text with commas.
    #[default(Value::Null)]
    excludes: Value,
    #[default(None)] template: Option<String>,
    #[default(None)] runas: Option<String>,
    /// How many members are told at most; `True` for 100.
    #[default(false.into())]
    trim_output: Value,
) -> Result<Vec<String>> {
    let name = program(cx, &["unrar", "rar"])?;
    let mut line = vec![name.to_owned(), "x".into(), "-idp".into(), rarfile];
    line.extend(words(&excludes).into_iter().flat_map(|name| ["-x".to_owned(), name]));
    line.push(dest);
    let lines = How { template, runas, ..How::default() }.lines(cx, line)?;
    Ok(trimmed(lines, &trim_output))
}
