//! `cp.get_template`: a file of the file server, rendered to a path.

use halite_core::{Apply, ExecModule, Map, Result, Value, args, function};

use super::get::place_content;
use super::shared::cached;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("cp", &[&GET_TEMPLATE]);

/// Renders a file of the file server to a path; gives the path, empty if there is no such file.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.get_template salt://path/to/template /minion/dest
/// ```
#[function]
fn get_template(
    apply: &Apply<'_>,
    path: String,
    dest: String,
    /// The engine.
    #[default("jinja".into())]
    template: String,
    #[default(None)] saltenv: Option<String>,
    /// Make the folders above the path.
    #[default(false)]
    makedirs: bool,
    /// `context`, and variables for the template.
    #[kwargs]
    kwargs: Map,
) -> Result<Value> {
    let Some(found) = cached(apply, &path, saltenv.as_deref())? else { return Ok("".into()) };
    let engine = template;
    let text = String::from_utf8_lossy(&apply.host.read(&found)?).into_owned();
    let mut rendered = String::new();
    // An empty text is no template to the renderer.
    if !text.is_empty() {
        let mut call = args![; string = &text, default_renderer = &engine];
        call.named.extend(kwargs);
        if let Some(env) = saltenv {
            call.named.insert("saltenv".into(), env.into());
        }
        match apply.call_value("slsutil.renderer", call)? {
            Value::Str(text) => rendered = text.to_string(),
            _ => {
                tracing::error!("Attempted to render template with unavailable engine {engine}");
                return Ok("".into());
            }
        }
    }
    // Rendering drops the last newline; the file keeps it.
    if text.ends_with('\n') && !rendered.ends_with('\n') {
        rendered.push('\n');
    }
    let placed = place_content(apply, &found, rendered.as_bytes(), &dest, makedirs)?;
    Ok(placed.map_or_else(|| false.into(), Value::from))
}
