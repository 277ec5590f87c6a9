//! `require_in`, `watch_in`, ... `use`, `use_in`: turned into `extend`s of the states they name.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use halite_core::{Map, Value};

use super::extend::{ArgIndex, find_name, reconcile_extend};
use super::fault::{Fault, Faults};
use super::high::{HighData, is_internal};
use super::place::Step;

/// The forms that are folded here. `listen_in` is not: listening happens after the run.
const FOLDED: &[&str] =
    &["require_in", "watch_in", "onfail_in", "onchanges_in", "use", "use_in", "prereq_in"];
/// What `use` never copies, beside `name` and `names`.
const NEVER_USED: &[&str] = &[
    "require_in",
    "watch_in",
    "onfail_in",
    "onchanges_in",
    "use",
    "use_in",
    "prereq_in",
    "require",
    "watch",
    "prereq",
    "onfail",
    "onfail_stop",
    "onchanges",
    "name",
    "names",
];

/// Extends under construction: ID to (state module to arguments).
type Extends = IndexMap<Value, Map>;

/// Folds the `*_in` forms in. `disabled` are requisite keywords to ignore.
/// Salt: `State.requisite_in` behaviour.
pub fn requisite_in(high: &mut HighData, disabled: &[String]) -> Faults {
    let mut fold = Fold {
        high: &*high,
        index: None,
        names: None,
        of_sls: None,
        extends: Extends::new(),
        origins: HashMap::new(),
    };
    let mut faults = Faults::new();
    for (id, body) in &high.ids {
        let Some(body) = body.as_map() else { continue };
        for (state, run) in body {
            if is_internal(state) {
                continue;
            }
            for arg in run.as_list().unwrap_or_default() {
                let Some((key, items)) = arg.as_map().and_then(Map::first) else { continue };
                let Some(key) = key.as_str().filter(|key| FOLDED.contains(key)) else { continue };
                if disabled.iter().any(|name| name == key) {
                    continue;
                }
                let from = From { id, state, body, key };
                fold.argument(&from, items, &mut faults);
            }
        }
    }
    let extends = std::mem::take(&mut fold.extends);
    let origins = std::mem::take(&mut fold.origins);
    high.extend.extend(extends.into_iter().map(|(id, body)| {
        let mut map = Map::new();
        map.insert(id, body.into());
        map
    }));
    let mut missing = reconcile_extend(high, true);
    for fault in &mut missing {
        let Some(Step::Key(id)) = fault.about.as_ref().and_then(|about| about.steps.last()) else {
            continue;
        };
        if let Some((sls, steps)) = origins.get(id) {
            *fault = std::mem::take(fault).about_part(sls, steps.clone());
        }
    }
    faults.extend(missing);
    faults
}

/// The state that declares a requisite.
struct From<'a> {
    id: &'a Value,
    state: &'a Value,
    body: &'a Map,
    key: &'a str,
}

impl From<'_> {
    /// `require` of `require_in`.
    fn kind(&self) -> &str {
        self.key.split('_').next().unwrap_or(self.key)
    }

    fn steps(&self) -> [Step; 3] {
        [
            Step::Key(self.id.to_string()),
            Step::State(self.state.to_string()),
            Step::Arg(self.key.to_owned()),
        ]
    }

    fn sls(&self) -> String {
        self.body.get("__sls__").map(Value::to_string).unwrap_or_default()
    }
}

struct Fold<'a> {
    high: &'a HighData,
    index: Option<ArgIndex>,
    /// `name` argument to (state module, ID).
    names: Option<HashMap<Value, (Value, Value)>>,
    /// sls to its (ID, state module) pairs.
    of_sls: Option<HashMap<Value, Vec<(Value, Value)>>>,
    extends: Extends,
    /// Where the first reference to an ID stands.
    origins: HashMap<String, (String, Vec<Step>)>,
}

impl<'a> Fold<'a> {
    fn argument(&mut self, from: &From<'_>, items: &Value, faults: &mut Faults) {
        match items {
            Value::Map(pairs) => {
                for (state, name) in &**pairs {
                    let mut state = state.clone();
                    if let Some((module, _)) = dotted(&state) {
                        faults.push(Fault::new(format!(
                            "Invalid requisite in {}: {state} for {name} in SLS '{}'. Requisites \
                             must not contain dots, did you mean '{module}'?",
                            from.kind(),
                            from.sls()
                        ))
                        .code("requisite-form")
                        .about_part(from.sls(), from.steps()));
                        state = Value::str(module);
                    }
                    self.add(from, name, &state);
                }
            }
            Value::List(items) => {
                let mut hinges = Vec::new();
                for item in &**items {
                    self.item(from, item, &mut hinges, faults);
                }
            }
            _ => {}
        }
    }

    /// One item of a list. What earlier items named is applied again, as Salt does: the doubled
    /// entries are visible in the low chunks.
    fn item(
        &mut self,
        from: &From<'_>,
        item: &Value,
        hinges: &mut Vec<(Value, Value)>,
        faults: &mut Faults,
    ) {
        let (state, name) = match item {
            Value::Map(pair) => match pair.first() {
                Some((state, name)) => (state.clone(), name.clone()),
                None => return,
            },
            bare => match self.look_up(bare) {
                Some(found) => found,
                None => return,
            },
        };
        if state.as_str() == Some("sls") {
            *hinges = self.ids_of_sls(&name);
        } else {
            hinges.push((name.clone(), state.clone()));
        }
        if let Some((module, _)) = dotted(&state) {
            faults.push(
                Fault::new(format!(
                    "Invalid requisite in {}: {state} for {name}, in SLS '{}'. Requisites must not \
                 contain dots, did you mean '{module}'?",
                    from.kind(),
                    from.sls()
                ))
                .code("requisite-form")
                .about_part(from.sls(), from.steps()),
            );
        }
        for (name, state) in hinges.iter() {
            match from.key {
                "use_in" => self.use_in(from, name, state),
                "use" => self.use_from(from, name, state),
                _ => self.add(from, name, state),
            }
        }
    }

