//! Values to YAML text, byte for byte what `salt.utils.yaml.safe_dump` writes.

use halite_core::Value;
use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};

use super::represent;

/// How a document is written. The default is that of `salt.utils.yaml.safe_dump`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpStyle {
    /// Maps sorted by key, where the keys compare.
    pub sort_keys: bool,
    /// `Some(true)`: all on one line; `Some(false)`: all in blocks; `None`: containers that hold
    /// only scalars on one line.
    pub flow: Option<bool>,
    /// Columns per level; PyYAML's 2 unless within 2 to 9.
    pub indent: u8,
    /// Where lines are broken, in columns.
    pub width: u16,
    /// Whether text outside ASCII stands as it is.
    pub unicode: bool,
    /// Whether the document begins with `---`.
    pub explicit_start: bool,
}

impl Default for DumpStyle {
    fn default() -> DumpStyle {
        DumpStyle {
            sort_keys: true,
            flow: None,
            indent: 2,
            width: 80,
            unicode: true,
            explicit_start: false,
        }
    }
}

impl DumpStyle {
    /// Everything in blocks, as `--out=yaml` and most of Salt's callers ask for.
    pub fn block() -> DumpStyle {
        DumpStyle { flow: Some(false), ..DumpStyle::default() }
    }
}

/// Writes a value as one document that ends with a line end.
/// Salt: `salt.utils.yaml.safe_dump` behaviour; shared parts are written out, never as aliases.
pub fn dump(value: &Value, style: DumpStyle) -> String {
    let mut out = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut out);
    emitter.set_unicode(style.unicode);
    emitter.set_indent(i32::from(style.indent));
    emitter.set_width(i32::from(style.width));
    let mut writer = Writer { emitter, style };
    writer.document(value).expect("a vector takes every byte, and the events are in order");
    drop(writer);
    String::from_utf8(out).expect("the emitter writes UTF-8")
}

struct Writer<'w> {
    emitter: Emitter<'w>,
    style: DumpStyle,
}

impl Writer<'_> {
    fn document(&mut self, value: &Value) -> libyaml_safer::Result<()> {
        self.emitter.emit(Event::stream_start(Encoding::Utf8))?;
        self.emitter.emit(Event::document_start(None, &[], !self.style.explicit_start))?;
        self.node(value)?;
        self.emitter.emit(Event::document_end(true))?;
        self.emitter.emit(Event::stream_end())?;
        self.emitter.flush()
    }

    fn node(&mut self, value: &Value) -> libyaml_safer::Result<()> {
        match value {
            Value::List(items) => {
                let flow = self.style.flow.unwrap_or_else(|| represent::is_flat(items.iter()));
                let style = if flow { SequenceStyle::Flow } else { SequenceStyle::Block };
                let tag = Some(libyaml_safer::SEQ_TAG);
                self.emitter.emit(Event::sequence_start(None, tag, true, style))?;
                for item in items.iter() {
                    self.node(item)?;
                }
                self.emitter.emit(Event::sequence_end())
            }
            Value::Map(map) => {
                let members = || map.iter().flat_map(|(key, value)| [key, value]);
                let flow = self.style.flow.unwrap_or_else(|| represent::is_flat(members()));
                let style = if flow { MappingStyle::Flow } else { MappingStyle::Block };
                let tag = Some(libyaml_safer::MAP_TAG);
                self.emitter.emit(Event::mapping_start(None, tag, true, style))?;
                for (key, value) in represent::entries(map, self.style.sort_keys) {
                    self.node(key)?;
                    self.node(value)?;
                }
                self.emitter.emit(Event::mapping_end())
            }
            value => {
                let Some(scalar) = represent::scalar(value) else { return Ok(()) };
                let style = match scalar.literal {
                    true => ScalarStyle::Literal,
                    false => ScalarStyle::Any,
                };
                let (text, tag) = (scalar.text.as_str(), Some(scalar.tag));
                let event = Event::scalar(None, tag, text, scalar.plain, scalar.quoted, style);
                self.emitter.emit(event)
            }
        }
    }
}
