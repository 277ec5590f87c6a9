//! The renderer pipe: from the text of a file to data, through what its `#!` line names.

use std::path::Path;
use std::sync::Arc;

use halite_core::aggregate::strip;
use halite_core::{Map, Opts, Value};

use crate::renderers::{self, Found, Job};
use crate::yaml::Marks;
use crate::{RenderError, SourceMap, TemplateEngine, TemplateRequest};

/// The pipe that files without `#!` line go through unless the option `renderer` says otherwise.
pub const DEFAULT_PIPE: &str = "jinja|yaml";
/// The longest file that is rendered, in bytes.
pub const SOURCE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many renderers a pipe may name.
pub const PIPE_PARTS_MAX: usize = 16;

/// Names of older versions and the pipes they stand for.
const OLD_NAMES: [(&str, &str); 5] = [
    ("yaml_jinja", "jinja|yaml"),
    ("yaml_mako", "mako|yaml"),
    ("json_jinja", "jinja|json"),
    ("json_mako", "mako|json"),
    ("yamlex_jinja", "jinja|yamlex"),
];

/// What goes from one renderer to the next.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Text.
    Text(String),
    /// Data.
    Value(Value),
}

/// What a pipe made.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The result of the last renderer.
    pub data: Data,
    /// Where the parts of the data stand in `text`, if YAML made them.
    pub marks: Option<Marks>,
    /// The text that YAML read: the source after Jinja.
    pub text: Option<Arc<str>>,
    /// Whether the data carries the marks of `yamlex`.
    pub aggregated: bool,
    /// Whether it was text that gpg decrypted: what is made of it is secret too.
    pub decrypted: bool,
    /// Where the parts of `text` come from, if Jinja made it.
    pub map: Option<Arc<SourceMap>>,
    /// Faults that a gathering engine has passed over.
    pub faults: Vec<RenderError>,
}

impl Rendered {
    /// Data or text alone.
    pub(crate) fn new(data: Data) -> Rendered {
        Rendered {
            data,
            marks: None,
            text: None,
            aggregated: false,
            decrypted: false,
            map: None,
            faults: Vec::new(),
        }
    }

    fn empty() -> Rendered {
        Rendered::new(Data::Value(Map::new().into()))
    }

    /// The data; a text if the pipe ended with one.
    pub fn into_value(self) -> Value {
        let aggregated = self.aggregated;
        let value = self.into_aggregated();
        if aggregated { strip(&value) } else { value }
    }

    /// The data with the marks that `yamlex` may have made, for merging it with other data.
    pub fn into_aggregated(self) -> Value {
        match self.data {
            Data::Text(text) => text.into(),
            Data::Value(value) => value,
        }
    }
}

/// A configured pipe. Salt: `salt/template.py` behaviour.
pub struct Pipe<'a> {
    engine: &'a dyn TemplateEngine,
    default: String,
    whitelist: Vec<String>,
    blacklist: Vec<String>,
}

impl<'a> Pipe<'a> {
    /// The pipe of the options `renderer`, `renderer_whitelist` and `renderer_blacklist`.
    pub fn new(opts: &Opts, engine: &'a dyn TemplateEngine) -> Pipe<'a> {
        let default = match opts.str("renderer") {
            "" => DEFAULT_PIPE,
            named => named,
        };
        Pipe {
            engine,
            default: default.to_owned(),
            whitelist: opts.list("renderer_whitelist"),
            blacklist: opts.list("renderer_blacklist"),
        }
    }

    /// The same with another default, such as the one a caller asks for.
    #[must_use]
    pub fn with_default(mut self, default: &str) -> Pipe<'a> {
        self.default = default.to_owned();
        self
    }

    /// Renders the file `path`. A file without content gives an empty map.
    ///
    /// # Errors
    /// A file that cannot be read or is no UTF-8, and what its renderers refuse.
    pub fn compile_file(
        &self,
        path: &Path,
        request: &TemplateRequest<'_>,
    ) -> Result<Rendered, RenderError> {
        let source = read(path)?;
        self.compile(&source, &TemplateRequest { path: Some(path), ..*request })
    }

    /// Renders a text. One without content gives an empty map.
    ///
    /// # Errors
    /// What its renderers refuse.
    pub fn compile(
        &self,
        source: &str,
        request: &TemplateRequest<'_>,
    ) -> Result<Rendered, RenderError> {
        if source.trim().is_empty() {
            return Ok(Rendered::empty());
        }
        let Some(parts) = self.parts(source)? else { return Ok(Rendered::empty()) };
        // Renderers see line ends as Unix has them; a text gets its own back.
        let windows = source.contains("\r\n");
        let source = if windows { source.replace("\r\n", "\n") } else { source.to_owned() };
        let mut rendered = Rendered::new(Data::Text(source));
        if parts.is_empty() {
            return Ok(Rendered::empty());
        }
        for (render, argline) in parts {
            let job = Job { engine: self.engine, request, argline: &argline };
            rendered = step(render, rendered, &job)?;
        }
        if let (true, Data::Value(value)) = (rendered.decrypted, &rendered.data) {
            request.apply.job.secrets.learn_parts(value);
        }
        match &mut rendered.data {
            Data::Text(text) if windows => *text = text.replace('\n', "\r\n"),
            _ => {}
        }
        Ok(rendered)
    }

