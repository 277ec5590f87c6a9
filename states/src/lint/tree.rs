//! The check of whole trees: files by themselves, then everything that runs together.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::{Apply, Context, Map, Value};
use halite_render::jinja::inspect::{self, Facts};

use super::Diagnostic;
use super::pillars::{self, Pillars};
use super::roots::{Kind, Role, Roots, Source};
use super::source::{Sheet, Sheets, Texts};
use super::templates::{self, Around};
use super::tops::{self, flat};
use crate::compiler::low::{self, Settings};
use crate::compiler::{
    Compiler, Fault, Faults, Places, exclude, extend, locate, requisite, verify,
};
use crate::support::look_only::LookOnly;

/// What is checked with.
pub struct Lint<'a> {
    /// Functions, grains and options.
    pub apply: &'a Apply<'a>,
    /// The trees.
    pub roots: &'a Roots,
    /// The texts of files.
    pub texts: &'a Texts<'a>,
}

/// Everything that is wrong with the files below `paths`, or with all of them if none are given.
pub fn check(lint: &Lint<'_>, paths: &[PathBuf]) -> Vec<Diagnostic> {
    let sources = lint.roots.sources();
    let host = LookOnly(lint.apply.cx.host);
    let nothing = Arc::new(Map::new());
    let cx = Context { pillar: &nothing, opts: &lint.roots.opts, ..*lint.apply.cx };
    let apply = Apply { cx: &cx, host: &host };
    let pillar = Sheets::new(apply, lint.roots, lint.texts, Kind::Pillar, &sources);
    let mut pillars = pillars::collect(&pillar);
    let of_pillar = std::mem::take(&mut pillars.faults);
    let merged = Arc::new(pillars.data.clone());
    let cx = Context { pillar: &merged, files: &lint.roots.states, ..cx };
    let apply = Apply { cx: &cx, host: &host };
    let states = Sheets::new(apply, lint.roots, lint.texts, Kind::States, &sources);
    let mut check = Check {
        lint,
        paths,
        sources: &sources,
        states: &states,
        pillars: &pillars,
        runs: OnceCell::new(),
        found: Vec::new(),
        seen: HashSet::new(),
        templates: BTreeSet::new(),
    };
    for (source, faults) in of_pillar {
        if check.wants(&source.path) {
            check.source(&source);
            check.add(&source.path, check.kept(faults, &source.env, ""));
        }
    }
    check.tops(&pillar);
    check.states();
    check.finish()
}

/// What all pillar files of a tree come to, merged.
pub fn pillar(lint: &Lint<'_>) -> Map {
    let sources = lint.roots.sources();
    let host = LookOnly(lint.apply.cx.host);
    let nothing = Arc::new(Map::new());
    let cx = Context { pillar: &nothing, opts: &lint.roots.opts, ..*lint.apply.cx };
    let apply = Apply { cx: &cx, host: &host };
    pillars::collect(&Sheets::new(apply, lint.roots, lint.texts, Kind::Pillar, &sources)).data
}

struct Check<'c, 'a> {
    lint: &'c Lint<'a>,
    paths: &'c [PathBuf],
    sources: &'c [Source],
    states: &'c Sheets<'c>,
    pillars: &'c Pillars,
    /// All runs of the tree; made when a requisite is not found in a file's own includes.
    runs: OnceCell<Vec<Run>>,
    found: Vec<Diagnostic>,
    seen: HashSet<(PathBuf, u32, u32, String)>,
    /// Files that were looked at as templates.
    templates: BTreeSet<PathBuf>,
}

/// sls files that run together, and the faults of that.
struct Run {
    files: HashSet<String>,
    faults: Faults,
    chunks: Vec<crate::compiler::LowChunk>,
}

