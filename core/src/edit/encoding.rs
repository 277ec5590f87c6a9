//! Texts in the encodings that a managed file may have, by Python's names.

use crate::{Error, Result};

/// How texts of an encoding are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// UTF-8; with a mark at the beginning if set.
    Utf8 { mark: bool },
    /// Units of 2 or 4 bytes. Without a byte order, a mark at the beginning tells it.
    Wide { bytes: usize, little: Option<bool> },
    /// One byte a character, up to this one.
    Single { most: u8 },
}

/// Names in lower case with `-` for `_`, and what they mean.
const FORMS: &[(&[&str], Form)] = &[
    (&["utf-8", "utf8", "u8", "utf", "cp65001"], Form::Utf8 { mark: false }),
    (&["utf-8-sig"], Form::Utf8 { mark: true }),
    (&["utf-16", "utf16", "u16"], Form::Wide { bytes: 2, little: None }),
    (&["utf-16-le", "utf-16le"], Form::Wide { bytes: 2, little: Some(true) }),
    (&["utf-16-be", "utf-16be"], Form::Wide { bytes: 2, little: Some(false) }),
    (&["utf-32", "utf32", "u32"], Form::Wide { bytes: 4, little: None }),
    (&["utf-32-le", "utf-32le"], Form::Wide { bytes: 4, little: Some(true) }),
    (&["utf-32-be", "utf-32be"], Form::Wide { bytes: 4, little: Some(false) }),
    (
        &["latin-1", "latin1", "latin", "iso-8859-1", "iso8859-1", "8859", "cp819", "l1"],
        Form::Single { most: 0xff },
    ),
    (&["ascii", "us-ascii", "646"], Form::Single { most: 0x7f }),
];

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(Form);

impl Encoding {
    /// The encoding of a name as Python knows it.
    ///
    /// # Errors
    /// A name that is not known; the text lists those that are.
    pub fn parse(name: &str) -> Result<Encoding> {
        let plain = name.to_lowercase().replace(['_', ' '], "-");
        let found = FORMS.iter().find(|(names, _)| names.contains(&plain.as_str()));
        found.map(|(_, form)| Encoding(*form)).ok_or_else(|| {
            let known: Vec<&str> =
                FORMS.iter().filter_map(|(names, _)| names.first().copied()).collect();
            Error::execution(format!("unknown encoding: {name}; known are {}", known.join(", ")))
        })
    }

    /// A text's bytes. What the encoding cannot hold is an error, unless `errors` is one of Python's
    /// other ways: `ignore`, `replace`, `xmlcharrefreplace`, `backslashreplace`.
    ///
    /// # Errors
    /// Characters that the encoding cannot hold.
    pub fn encode(self, text: &str, errors: &str) -> Result<Vec<u8>> {
        match self.0 {
            Form::Utf8 { mark: false } => Ok(text.as_bytes().to_vec()),
            Form::Utf8 { mark: true } => Ok([b"\xef\xbb\xbf", text.as_bytes()].concat()),
            Form::Wide { bytes, little } => {
                let mark = little.is_none().then_some('\u{feff}');
                let little = little.unwrap_or(true);
                let all = mark.into_iter().chain(text.chars());
                Ok(all.flat_map(|c| wide(c, bytes, little)).collect())
            }
            Form::Single { most } => single(text, most, errors),
        }
    }

    /// The text of bytes.
    ///
    /// # Errors
    /// Bytes that are none of the encoding.
    pub fn decode(self, bytes: &[u8]) -> Result<String> {
        match self.0 {
            Form::Utf8 { mark } => {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| mark).unwrap_or(bytes);
                let text = std::str::from_utf8(bytes);
                text.map(str::to_owned).map_err(|error| refused("utf-8", error.valid_up_to()))
            }
            Form::Wide { bytes: width, little } => {
                let marked = |mark: [u8; 2]| match width {
                    2 => bytes.starts_with(&mark),
                    _ if mark[0] == 0xff => bytes.starts_with(&[0xff, 0xfe, 0, 0]),
                    _ => bytes.starts_with(&[0, 0, 0xfe, 0xff]),
                };
                let (cut, little) = match little {
                    Some(little) => (0, little),
                    None if marked([0xfe, 0xff]) => (width, false),
                    None if marked([0xff, 0xfe]) => (width, true),
                    None => (0, true),
                };
                narrow(&bytes[cut..], width, little)
            }
            Form::Single { most } => match bytes.iter().position(|byte| *byte > most) {
                Some(at) => Err(refused("ascii", at)),
                None => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
            },
        }
    }
}