    /// The renderers for a text and their argument lines; `None` if one of them is unknown.
    fn parts(&self, source: &str) -> Result<Option<Vec<(renderers::Render, String)>>, RenderError> {
        let first = source.lines().next().unwrap_or_default();
        let pipe = match first.strip_prefix("#!") {
            Some(rest) if !rest.starts_with('/') => rest.trim(),
            _ => self.default.as_str(),
        };
        let pipe = OLD_NAMES.iter().find(|(old, _)| *old == pipe).map_or(pipe, |(_, new)| new);
        let mut parts = Vec::new();
        for part in pipe.split('|').map(str::trim) {
            let (name, argline) = part.split_once(' ').unwrap_or((part, ""));
            let listed = |list: &[String]| list.iter().any(|listed| listed == name);
            if (!self.whitelist.is_empty() && !listed(&self.whitelist)) || listed(&self.blacklist) {
                tracing::warn!(
                    "The renderer \"{name}\" is disallowed by configuration and will be skipped."
                );
                continue;
            }
            match renderers::find(name) {
                Found::Render(render) => parts.push((render, argline.trim().to_owned())),
                Found::Refused(why) => return Err(RenderError::new(why)),
                Found::Unknown => {
                    tracing::error!("The renderer \"{pipe}\" is not available");
                    return Ok(None);
                }
            }
            if parts.len() > PIPE_PARTS_MAX {
                let text = format!("the renderer pipe names more than {PIPE_PARTS_MAX} renderers");
                return Err(RenderError::new(text));
            }
        }
        Ok(Some(parts))
    }
}

/// Runs one renderer. What came before it is remembered: its faults, and the way from the text that
/// it read back to the source.
fn step(
    render: renderers::Render,
    input: Rendered,
    job: &Job<'_>,
) -> Result<Rendered, RenderError> {
    let (map, faults, decrypted) = (input.map.clone(), input.faults.clone(), input.decrypted);
    let text = match (&input.data, &map) {
        (Data::Text(text), Some(_)) => Some(text.clone()),
        _ => None,
    };
    let mut output = render(input, job).map_err(|mut error| {
        let holes = text.as_ref().zip(error.line).map(|(text, line)| has_hole(text, line));
        if let (Some(map), Some(text)) = (&map, &text) {
            let others = std::mem::take(&mut error.others);
            error = error.mapped(map, text);
            error.others = others.into_iter().map(|other| other.mapped(map, text)).collect();
        }
        error.others.splice(0..0, faults.iter().cloned());
        // What YAML says of a text with holes may be the hole's fault.
        if let (Some(holes), false) = (holes, faults.is_empty())
            && error.others.len() >= faults.len()
            && holes
            && !error.message.contains(crate::yaml::DUPLICATE)
        {
            let others = error.others.split_off(1);
            error = error.others.remove(0);
            error.others = others;
        }
        error
    })?;
    output.map = output.map.or(map);
    output.decrypted |= decrypted;
    output.faults.splice(0..0, faults);
    Ok(output)
}

/// Whether a line, or the one before it, holds the sign for what is not known.
fn has_hole(text: &str, line: u32) -> bool {
    let around = text.lines().skip((line as usize).saturating_sub(2)).take(2);
    around.into_iter().any(|line| line.contains(crate::engine::UNKNOWN))
}

/// The text of a file.
fn read(path: &Path) -> Result<String, RenderError> {
    let fault = |why: std::io::Error| {
        RenderError::exception(halite_core::Error::file("read", path, why).to_string())
    };
    let size = std::fs::metadata(path).map_err(fault)?.len();
    if size > SOURCE_BYTES_MAX {
        let text = format!(
            "`{}` has {size} bytes, more than the {SOURCE_BYTES_MAX} that are rendered",
            path.display()
        );
        return Err(RenderError::exception(text));
    }
    let bytes = std::fs::read(path).map_err(fault)?;
    String::from_utf8(bytes).map_err(|why| {
        let at = why.utf8_error().valid_up_to();
        let byte = why.as_bytes().get(at).copied().unwrap_or_default();
        let text = format!(
            "'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
        );
        RenderError::exception(text).hinted(format!("{} is no UTF-8 text", path.display()))
    })
}
