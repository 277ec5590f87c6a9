//! `cp`: the function that needs templates; the others are among the modules.

use std::path::Path;

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function, map};

use crate::engine::call::ENV_OPTION;
use crate::support::source::{TemplateArgs, render};

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
    #[default("jinja".into())] template: String,
    #[default(None)] saltenv: Option<String>,
    /// Make missing folders.
    #[default(false)]
    makedirs: bool,
    #[kwargs] kwargs: Map,
) -> Result<String> {
    let env = saltenv.unwrap_or_else(|| crate::support::saltenv(apply.cx));
    let cached: Value = apply.call_value("cp.cache_file", args![path.as_str(), env.as_str()])?;
    let Some(cached) = cached.as_str().filter(|cached| !cached.is_empty()) else {
        return Ok(String::new());
    };
    let opts = apply.opts.with(ENV_OPTION, env);
    let cx = Context { opts: &opts, ..*apply.cx };
    let within = Apply { cx: &cx, host: apply.host };
    let text = String::from_utf8_lossy(&apply.host.read(Path::new(cached))?).into_owned();
    let mut own = map! {"source" => path, "name" => dest.as_str()};
    own.extend(
        kwargs
            .iter()
            .filter(|(key, _)| key.as_str() != Some("context"))
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    let context = kwargs.get("context").and_then(Value::as_map).cloned().unwrap_or_default();
    let with = TemplateArgs { template, context };
    let rendered = render(&within, &text, Some(Path::new(cached)), &with, own)?;
    let rendered = rendered.map_err(Error::execution)?;
    let to = Path::new(&dest);
    if let (true, Some(folder)) = (makedirs, to.parent()) {
        crate::support::perms::make_dirs(apply.host, folder, &Default::default())?;
    }
    apply.host.write_atomic(to, rendered.as_bytes(), None)?;
    Ok(dest)
}
