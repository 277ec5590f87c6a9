//! Signatures of files that states fetch: which are demanded, and whether they are there.

use std::path::Path;

use crate::{Apply, Args, Error, Map, Result, Value, args, map};

/// Who must have signed a file, as states say it. What is null is not demanded.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// `True` if the file holds its own signature, or where the detached one is.
    pub signature: Value,
    /// The same for the file that `source_hash` names.
    pub source_hash_sig: Value,
    /// Keys of which one must have signed.
    pub signed_by_any: Value,
    /// Keys which all must have signed.
    pub signed_by_all: Value,
    /// The one file of keys to look in.
    pub keyring: Value,
    /// The folder of keys.
    pub gnupghome: Value,
    /// The module whose `verify` decides.
    pub sig_backend: String,
}

impl Signing {
    /// Whether a signature is demanded of anything.
    pub fn any(&self) -> bool {
        self.signature.truthy() || self.source_hash_sig.truthy()
    }

    /// The complaint about a module that is to decide and is not there.
    pub fn unavailable(&self, cx: &crate::Context<'_>) -> Option<String> {
        let fun = format!("{}.verify", self.sig_backend);
        (self.any() && cx.exec.get(&fun).is_err()).then(|| {
            let backend = &self.sig_backend;
            format!("Cannot verify signatures because the {backend} module was not loaded")
        })
    }

    /// The arguments that hand these demands on to `file.get_source_sum` and states.
    pub fn hash_args(&self) -> Map {
        map! {
            "source_hash_sig" => &self.source_hash_sig, "signed_by_any" => &self.signed_by_any,
            "signed_by_all" => &self.signed_by_all, "keyring" => &self.keyring,
            "gnupghome" => &self.gnupghome, "sig_backend" => self.sig_backend.as_str(),
        }
    }

    /// Whether a file has the signatures that are demanded of it. If not, copies of the file and of
    /// its signatures are removed from the cache. Salt: `_check_sig`.
    ///
    /// # Errors
    /// Signatures that are not there or not good.
    pub fn check(
        &self,
        apply: &Apply<'_>,
        file: &Path,
        signature: &Value,
        (saltenv, verify_ssl): (&str, bool),
    ) -> Result<()> {
        let mut copies = Vec::new();
        let detached = match signature {
            Value::Bool(_) | Value::Null => Value::Null,
            Value::List(list) => {
                for one in list.iter() {
                    copies.push(cached(apply, one, saltenv, verify_ssl)?);
                }
                copies.clone().into()
            }
            one => {
                copies.push(cached(apply, one, saltenv, verify_ssl)?);
                copies[0].clone()
            }
        };
        let call = args![; filename = file, signature = detached,
            keyring = &self.keyring, gnupghome = &self.gnupghome,
            signed_by_any = &self.signed_by_any, signed_by_all = &self.signed_by_all];
        let verdict = apply.call_value(&format!("{}.verify", self.sig_backend), call)?;
        if verdict.get("res").and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
        let own = std::iter::once(file.to_path_buf());
        let copies = copies.iter().filter_map(Value::as_str).map(Into::into);
        for copy in own.chain(copies) {
            if copy.starts_with(apply.cx.files.cache_dir()) {
                // While a state only checks nothing can be removed; the refusal is told either way.
                let _ = apply.host.remove_file(&copy);
            }
        }
        let message = verdict.get("message").cloned().unwrap_or_default();
        Err(Error::execution(format!("The file's signature could not be verified: {message}")))
    }
}

/// The copy of a detached signature.
fn cached(apply: &Apply<'_>, url: &Value, saltenv: &str, verify_ssl: bool) -> Result<Value> {
    let call: Args = args![url, saltenv; verify_ssl = verify_ssl];
    let copy = apply.call_value("cp.cache_file", call)?;
    if copy.truthy() {
        return Ok(copy);
    }
    Err(Error::execution(format!("Detached signature file {url} not found")))
}
