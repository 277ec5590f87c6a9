//! `salt-key`: the keys of the minions.

mod change;
mod make;
mod show;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{Map, Opts, Result};
use halite_master::keys::KeyStore;

use crate::options::{ConfigOptions, LogOptions, OutputOptions, put};
use crate::parse::{parse, usage};
use crate::version::VersionOptions;
use crate::{config, exit, log};

/// Smallest and largest keys that are made, in bits.
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The largest one that Salt's `salt-key` makes.
const SALT_KEY_BITS: usize = 32_768;

/// Lists, accepts, rejects and deletes the keys of minions
#[derive(Parser, Debug)]
#[command(name = "salt-key", override_usage = "salt-key [OPTIONS]")]
struct Cli {
    #[command(flatten)]
    versions: VersionOptions,
    #[command(flatten)]
    config: ConfigOptions,
    /// User to run as; must be the one who runs this
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// List keys: all, acc(epted), pre, un(accepted), rej(ected) or den(ied)
    #[arg(short, long, value_name = "STATE")]
    list: Option<String>,
    /// List all keys
    #[arg(short = 'L', long)]
    list_all: bool,
    /// Accept pending keys by glob
    #[arg(short, long, value_name = "GLOB")]
    accept: Option<String>,
    /// Accept all pending keys
    #[arg(short = 'A', long)]
    accept_all: bool,
    /// Reject pending keys by glob
    #[arg(short, long, value_name = "GLOB")]
    reject: Option<String>,
    /// Reject all pending keys
    #[arg(short = 'R', long)]
    reject_all: bool,
    /// Accept rejected keys too; reject accepted keys too
    #[arg(long)]
    include_all: bool,
    /// Reject accepted keys too
    #[arg(long)]
    include_accepted: bool,
    /// Accept rejected keys too
    #[arg(long)]
    include_rejected: bool,
    /// Accept or reject denied keys too
    #[arg(long)]
    include_denied: bool,
    /// Print keys by glob
    #[arg(short, long, value_name = "GLOB")]
    print: Option<String>,
    /// Print all keys
    #[arg(short = 'P', long)]
    print_all: bool,
    /// Delete keys by glob
    #[arg(short, long, value_name = "GLOB")]
    delete: Option<String>,
    /// Delete all keys
    #[arg(short = 'D', long)]
    delete_all: bool,
    /// Print fingerprints by glob
    #[arg(short, long, value_name = "GLOB")]
    finger: Option<String>,
    /// Print all fingerprints, the master's own among them
    #[arg(short = 'F', long)]
    finger_all: bool,
    /// Say nothing about faults
    #[arg(short, long)]
    quiet: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// False: keep the master's AES key when keys are deleted or rejected
    #[arg(long, value_name = "BOOL")]
    rotate_aes_key: Option<String>,
    /// True: keep the cached data of minions whose keys are deleted
    #[arg(long, value_name = "BOOL")]
    preserve_minions: Option<String>,
    /// Make a key pair of this name
    #[arg(long, value_name = "NAME")]
    gen_keys: Option<String>,
    /// Folder for --gen-keys
    #[arg(long, value_name = "DIR", default_value = ".")]
    gen_keys_dir: PathBuf,
    /// Size of keys that are made, in bits
    #[arg(long, value_name = "BITS", default_value_t = 2048)]
    keysize: usize,
    /// Sign the master's public key into the file master_pubkey_signature
    #[arg(long)]
    gen_signature: bool,
    /// Private key that signs, instead of master_sign.pem
    #[arg(long = "priv", value_name = "FILE")]
    private: Option<PathBuf>,
    /// Folder for the signature, instead of pki_dir
    #[arg(long, value_name = "DIR")]
    signature_path: Option<PathBuf>,
    /// Public key that is signed, instead of master.pub
    #[arg(long = "pub", value_name = "FILE")]
    public: Option<PathBuf>,
    /// Make the signing key if there is none
    #[arg(long)]
    auto_create: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    eauth: crate::options::EauthOptions,
    #[arg(hide = true)]
    rest: Vec<String>,
}

/// What is to be done.
enum Action {
    List(String),
    Print(String),
    Finger(String),
    Change(change::Verb, String),
    GenKeys(String),
    GenSignature,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    // `-l` is `--list` here, and `-a` is `--accept`.
    let cli: Cli = match parse(args, |command| {
        command.mut_arg("log_level", |arg| arg.short(None)).mut_arg("eauth", |arg| arg.short(None))
    }) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt-key").or_else(|| refuse(&cli)) {
        return code;
    }
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            if !cli.quiet {
                log::complain(&error.to_string());
            }
            ExitCode::from(exit::GENERIC)
        }
    }
}

