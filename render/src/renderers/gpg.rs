//! `gpg`: decrypts the messages within texts and data with the program `gpg`.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use halite_core::host::Command;
use halite_core::{Apply, Value};

use super::Job;
use crate::RenderError;
use crate::pipe::{Data, Rendered};

/// How long one decryption may take.
const GPG_WAIT: Duration = Duration::from_secs(60);

static MESSAGE: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
    regex::bytes::Regex::new(r"(?s-u)-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----")
        .expect("a fixed pattern")
});

/// Decrypts what is between the lines of PGP messages. Salt: `salt/renderers/gpg.py` behaviour.
pub(super) fn render(input: Rendered, job: &Job<'_>) -> Result<Rendered, RenderError> {
    let apply = job.request.apply;
    if apply.cx.host.which("gpg").is_none() {
        return Err(RenderError::new("GPG unavailable"));
    }
    let mut decrypted = input.decrypted;
    let data = match input.data {
        Data::Text(text) => {
            let before = text.clone();
            let plain = decrypt(text.into(), apply)?;
            decrypted = plain.as_str() != Some(before.as_str());
            match plain {
                Value::Str(text) => Data::Text(text.to_string()),
                other => Data::Value(other),
            }
        }
        Data::Value(value) => Data::Value(decrypt(value, apply)?),
    };
    Ok(Rendered { data, decrypted, ..input })
}

/// Decrypts every message within a value.
pub(super) fn decrypt(value: Value, apply: &Apply<'_>) -> Result<Value, RenderError> {
    match value {
        Value::Str(text) => {
            decrypt_bytes(text.as_bytes(), apply).map(|plain| plain.unwrap_or(Value::Str(text)))
        }
        Value::Bytes(bytes) => {
            decrypt_bytes(&bytes, apply).map(|plain| plain.unwrap_or(Value::Bytes(bytes)))
        }
        Value::List(items) => {
            let items = items.iter().map(|item| decrypt(item.clone(), apply));
            Ok(Value::from(items.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Map(map) => {
            let pairs =
                map.iter().map(|(key, value)| Ok((key.clone(), decrypt(value.clone(), apply)?)));
            Ok(Value::from(pairs.collect::<Result<halite_core::Map, RenderError>>()?))
        }
        other => Ok(other),
    }
}

/// The text with its messages decrypted; `None` if it has none.
fn decrypt_bytes(text: &[u8], apply: &Apply<'_>) -> Result<Option<Value>, RenderError> {
    let mut out: Vec<u8> = Vec::new();
    let mut last = 0;
    for message in MESSAGE.find_iter(text) {
        out.extend_from_slice(&text[last..message.start()]);
        out.extend(decrypt_message(message.as_bytes(), apply)?);
        last = message.end();
    }
    if last == 0 {
        return Ok(None);
    }
    out.extend_from_slice(&text[last..]);
    // A block scalar in YAML leaves a line end that is not part of the secret.
    while out.last() == Some(&b'\n') {
        out.pop();
    }
    Ok(Some(match String::from_utf8(out) {
        Ok(text) => text.into(),
        Err(binary) => Value::bytes(binary.into_bytes()),
    }))
}

fn decrypt_message(cipher: &[u8], apply: &Apply<'_>) -> Result<Vec<u8>, RenderError> {
    // On one line, as command lines have it, line ends are written out.
    let cipher = match std::str::from_utf8(cipher) {
        Ok(text) => text.replace("\\n", "\n").into_bytes(),
        Err(_) => cipher.to_vec(),
    };
    let home = key_dir(apply);
    let home = home.to_string_lossy();
    let argv = ["gpg", "--homedir", &home, "--status-fd", "2", "--no-tty", "-d"];
    let mut command = Command::new(argv);
    command.stdin = Some(cipher.clone());
    command.timeout = Some(GPG_WAIT);
    let output = apply.host.run(&command)?;
    if !output.stdout.is_empty() {
        apply.job.secrets.learn(&output.stdout);
        return Ok(output.stdout);
    }
    let received = halite_core::value::repr_bytes(&output.stderr);
    tracing::warn!("Could not decrypt a cipher, received: {received}");
    if apply.cx.opts.get("gpg_decrypt_must_succeed").is_none_or(Value::truthy) {
        let cipher = halite_core::value::repr_bytes(&cipher);
        return Err(RenderError::new(format!(
            "Could not decrypt cipher {cipher}, received: {received}"
        )));
    }
    Ok(cipher)
}

/// The folder of keys: `gpg_keydir`, or `gpgkeys` beside the configuration.
fn key_dir(apply: &Apply<'_>) -> PathBuf {
    let opts = apply.cx.opts;
    if !opts.str("gpg_keydir").is_empty() {
        return opts.path("gpg_keydir");
    }
    let config = match opts.str("config_dir") {
        "" => opts.path("conf_file").parent().map(PathBuf::from).unwrap_or_default(),
        dir => PathBuf::from(dir),
    };
    config.join("gpgkeys")
}
