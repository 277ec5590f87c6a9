//! Rendering sls files and merging them into one high data.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use halite_core::glob::{fnmatch, is_glob};
use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::high::{HighData, is_internal, text};
use super::place::{Places, SlsPlaces, Step};

/// The first order number that is given to a declaration without one.
const FIRST_ORDER: i64 = 10_000;
/// Longest chain of sls files that include one another.
pub(crate) const INCLUDE_DEPTH: usize = 400;

/// Which sls files belong to which environment, in order.
pub type Matches = IndexMap<String, Vec<String>>;

/// Where sls files come from and what they render to. Tests give plain data.
pub trait SlsSource {
    /// The environments there are, in order.
    fn envs(&self) -> Vec<String>;
    /// Names of the sls files of an environment.
    fn available(&self, env: &str) -> Vec<String>;
    /// Finds and renders one sls file.
    fn render(&self, env: &str, sls: &str) -> Rendered;
}

/// What came of looking for an sls file.
pub enum Rendered {
    /// There is none.
    Missing,
    /// It rendered.
    Data(RenderedSls),
    /// It did not render: the text of a `SaltRenderError`.
    Failed(Fault),
    /// Something else went wrong while it rendered.
    Crashed(Fault),
}

/// A rendered sls file.
#[derive(Clone, Debug, Default)]
pub struct RenderedSls {
    /// What the last renderer gave.
    pub data: Value,
    /// Whether the file is an `init.sls`: relative includes count from it.
    pub init: bool,
    /// Where its parts stand, if it was rendered through YAML.
    pub places: Option<SlsPlaces>,
    /// Faults that were passed over while it rendered: those of a checker.
    pub faults: Faults,
}

/// One file, or several merged: data so far, or what it is instead of a mapping.
#[derive(Default)]
pub(crate) struct Piece {
    pub(crate) high: HighData,
    pub(crate) broken: Option<Value>,
}

impl Piece {
    pub(crate) fn is_empty(&self) -> bool {
        self.high.is_empty() && !self.broken.as_ref().is_some_and(Value::truthy)
    }
}

/// Renders and merges. One value is one run: order numbers and the set of rendered files go on
/// over several calls.
pub struct Compiler<'a> {
    pub(crate) source: &'a dyn SlsSource,
    auto_order: bool,
    next_order: i64,
    pub(crate) rendered: HashSet<String>,
    available: HashMap<String, Vec<String>>,
    pub(crate) envs: Vec<String>,
    places: Places,
}