/// Complains about what does not go together.
fn refuse(cli: &Cli) -> Option<ExitCode> {
    if let Some(code) = cli.eauth.refuse() {
        return Some(code);
    }
    let known = ["acc", "pre", "un", "rej", "den", "all"];
    if let Some(list) = cli.list.as_ref().filter(|l| !known.iter().any(|k| l.starts_with(k))) {
        let what = format!("'{list}' is not a valid argument to '--list'");
        return Some(usage("salt-key", &what));
    }
    if cli.keysize < *KEY_BITS.start() {
        return Some(usage("salt-key", "The minimum value for keysize is 2048"));
    }
    if cli.keysize > *KEY_BITS.end() {
        let what = match cli.keysize > SALT_KEY_BITS {
            true => "The maximum value for keysize is 32768",
            false => "Keys of more than 8192 bits are not taken anywhere",
        };
        return Some(usage("salt-key", what));
    }
    if cli.delete_all && !cli.rest.is_empty() {
        let what = "Delete all takes no arguments. Use -d to delete specified keys";
        return Some(usage("salt-key", what));
    }
    // Beside a list they do no harm: `salt-key -F master` is in many a guide.
    match cli.rest.first().filter(|_| matches!(action(cli), Action::Change(..))) {
        Some(word) => {
            let what = format!("unexpected argument '{word}'; quote globs, or see --help");
            Some(usage("salt-key", &what))
        }
        None => None,
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let opts = config::master(&cli.config, &given(cli), "warning")?;
    cli.output.begin_file()?;
    let shown = show::Shown { opts: &opts, file: cli.output.output_file.as_deref() };
    match action(cli) {
        Action::GenKeys(name) => {
            shown.value(make::key_pair(&name, &cli.gen_keys_dir, cli.keysize)?)
        }
        Action::GenSignature => {
            let wish = make::Wish {
                private: cli.private.as_deref(),
                public: cli.public.as_deref(),
                folder: cli.signature_path.as_deref(),
                auto_create: cli.auto_create,
                bits: cli.keysize,
            };
            shown.value(make::signature(&opts, &wish)?)
        }
        Action::List(state) => shown.list(&KeyStore::open(&opts)?, &state),
        Action::Print(glob) => shown.keys(&KeyStore::open(&opts)?, &glob),
        Action::Finger(glob) => shown.fingers(&KeyStore::open(&opts)?, &glob),
        Action::Change(verb, glob) => {
            let include = change::Include::of(verb, cli);
            let keep = text_is(&cli.preserve_minions, "true");
            let job = change::Job { verb, glob, include, yes: cli.yes, keep };
            return change::run(&opts, &shown, &job);
        }
    }?;
    Ok(ExitCode::from(exit::OK))
}

/// The configuration options that the command line sets.
fn given(cli: &Cli) -> Map {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    cli.output.lay_over(&mut given);
    put(&mut given, "user", cli.user.as_deref());
    let rotate = cli.rotate_aes_key.as_ref().map(|_| !text_is(&cli.rotate_aes_key, "false"));
    put(&mut given, "rotate_aes_key", rotate);
    given
}

fn text_is(given: &Option<String>, word: &str) -> bool {
    given.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// The first action that was asked for, in Salt's order; listing is what is done otherwise.
fn action(cli: &Cli) -> Action {
    use change::Verb;
    let text = |given: &Option<String>| given.clone().filter(|text| !text.is_empty());
    let verb = |given: bool, verb: Verb| given.then(|| Action::Change(verb, "*".into()));
    let found = text(&cli.gen_keys)
        .map(Action::GenKeys)
        .or_else(|| cli.gen_signature.then_some(Action::GenSignature))
        .or_else(|| text(&cli.list).map(Action::List))
        .or_else(|| cli.list_all.then(|| Action::List("all".into())))
        .or_else(|| text(&cli.print).map(Action::Print))
        .or_else(|| cli.print_all.then(|| Action::Print("*".into())))
        .or_else(|| text(&cli.accept).map(|glob| Action::Change(Verb::Accept, glob)))
        .or_else(|| verb(cli.accept_all, Verb::Accept))
        .or_else(|| text(&cli.reject).map(|glob| Action::Change(Verb::Reject, glob)))
        .or_else(|| verb(cli.reject_all, Verb::Reject))
        .or_else(|| text(&cli.delete).map(|glob| Action::Change(Verb::Delete, glob)))
        .or_else(|| verb(cli.delete_all, Verb::Delete))
        .or_else(|| text(&cli.finger).map(Action::Finger))
        .or_else(|| cli.finger_all.then(|| Action::Finger("*".into())));
    found.unwrap_or_else(|| Action::List("all".into()))
}

/// Globs as they stand on the command line, separated by commas.
fn globs(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

/// The name of the file pair that holds the master's own key.
fn own_name(opts: &Opts) -> String {
    halite_master::keys::master_id(opts)
}
