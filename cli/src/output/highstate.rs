//! `highstate`: what each state did, and a summary.

use std::fmt::{self, Write};

use halite_core::{Map, Value};

use super::colors::{Colors, harmless};
use super::highstate_summary::{Counts, summary};
use super::nested::python_lines;
use super::{OutputOpts, Outputter, highstate_ids, nested};

/// Salt: `salt/output/highstate.py` behaviour.
pub(crate) struct Highstate;

impl Outputter for Highstate {
    fn name(&self) -> &'static str {
        "highstate"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        match unwrapped(data) {
            Value::Map(hosts) => to.write_str(&hosts_text(opts, hosts, 1)),
            other => to.write_str(&other.to_string()),
        }
    }
}

/// Takes off the envelopes in which orchestration and look-ups put a state return.
fn unwrapped(data: &Value) -> &Value {
    let data = data.get("return").unwrap_or(data);
    let data = data.get("data").unwrap_or(data);
    match data.as_map().map(|map| (map.len(), map.values().next())) {
        Some((1, Some(only))) if only.get("jid").is_some() && only.get("fun").is_some() => {
            only.get("return").and_then(|ret| ret.get("data")).unwrap_or(data)
        }
        _ => data,
    }
}

fn hosts_text(opts: &OutputOpts<'_>, hosts: &Map, level: usize) -> String {
    let masters = hosts.keys().filter(|key| key.to_string().ends_with("_master")).count();
    let orchestrated = hosts.contains_key("retcode") && masters == 1;
    let compress = opts.opts.bool("state_compress_ids");
    let texts = hosts.iter().filter(|(key, _)| !orchestrated || key.as_str() != Some("retcode"));
    let texts = texts.map(|(host, data)| {
        let joined = compress.then(|| highstate_ids::compress(data)).flatten();
        host_text(opts, &host.to_string(), joined.as_ref().unwrap_or(data), level).0
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// One host: its text, and whether anything changed.
fn host_text(opts: &OutputOpts<'_>, host: &str, data: &Value, level: usize) -> (String, bool) {
    let colors = Colors::new(opts.color);
    let mut page = Page {
        opts,
        colors,
        level,
        head: colors.green(),
        lines: Vec::new(),
        counts: Counts::default(),
        state_output: opts.opts.str("state_output").to_lowercase(),
        profile: opts.opts.bool("state_output_profile"),
        compress: opts.opts.bool("state_compress_ids"),
        quiet: opts.opts.bool("state_output_diff") || !opts.opts.bool("state_verbose"),
    };
    match data {
        Value::List(errors) => page.errors(errors),
        Value::Map(states) => page.states(host, states),
        other => page.plain(other),
    }
    let end = colors.end();
    page.lines.insert(0, format!("{}{}:{end}", page.head, harmless(host)));
    (page.lines.join("\n"), page.counts.changed > 0)
}

struct Page<'a> {
    opts: &'a OutputOpts<'a>,
    colors: Colors,
    level: usize,
    head: &'static str,
    lines: Vec<String>,
    counts: Counts,
    /// `state_output`, in lower case.
    state_output: String,
    /// `state_output_profile`.
    profile: bool,
    /// `state_compress_ids`.
    compress: bool,
    /// States that went well and changed nothing are left out.
    quiet: bool,
}

impl Page<'_> {
    fn plain(&mut self, data: &Value) {
        let (green, end) = (self.colors.green(), self.colors.end());
        self.counts.changed = 1;
        for line in python_lines(&data.to_string()) {
            self.lines.push(format!("{green}    {line}{end}"));
        }
        self.head = self.colors.cyan();
    }

    fn errors(&mut self, errors: &[Value]) {
        let (red, end) = (self.colors.light_red(), self.colors.end());
        self.head = red;
        self.lines.push(format!("    {red}Data failed to compile:{end}"));
        for error in errors {
            let error = error.to_string();
            self.lines.push(format!("{red}----------\n    {}{end}", harmless(&error)));
        }
    }

    fn states(&mut self, host: &str, states: &Map) {
        for info in states.values().filter(|info| info.as_map().is_some_and(|m| !m.is_empty())) {
            if info.get("__run_num__").is_none() {
                self.lines.insert(0, halite_core::value::pformat(info, 1, 80));
                let what = "The State execution failed to record the order in which all states \
                            were executed. The state return missing data is:";
                self.lines.insert(0, what.into());
            }
        }
        let mut chunks: Vec<(String, &Map)> = states
            .iter()
            .filter_map(|(tag, info)| Some((tag.to_string(), info.as_map()?)))
            .filter(|(_, info)| info.contains_key("result"))
            .collect();
        chunks
            .sort_by_key(|(_, info)| info.get("__run_num__").and_then(Value::as_i64).unwrap_or(0));
        for (tag, info) in chunks {
            self.state(&tag, info);
        }
        let rows = summary(self.opts, self.colors, host, &self.counts);
        self.lines.extend(rows);
    }

    fn state(&mut self, tag: &str, info: &Map) {
        let chunk = Chunk::new(tag, info);
        self.counts.count(&chunk, self.compress);
        let (changed, changes) = self.changes(&chunk);
        self.counts.changed += if changed { chunk.changes_shown() } else { 0 };
        if self.quiet && chunk.result == Some(true) && !changed {
            return;
        }
        let color = match chunk.result {
            Some(false) => self.colors.red(),
            None => self.colors.light_yellow(),
            Some(true) if changed => self.colors.cyan(),
            Some(true) => self.colors.green(),
        };
        if chunk.result != Some(true) {
            self.head = color;
        }
        match self.style(&chunk, changed) {
            Style::Skip => {}
            Style::Terse => {
                let line = self.terse(&chunk, color);
                self.lines.push(line);
            }
            Style::Full => {
                self.counts.warnings += usize::from(chunk.warnings().is_some());
                self.full(&chunk, color, &changes);
            }
        }
    }

    /// Whether something changed, and the text below `Changes:`.
    fn changes(&self, chunk: &Chunk<'_>) -> (bool, String) {
        let changes = chunk.info.get("changes").cloned().unwrap_or_default();
        if let Some("state.orch" | "state.orchestrate" | "state.sls") =
            chunk.info.get("name").and_then(Value::as_str)
        {
            let nested = match unwrapped(&changes) {
                Value::Map(hosts) => hosts_text(self.opts, hosts, self.level + 1),
                other => other.to_string(),
            };
            // The line of `Changes:` itself is indented as well, as in Salt.
            let width = 14 * self.level;
            return (true, format!("{:width$}{}", "", indented_all(&nested, width)));
        }
        let Some(map) = changes.as_map() else {
            let shown = format!("Invalid Changes data: {changes}");
            return if changes.truthy() { (true, shown) } else { (false, String::new()) };
        };
        if map.is_empty() {
            return (false, String::new());
        }
        let inner = map.get("ret").and_then(Value::as_map);
        match inner.filter(|_| map.get("out").and_then(Value::as_str) == Some("highstate")) {
            Some(hosts) => {
                let (mut text, mut any) = (String::new(), false);
                for (host, data) in hosts {
                    let (shown, changed) = host_text(self.opts, &host.to_string(), data, 1);
                    text.push_str(&indented(&shown, 14));
                    any |= changed;
                }
                (any, text)
            }
            None => {
                // Changes of a run that failed have the same colours as those of others.
                let opts = OutputOpts { retcode: 0, ..*self.opts };
                (true, format!("\n{}", nested::lines(&opts, &changes, 14).join("\n")))
            }
        }
    }

    fn style(&self, chunk: &Chunk<'_>, changed: bool) -> Style {
        let wanted = self.state_output.as_str();
        let good = chunk.result != Some(false);
        if wanted.starts_with("filter") {
            let shown = chunk.result_text();
            let listed = |name: &str| {
                self.opts
                    .opts
                    .list(name)
                    .iter()
                    .any(|item| item.split(',').any(|part| part == shown))
            };
            return match () {
                () if listed("state_output_terse") => Style::Terse,
                () if listed("state_output_exclude") => Style::Skip,
                () => Style::Full,
            };
        }
        let terse = wanted.starts_with("terse")
            || (wanted.starts_with("mixed") && good)
            || (wanted.starts_with("changes") && chunk.result == Some(true) && !changed);
        if terse { Style::Terse } else { Style::Full }
    }

    fn shown_name<'c>(&self, chunk: &'c Chunk<'_>) -> &'c str {
        if self.state_output.ends_with("_id") { chunk.id } else { chunk.name }
    }

    fn full(&mut self, chunk: &Chunk<'_>, color: &str, changes: &str) {
        let end = self.colors.end();
        // Pieces put together by hand: a run of thousands of states prints tens of thousands of rows.
        let mut text = [color, "----------", end].concat();
        let mut row = |label: &str, shown: &[&str]| {
            let shown = shown.iter().copied();
            ["\n    ", color, label]
                .into_iter()
                .chain(shown)
                .chain([end])
                .for_each(|part| text += part);
        };
        row("      ID: ", &[chunk.id]);
        row("Function: ", &[chunk.state, ".", chunk.fun]);
        let name = self.shown_name(chunk);
        if name != chunk.id {
            row("    Name: ", &[name]);
        }
        row("  Result: ", &[&chunk.result_text()]);
        row(" Comment: ", &[&chunk.comment()]);
        if let (true, Some(start)) = (self.profile, chunk.info.get("start_time")) {
            row(" Started: ", &[&start.to_string()]);
            match chunk.duration() {
                Some(ms) => row("Duration: ", &[&ms, " ms"]),
                None => row("Duration: ", &[]),
            }
        }
        ["\n", color, "     Changes:   ", changes, end].into_iter().for_each(|part| text += part);
        self.lines.push(text);
        if let Some(warnings) = chunk.warnings() {
            let red = self.colors.light_red();
            let text = wrap(&warnings.join("\n"), 80, 14);
            self.lines.push(format!("   {red} Warnings: {}{end}", text.trim_start()));
        }
    }

    fn terse(&self, chunk: &Chunk<'_>, color: &str) -> String {
        let result = match (chunk.result, chunk.info.get("changes").is_some_and(Value::truthy)) {
            (Some(false), _) => "Failed",
            (None, _) => "Differs",
            (_, true) => "Changed",
            (_, false) => "Clean",
        };
        let (red, end) = (self.colors.light_red(), self.colors.end());
        let name = self.shown_name(chunk);
        let timed = self.profile.then(|| chunk.info.get("start_time")).flatten();
        let duration = chunk.duration().unwrap_or_default();
        let tabular = self.opts.opts.bool("state_tabular");
        let mut line = match chunk.warnings() {
            Some(warnings) if tabular => format!("{red}Warnings:\n{}{end}\n", warnings.join("\n")),
            Some(warnings) => format!("{red}Warnings:\n{}{end}", warnings.join("\n")),
            None => String::new(),
        };
        let (state, fun) = (chunk.state, chunk.fun);
        if tabular {
            line.push_str(color);
            if let Some(start) = timed {
                line.push_str(&format!("{start} [{duration:>7} ms] "));
            }
            line.push_str(&format!("{state:>10}.{fun:<10} {result:7}   Name: {name}{end}"));
        } else {
            line.push_str(&format!(
                " {color} Name: {name} - Function: {state}.{fun} - Result: {result}"
            ));
            if let Some(start) = timed {
                line.push_str(&format!(" - Started: {start} - Duration: {duration} ms"));
            }
            line.push_str(end);
        }
        line
    }
}

enum Style {
    Full,
    Terse,
    Skip,
}

/// Every line on a new line, also an empty last one.
fn indented_all(text: &str, width: usize) -> String {
    text.split('\n').map(|line| format!("\n{:width$}{line}", "")).collect()
}

fn indented(text: &str, width: usize) -> String {
    let lines = std::iter::once("").chain(text.lines()).skip(1);
    lines.map(|line| format!("\n{:width$}{line}", "")).collect()
}

/// One state's return, with its tag taken apart.
pub(super) struct Chunk<'a> {
    pub(super) state: &'a str,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) fun: &'a str,
    pub(super) info: &'a Map,
    pub(super) result: Option<bool>,
}

