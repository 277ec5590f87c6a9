//! `gpg`: the pillar so far with all its gpg messages decrypted.

use halite_core::{Result, Value};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "gpg", pillar };

/// Salt: `salt/pillar/gpg.py` behaviour.
fn pillar(call: Call<'_>) -> Result<Value> {
    let pillar = Value::from(call.pillar.clone());
    Ok(call.compiler.with_apply(|apply| halite_render::decrypt_gpg(pillar, apply))?)
}
