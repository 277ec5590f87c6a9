//! The engine behind the seam of the renderer pipe.

use std::sync::Arc;

use halite_core::grain_reads::GrainReads;
use halite_core::{Apply, Args, Context, Error, ExecFn, FileClient, Map, SaltEnv, Value};

use super::JinjaEngine;
use super::request::{
    CallError, CallErrorKind, Limits, LoadedTemplate, Options, Request, SaltCalls, TemplateLoader,
};
use crate::engine::UNKNOWN;
use crate::{RenderError, RenderedText, TemplateEngine, TemplateRequest};

/// The longest file that a template may import, in bytes.
const IMPORT_BYTES_MAX: u64 = 64 << 20;

struct Calls<'a> {
    apply: &'a Apply<'a>,
    /// Functions that may change something are not called.
    looks_only: bool,
}

impl SaltCalls for Calls<'_> {
    fn call(&self, fun: &str, positional: Vec<Value>, named: Map) -> Result<Value, CallError> {
        let args = Args { positional, named };
        self.apply.exec.get_open(fun).map_err(call_error)?;
        if self.looks_only
            && let Ok(entry) = self.apply.exec.get(fun)
            && matches!(entry.call, ExecFn::Write(_) | ExecFn::Foreign(_))
        {
            // Still, the call must be one that can be made.
            let bound = args.bind(fun, &entry.spec);
            return bound.map(|_| Value::str(UNKNOWN.to_string())).map_err(call_error);
        }
        note_reads(fun, &args, &self.apply.job.reads);
        let cx = Context { in_template: true, ..*self.apply.cx };
        Apply { cx: &cx, host: self.apply.host }.call_value(fun, args).map_err(call_error)
    }

    fn exists(&self, fun: &str) -> bool {
        self.apply.exec.is_open(fun) && self.apply.exec.contains(fun)
    }

    fn reads(&self, grain: Option<&str>) {
        match grain {
            Some(name) => self.apply.job.reads.grain(name),
            None => self.apply.job.reads.all(),
        }
    }

    fn names(&self) -> Vec<String> {
        let names = self.apply.exec.specs().map(|(name, _)| name);
        names.filter(|name| self.apply.exec.is_open(name)).map(str::to_owned).collect()
    }
}

/// Functions whose result depends on their arguments and the pillar alone.
const READS_NOTHING: [&str; 9] = [
    "defaults.deepcopy",
    "defaults.merge",
    "defaults.update",
    "pillar.get",
    "slsutil.boolstr",
    "slsutil.merge",
    "slsutil.merge_all",
    "slsutil.update",
    "test.echo",
];

/// Functions that read one grain: where its path stands among the arguments, under which name, and which it is
/// otherwise.
const READS_ONE: [(&str, usize, &str, Option<&str>); 4] = [
    ("config.get", 0, "key", None),
    ("grains.get", 0, "key", None),
    ("grains.has_value", 0, "key", None),
    ("grains.filter_by", 1, "grain", Some("os_family")),
];

/// Notes which grains a call reads. What is not known to read little counts as reading everything: it may ask the
/// machine, the time, chance, or the minion's id.
fn note_reads(fun: &str, args: &Args, reads: &GrainReads) {
    if READS_NOTHING.contains(&fun) {
        return;
    }
    let Some((_, at, name, otherwise)) = READS_ONE.iter().find(|(known, ..)| *known == fun) else {
        return reads.all();
    };
    let given = args.named.get(*name).or_else(|| args.positional.get(*at));
    let path = given.map_or(*otherwise, Value::as_str);
    let split = args.named.contains_key("delimiter") || args.positional.len() > at + 2;
    match path.map(|path| path.split(':').next().unwrap_or_default()) {
        // An option may stand before the grain, and these are the minion's own.
        Some("id" | "minion_id" | "grains") if fun == "config.get" => reads.all(),
        Some(grain) if !grain.is_empty() && (!split || fun == "grains.filter_by") => {
            reads.grain(grain);
            path.iter().for_each(|path| reads.grain(path));
        }
        _ => reads.all(),
    }
}