impl<'a> Chunk<'a> {
    fn new(tag: &'a str, info: &'a Map) -> Chunk<'a> {
        let parts: Vec<&str> = tag.split("_|-").collect();
        let part = |i: usize| parts.get(i).copied().unwrap_or_default();
        Chunk {
            state: part(0),
            id: part(1),
            name: part(2),
            fun: parts.last().copied().unwrap_or_default(),
            info,
            result: match info.get("result") {
                None | Some(Value::Null) => None,
                Some(result) => Some(result.truthy()),
            },
        }
    }

    fn result_text(&self) -> String {
        self.info.get("result").map(Value::to_string).unwrap_or_default()
    }

    /// Milliseconds as they were reported, with a unit in the text taken off.
    pub(super) fn duration(&self) -> Option<String> {
        let text = self.info.get("duration")?.to_string();
        Some(text.strip_suffix(" ms").map(str::to_owned).unwrap_or(text))
    }

    /// How many states stand behind this one when IDs are compressed.
    pub(super) fn compressed(&self) -> usize {
        let inside = self.id.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let joined = self.name.starts_with("state_compressed_");
        inside.filter(|_| joined).and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    fn changes_shown(&self) -> usize {
        let changes = self.info.get("changes");
        let joined = changes.and_then(|c| c.get("compressed changes")).and_then(Value::as_map);
        if self.compressed() > 1 { joined.map_or(1, |map| map.len().max(1)) } else { 1 }
    }

    pub(super) fn warnings(&self) -> Option<Vec<String>> {
        let warnings = self.info.get("warnings")?;
        Some(match warnings {
            Value::List(items) => items.iter().map(Value::to_string).collect(),
            other => vec![other.to_string()],
        })
    }

    fn comment(&self) -> String {
        let comment = self.info.get("comment").map(Value::to_string).unwrap_or_default();
        let mut text = harmless(comment.trim()).replace('\n', &format!("\n{:14}", ""));
        match self.info.get("data") {
            None => {}
            Some(Value::List(items)) => {
                items.iter().for_each(|item| text.push_str(&format!(" {item}")));
            }
            Some(Value::Map(map)) => {
                map.iter().for_each(|(k, v)| text.push_str(&format!("\n\t\t{k}: {v}")));
            }
            Some(other) => text.push_str(&format!(" {other}")),
        }
        text
    }
}

/// Python's `textwrap.fill` with the same indent on every line.
fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = indent + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    let lines: Vec<String> = lines.iter().map(|line| format!("{:indent$}{line}", "")).collect();
    lines.join("\n")
}
