//! What one rendering needs from around it: names, functions, files, limits.

use std::sync::Arc;

use halite_core::{Map, Value};

/// One template to render.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The template.
    pub source: &'a str,
    /// What errors call it: normally the path of the file.
    pub name: &'a str,
    /// The names it sees, besides `salt` and the global functions: `grains`, `pillar`, `opts`,
    /// `saltenv`, `sls`, `tplfile` and so on.
    pub context: &'a Map,
    /// What `salt['mod.fun'](..)` calls.
    pub salt: &'a dyn SaltCalls,
    /// Where `import` and `include` get files from.
    pub loader: &'a dyn TemplateLoader,
    /// How to render.
    pub options: &'a Options,
    /// What it may use up.
    pub limits: Limits,
}

/// How to render.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Option `allow_undefined`: missing names print nothing instead of failing.
    pub allow_undefined: bool,
    /// Option `jinja_env` or `jinja_sls_env`: settings of Jinja's environment by their names there
    /// (`trim_blocks`, `block_start_string`, ...). Unknown names are ignored.
    pub env: Map,
    /// Names of the context whose dicts call themselves `DictProxy` in errors: `grains` and `pillar`
    /// are such within Salt's states; `opts` is an `OptsDict` there.
    pub proxies: Vec<String>,
}

/// What one rendering may use up. A template that wants more fails; it never takes the process down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Evaluation steps (an expression, a statement, an item of a loop each are one).
    pub steps: u64,
    /// Levels of evaluation: nested expressions and blocks count one, macro calls and includes more.
    pub depth: u32,
    /// Bytes of text that are made.
    pub output_bytes: usize,
}

impl Default for Limits {
    /// Enough for every formula seen, about a minute of work and 64 MB of text at most.
    fn default() -> Self {
        Limits { steps: 50_000_000, depth: 400, output_bytes: 64 << 20 }
    }
}

/// The execution functions a template may call.
pub trait SaltCalls {
    /// Calls `fun` (`mod.function`).
    fn call(&self, fun: &str, positional: Vec<Value>, named: Map) -> Result<Value, CallError>;
    /// Whether there is such a function.
    fn exists(&self, fun: &str) -> bool;
    /// All functions there are, `mod.function` each.
    fn names(&self) -> Vec<String>;
    /// Told of each grain that the template reads; `None` is all of them, or what is different each time.
    fn reads(&self, _grain: Option<&str>) {}
}

/// Which of Python's exceptions a function would have raised; Salt words its message by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallErrorKind {
    /// CommandExecutionError or SaltInvocationError.
    Execution,
    /// TypeError.
    Type,
    /// ValueError.
    Value,
    /// KeyError.
    Key,
    /// Any other.
    Other,
}

/// A function that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Which exception it is.
    pub kind: CallErrorKind,
    /// The text of the exception.
    pub message: String,
    /// What to do about it, where one can tell.
    pub hint: Option<String>,
}

impl CallError {
    /// A CommandExecutionError or SaltInvocationError.
    pub fn execution(message: impl Into<String>) -> CallError {
        CallError { kind: CallErrorKind::Execution, message: message.into(), hint: None }
    }
}

/// No functions: for templates that are rendered without a minion around.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCalls;

impl SaltCalls for NoCalls {
    fn call(&self, fun: &str, _: Vec<Value>, _: Map) -> Result<Value, CallError> {
        Err(CallError::execution(format!("'{fun}' is not available.")))
    }

    fn exists(&self, _: &str) -> bool {
        false
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A file that a template imports or includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedTemplate {
    /// Its text.
    pub source: Arc<str>,
    /// Where it lies on this machine: errors name this path.
    pub path: Arc<str>,
}

/// Where `import` and `include` get files from.
pub trait TemplateLoader {
    /// The file at `path` below the file roots of the template's environment, `None` if there is
    /// none. `path` has no `./` or `../` in front: those are resolved before. `Err` is the text of
    /// an error that is more than a missing file.
    fn load(&self, path: &str) -> Result<Option<LoadedTemplate>, String>;
}

/// No files: every import fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl TemplateLoader for NoFiles {
    fn load(&self, _: &str) -> Result<Option<LoadedTemplate>, String> {
        Ok(None)
    }
}