    /// What a bare text means: an ID's first state, or the state with that `name`.
    fn look_up(&mut self, bare: &Value) -> Option<(Value, Value)> {
        if let Some(body) = self.high.ids.get(bare) {
            let state = body.as_map()?.keys().find(|key| !is_internal(key))?;
            return Some((state.clone(), bare.clone()));
        }
        let names = self.names.get_or_insert_with(|| names_of(&self.high.ids));
        names.get(bare).cloned()
    }

    fn ids_of_sls(&mut self, sls: &Value) -> Vec<(Value, Value)> {
        let of_sls = self.of_sls.get_or_insert_with(|| by_sls(&self.high.ids));
        of_sls.get(sls).cloned().unwrap_or_default()
    }

    /// Gives state `state` of ID `name` the requisite `{kind: [{own state: own id}]}`.
    fn add(&mut self, from: &From<'_>, name: &Value, state: &Value) {
        let mut reference = Map::new();
        reference.insert(from.state.clone(), from.id.clone());
        let origin = || {
            let reference = Step::Reference(state.to_string(), name.to_string());
            (from.sls(), from.steps().into_iter().chain([reference]).collect())
        };
        self.origins.entry(name.to_string()).or_insert_with(origin);
        let kind = from.kind();
        let body = self.extends.entry(name.clone()).or_default();
        let args = body.entry(state.clone()).or_insert_with(|| Value::list([]));
        let mut found = false;
        for arg in args.as_list_mut().into_iter().flatten() {
            let Some((key, list)) = arg.as_map_mut().and_then(|map| map.first_mut()) else {
                continue;
            };
            if key.as_str() == Some(kind) {
                list.as_list_mut().into_iter().for_each(|list| list.push(reference.clone().into()));
                found = true;
            }
        }
        if !found && let Some(args) = args.as_list_mut() {
            let mut arg = Map::new();
            arg.insert(Value::str(kind), Value::list([reference.into()]));
            args.push(arg.into());
        }
        for key in ["__env__", "__sls__"] {
            body.insert(key.into(), from.body.get(key).cloned().unwrap_or_default());
        }
    }

    fn find(&mut self, name: &Value, state: &Value) -> Vec<(Value, Value)> {
        let index = self.index.get_or_insert_with(|| ArgIndex::new(&self.high.ids));
        find_name(name, state, &self.high.ids, index, true)
    }

    fn use_in(&mut self, from: &From<'_>, name: &Value, state: &Value) {
        for (id, found_state) in self.find(name, state) {
            let copied = usable(self.high, (from.id, from.state), (&id, state));
            self.copy_to(id, found_state, copied);
        }
    }

    fn use_from(&mut self, from: &From<'_>, name: &Value, state: &Value) {
        for (id, found_state) in self.find(name, state) {
            let copied = usable(self.high, (&id, &found_state), (from.id, from.state));
            self.copy_to(from.id.clone(), from.state.clone(), copied);
        }
    }

    fn copy_to(&mut self, id: Value, state: Value, copied: Vec<Value>) {
        let body = self.extends.entry(id).or_default();
        let args = body.entry(state).or_insert_with(|| Value::list([]));
        args.as_list_mut().into_iter().for_each(|args| args.extend(copied.iter().cloned()));
    }
}

/// Arguments of one state that another lacks and may take over.
fn usable(high: &HighData, from: (&Value, &Value), to: (&Value, &Value)) -> Vec<Value> {
    let args = |(id, state): (&Value, &Value)| {
        let body = high.ids.get(id).and_then(Value::as_map);
        body.and_then(|body| body.get(state)?.as_list()).unwrap_or_default()
    };
    let one = |arg: &Value| {
        arg.as_map()
            .filter(|map| map.len() == 1)
            .and_then(|map| map.first().map(|(k, _)| k.clone()))
    };
    let has: HashSet<Value> = args(to).iter().filter_map(one).collect();
    let wanted = |arg: &&Value| {
        one(arg).is_some_and(|name| {
            !has.contains(&name) && !name.as_str().is_some_and(|name| NEVER_USED.contains(&name))
        })
    };
    args(from).iter().filter(wanted).cloned().collect()
}

fn names_of(ids: &Map) -> HashMap<Value, (Value, Value)> {
    let mut names = HashMap::new();
    for (id, body) in ids {
        for (state, args) in body.as_map().into_iter().flatten().filter(|(s, _)| !is_internal(s)) {
            for arg in args.as_list().unwrap_or_default() {
                if let Some(name) = arg.get("name") {
                    names.entry(name.clone()).or_insert_with(|| (state.clone(), id.clone()));
                }
            }
        }
    }
    names
}

fn by_sls(ids: &Map) -> HashMap<Value, Vec<(Value, Value)>> {
    let mut of_sls: HashMap<Value, Vec<(Value, Value)>> = HashMap::new();
    for (id, body) in ids {
        let Some(body) = body.as_map() else { continue };
        let Some(sls) = body.get("__sls__") else { continue };
        let states = body.keys().filter(|key| !is_internal(key));
        let pairs = states.map(|state| (id.clone(), state.clone()));
        of_sls.entry(sls.clone()).or_default().extend(pairs);
    }
    of_sls
}

fn dotted(state: &Value) -> Option<(&str, &str)> {
    state.as_str().and_then(|text| text.split_once('.'))
}