impl<'a> Compiler<'a> {
    /// A compiler over a source. `auto_order` is the option `state_auto_order`.
    pub fn new(source: &'a dyn SlsSource, auto_order: bool) -> Compiler<'a> {
        Compiler {
            envs: source.envs(),
            source,
            auto_order,
            next_order: FIRST_ORDER,
            rendered: HashSet::new(),
            available: HashMap::new(),
            places: Places::default(),
        }
    }

    /// The environment whose listing stands for `env`: itself, or `__env__` for any name.
    fn listed(&self, env: &str) -> Option<String> {
        [env, "__env__"]
            .into_iter()
            .find(|e| self.envs.iter().any(|known| known == e))
            .map(Into::into)
    }

    pub(crate) fn knows_env(&self, env: &str) -> bool {
        self.listed(env).is_some()
    }

    /// sls names of an environment that match a glob.
    pub(crate) fn matching(&mut self, env: &str, pattern: &str) -> Vec<String> {
        let Some(env) = self.listed(env) else { return Vec::new() };
        let source = self.source;
        let names = self.available.entry(env.clone()).or_insert_with(|| source.available(&env));
        if !is_glob(pattern) {
            return names.iter().filter(|name| *name == pattern).take(1).cloned().collect();
        }
        names.iter().filter(|name| fnmatch(name, pattern)).cloned().collect()
    }

    /// The sls that a name which is not there may mean.
    pub(crate) fn nearest_sls(&mut self, env: &str, name: &str) -> Option<String> {
        self.matching(env, "*");
        let env = self.listed(env)?;
        let known = self.available.get(&env)?;
        if known.iter().any(|sls| sls == name) {
            return None;
        }
        let names = || known.iter().map(String::as_str);
        let tail = |sls: &str| sls.rsplit('.').next() == name.rsplit('.').next();
        let near = halite_core::text::nearest(name, names());
        let near = near.or_else(|| names().find(|sls| tail(sls)));
        near.map(|near| format!("did you mean '{near}'?"))
    }

    /// Renders all that `matches` names and merges it. Salt: `render_highstate` behaviour.
    pub fn render_highstate(&mut self, matches: &Matches) -> (HighData, Faults) {
        let mut high = HighData::default();
        let mut faults = Faults::new();
        for (env, patterns) in matches {
            for pattern in patterns {
                if !self.knows_env(env) {
                    faults.push(Fault::new(format!(
                        "No matching salt environment for environment '{env}' found"
                    )));
                }
                let mut names = self.matching(env, pattern);
                if names.is_empty() {
                    // It may have come after the listing, or the error will name it.
                    names.push(pattern.clone());
                }
                for sls in names {
                    if !self.rendered.contains(&format!("{env}:{sls}")) {
                        faults.extend(self.add_to(&mut high, env, &sls, pattern, matches));
                    }
                }
            }
        }
        clean_duplicate_extends(&mut high);
        high.places = std::mem::take(&mut self.places);
        super::fault::locate(&mut faults, &high.places);
        (high, faults)
    }

    fn add_to(
        &mut self,
        high: &mut HighData,
        env: &str,
        sls: &str,
        pattern: &str,
        matches: &Matches,
    ) -> Faults {
        let (piece, mut faults) = self.render_state(env, sls, matches, 0);
        if !piece.is_empty() {
            merge(high, piece, &mut faults);
        }
        let this = format!("SLS {pattern} in saltenv");
        for fault in &mut faults {
            if fault.message.contains("is not available") && fault.message.contains(&this) {
                fault.message = format!("No matching sls found for '{pattern}' in env '{env}'");
                fault.hint = fault.hint.take().or_else(|| self.nearest_sls(env, pattern));
                fault.code = "unknown-sls";
                let steps = [Step::Key(env.into()), Step::Word(pattern.into())];
                *fault = std::mem::take(fault).about_part("", steps);
            }
        }
        faults
    }

    /// Renders one file with all that it includes. Salt: `render_state` behaviour.
    pub(crate) fn render_state(
        &mut self,
        env: &str,
        sls: &str,
        matches: &Matches,
        depth: usize,
    ) -> (Piece, Faults) {
        let mut faults = Faults::new();
        let rendered = match self.source.render(env, sls) {
            Rendered::Missing => {
                faults.push(Fault::new(format!(
                    "Specified SLS {sls} in saltenv {env} is not available on the salt master or \
                     through a configured fileserver"
                )));
                return (Piece::default(), faults);
            }
            Rendered::Data(rendered) => Some(rendered),
            Rendered::Failed(mut fault) => {
                fault.message = format!("Rendering SLS '{env}:{sls}' failed: {}", fault.message);
                faults.push(fault);
                None
            }
            Rendered::Crashed(mut fault) => {
                fault.message =
                    format!("Rendering SLS {sls} failed, render error: {}", fault.message);
                faults.push(fault);
                None
            }
        };
        self.rendered.insert(format!("{env}:{sls}"));
        let Some(rendered) = rendered else { return (Piece::default(), faults) };
        let (data, init) = (rendered.data, rendered.init);
        faults.extend(rendered.faults);
        if let Some(places) = rendered.places {
            self.places.insert(sls, places);
        }
        let ids = match data {
            Value::Map(map) => std::sync::Arc::unwrap_or_clone(map),
            other if !other.truthy() => return (Piece::default(), faults),
            other => {
                let fault = Fault::new(format!("SLS {sls} does not render to a dictionary"));
                let top = SlsPlaces::top_of(self.places.of(sls));
                faults.push(Fault { at: top, ..fault }.code("not-a-mapping").hint(
                    "an sls file is a mapping of IDs: `ID:` at the start of a line, then its states",
                ));
                return (Piece { broken: Some(other), ..Piece::default() }, faults);
            }
        };
        let mut piece = Piece { high: HighData { ids, ..HighData::default() }, broken: None };
        let include = take_include(&mut piece.high, sls, &mut faults);
        take_extend(&mut piece.high, sls, env, &mut faults);
        take_exclude(&mut piece.high, sls, &mut faults);
        stamp(&mut piece.high.ids, sls, env, &mut faults);
        let from = super::include::From { env, sls, init, depth };
        for (index, item) in include.iter().enumerate() {
            let before = faults.len();
            super::include::include(self, &from, item, matches, &mut piece, &mut faults);
            // What an entry itself is guilty of sits in this file.
            for fault in &mut faults[before..] {
                if fault.at.is_none() && fault.about.is_none() {
                    *fault = std::mem::take(fault)
                        .code("include")
                        .about_part(sls, [Step::Key("include".into()), Step::Item(index)]);
                }
            }
        }
        self.number(&mut piece.high.ids);
        (piece, faults)
    }

    /// Gives every declaration without `order` the next number. Salt: `_handle_iorder`.
    fn number(&mut self, ids: &mut Map) {
        if !self.auto_order {
            return;
        }
        let bodies = ids.values_mut().filter_map(Value::as_map_mut);
        for (state, run) in bodies.flatten() {
            if state.as_str().is_none_or(|state| state.starts_with('_')) {
                continue;
            }
            let has_order = |args: &[Value]| {
                let first = |arg: &Value| {
                    arg.as_map().and_then(|m| m.first()?.0.as_str().map(|k| k == "order"))
                };
                args.iter().any(|arg| first(arg) == Some(true))
            };
            if run.as_list().is_none_or(has_order) {
                continue;
            }
            if let Some(args) = run.as_list_mut() {
                args.push(halite_core::map! {"order" => self.next_order}.into());
                self.next_order += 1;
            }
        }
    }
}

fn take_include(high: &mut HighData, sls: &str, faults: &mut Faults) -> Vec<Value> {
    match high.ids.get("include") {
        Some(Value::List(items)) => {
            let items = items.iter().cloned().collect();
            high.ids.shift_remove("include");
            items
        }
        Some(_) => {
            let what = format!("Include Declaration in SLS {sls} is not formed as a list");
            faults.push(
                Fault::new(what)
                    .about(sls, "include")
                    .hint("write `include:`, then `- name` below"),
            );
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Salt: `_handle_extend`.
fn take_extend(high: &mut HighData, sls: &str, env: &str, faults: &mut Faults) {
    let Some(extend) = high.ids.shift_remove("extend") else { return };
    let Value::Map(extend) = extend else {
        let what = format!("Extension value in SLS '{sls}' is not a dictionary");
        faults.push(Fault::new(what).about(sls, "extend"));
        return;
    };
    let mut extend = std::sync::Arc::unwrap_or_clone(extend);
    for (name, body) in &mut extend {
        let Some(body) = body.as_map_mut() else {
            let what = format!("Extension name '{name}' in SLS '{sls}' is not a dictionary");
            let steps = [Step::Key("extend".into()), Step::Key(name.to_string())];
            faults.push(Fault::new(what).about_part(sls, steps));
            continue;
        };
        body.entry("__sls__".into()).or_insert_with(|| sls.into());
        body.entry("__env__".into()).or_insert_with(|| env.into());
        split_functions(body, &mut |_| {}, true);
    }
    high.extend.push(extend);
}

/// Salt: `_handle_exclude`.
fn take_exclude(high: &mut HighData, sls: &str, faults: &mut Faults) {
    match high.ids.shift_remove("exclude") {
        Some(Value::List(items)) => high.exclude.extend(items.iter().cloned()),
        Some(_) => faults.push(
            Fault::new(format!("Exclude Declaration in SLS {sls} is not formed as a list"))
                .about(sls, "exclude"),
        ),
        None => {}
    }
}

/// Turns `module.function: [args]` into `module: [args, function]`. A module that is there already
/// is reported, unless `replace` says that it is to be replaced.
pub(crate) fn split_functions(body: &mut Map, doubled: &mut dyn FnMut(&str), replace: bool) {
    let mut seen: HashSet<String> = HashSet::new();
    let keys: Vec<Value> = body.keys().cloned().collect();
    for key in keys {
        let Some(name) = key.as_str().filter(|name| !name.starts_with('_')) else { continue };
        if !matches!(body.get(&key), Some(Value::List(_))) {
            continue;
        }
        let mut parts = name.split('.');
        let (module, Some(fun)) = (parts.next().unwrap_or_default(), parts.next()) else {
            seen.insert(name.to_owned());
            continue;
        };
        if !replace && seen.contains(module) {
            doubled(module);
            continue;
        }
        let mut args = body.shift_remove(&key).unwrap_or_default();
        args.as_list_mut().into_iter().for_each(|args| args.push(fun.into()));
        body.insert(module.into(), args);
        seen.insert(module.to_owned());
    }
}

/// Expands short declarations and says where each ID comes from. Salt: `_handle_state_decls`.
fn stamp(ids: &mut Map, sls: &str, env: &str, faults: &mut Faults) {
    for (id, body) in ids.iter_mut() {
        let body = match body {
            Value::Map(_) => body.as_map_mut(),
            Value::Str(short) if short.contains('.') => {
                let mut parts = short.split('.');
                let (module, fun) =
                    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                *body = halite_core::map! {
                    "__sls__" => sls, "__env__" => env, module => vec![Value::from(fun)],
                }
                .into();
                continue;
            }
            _ => None,
        };
        let Some(body) = body else {
            faults.push(
                Fault::new(format!("ID {id} in SLS {sls} is not a dictionary"))
                    .code("id-not-a-mapping")
                    .hint("below an ID stand states: `module.function:` with a list of arguments")
                    .about(sls, id.to_string()),
            );
            continue;
        };
        let mut doubled = |module: &str| {
            faults.push(
                Fault::new(format!(
                    "ID '{id}' in SLS '{sls}' contains multiple state declarations of the same type"
                ))
                .code("same-module-twice")
                .hint(format!("give the second `{module}` state an ID of its own"))
                .about(sls, id.to_string()),
            );
        };
        split_functions(body, &mut doubled, false);
        body.entry("__sls__".into()).or_insert_with(|| sls.into());
        body.entry("__env__".into()).or_insert_with(|| env.into());
    }
}

/// Merges a piece into what there is; IDs must be unique. Salt: `merge_included_states`.
pub(crate) fn merge(high: &mut HighData, piece: Piece, faults: &mut Faults) {
    if let Some(broken) = piece.broken {
        faults.push(Fault::new(format!("Error when rendering state with contents: {broken}")));
        return;
    }
    high.extend.extend(piece.high.extend);
    high.exclude.extend(piece.high.exclude);
    for (id, body) in piece.high.ids {
        if let Some(have) = high.ids.get(&id).filter(|have| **have != body) {
            let place = |body: &Value, key: &str| {
                body.as_map().and_then(|body| text(body, key)).unwrap_or_default().to_owned()
            };
            faults.push(
                Fault::new(format!(
                    "Detected conflicting IDs, SLS IDs need to be globally unique.\n    The \
                     conflicting ID is '{id}' and is found in SLS '{}:{}' and SLS '{}:{}'",
                    place(have, "__env__"),
                    place(have, "__sls__"),
                    place(&body, "__env__"),
                    place(&body, "__sls__")
                ))
                .code("conflicting-id")
                .hint("rename one of them, or `extend` the first")
                .about(place(&body, "__sls__"), id.to_string()),
            );
        }
        high.ids.insert(id, body);
    }
}

/// Marks the IDs of an included file with who included it.
pub(crate) fn mark_included(piece: &mut Piece, by: &str) {
    for (id, body) in &mut piece.high.ids {
        if is_internal(id) {
            continue;
        }
        if let Some(body) = body.as_map_mut() {
            let from =
                body.entry("__sls_included_from__".into()).or_insert_with(|| Value::list([]));
            from.as_list_mut().into_iter().for_each(|from| from.push(by.into()));
        }
    }
}

/// The same extend from one file that is included twice counts once; one ID each afterwards.
fn clean_duplicate_extends(high: &mut HighData) {
    let mut kept: Vec<Map> = Vec::new();
    let mut seen: HashMap<Value, Vec<usize>> = HashMap::new();
    for (name, body) in std::mem::take(&mut high.extend).into_iter().flatten() {
        let same = seen.entry(name.clone()).or_default();
        if same.iter().any(|at| kept[*at].get(&name) == Some(&body)) {
            continue;
        }
        same.push(kept.len());
        let mut one = Map::new();
        one.insert(name, body);
        kept.push(one);
    }
    high.extend = kept;
}