fn refused(codec: &str, at: usize) -> Error {
    Error::execution(format!("'{codec}' codec can't decode bytes in position {at}"))
}

/// A character in units of 2 or 4 bytes.
fn wide(c: char, width: usize, little: bool) -> Vec<u8> {
    if width == 4 {
        let code = u32::from(c);
        return if little { code.to_le_bytes().into() } else { code.to_be_bytes().into() };
    }
    let units = c.encode_utf16(&mut [0; 2]).to_vec();
    units
        .into_iter()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

fn narrow(bytes: &[u8], width: usize, little: bool) -> Result<String> {
    let codec = if width == 2 { "utf-16" } else { "utf-32" };
    let chunks = bytes.chunks_exact(width);
    if !chunks.remainder().is_empty() {
        return Err(refused(codec, bytes.len() - chunks.remainder().len()));
    }
    let fold = |unit: &[u8]| {
        let add = |code: u32, byte: &u8| (code << 8) | u32::from(*byte);
        if little { unit.iter().rev().fold(0, add) } else { unit.iter().fold(0, add) }
    };
    let codes = chunks.map(fold);
    if width == 4 {
        let text = codes.enumerate().map(|(at, code)| char::from_u32(code).ok_or(at * width));
        return text.collect::<Result<String, usize>>().map_err(|at| refused(codec, at));
    }
    let units = codes.map(|code| u16::try_from(code).unwrap_or(u16::MAX));
    let text = char::decode_utf16(units).enumerate().map(|(at, c)| c.map_err(|_| at * width));
    text.collect::<Result<String, usize>>().map_err(|at| refused(codec, at))
}

fn single(text: &str, most: u8, errors: &str) -> Result<Vec<u8>> {
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
            let done = Encoding::parse(name).and_then(|known| known.encode(text, errors));
            done.map_err(|error| error.to_string())
        };
        assert_eq!(check("é", "latin-1", "strict"), Ok(vec![0xe9]));
        assert_eq!(check("é", "UTF_8", "strict"), Ok(vec![0xc3, 0xa9]));
        assert_eq!(check("a€", "ascii", "replace"), Ok(b"a?".to_vec()));
        assert_eq!(check("€", "ascii", "xmlcharrefreplace"), Ok(b"&#8364;".to_vec()));
        let strict = "'ascii' codec can't encode character '\\u20ac' in position 1: ordinal not \
                      in range(128)";
        assert_eq!(check("a€", "ascii", "strict"), Err(strict.into()));
        assert_eq!(check("a", "utf-16", "strict"), Ok(vec![0xff, 0xfe, b'a', 0]));
        assert_eq!(check("a", "utf-32", "strict"), Ok(vec![0xff, 0xfe, 0, 0, b'a', 0, 0, 0]));
        assert!(check("a", "nosuch", "strict").is_err());
    }

    #[test]
    fn texts_are_read_as_they_were_written() {
        for name in FORMS.iter().flat_map(|(names, _)| names.iter()) {
            let known = Encoding::parse(name).expect("listed");
            for text in ["", "abc\r\n", "é", "€ 𐍈"] {
                let Ok(bytes) = known.encode(text, "strict") else { continue };
                assert_eq!(known.decode(&bytes).expect(name), text, "{name}");
            }
        }
        let utf16 = Encoding::parse("utf-16").expect("listed");
        assert_eq!(utf16.decode(&[0xfe, 0xff, 0, b'a']).expect("marked"), "a");
        for bad in [&[b'a'][..], &[0xff, 0xfe, 0, 0xd8]] {
            assert!(utf16.decode(bad).is_err(), "{bad:?}");
        }
        assert!(Encoding::parse("utf-32").expect("listed").decode(&[0xff; 4]).is_err());
        assert!(Encoding::parse("ascii").expect("listed").decode(&[0xff]).is_err());
        assert!(Encoding::parse("utf-8").expect("listed").decode(&[0xff]).is_err());
    }
}