impl Check<'_, '_> {
    fn wants(&self, path: &Path) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|wanted| path.starts_with(wanted))
    }

    /// Adds faults; those of files that nobody asked for only if they came through one that is.
    fn add(&mut self, file: &Path, faults: Faults) {
        for fault in faults.into_iter().flat_map(flat) {
            let path = fault.at.as_ref().map_or(file, |at| at.file.as_path()).to_owned();
            let through = fault.at.iter().flat_map(|at| &at.via).any(|(file, _)| self.wants(file));
            let asked = self.wants(&path) || through;
            if !asked {
                continue;
            }
            let text = (self.lint.texts)(&path).unwrap_or_default();
            let diagnostic = Diagnostic::of(&fault, file, &text);
            let key = (path, diagnostic.line, diagnostic.column, diagnostic.message.clone());
            if self.seen.insert(key) {
                self.found.push(diagnostic);
            }
        }
    }

    /// Looks at a file as a template, without running it.
    fn source(&mut self, source: &Source) {
        if !self.templates.insert(source.path.clone()) {
            return;
        }
        let Some(text) = (self.lint.texts)(&source.path) else { return };
        let name = source.path.display().to_string();
        let Ok(facts) = inspect::inspect(&text, &name) else {
            // sls files tell it when they are rendered.
            if source.role == Role::Template || source.role == Role::Other {
                let error = inspect::inspect(&text, &name).err();
                let fault = error.map(|e| crate::engine::session::fault_of(&e, &source.path));
                self.add(&source.path.clone(), fault.into_iter().collect());
            }
            return;
        };
        let folder = source.relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        let unknown = Pillars::default();
        let around = Around {
            apply: &self.states.apply,
            files: self.lint.roots.files(source.kind),
            env: &source.env,
            pillars: if source.kind == Kind::Pillar { &unknown } else { self.pillars },
            path: &source.path,
            folder,
        };
        let faults = templates::check(&facts, &around);
        self.add(&source.path, faults);
        self.used(&facts, source, folder);
    }

    /// Goes on to the templates that one takes in.
    fn used(&mut self, facts: &Facts, source: &Source, folder: &str) {
        for used in &facts.uses {
            let Some(path) = templates::resolve(&used.path, folder) else { continue };
            let found = self.sources.iter().find(|other| {
                other.kind == source.kind && other.env == source.env && other.relative == path
            });
            if let Some(found) = found.filter(|found| self.wants(&found.path)) {
                self.source(found);
            }
        }
    }

    fn tops(&mut self, pillar: &Sheets<'_>) {
        for source in self.sources.iter().filter(|source| source.role == Role::Top) {
            if self.wants(&source.path) {
                let sheets = if source.kind == Kind::Pillar { pillar } else { self.states };
                let top = tops::check(sheets, source);
                self.source(source);
                self.add(&source.path, top.faults);
            }
        }
    }

    fn states(&mut self) {
        for source in self.sources {
            match &source.role {
                Role::Sls(name) if source.kind == Kind::States && self.wants(&source.path) => {
                    self.source(source);
                    self.sls(source, name);
                }
                Role::Template if self.wants(&source.path) => self.source(source),
                _ => {}
            }
        }
        if self.paths.is_empty() || self.paths.iter().any(|path| path.is_dir()) {
            // IDs must not meet on any machine.
            let faults: Faults = self.runs().iter().flat_map(|run| run.faults.clone()).collect();
            let kept = faults.into_iter().filter(|fault| fault.code == "conflicting-id");
            self.add(Path::new(""), kept.collect());
        }
    }

    fn sls(&mut self, source: &Source, name: &str) {
        if let Sheet::Failed(fault) = &*self.states.sheet(&source.env, name) {
            let faults = self.kept(flat(fault.clone()), &source.env, name);
            return self.add(&source.path, faults);
        }
        let run = run(self.states, &source.env, &[name.to_owned()]);
        let own = run.chunks.iter().filter(|chunk| chunk.text("__sls__") == name);
        let registry = self.states.apply.states;
        let mut faults = super::chunks::check(own, registry, Some(&self.lint.roots.states));
        locate(&mut faults, &places(self.states, &source.env, name));
        self.templates_of(&run, name);
        let rest = self.kept(run.faults, &source.env, name);
        faults.extend(rest);
        self.add(&source.path, faults);
    }

    /// Files that the states of an sls render.
    fn templates_of(&mut self, run: &Run, name: &str) {
        let own = run.chunks.iter().filter(|chunk| chunk.text("__sls__") == name);
        let jinja = own.filter(|chunk| chunk.text("template") == "jinja");
        let urls =
            jinja.filter_map(|chunk| chunk.data.get("source")).flat_map(|value| match value {
                Value::List(items) => items.iter().map(Value::to_string).collect(),
                one => vec![one.to_string()],
            });
        for url in urls {
            let Some(path) = url.strip_prefix("salt://") else { continue };
            let found = self.sources.iter().find(|s| s.kind == Kind::States && s.relative == path);
            if let Some(found) = found {
                self.source(found);
            }
        }
    }

    /// Faults without those that others tell better, or that do not show in any real run.
    fn kept(&self, faults: Faults, env: &str, name: &str) -> Faults {
        // Salt says these twice; the first time says more.
        let told = faults.iter().any(|f| matches!(f.code, "id-not-a-mapping" | "not-a-mapping"));
        let again = |fault: &Fault| {
            ["The type ", "Error when rendering state", "ID include in "]
                .iter()
                .any(|front| told && fault.message.starts_with(front))
        };
        let missing = |fault: &Fault| matches!(fault.code, "unknown-requisite" | "unknown-extend");
        let mut kept = Faults::new();
        for fault in faults.iter().filter(|fault| !again(fault)).cloned() {
            if fault.code == "jinja-undefined" && self.told_by_facts(&fault) {
                continue;
            }
            // Without a pillar at hand, what formulas merge from it is not there.
            let lacks = fault.message.contains("object' has no attribute");
            if fault.code == "jinja-undefined" && lacks && !self.pillars.known {
                kept.push(fault.code("jinja-perhaps-undefined"));
                continue;
            }
            if missing(&fault) {
                kept.extend(self.elsewhere(fault, env, name));
            } else {
                kept.push(fault);
            }
        }
        kept
    }

    /// Whether a missing key of pillar or grains is told without running the template, or cannot be
    /// told at all since there is no pillar.
    fn told_by_facts(&self, fault: &Fault) -> bool {
        let Some(at) = &fault.at else { return false };
        let Some(text) = (self.lint.texts)(&at.file) else { return false };
        let Ok(facts) = inspect::inspect(&text, "") else { return false };
        let here = |reference: &&inspect::Reference| {
            reference.at.iter().any(|key| (key.line, key.column) == (at.line, at.column))
        };
        let root = facts.references.iter().find(here).map(|reference| reference.root.as_str());
        matches!(root, Some("pillar" | "grains"))
    }

    /// A requisite that the file's own includes do not have: fine if every run with the file has it
    /// from elsewhere, else a matter of a missing include.
    fn elsewhere(&self, fault: Fault, env: &str, name: &str) -> Option<Fault> {
        let key = format!("{env}:{name}");
        let mut with = self.runs().iter().filter(|run| run.files.contains(&key));
        let same = |other: &Fault| other.message == fault.message;
        if with.any(|run| !run.faults.iter().any(same)) {
            return None;
        }
        let Some(crate::compiler::Step::Reference(kind, wanted)) =
            fault.about.as_ref().and_then(|about| about.steps.last())
        else {
            return Some(fault);
        };
        let stands = |run: &&Run| {
            run.chunks
                .iter()
                .find(|chunk| {
                    (chunk.id() == wanted || chunk.text("name") == wanted)
                        && (kind == "id" || chunk.state() == kind)
                })
                .map(|chunk| chunk.text("__sls__").to_owned())
        };
        match self.runs().iter().find_map(|run| stands(&run)) {
            Some(sls) if sls != name => Some(fault.code("not-included").hint(format!(
                "it stands in '{sls}', which this file does not include: add `- {sls}` to `include`"
            ))),
            _ => Some(fault),
        }
    }

    fn runs(&self) -> &[Run] {
        self.runs.get_or_init(|| {
            let mut runs = Vec::new();
            for source in self.sources.iter().filter(|source| source.kind == Kind::States) {
                match &source.role {
                    Role::Sls(name) => {
                        runs.push(run(self.states, &source.env, std::slice::from_ref(name)));
                    }
                    Role::Top => {
                        let together = tops::check(self.states, source).together;
                        runs.extend(together.iter().map(|(env, set)| run(self.states, env, set)));
                    }
                    _ => {}
                }
            }
            runs
        })
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        // What a run of the template stumbles over is told better by looking at it.
        let told: HashSet<(PathBuf, u32)> = self
            .found
            .iter()
            .filter(|d| !d.code.starts_with("jinja"))
            .map(|d| (d.file.clone(), d.line))
            .collect();
        self.found.retain(|d| {
            !d.code.starts_with("jinja")
                || d.code == "jinja-syntax"
                || !told.contains(&(d.file.clone(), d.line))
        });
        let place = |d: &Diagnostic| (d.file.clone(), d.line, d.column, d.severity);
        self.found.sort_by_key(place);
        self.found
    }
}

