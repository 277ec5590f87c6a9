//! From top files or sls names to high data, and from there through a run.

use std::path::Path;

use halite_core::glob::fnmatch;
use halite_core::{Apply, Error, Map, Result, SaltEnv, Value, map};

use super::run::{Returns, RunSettings, run};
use super::session::{Session, fault_of, render_fault, rendered_sls};
use crate::compiler::low::{self, messages};
use crate::compiler::sls::Matches;
use crate::compiler::top::{self, Merge, Tops};
use crate::compiler::{
    Compiled, Compiler, Fault, Faults, HighData, Rendered, SlsSource, locate, name_as_master,
    show_source,
};
use crate::support::matcher::ThisMinion;

/// The tag of the pseudo state that stands for a highstate without states.
const NO_STATES: &str = "no_|-states_|-states_|-None";

/// What a run comes to: returns by tag, or the reasons why it did not start.
pub enum Done {
    /// It ran.
    Returns(Returns),
    /// It did not compile.
    Faults(Faults),
}

impl Done {
    /// As the caller sees it.
    pub fn into_value(self) -> Value {
        match self {
            Done::Returns(returns) => {
                let pairs = returns.into_iter().map(|(tag, ret)| (Value::from(tag), ret.into()));
                Value::from(pairs.collect::<Map>())
            }
            Done::Faults(faults) => messages(&faults).into(),
        }
    }
}

/// Tells the log where faults sit and what to do about them; what is returned holds Salt's texts,
/// and behind them the same where the run was asked for by a master.
pub fn log_faults(apply: &Apply<'_>, faults: &mut Faults) {
    read_lines(apply, faults);
    for fault in faults.iter_mut() {
        for fault in std::iter::once(&*fault).chain(&fault.others) {
            tracing::error!("{fault}");
        }
        if !is_local(apply) {
            fault.message = fault.to_string();
        }
    }
}

/// Whether a run goes back to no master: what is returned then holds Salt's texts alone, and the log
/// beside it the rest.
pub(crate) fn is_local(apply: &Apply<'_>) -> bool {
    apply.opts.bool("local") || apply.opts.str("file_client") == "local"
}

/// Reads the lines that faults sit in, then names the files as people know them.
pub(crate) fn read_lines(apply: &Apply<'_>, faults: &mut Faults) {
    show_source(faults, &|path| {
        apply.host.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    });
    name_as_master(faults, &apply.files.cache_dir());
}

/// Tells the log of calls that cannot be made, all of them before anything runs.
fn foresee(apply: &Apply<'_>, compiled: &Compiled) {
    let mut faults = crate::lint::chunks::check(compiled.chunks.iter(), apply.states, None);
    faults.retain(|fault| {
        matches!(fault.code, "unknown-function" | "unknown-argument" | "missing-argument")
    });
    locate(&mut faults, &compiled.places);
    log_faults(apply, &mut faults);
}

