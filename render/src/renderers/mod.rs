//! The renderers that a pipe can name, one file each.

mod gpg;
mod jinja;
mod json;
mod stateconf;
mod stateconf_ids;
mod toml;
mod yaml;
mod yamlex;

use crate::pipe::{Data, Rendered};
use crate::{RenderError, TemplateEngine, TemplateRequest};

/// What a renderer has beside its input.
pub(crate) struct Job<'a> {
    /// The template language.
    pub(crate) engine: &'a dyn TemplateEngine,
    /// Where and for whom the template is rendered.
    pub(crate) request: &'a TemplateRequest<'a>,
    /// What stands behind the renderer's name.
    pub(crate) argline: &'a str,
}

/// A renderer.
pub(crate) type Render = fn(Rendered, &Job<'_>) -> Result<Rendered, RenderError>;

/// What there is of a name.
pub(crate) enum Found {
    /// The renderer.
    Render(Render),
    /// Salt has it, Halite has not; why, and what to do.
    Refused(String),
    /// Nobody has it.
    Unknown,
}

/// Finds a renderer by its name.
pub(crate) fn find(name: &str) -> Found {
    match name {
        "jinja" => Found::Render(jinja::render),
        "yaml" => Found::Render(yaml::render),
        "json" => Found::Render(json::render),
        "toml" => Found::Render(toml::render),
        "yamlex" => Found::Render(yamlex::render),
        "gpg" => Found::Render(gpg::render),
        "stateconf" => Found::Render(stateconf::render),
        "py" | "pyobjects" | "pydsl" => Found::Refused(format!(
            "the renderer '{name}' runs Python, which does not run here; write the file for \
             jinja|yaml"
        )),
        "mako" | "cheetah" | "genshi" | "wempy" => Found::Refused(format!(
            "the template language '{name}' is not part of Halite; write the file for jinja|yaml"
        )),
        "nacl" | "pass" | "aws_kms" => Found::Refused(format!(
            "the renderer '{name}' is not part of Halite; keep secrets with gpg or in a vault"
        )),
        "dson" | "hjson" | "json5" | "msgpack" => Found::Refused(format!(
            "the renderer '{name}' is not part of Halite; write the file as yaml, json or toml"
        )),
        _ => Found::Unknown,
    }
}

/// Decrypts all gpg messages within a value, as `decrypt_pillar` asks for.
///
/// # Errors
/// Those of the renderer `gpg`.
pub fn decrypt_gpg(
    value: halite_core::Value,
    apply: &halite_core::Apply<'_>,
) -> Result<halite_core::Value, RenderError> {
    gpg::decrypt(value, apply)
}

pub(crate) use json::error as json_error;
pub(crate) use toml::parse as toml_value;

/// The text that a renderer takes; `name` is the renderer.
fn text(input: Rendered, name: &str) -> Result<String, RenderError> {
    match input.data {
        Data::Text(text) => Ok(text),
        Data::Value(value) => Err(RenderError::exception(format!(
            "the renderer '{name}' takes text, but the one before it made a {}",
            value.type_name()
        ))),
    }
}

/// A result that is data.
fn value(value: halite_core::Value) -> Rendered {
    Rendered::new(Data::Value(value))
}

/// The text without its `#!` line.
fn without_shebang(text: &str) -> &str {
    match text.starts_with("#!") {
        true => text.split_once('\n').map_or("", |(_, rest)| rest),
        false => text,
    }
}
