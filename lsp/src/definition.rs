//! Where something is declared: sls files, IDs, macros, templates, `salt://` files.

use std::path::Path;

use halite_core::{Map, Value, map};
use halite_render::jinja::inspect::{Facts, inspect};
use halite_states::lint::{Kind, Lint, Role, Source};

use crate::documents::{Position, byte_at, line, location, range};
use crate::scan::{is_requisite, key, parents, word_at};

/// The places that the word at a place is declared at.
pub(crate) fn definition(lint: &Lint<'_>, path: &Path, text: &str, at: Position) -> Value {
    let here = line(text, at.line);
    let (from, to) = word_at(here, byte_at(here, at.column));
    let word = here[from..to].trim_matches(['\'', '"']);
    if word.is_empty() {
        return Value::Null;
    }
    let sources = lint.roots.sources();
    let own = sources.iter().find(|source| source.path == path);
    let mut found = Vec::new();
    if let Some(file) = word.strip_prefix("salt://") {
        found.extend(file_at(&sources, file, Kind::States));
    } else if here.contains("{%") || here.contains("{{") {
        found.extend(of_templates(lint, &sources, own, text, word));
    }
    if found.is_empty() {
        let lines: Vec<&str> = text.split('\n').collect();
        let above = parents(&lines, at.line);
        let parent = above.first().and_then(|(_, line)| key(line)).unwrap_or_default();
        let top = own.is_some_and(|source| source.role == Role::Top);
        if parent == "include" || top || here.trim_start().starts_with("- sls:") {
            found.extend(sls_at(&sources, own, word));
        } else if is_requisite(parent) || parent == "extend" || above.is_empty() {
            // A name may have blanks: what stands behind the colon is it.
            let whole = here.trim().trim_start_matches("- ");
            let name = whole.split_once(": ").map_or(whole, |(_, name)| name);
            let name = name.trim().trim_matches(['\'', '"']).trim_end_matches(':');
            let name = if parent == "extend" { key(here).unwrap_or(name) } else { name };
            found.extend(ids(path, text, name));
            if found.is_empty() {
                for source in sources.iter().filter(|s| s.kind == Kind::States && s.path != path) {
                    let Role::Sls(_) = source.role else { continue };
                    if let Some(text) = (lint.texts)(&source.path) {
                        found.extend(ids(&source.path, &text, name));
                    }
                }
            }
        }
    }
    found.into_iter().map(Value::from).collect::<Vec<_>>().into()
}

fn start(path: &Path) -> Map {
    location(path, Position::default(), Position::default())
}

fn file_at(sources: &[Source], relative: &str, kind: Kind) -> Option<Map> {
    let found = sources.iter().find(|s| s.kind == kind && s.relative == relative)?;
    Some(start(&found.path))
}

fn sls_at(sources: &[Source], own: Option<&Source>, name: &str) -> Option<Map> {
    let kind = own.map_or(Kind::States, |own| own.kind);
    let rest = name.trim_start_matches('.');
    let up = name.len() - rest.len();
    let name = match own.map(|own| &own.role) {
        Some(Role::Sls(sls)) if up > 0 => {
            let mut parts: Vec<&str> = sls.split('.').collect();
            if own.is_some_and(|own| own.relative.ends_with("/init.sls")) {
                parts.push("init");
            }
            parts.truncate(parts.len().saturating_sub(up));
            parts.push(rest);
            parts.join(".")
        }
        _ => name.to_owned(),
    };
    let is = |source: &&Source| matches!(&source.role, Role::Sls(sls) if *sls == name);
    let found = sources.iter().filter(|source| source.kind == kind).find(is)?;
    Some(start(&found.path))
}

/// Lines that declare an ID, or give a state this name.
fn ids(path: &Path, text: &str, name: &str) -> Vec<Map> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let named = key(line) == Some("name")
            && line
                .split_once(": ")
                .is_some_and(|(_, v)| v.trim().trim_matches(['\'', '"']) == name);
        let declared = !line.starts_with([' ', '-', '\t']) && key(line) == Some(name);
        if declared || named {
            let end = line.encode_utf16().count();
            let at = |column| Position { line: number, column };
            let from = line.len() - line.trim_start().len();
            let one = location(path, at(from), at(end));
            if declared { found.insert(0, one) } else { found.push(one) }
        }
    }
    found
}

/// Templates and macros.
fn of_templates(
    lint: &Lint<'_>,
    sources: &[Source],
    own: Option<&Source>,
    text: &str,
    word: &str,
) -> Option<Map> {
    let own = own?;
    let facts = inspect(text, "").ok()?;
    let folder = own.relative.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = |path: &str| {
        let path = halite_states::lint::template_path(path, folder)?;
        sources.iter().find(|source| source.kind == own.kind && source.relative == path)
    };
    if let Some(used) = facts.uses.iter().find(|used| used.path == word) {
        return file(&used.path).map(|source| start(&source.path));
    }
    let (root, name) = word.split_once('.').unwrap_or(("", word));
    for used in &facts.uses {
        let wanted = match root {
            "" => used.names.iter().find(|(_, here)| here == name).map(|(there, _)| there.as_str()),
            root => used.names.iter().any(|(_, here)| here == root).then_some(name),
        };
        let Some(wanted) = wanted else { continue };
        let Some(source) = file(&used.path) else { continue };
        let text = (lint.texts)(&source.path)?;
        let there = inspect(&text, "").ok()?;
        return defined(&there, &source.path, wanted).or_else(|| Some(start(&source.path)));
    }
    defined(&facts, &own.path, if root.is_empty() { name } else { root })
}

fn defined(facts: &Facts, path: &Path, name: &str) -> Option<Map> {
    let found = facts.definitions.iter().find(|definition| definition.name == name)?;
    let place = Position { line: found.at.line as usize - 1, column: found.at.column as usize - 1 };
    Some(location(path, place, place))
}

/// IDs, macros and variables of a document.
pub(crate) fn symbols(text: &str) -> Value {
    let mut symbols: Vec<Value> = Vec::new();
    let mut add = |name: &str, kind: i64, number: usize, line: &str| {
        let at = |column| Position { line: number, column };
        let whole = range(at(0), at(line.encode_utf16().count()));
        symbols.push(
            map! {"name" => name, "kind" => kind, "range" => whole.clone(), "selectionRange" => whole}
                .into(),
        );
    };
    for (number, line) in text.lines().enumerate() {
        if let Some(rest) = line.trim_start().strip_prefix("{%") {
            let rest = rest.trim_start_matches(['-', '+', ' ']);
            let name = |rest: &str| {
                rest.trim_start()
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .map(str::to_owned)
            };
            let found = rest.strip_prefix("macro ").map(|rest| (12, rest));
            let found = found.or_else(|| rest.strip_prefix("set ").map(|rest| (13, rest)));
            if let Some((kind, rest)) = found
                && let Some(name) = name(rest).filter(|name| !name.is_empty())
            {
                add(&name, kind, number, line);
            }
        } else if !line.starts_with([' ', '\t', '#', '-'])
            && let Some(id) = key(line)
        {
            add(id, 5, number, line);
        }
    }
    symbols.into()
}
