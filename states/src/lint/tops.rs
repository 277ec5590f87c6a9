//! Top files: targets, environments, and the sls files that they name.

use halite_core::target::{Nodegroups, Target};
use halite_core::{Map, Value};

use super::pillars::is_unknown;
use super::roots::Source;
use super::source::Sheets;
use crate::compiler::{Fault, Faults, SlsPlaces, SlsSource, Step};
use crate::engine::session::fault_of;

/// Ways to read a target, as `match:` names them.
const MATCHERS: [&str; 15] = [
    "glob",
    "pcre",
    "grain",
    "grain_pcre",
    "list",
    "pillar",
    "pillar_pcre",
    "pillar_exact",
    "nodegroup",
    "data",
    "data_pcre",
    "ipcidr",
    "range",
    "compound",
    "cidr",
];

/// What a top file says, as far as a checker needs it.
#[derive(Default)]
pub(super) struct Top {
    pub(super) faults: Faults,
    /// sls files that may meet on one machine: for each target, those of `*` and its own.
    pub(super) together: Vec<(String, Vec<String>)>,
}

/// Reads a top file.
pub(super) fn check(sheets: &Sheets<'_>, source: &Source) -> Top {
    let rendered = match sheets.render_file(&source.path, &source.env, "") {
        Ok(rendered) => rendered,
        Err(error) => {
            return Top { faults: flat(fault_of(&error, &source.path)), ..Top::default() };
        }
    };
    let mut top = Top::default();
    top.faults.extend(rendered.faults.iter().map(|error| fault_of(error, &source.path)));
    let places = SlsPlaces::new(&rendered, &source.path);
    let data = rendered.into_value();
    let mut reader = Reader { sheets, faults: Vec::new(), together: Vec::new() };
    match data.as_map() {
        Some(map) => map.iter().for_each(|(env, section)| reader.section(env, section)),
        None => reader.fault(
            &[],
            Fault::new(format!("the top file is a {}, not a mapping", data.type_name()))
                .hint("write `base:`, below it targets, below each a list of sls files"),
        ),
    }
    for (steps, fault) in reader.faults {
        let at = places.as_ref().and_then(|places| places.find(&steps));
        let fault = Fault { at, ..fault };
        top.faults.push(if fault.code.is_empty() { fault.code("top-file") } else { fault });
    }
    top.together = reader.together;
    top
}

/// A fault and those that came with it.
pub(super) fn flat(mut fault: Fault) -> Faults {
    let mut all = std::mem::take(&mut fault.others);
    all.insert(0, fault);
    all
}

struct Reader<'s, 'a> {
    sheets: &'s Sheets<'a>,
    faults: Vec<(Vec<Step>, Fault)>,
    together: Vec<(String, Vec<String>)>,
}

impl Reader<'_, '_> {
    fn fault(&mut self, steps: &[Step], fault: Fault) {
        self.faults.push((steps.to_vec(), fault));
    }

    fn section(&mut self, env: &Value, section: &Value) {
        if env.as_str() == Some("include") || is_unknown(env) || is_unknown(section) {
            return;
        }
        let name = env.to_string();
        let at = [Step::Key(name.clone())];
        if env.as_str().is_none_or(str::is_empty) {
            let what = format!("the environment {} is no text", env.repr());
            self.fault(&at, Fault::new(what).hint("quote it"));
        } else if !self.sheets.envs().contains(&name) {
            let near = self.sheets.envs();
            let near = halite_core::text::nearest(&name, near.iter().map(String::as_str));
            let fault = Fault::new(format!("there is no environment '{name}'"));
            let hint = near.map(|near| format!("did you mean '{near}'?"));
            self.fault(&at, fault.code("unknown-env").maybe_hint(hint));
            return;
        }
        let Some(targets) = section.as_map().filter(|map| !map.is_empty()) else {
            let what = format!("the environment '{name}' has no targets");
            self.fault(&at, Fault::new(what).hint("write a target such as `'*':` below it"));
            return;
        };
        let mut of_target: Vec<(String, Vec<String>)> = Vec::new();
        for (target, items) in targets {
            let names = self.target(&name, target, items);
            of_target.push((target.to_string(), names));
        }
        let all: Vec<String> =
            of_target.iter().filter(|(t, _)| t == "*").flat_map(|(_, n)| n.clone()).collect();
        for (target, names) in of_target {
            let mut set = if target == "*" { Vec::new() } else { all.clone() };
            set.extend(names);
            set.dedup();
            self.together.push((name.clone(), set));
        }
    }

