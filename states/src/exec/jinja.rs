//! `jinja`: what a formula's maps and data files come to. Salt: `salt/modules/jinja.py` behaviour.

use std::path::Path;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function};
use halite_render::{Pipe, TemplateRequest};

use crate::support::templates;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("jinja", &[&LOAD_MAP, &IMPORT_YAML, &IMPORT_JSON]);

/// What a template without a file has in place of its path.
const NO_FILE: &str = ":string:";

fn render(apply: &Apply<'_>, import: &str, name: &str) -> Result<Value> {
    let engine = templates::engine();
    let pipe = Pipe::new(apply.opts, &engine);
    let request = TemplateRequest {
        apply,
        files: apply.files,
        saltenv: "base",
        sls: "",
        path: Some(Path::new(NO_FILE)),
        context: &Map::new(),
    };
    let text = format!("{{% {import} %}}\n{{{{ {name} | tojson }}}}\n");
    Ok(pipe.compile(&text, &request)?.into_value())
}

/// A path as a literal of the template language.
fn literal(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The value that a map file gives a name.
///
/// CLI Example:
///
/// ```text
/// salt '*' jinja.load_map myformula/map.jinja myformula
/// ```
#[function]
fn load_map(
    apply: &Apply<'_>,
    /// The file, below the file roots.
    path: String,
    /// The name that the file sets.
    value: String,
) -> Result<Value> {
    let word = |c: char| c == '_' || c.is_alphanumeric();
    if value.is_empty() || value.starts_with(|c: char| c.is_numeric()) || !value.chars().all(word) {
        let what = format!("`{value}` is no name that a template can import");
        return Err(Error::usage("jinja.load_map", what));
    }
    let import = format!("from {} import {value} with context", literal(&path));
    render(apply, &import, &value)
}

/// The data of a YAML file.
///
/// CLI Example:
///
/// ```text
/// salt '*' jinja.import_yaml myformula/foo.yaml
/// ```
#[function]
fn import_yaml(apply: &Apply<'_>, path: String) -> Result<Value> {
    render(apply, &format!("import_yaml {} as imported", literal(&path)), "imported")
}

/// The data of a JSON file.
///
/// CLI Example:
///
/// ```text
/// salt '*' jinja.import_json myformula/foo.json
/// ```
#[function]
fn import_json(apply: &Apply<'_>, path: String) -> Result<Value> {
    render(apply, &format!("import_json {} as imported", literal(&path)), "imported")
}
