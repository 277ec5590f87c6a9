//! Texts in the encodings that a managed file may have.

use halite_core::{Error, Result};

/// A text in an encoding by Python's name; what it cannot hold is an error unless `errors` says
/// otherwise.
///
/// # Errors
/// An encoding that is not known, and characters that it cannot hold.
pub(crate) fn encode(text: String, encoding: Option<&str>, errors: &str) -> Result<Vec<u8>> {
    let name = encoding.unwrap_or("utf-8").to_lowercase().replace('_', "-");
    let wide = |little: bool, text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    };
    let most = match name.as_str() {
        "utf-8" | "utf8" => return Ok(text.into_bytes()),
        "utf-8-sig" => return Ok([b"\xef\xbb\xbf", text.as_bytes()].concat()),
        "utf-16-le" | "utf-16le" => return Ok(wide(true, &text)),
        "utf-16-be" | "utf-16be" => return Ok(wide(false, &text)),
        "utf-16" | "utf16" => return Ok([vec![0xff, 0xfe], wide(true, &text)].concat()),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" => 0xff,
        "ascii" | "us-ascii" => 0x7f,
        _ => {
            let what = format!(
                "unknown encoding: {name}; known are utf-8, utf-8-sig, utf-16, utf-16-le, \
                 utf-16-be, latin-1, ascii"
            );
            return Err(Error::execution(what));
        }
    };
    let mut bytes = Vec::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match (u8::try_from(u32::from(c)), errors) {
            (Ok(byte), _) if byte <= most => bytes.push(byte),
            (_, "ignore") => {}
            (_, "replace") => bytes.push(b'?'),
            (_, "xmlcharrefreplace") => bytes.extend(format!("&#{};", u32::from(c)).bytes()),
            (_, "backslashreplace") => bytes.extend(escape(c).bytes()),
            _ => {
                let codec = if most == 0xff { "latin-1" } else { "ascii" };
                let shown = escape(c);
                return Err(Error::execution(format!(
                    "'{codec}' codec can't encode character '{shown}' in position {at}: ordinal \
                     not in range({})",
                    u32::from(most) + 1
                )));
            }
        }
    }
    Ok(bytes)
}

/// A character as Python escapes it.
fn escape(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_as_python_does() {
        let check = |text: &str, name: &str, errors: &str| {
            encode(text.into(), Some(name), errors).map_err(|error| error.to_string())
        };
        assert_eq!(check("é", "latin-1", "strict"), Ok(vec![0xe9]));
        assert_eq!(check("é", "UTF_8", "strict"), Ok(vec![0xc3, 0xa9]));
        assert_eq!(check("a€", "ascii", "replace"), Ok(b"a?".to_vec()));
        assert_eq!(check("€", "ascii", "xmlcharrefreplace"), Ok(b"&#8364;".to_vec()));
        let strict = "'ascii' codec can't encode character '\\u20ac' in position 1: ordinal not \
                      in range(128)";
        assert_eq!(check("a€", "ascii", "strict"), Err(strict.into()));
        assert_eq!(check("a", "utf-16", "strict"), Ok(vec![0xff, 0xfe, b'a', 0]));
        assert!(check("a", "nosuch", "strict").is_err());
    }
}
