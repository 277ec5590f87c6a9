//! Methods of bytes: those that templates can have a use for.

use std::sync::Arc;

use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::Val;

pub(super) fn call(rt: &Rt<'_>, bytes: &Arc<[u8]>, name: &'static str, args: Args) -> R<Val> {
    match name {
        "decode" => {
            let [encoding, errors] = args.bind("decode", ["encoding", "errors"], 0)?;
            let encoding = encoding.as_ref().and_then(Val::as_str).unwrap_or("utf-8").to_string();
            let errors = errors.as_ref().and_then(Val::as_str).unwrap_or("strict").to_string();
            decode(bytes, &encoding, &errors).map(Val::str)
        }
        "hex" => Ok(Val::str(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
        _ => {
            // The rest works as on text whose characters are the bytes.
            let text = latin(bytes);
            let pos = args.pos.iter().map(|arg| as_text(rt, arg)).collect::<R<Vec<Val>>>()?;
            let name = super::find(&Val::str(""), name).unwrap_or("lower");
            let result = super::str::call(rt, &text.into(), name, Args { pos, named: args.named })?;
            Ok(as_bytes(&result))
        }
    }
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn as_text(rt: &Rt<'_>, val: &Val) -> R<Val> {
    Ok(match val {
        Val::Bytes(bytes) => Val::str(latin(bytes)),
        Val::Str(_) | Val::Markup(_) => {
            return type_error("a bytes-like object is required, not 'str'");
        }
        Val::Tuple(tuple) => {
            Val::tuple(tuple.items.iter().map(|item| as_text(rt, item)).collect::<R<Vec<Val>>>()?)
        }
        Val::List(list) => {
            Val::list(list.to_vec().iter().map(|item| as_text(rt, item)).collect::<R<Vec<Val>>>()?)
        }
        other => other.clone(),
    })
}

fn as_bytes(val: &Val) -> Val {
    match val {
        Val::Str(text) | Val::Markup(text) => {
            Val::Bytes(text.chars().map(|c| c as u32 as u8).collect::<Vec<u8>>().into())
        }
        Val::List(list) => Val::list(list.to_vec().iter().map(as_bytes).collect()),
        other => other.clone(),
    }
}

/// Bytes as text.
pub(crate) fn decode(bytes: &[u8], encoding: &str, errors: &str) -> R<String> {
    match encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "utf-8-sig" => match (std::str::from_utf8(bytes), errors) {
            (Ok(text), _) => Ok(text.to_string()),
            (Err(_), "replace") => Ok(String::from_utf8_lossy(bytes).into_owned()),
            (Err(_), "ignore") => {
                Ok(String::from_utf8_lossy(bytes).replace(char::REPLACEMENT_CHARACTER, ""))
            }
            (Err(error), _) => {
                let at = error.valid_up_to();
                value_error(format!(
                    "'utf-8' codec can't decode byte 0x{:02x} in position {at}: invalid start byte",
                    bytes.get(at).copied().unwrap_or(0)
                ))
            }
        },
        "latin-1" | "latin1" | "iso-8859-1" => Ok(latin(bytes)),
        "ascii" | "us-ascii" => match bytes.iter().position(|byte| *byte > 127) {
            Some(at) if errors == "strict" => value_error(format!(
                "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                bytes[at]
            )),
            _ => {
                Ok(bytes.iter().filter(|byte| **byte < 128).map(|byte| char::from(*byte)).collect())
            }
        },
        other => value_error(format!("unknown encoding: {other}")),
    }
}

/// Text as bytes.
pub(crate) fn encode(text: &str, encoding: &str, errors: &str) -> R<Vec<u8>> {
    let limit = match encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => return Ok(text.as_bytes().to_vec()),
        "latin-1" | "latin1" | "iso-8859-1" => 0x100,
        "ascii" | "us-ascii" => 0x80,
        other => return value_error(format!("unknown encoding: {other}")),
    };
    let mut out = Vec::new();
    for (at, c) in text.chars().enumerate() {
        match (c as u32) < limit {
            true => out.push(c as u32 as u8),
            false if errors == "ignore" => {}
            false if errors == "replace" => out.push(b'?'),
            false => {
                let codec = if limit == 0x80 { "ascii" } else { "latin-1" };
                let shown = halite_core::value::repr_str(&c.to_string());
                return value_error(format!(
                    "'{codec}' codec can't encode character {shown} in position {at}: ordinal not in range({limit})"
                ));
            }
        }
    }
    Ok(out)
}