/// Whether it is the call that does not fit (Python: `TypeError`), not a function that refuses what it got.
fn wrong_call(what: &str) -> bool {
    ["() missing ", "() takes ", "() got an unexpected ", "() got multiple values"]
        .iter()
        .any(|part| what.contains(part))
}

fn call_error(error: Error) -> CallError {
    let kind = match error {
        Error::Usage { ref what, .. } if wrong_call(what) => CallErrorKind::Type,
        Error::Execution(_) | Error::Usage { .. } | Error::Unavailable { .. } => {
            CallErrorKind::Execution
        }
        _ => CallErrorKind::Other,
    };
    CallError { kind, message: error.to_string(), hint: None }
}

struct Files<'a> {
    client: &'a dyn FileClient,
    env: Option<SaltEnv>,
}

impl TemplateLoader for Files<'_> {
    fn load(&self, path: &str) -> Result<Option<LoadedTemplate>, String> {
        let found = if path.starts_with('/') {
            // A file of this machine, as Salt's search path has it.
            let path = std::path::PathBuf::from(path);
            path.is_file().then_some(path)
        } else {
            let Some(env) = &self.env else { return Ok(None) };
            let found = self.client.cache_file(path, env).map_err(|error| error.to_string())?;
            found.map(|found| found.path)
        };
        let Some(found) = found else { return Ok(None) };
        let shown = found.display().to_string();
        let size = std::fs::metadata(&found).map_or(0, |meta| meta.len());
        if size > IMPORT_BYTES_MAX {
            return Err(format!(
                "{shown} has {size} bytes; a template may import {IMPORT_BYTES_MAX}"
            ));
        }
        let bytes =
            std::fs::read(&found).map_err(|error| format!("cannot read {shown}: {error}"))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(LoadedTemplate { source: text.into(), path: shown.into() })),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let byte = error.as_bytes().get(at).copied().unwrap_or(0);
                Err(format!(
                    "'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
                ))
            }
        }
    }
}

impl TemplateEngine for JinjaEngine {
    fn render(&self, source: &str, request: &TemplateRequest<'_>) -> Result<String, RenderError> {
        self.render_for(source, request, false).map(|rendered| rendered.text)
    }

    fn render_mapped(
        &self,
        source: &str,
        request: &TemplateRequest<'_>,
    ) -> Result<RenderedText, RenderError> {
        self.render_for(source, request, true)
    }
}

impl JinjaEngine {
    fn render_for(
        &self,
        source: &str,
        request: &TemplateRequest<'_>,
        mapped: bool,
    ) -> Result<RenderedText, RenderError> {
        let apply = request.apply;
        let mut context = Map::with_capacity(request.context.len() + 4);
        let mut set = |name: &str, value: Value| context.insert(Value::str(name), value);
        set("grains", Value::Map(Arc::clone(apply.grains)));
        set("pillar", Value::Map(Arc::clone(apply.pillar)));
        set("opts", Value::Map(Arc::clone(apply.opts.values())));
        set("saltenv", Value::str(request.saltenv));
        for (name, value) in request.context {
            context.insert(name.clone(), value.clone());
        }
        let settings = if request.sls.is_empty() { "jinja_env" } else { "jinja_sls_env" };
        let mut env = apply.opts.map(settings);
        for (option, name) in
            [("jinja_trim_blocks", "trim_blocks"), ("jinja_lstrip_blocks", "lstrip_blocks")]
        {
            if apply.opts.bool(option) {
                env.insert(Value::str(name), Value::Bool(true));
            }
        }
        let options = Options {
            allow_undefined: apply.opts.bool("allow_undefined"),
            env,
            proxies: vec!["grains".into(), "opts".into(), "pillar".into()],
        };
        let name = request
            .path
            .map_or_else(|| "<template>".to_string(), |path| path.display().to_string());
        let request = Request {
            source,
            name: &name,
            context: &context,
            salt: &Calls { apply, looks_only: self.gathers },
            loader: &Files { client: request.files, env: SaltEnv::parse(request.saltenv).ok() },
            options: &options,
            limits: Limits::default(),
        };
        self.render_text(&request, mapped)
    }
}
