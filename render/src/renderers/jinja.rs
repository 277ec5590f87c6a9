//! `jinja`: text to text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::Value;

use super::Job;
use crate::pipe::{Data, Rendered};
use crate::sls_context::sls_context;
use crate::{RenderError, TemplateRequest};

/// Renders the text with the variables of an sls; those of the request win.
/// Salt: `salt/renderers/jinja.py` behaviour.
pub(super) fn render(input: Rendered, job: &Job<'_>) -> Result<Rendered, RenderError> {
    if !matches!(job.argline, "" | "-s") {
        return Err(RenderError::new(format!("Unknown renderer option: {}", job.argline)));
    }
    let source = super::text(input, "jinja")?;
    let copy = cached_place(job.request);
    if let Some((place, original)) = &copy {
        // The few templates that read themselves by `tplpath` find the copy where Salt has it.
        if source.contains("tplpath") {
            if let Err(why) = put_copy(job.request, original, place) {
                tracing::debug!("no copy of `{}`: {why}", original.display());
            }
        }
    }
    let path = copy.as_ref().map(|(place, _)| place.as_path()).or(job.request.path);
    let mut context = sls_context(path, job.request.sls);
    context.insert("saltenv".into(), Value::str(job.request.saltenv));
    context.insert("sls".into(), Value::str(job.request.sls));
    for (name, value) in job.request.context {
        context.insert(name.clone(), value.clone());
    }
    let request = TemplateRequest { context: &context, ..*job.request };
    let rendered = job.engine.render_mapped(&source, &request)?;
    Ok(Rendered {
        map: rendered.map.map(Arc::new),
        faults: rendered.faults,
        ..Rendered::new(Data::Text(rendered.text))
    })
}

/// Where Salt would have the copy of a file that is read from its root, and the file itself. A copy that
/// a master sent is in its place already.
fn cached_place<'a>(request: &TemplateRequest<'a>) -> Option<(PathBuf, &'a Path)> {
    let path = request.path?;
    let roots = request.apply.opts.get("file_roots")?.get(request.saltenv)?.as_list()?;
    let below = roots.iter().find_map(|root| path.strip_prefix(root.as_str()?).ok())?;
    let place = request.files.cache_dir().join("files").join(request.saltenv).join(below);
    Some((place, path))
}

fn put_copy(
    request: &TemplateRequest<'_>,
    original: &Path,
    place: &Path,
) -> halite_core::Result<()> {
    let host = request.apply.host;
    let content = host.read(original)?;
    if host.exists(place) && host.read(place)? == content {
        return Ok(());
    }
    let above: Vec<&Path> =
        place.ancestors().skip(1).take_while(|path| !host.exists(path)).collect();
    for folder in above.iter().rev() {
        host.create_dir(folder, None)?;
    }
    host.write_atomic(place, &content, None)
}
