//! `jinja`: text to text.

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
    let mut context = sls_context(job.request.path, job.request.sls);
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
