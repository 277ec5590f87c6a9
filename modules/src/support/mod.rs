//! What several modules share.

pub mod archive;
pub mod beacon;
pub mod digest;
pub mod extmods;
pub mod filter;
pub mod interfaces;
pub mod logins;
pub mod merge;
pub mod netlink;
pub mod paths;
pub mod programs;
pub mod shlex;
pub(crate) mod sql_returns;
pub mod x509;

use halite_core::{Context, Error, Result, Value, args};

/// Whether a shell glob matches all of `text`. Salt: `salt.utils.stringutils.expr_match`, less its
/// attempt to read the same text as a regular expression.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    glob_regex(glob).is_some_and(|regex| regex.is_match(text))
}

/// A shell glob as a regular expression over the whole text. Python: `fnmatch.translate`.
pub fn glob_regex(glob: &str) -> Option<regex::Regex> {
    let chars: Vec<char> = glob.chars().collect();
    let mut pattern = String::from("(?s)^");
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            '[' => match class_end(&chars, at) {
                Some(end) => {
                    pattern.push_str(&class(&chars[at..end]));
                    at = end + 1;
                }
                None => pattern.push_str("\\["),
            },
            c => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    pattern.push('$');
    regex::Regex::new(&pattern).ok()
}

/// The index of the `]` that closes a class begun before `from`.
fn class_end(chars: &[char], from: usize) -> Option<usize> {
    let mut at = from;
    if chars.get(at) == Some(&'!') {
        at += 1;
    }
    if chars.get(at) == Some(&']') {
        at += 1;
    }
    (at..chars.len()).find(|&i| chars[i] == ']')
}

fn class(inner: &[char]) -> String {
    let (negated, inner) = match inner.split_first() {
        Some(('!', rest)) => ("^", rest),
        _ => ("", inner),
    };
    let mut out = format!("[{negated}");
    for &c in inner {
        if matches!(c, '\\' | '[' | ']' | '^' | '&' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(']');
    out
}

/// Eight characters for the name of a temporary file, not to be guessed by looking at the clock.
pub fn token(now_micros: i64) -> String {
    use std::hash::{BuildHasher, Hasher};
    // The standard library's hash keys are random; that is all the randomness a name needs.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_i64(now_micros);
    hasher.write_u32(std::process::id());
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789_";
    let mut number = hasher.finish();
    let mut out = String::new();
    for _ in 0..8 {
        out.push(char::from(letters[(number % 37) as usize]));
        number /= 37;
    }
    out
}

/// By which a value of the mine is known again without sending it.
pub fn mine_mark(value: &halite_core::Value) -> String {
    let text = halite_core::value::to_json(value, halite_core::value::JsonStyle::default());
    digest::hex(&digest::digest("sha256", text.as_bytes()).unwrap_or_default())
}

/// Random bytes from the kernel: digests of the identifiers that it makes up.
///
/// # Errors
/// If the kernel's file cannot be read.
pub fn random_bytes(
    host: &dyn halite_core::host::Read,
    count: usize,
) -> halite_core::Result<Vec<u8>> {
    let path = std::path::Path::new("/proc/sys/kernel/random/uuid");
    let mut bytes = Vec::with_capacity(count + 32);
    while bytes.len() < count {
        // Three identifiers hold more than the 256 random bits that one digest can carry.
        let mut seed = Vec::new();
        for _ in 0..3 {
            seed.extend(host.read(path)?);
        }
        bytes.extend(digest::digest("sha256", &seed).unwrap_or_default());
    }
    bytes.truncate(count);
    Ok(bytes)
}

/// Folders of `exec/` that hold providers of one virtual module; elsewhere a folder is one module.
const PROVIDER_FOLDERS: &[&str] = &["group", "service", "shadow"];
/// Files that Salt names otherwise than the module that they provide.
const PROVIDERS: &[(&str, &str)] =
    &[("cmd", "cmdmod"), ("pkg", "aptpkg"), ("sysctl", "linux_sysctl"), ("user", "useradd")];

/// The stem of the file that Salt would name as a function's provider.
pub fn spec_file(spec: &halite_core::Spec) -> &'static str {
    let mut parts = spec.module.split("::").skip_while(|part| *part != "exec").skip(1);
    let (module, file) = (parts.next(), parts.next());
    if let Some((_, provider)) = PROVIDERS.iter().find(|(name, _)| Some(*name) == module) {
        return provider;
    }
    match (module, file) {
        (Some(folder), Some(file)) if PROVIDER_FOLDERS.contains(&folder) => file,
        (Some(module), _) => module,
        (None, _) => spec.module,
    }
}

/// A text as a template of the language `engine`, of a function that only looks.
///
/// # Errors
/// Unknown languages, and what the template does wrong.
pub fn rendered(cx: &Context<'_>, text: String, engine: &str, saltenv: &str) -> Result<String> {
    let call = args![text, engine, Value::Null, Value::Null, saltenv];
    match cx.call::<Value>("file.apply_template_on_contents", call)? {
        Value::Str(text) => Ok(text.to_string()),
        _ => Err(Error::execution(format!(
            "Attempted to render file paths with unavailable engine {engine}"
        ))),
    }
}
