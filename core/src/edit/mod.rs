//! Edits of a text as `file.line`, `file.replace`, `file.blockreplace`, `file.comment` know them:
//! from text to text. What a state predicts and what a module does is thus the same code.

pub mod apt;
mod block;
mod comment;
mod encoding;
mod keep;
mod line;
mod replace;

pub use block::{Block, Missing, replace_block};
pub use comment::{Commented, comment_lines};
pub use encoding::Encoding;
pub use keep::{keep_copy, kept_at, kept_folder};
pub use line::{LineEdit, edit_line};
pub use replace::{NotFound, Replace, expand_template, parse_flags, replace_all};

/// A file's text and how its bytes are to be read, so that an edit gives them back unchanged where
/// it did not touch them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The bytes were no UTF-8: each of them is one character.
    pub single_byte: bool,
}

impl Text {
    /// Reads bytes: UTF-8, else one character a byte.
    pub fn from_bytes(bytes: &[u8]) -> Text {
        match std::str::from_utf8(bytes) {
            Ok(text) => Text { text: text.to_owned(), single_byte: false },
            Err(_) => Text {
                text: bytes.iter().map(|&byte| char::from(byte)).collect(),
                single_byte: true,
            },
        }
    }

    /// Reads bytes in a named encoding if there is one. As in Python, `\r\n` and `\r` are then read
    /// as `\n`.
    ///
    /// # Errors
    /// An encoding that is not known, and bytes that are none of it.
    pub fn read(bytes: &[u8], encoding: Option<Encoding>) -> crate::Result<Text> {
        let Some(encoding) = encoding else { return Ok(Text::from_bytes(bytes)) };
        let text = encoding.decode(bytes)?.replace("\r\n", "\n").replace('\r', "\n");
        Ok(Text { text, single_byte: false })
    }

    /// The bytes of an edited text in a named encoding if there is one.
    ///
    /// # Errors
    /// Characters that the encoding cannot hold.
    pub fn write(&self, text: &str, encoding: Option<Encoding>) -> crate::Result<Vec<u8>> {
        match encoding {
            Some(encoding) => encoding.encode(text, "strict"),
            None => Ok(self.to_bytes(text)),
        }
    }

    /// The bytes of an edited text. Characters that one byte cannot hold become UTF-8.
    pub fn to_bytes(&self, text: &str) -> Vec<u8> {
        if !self.single_byte {
            return text.as_bytes().to_vec();
        }
        let mut bytes = Vec::with_capacity(text.len());
        for c in text.chars() {
            match u8::try_from(u32::from(c)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        bytes
    }

    /// Whether bytes look like text rather than like a program. Salt: `salt.utils.files.is_text`.
    pub fn looks_like(bytes: &[u8]) -> bool {
        let block = &bytes[..bytes.len().min(512)];
        if block.contains(&0) {
            return false;
        }
        if std::str::from_utf8(block).is_ok_and(|_| true) {
            return true;
        }
        let plain = |byte: &u8| matches!(byte, 0x07..=0x0d | 0x1b | 0x20..=0xff);
        let odd = block.iter().filter(|byte| !plain(byte) || **byte >= 0x80).count();
        odd * 10 < block.len() * 3
    }
}

/// The line end that a line has, if any.
fn line_end(line: &str) -> &str {
    ["\r\n", "\n", "\r"].into_iter().find(|end| line.ends_with(end)).unwrap_or("")
}

/// A line without its end.
fn without_end(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}