fn places(sheets: &Sheets<'_>, env: &str, name: &str) -> Places {
    let mut places = Places::default();
    if let Sheet::Data(rendered) = &*sheets.sheet(env, name)
        && let Some(own) = &rendered.places
    {
        places.insert(name, own.clone());
    }
    places
}

/// Compiles sls files as one run would, through all stages whatever the faults.
fn run(sheets: &Sheets<'_>, env: &str, names: &[String]) -> Run {
    let mut compiler = Compiler::new(sheets, true);
    let matches = [(env.to_owned(), names.to_vec())].into_iter().collect();
    let (mut high, mut faults) = compiler.render_highstate(&matches);
    let files = compiler.rendered.clone();
    let mut more = extend::reconcile_extend(&mut high, false);
    more.extend(verify::verify_high(&high));
    more.extend(requisite::requisite_in(&mut high, &[]));
    exclude::apply_exclude(&mut high);
    let states = sheets.apply.states;
    let settings = Settings {
        disabled_requisites: Vec::new(),
        state_aggregate: Value::Null,
        disabled_states: Vec::new(),
        has_state: &|name| states.contains(name),
        aggregates: &|_| false,
    };
    let chunks = low::chunks(&high);
    if let Err(of_order) = low::compile_high_data(&high, &settings) {
        more.extend(of_order);
    }
    locate(&mut more, &high.places);
    faults.extend(more);
    let unknown = |fault: &Fault| fault.message.contains(halite_render::engine::UNKNOWN);
    faults.retain(|fault| !unknown(fault));
    Run { files, faults, chunks }
}
