//! What may stand at a place.

use std::path::Path;

use halite_core::{Apply, Map, Spec, Value, map};
use halite_states::lint::{self, Kind, Lint, Role};

use crate::documents::{Position, byte_at, line, range};
use crate::scan::{Around, around, key};

/// How many items are offered at most.
const ITEMS_MAX: usize = 2_000;

/// The protocol's kinds of items.
#[derive(Clone, Copy)]
enum Item {
    Function = 3,
    Field = 5,
    Module = 9,
    Value = 12,
    Keyword = 14,
    File = 17,
    Reference = 18,
}

/// An item: label, kind, one line, docs.
type Offer = (String, Item, String, String);

/// The completions at a place of a document.
pub(crate) fn complete(lint: &Lint<'_>, path: &Path, text: &str, at: Position) -> Value {
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let here = line(text, at.line);
    let before = &here[..byte_at(here, at.column)];
    let source = lint.roots.source_of(path);
    let top = source.as_ref().is_some_and(|source| source.role == Role::Top);
    let kind = source.as_ref().map_or(Kind::States, |source| source.kind);
    let apply = lint.apply;
    let offers = match around(&lines, at.line, before, top) {
        Around::ExecFunction => functions(apply.exec.specs()),
        Around::StateFunction if kind == Kind::States => functions(apply.states.specs()),
        Around::Argument { fun } => arguments(apply, &fun),
        Around::Requisite => requisites(lint, text),
        Around::PillarKey { colons } => keys(&lint::pillar(lint), colons),
        Around::GrainKey { colons } => keys(apply.grains, colons),
        Around::SaltFile => files(lint, Kind::States, |_| true),
        Around::Template => files(lint, kind, |role| matches!(role, Role::Template | Role::Sls(_))),
        Around::Sls => sls(lint, kind),
        Around::StateFunction | Around::Nothing => Vec::new(),
    };
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || "._-/:".contains(*c))
        .last()
        .map_or(before.len(), |(index, _)| index);
    // In `salt.cmd.r` the name begins behind the root.
    let word = &before[start..];
    let roots = ["salt://", "salt.", "pillar.", "grains."];
    let skipped = roots.iter().find(|root| word.starts_with(**root)).map_or(0, |root| root.len());
    let units = |text: &str| text.encode_utf16().count();
    let from = Position { line: at.line, column: units(&before[..start + skipped]) };
    let to = Position { line: at.line, column: units(before) };
    let items: Vec<Value> =
        offers.into_iter().take(ITEMS_MAX).map(|offer| item(offer, from, to)).collect();
    map! {"isIncomplete" => false, "items" => items}.into()
}

fn item((label, kind, detail, docs): Offer, from: Position, to: Position) -> Value {
    let mut item = map! {
        "label" => label.as_str(), "kind" => kind as i64,
        "textEdit" => map! {"range" => range(from, to), "newText" => label.as_str()},
        "filterText" => label.as_str(),
    };
    if !detail.is_empty() {
        item.insert("detail".into(), detail.into());
    }
    if !docs.is_empty() {
        let docs = map! {"kind" => "markdown", "value" => docs};
        item.insert("documentation".into(), docs.into());
    }
    item.into()
}

fn first_line(doc: &str) -> String {
    doc.trim().lines().next().unwrap_or_default().to_owned()
}

fn functions<'s>(specs: impl Iterator<Item = (&'s str, &'s Spec)>) -> Vec<Offer> {
    let public = specs.filter(|(name, _)| !name.ends_with(".mod_watch"));
    public
        .map(|(name, spec)| {
            (
                name.to_owned(),
                Item::Function,
                first_line(spec.doc),
                crate::hover::function(name, spec),
            )
        })
        .collect()
}

fn arguments(apply: &Apply<'_>, fun: &str) -> Vec<Offer> {
    let spec = apply.states.get(fun).map(|entry| entry.spec).ok();
    let params = spec.iter().flat_map(|spec| spec.params).map(|param| {
        let default = param.default.map_or("required".to_owned(), |value| format!("= {value}"));
        let detail = format!("{} {default}", param.ty.name());
        (param.name.to_owned(), Item::Field, detail, param.doc.trim().to_owned())
    });
    let keywords = lint::KEYWORDS.iter().map(|word| {
        (word.to_string(), Item::Keyword, crate::hover::keyword(word).to_owned(), String::new())
    });
    params.chain(keywords).collect()
}

/// States of this file and of all others, as `module: ID`.
fn requisites(lint: &Lint<'_>, text: &str) -> Vec<Offer> {
    let mut offers = declared(text, "this file");
    for source in lint.roots.sources() {
        if let (Kind::States, Role::Sls(name)) = (source.kind, &source.role)
            && let Some(text) = (lint.texts)(&source.path)
        {
            offers.extend(declared(&text, name));
            offers.push((format!("sls: {name}"), Item::Module, String::new(), String::new()));
        }
        if offers.len() > ITEMS_MAX {
            break;
        }
    }
    offers
}

/// The states that a text declares by its lines.
fn declared(text: &str, place: &str) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut id = None;
    for line in text.lines() {
        let indent = crate::scan::indent(line);
        if indent == 0 {
            id = key(line).filter(|key| !matches!(*key, "include" | "extend" | "exclude"));
        } else if let (Some(id), Some(key), false) = (id, key(line), line.trim().starts_with('-')) {
            let module = key.split('.').next().unwrap_or(key);
            offers.push((
                format!("{module}: {id}"),
                Item::Reference,
                place.to_owned(),
                String::new(),
            ));
        }
    }
    offers
}

fn keys(data: &Map, colons: bool) -> Vec<Offer> {
    let mut offers = Vec::new();
    walk(data, "", colons, &mut offers);
    offers
}

fn walk(data: &Map, front: &str, colons: bool, offers: &mut Vec<Offer>) {
    for (key, value) in data {
        let path = format!("{front}{key}");
        let below = value.as_map();
        // Values may be secret: only what they are is shown.
        offers.push((path.clone(), Item::Value, value.type_name().to_owned(), String::new()));
        if let (Some(below), true) = (below, colons && offers.len() < ITEMS_MAX) {
            walk(below, &format!("{path}:"), colons, offers);
        }
    }
}

fn files(lint: &Lint<'_>, kind: Kind, wanted: impl Fn(&Role) -> bool) -> Vec<Offer> {
    let sources = lint.roots.sources().into_iter();
    let sources = sources.filter(|source| source.kind == kind && wanted(&source.role));
    sources.map(|source| (source.relative, Item::File, source.env, String::new())).collect()
}

fn sls(lint: &Lint<'_>, kind: Kind) -> Vec<Offer> {
    let sources = lint.roots.sources().into_iter().filter(|source| source.kind == kind);
    sources
        .filter_map(|source| match source.role {
            Role::Sls(name) => Some((name, Item::Module, source.relative, String::new())),
            _ => None,
        })
        .collect()
}