impl Session<'_> {
    /// High data of sls names in one environment.
    pub fn high_of(&self, env: &str, mods: &[String]) -> (HighData, Faults) {
        let matches: Matches = [(env.to_owned(), mods.to_vec())].into_iter().collect();
        self.high_matching(&matches)
    }

    fn high_matching(&self, matches: &Matches) -> (HighData, Faults) {
        Compiler::new(self, self.auto_order()).render_highstate(matches)
    }

    /// Renders one file on this machine as if it were an sls. Salt: `render_state(local=True)`.
    pub fn high_of_file(&self, path: &Path, saltenv: &str) -> (HighData, Faults) {
        struct OneFile<'a, 'b> {
            session: &'a Session<'b>,
            path: &'a Path,
        }
        impl SlsSource for OneFile<'_, '_> {
            fn envs(&self) -> Vec<String> {
                self.session.envs()
            }
            fn available(&self, env: &str) -> Vec<String> {
                self.session.available(env)
            }
            fn render(&self, env: &str, sls: &str) -> Rendered {
                if Path::new(sls) != self.path {
                    return self.session.render(env, sls);
                }
                match self.session.render_file(self.path, env, sls) {
                    Ok(rendered) => Rendered::Data(rendered_sls(rendered, self.path, false)),
                    Err(error) => render_fault(&error, self.path),
                }
            }
        }
        let name = path.to_string_lossy().into_owned();
        if !self.apply.host.metadata(path).is_ok_and(|stat| stat.is_some_and(|s| s.is_file())) {
            let what = format!("Specified SLS {name} on local filesystem cannot be found.");
            return (HighData::default(), vec![Fault::new(what)]);
        }
        let source = OneFile { session: self, path };
        let mut compiler = Compiler::new(&source, self.auto_order());
        let (piece, faults) = compiler.render_state(saltenv, &name, &Matches::new(), 0);
        (piece.high, faults)
    }

    /// Compiles high data for runs to come; the log is told of calls that cannot be made.
    ///
    /// # Errors
    /// What does not compile.
    pub fn compile_high(&self, high: &mut HighData) -> Result<Compiled, Faults> {
        let compiled = self.with_settings(|with| low::compile(high, with))?;
        foresee(self.apply, &compiled);
        Ok(compiled)
    }

    /// Compiles and runs high data. Salt: `call_high`.
    ///
    /// # Errors
    /// What ends a run: see [`run`].
    pub fn call_high(&self, high: &mut HighData, mut settings: RunSettings) -> Result<Done> {
        settings.failhard |= self.apply.opts.bool("failhard");
        match self.with_settings(|with| low::compile(high, with)) {
            Err(mut faults) => {
                log_faults(self.apply, &mut faults);
                Ok(Done::Faults(faults))
            }
            Ok(compiled) => {
                foresee(self.apply, &compiled);
                let returns = run(self.apply, compiled, settings)?;
                let jid = &self.apply.job.jid;
                let pause = super::pause::path(&self.apply.opts.path("cachedir"), jid);
                if !jid.is_empty() && self.apply.host.exists(&pause) {
                    self.apply.host.remove_file(&pause)?;
                }
                Ok(Done::Returns(returns))
            }
        }
    }

    fn render_top(&self, path: &Path, env: &str) -> Result<Map, Fault> {
        let rendered = self.render_file(path, env, "").map_err(|error| fault_of(&error, path))?;
        Ok(rendered.into_value().as_map().cloned().unwrap_or_default())
    }

    /// Top files of the environments that count. Salt: `get_tops`.
    fn tops(&self) -> Result<Tops, Fault> {
        let opts = self.apply.opts;
        let named = opts.str("state_top");
        let named = named.strip_prefix("salt://").unwrap_or(named).trim_start_matches('/');
        let file = if named.is_empty() { "top.sls" } else { named };
        let envs = match (self.saltenv(), opts.get("state_top_saltenv").filter(|env| env.truthy()))
        {
            (Some(env), _) => vec![env.to_owned()],
            (None, Some(env)) => vec![env.to_string()],
            (None, None) => self.envs(),
        };
        let mut tops = Tops::new();
        for env in envs {
            let path = SaltEnv::parse(&env).and_then(|env| self.apply.files.cache_file(file, &env));
            let found = path.map_err(|error| Fault::new(error.to_string()))?;
            let data = match found {
                Some(found) => self.render_top(&found.path, &env)?,
                None => Map::new(),
            };
            tops.insert(env, vec![data]);
        }
        self.include_tops(&mut tops)?;
        Ok(tops)
    }

    /// Adds the sls files that top files include; included ones are not looked into.
    fn include_tops(&self, tops: &mut Tops) -> Result<(), Fault> {
        for (env, files) in tops.iter_mut() {
            let mut wanted = Vec::new();
            for file in files.iter_mut() {
                let include = file.shift_remove("include").unwrap_or_default();
                wanted.extend(include.as_list().unwrap_or_default().iter().map(Value::to_string));
            }
            let mut done: Vec<String> = Vec::new();
            for pattern in wanted {
                let matching = self.available(env);
                for sls in matching.into_iter().filter(|sls| fnmatch(sls, &pattern)) {
                    if !done.contains(&sls) {
                        let data = match self.render(env, &sls) {
                            Rendered::Data(rendered) => rendered.data,
                            Rendered::Failed(fault) | Rendered::Crashed(fault) => {
                                return Err(fault);
                            }
                            Rendered::Missing => Value::Null,
                        };
                        files.push(data.as_map().cloned().unwrap_or_default());
                        done.push(sls);
                    }
                }
            }
        }
        Ok(())
    }

    /// The merged top. A top file that does not render counts as empty.
    ///
    /// # Errors
    /// Sections without targets, and `same` without `default_top`.
    pub fn top(&self) -> Result<Map, Fault> {
        let opts = self.apply.opts;
        let how = match opts.str("top_file_merging_strategy") {
            "same" => Merge::Same(opts.str("default_top").to_owned()),
            "merge_all" => Merge::All,
            "" | "merge" => Merge::Base,
            other => {
                tracing::warn!(
                    "Invalid top_file_merging_strategy '{other}', falling back to 'merge'"
                );
                Merge::Base
            }
        };
        if how == Merge::Same(String::new()) && self.saltenv().is_none() {
            tracing::error!(
                "Unable to render top file: top_file_merging_strategy set to 'same', but no \
                 default_top configuration option was set"
            );
            return Ok(Map::new());
        }
        match self.tops() {
            Ok(tops) => top::merge_tops(tops, &how),
            Err(fault) => {
                let mut faults = vec![fault];
                read_lines(self.apply, &mut faults);
                if !is_local(self.apply) {
                    let fault = faults.remove(0);
                    return Err(fault);
                }
                faults
                    .iter()
                    .for_each(|fault| tracing::error!("Unable to render top file: {fault}"));
                Ok(Map::new())
            }
        }
    }

    /// What of a top applies to this minion, with what the master adds.
    ///
    /// # Errors
    /// If the master cannot be asked, or this minion's id is none.
    pub fn matches(&self, merged: &Map) -> Result<Matches> {
        let id = || Error::execution("the minion id of this run is not valid");
        let minion = ThisMinion::new(self.apply.cx).ok_or_else(id)?;
        let mut matches = top::top_matches(merged, self.saltenv(), &self.envs(), &minion);
        let extra = self.apply.files.master_tops()?;
        let first = self.apply.opts.bool("master_tops_first");
        top::add_master_tops(&mut matches, &extra, first);
        Ok(matches)
    }

    /// High data of what the top files name, with all faults. Salt: `compile_highstate`.
    ///
    /// # Errors
    /// As [`Session::top`] and [`Session::matches`].
    pub fn high_of_top(&self) -> Result<(HighData, Faults)> {
        let top = self.top().map_err(|fault| Error::execution(fault.message))?;
        let mut faults = top::verify_tops(&top);
        let (high, more) = self.high_matching(&self.matches(&top)?);
        faults.extend(more);
        self.locate_in_tops(&mut faults);
        Ok((high, faults))
    }

    /// Runs the highstate. Also gives the high data it came from. Salt: `call_highstate`.
    ///
    /// # Errors
    /// What ends a run.
    pub fn call_highstate(
        &self,
        exclude: Vec<Value>,
        whitelist: &[String],
        settings: RunSettings,
    ) -> Result<(Done, Map)> {
        let nothing = |comment: &str| {
            let ret = map! {
                "result" => false, "comment" => comment, "name" => "No States",
                "changes" => Map::new(), "__run_num__" => 0,
            };
            let returns: Returns = [(NO_STATES.to_owned(), ret)].into_iter().collect();
            Ok((Done::Returns(returns), Map::new()))
        };
        let merged = match self.top() {
            Ok(merged) => merged,
            Err(fault) => {
                let mut faults = vec![fault];
                log_faults(self.apply, &mut faults);
                return nothing(&format!("Unable to render top file: {}", faults[0].message));
            }
        };
        let mut faults = top::verify_tops(&merged);
        let matches = self.matches(&merged)?;
        if matches.is_empty() {
            return nothing(
                "No Top file or master_tops data matches found. Please see master log for details.",
            );
        }
        let matches = top::whitelisted(matches, whitelist);
        let (mut high, more) = self.high_matching(&matches);
        faults.extend(more);
        high.exclude.extend(exclude);
        if !faults.is_empty() {
            self.locate_in_tops(&mut faults);
            log_faults(self.apply, &mut faults);
            return Ok((Done::Faults(faults), Map::new()));
        }
        if high.is_empty() {
            return nothing("No states found for this minion");
        }
        keep(self.apply, "highstate", &high);
        let shown = high.to_map();
        Ok((self.call_high(&mut high, settings)?, shown))
    }
}

/// Keeps the last high data beside other caches, for `cache=True`, unless there are secrets in it. Failing to is no
/// fault.
pub fn keep(apply: &Apply<'_>, name: &str, high: &HighData) {
    let path = apply.opts.path("cachedir").join(format!("{}.cache.p", name.replace('/', "_")));
    let data = Value::from(high.to_map());
    let text = halite_core::value::to_json(&data, Default::default());
    // With placeholders in place of secrets it could not be run again: what was kept before goes as well.
    let text = if apply.job.secrets.hide(data.clone()) == data { text } else { String::new() };
    if let Err(error) = apply.host.write_atomic(&path, text.as_bytes(), Some(0o600)) {
        tracing::warn!("Unable to write to \"state.highstate\" cache file: {error}");
    }
}

/// The high data kept last; `None` if there is none.
pub fn kept(apply: &Apply<'_>, name: &str) -> Option<HighData> {
    let path = apply.opts.path("cachedir").join(format!("{}.cache.p", name.replace('/', "_")));
    let bytes = apply.host.read(&path).ok()?;
    let value = halite_core::value::parse_json(&String::from_utf8_lossy(&bytes)).ok()?;
    value.as_map().cloned().map(HighData::from_map)
}