    /// The sls files of a target.
    fn target(&mut self, env: &str, target: &Value, items: &Value) -> Vec<String> {
        let at = [Step::Key(env.to_owned()), Step::Key(target.to_string())];
        let Some(items) = items.as_list() else {
            let what = format!("the target {} has no list of sls files", target.repr());
            self.fault(&at, Fault::new(what).hint("put `- ` before each sls file"));
            return Vec::new();
        };
        let kind = items.iter().rev().find_map(|item| item.get("match")).map(Value::to_string);
        self.matcher(&at, target, kind.as_deref(), items);
        let optional =
            items.iter().any(|item| item.get("ignore_missing").is_some_and(Value::truthy));
        let mut names = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let [first, second] = at.clone();
            let at = [first, second, Step::Item(index)];
            match item {
                Value::Str(name) if name.is_empty() => {
                    self.fault(&at, Fault::new("an empty sls name"));
                }
                Value::Str(name) if !is_unknown(item) => {
                    let found = self.named(env, name);
                    if found.is_empty() && !optional {
                        self.unknown(&at, env, name);
                    }
                    names.extend(found);
                }
                Value::Map(map) => self.options(&at, map),
                Value::Str(_) => {}
                other => {
                    let what = format!("{} is no sls name", other.repr());
                    self.fault(&at, Fault::new(what).hint("an sls name is a text; quote it"));
                }
            }
        }
        names
    }

    fn named(&self, env: &str, pattern: &str) -> Vec<String> {
        let known = self.sheets.available(env);
        known.into_iter().filter(|sls| halite_core::glob::fnmatch(sls, pattern)).collect()
    }

    fn unknown(&mut self, at: &[Step], env: &str, name: &str) {
        let known = self.sheets.available(env);
        let dotted = name.trim_end_matches(".sls").replace('/', ".");
        let hint = match known.contains(&dotted) {
            true => Some(format!("write '{dotted}': folders are parted by dots, without `.sls`")),
            false => halite_core::text::nearest(name, known.iter().map(String::as_str))
                .map(|near| format!("did you mean '{near}'?")),
        };
        let fault = Fault::new(format!("there is no sls file '{name}' in '{env}'"));
        self.fault(at, fault.code("unknown-sls").maybe_hint(hint));
    }

    fn options(&mut self, at: &[Step], map: &Map) {
        for (key, value) in map {
            if !value.truthy() && key.as_str() != Some("ignore_missing") {
                let what = format!("`{key}` has no value");
                self.fault(at, Fault::new(what));
            }
        }
    }

    fn matcher(&mut self, at: &[Step], target: &Value, kind: Option<&str>, items: &[Value]) {
        let kind = kind.unwrap_or("compound");
        if !MATCHERS.contains(&kind) {
            let near = halite_core::text::nearest(kind, MATCHERS)
                .map(|near| format!("did you mean '{near}'?"));
            let item = items.iter().position(|item| item.get("match").is_some()).unwrap_or(0);
            let at = [at, &[Step::Item(item)]].concat();
            let fault = Fault::new(format!("there is no matcher '{kind}'")).code("unknown-matcher");
            return self.fault(&at, fault.maybe_hint(near));
        }
        let groups = self.sheets.apply.opts.map("nodegroups");
        let groups: Nodegroups =
            groups.into_iter().map(|(name, to)| (name.to_string(), to)).collect();
        // Nodegroups are the master's business: a checker need not know them.
        let knows = kind != "nodegroup" && !target.to_string().contains("N@");
        if let Err(why) = Target::parse(target, kind, None, &groups)
            && knows
        {
            let fault = Fault::new(format!("the target {} cannot be read: {why}", target.repr()));
            self.fault(at, fault.code("bad-target"));
        }
    }
}
