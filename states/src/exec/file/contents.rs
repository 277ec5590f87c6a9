//! `file`: the function that needs templates; the others are among the modules.

use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};

use crate::engine::call::ENV_OPTION;
use crate::support::look_only::LookOnly;
use crate::support::source::{TemplateArgs, render};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&APPLY_TEMPLATE_ON_CONTENTS]);

/// Renders a text; for an unknown template language, why not. The template may run commands but
/// change no file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.apply_template_on_contents \
///     contents='This is a {{ template }} string.' template=jinja \
///     "context={}" "defaults={'template': 'cool'}" saltenv=base
/// ```
#[function]
fn apply_template_on_contents(
    cx: &Context<'_>,
    contents: String,
    template: String,
    context: Option<Map>,
    defaults: Option<Map>,
    saltenv: String,
) -> Result<Value> {
    let opts = cx.opts.with(ENV_OPTION, saltenv);
    let cx = Context { opts: &opts, ..*cx };
    let host = LookOnly(cx.host);
    let within = Apply { cx: &cx, host: &host };
    let mut all = defaults.unwrap_or_default();
    all.extend(context.unwrap_or_default());
    let with = TemplateArgs { template, context: all };
    Ok(match render(&within, &contents, None, &with, Map::new())? {
        Ok(text) => text.into(),
        Err(comment) => map! {"result" => false, "comment" => comment}.into(),
    })
}
