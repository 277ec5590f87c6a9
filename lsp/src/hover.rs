//! Docs of what stands at a place.

use halite_core::{Apply, Spec, Value, map};

use crate::documents::{Position, byte_at, line};
use crate::scan::{function_above, key, word_at};

/// What the engine's keywords mean.
const KEYWORDS: &[(&str, &str)] = &[
    ("require", "run after these states, and only if they succeeded"),
    ("watch", "as `require`, and react (restart, ...) if one of them changed"),
    ("prereq", "run before these states, and only if they would change something"),
    ("onchanges", "run only if one of these states changed something"),
    ("onfail", "run only if one of these states failed"),
    ("listen", "react at the end of the run if one of these states changed"),
    ("use", "take over the arguments of these states"),
    ("require_in", "these states require this one"),
    ("watch_in", "these states watch this one"),
    ("prereq_in", "these states have this one as prereq"),
    ("onchanges_in", "these states run only if this one changed something"),
    ("onfail_in", "these states run only if this one failed"),
    ("listen_in", "these states listen to this one"),
    ("use_in", "these states take over the arguments of this one"),
    ("require_any", "as `require`; one of them is enough"),
    ("watch_any", "as `watch`; one of them is enough"),
    ("onchanges_any", "as `onchanges`; one of them is enough"),
    ("onfail_any", "as `onfail`; one of them is enough"),
    ("onfail_all", "run only if all of these states failed"),
    ("onlyif", "run only if these commands end with 0"),
    ("unless", "run only if one of these commands does not end with 0"),
    ("creates", "run only if these files are not there"),
    ("check_cmd", "commands that decide whether the state succeeded"),
    ("retry", "try again until it succeeds: `attempts`, `interval`, `until`, `splay`"),
    ("order", "a number, `first` or `last`"),
    ("failhard", "end the run if this state fails"),
    ("parallel", "run beside the states that follow"),
    ("reload_modules", "read the modules again afterwards"),
    ("reload_grains", "read the grains again afterwards"),
    ("reload_pillar", "read the pillar again afterwards"),
    ("runas", "run `onlyif` and `unless` as this user"),
    ("fire_event", "tell the master's bus when the state is done"),
    ("umask", "the umask while the state runs"),
    ("name", "what the state is about; the ID if it is not given"),
    ("names", "one state for each of these names"),
    ("include", "other sls files that belong to this one"),
    ("extend", "changes to states of included files"),
    ("exclude", "sls files or IDs that are left out"),
];

/// What a keyword means; empty if it is none.
pub(crate) fn keyword(word: &str) -> &'static str {
    KEYWORDS.iter().find(|(known, _)| *known == word).map_or("", |(_, text)| *text)
}

/// A function's signature, docs and arguments, as Markdown.
pub(crate) fn function(name: &str, spec: &Spec) -> String {
    let params: Vec<String> = spec
        .params
        .iter()
        .map(|param| match param.default {
            Some(default) => format!("{}={default}", param.name),
            None => param.name.to_owned(),
        })
        .collect();
    let mut text =
        format!("```python\n{name}({})\n```\n\n{}\n", params.join(", "), spec.doc.trim());
    for param in spec.params {
        let default = param.default.map_or(", required".to_owned(), |value| format!(" = {value}"));
        text.push_str(&format!(
            "\n* `{}` ({}{default}) {}",
            param.name,
            param.ty.name(),
            param.doc.trim()
        ));
    }
    text
}

/// What is known of the place; null if nothing is.
pub(crate) fn hover(apply: &Apply<'_>, text: &str, at: Position) -> Value {
    let here = line(text, at.line);
    let byte = byte_at(here, at.column);
    let (from, to) = word_at(here, byte);
    let word = &here[from..to];
    let lines: Vec<&str> = text.split('\n').collect();
    let Some(docs) = docs(apply, &lines, at.line, here, byte, word) else { return Value::Null };
    let units = |text: &str| text.encode_utf16().count();
    let place = |column| Position { line: at.line, column };
    map! {
        "contents" => map! {"kind" => "markdown", "value" => docs},
        "range" => crate::documents::range(place(units(&here[..from])), place(units(&here[..to]))),
    }
    .into()
}

fn docs(
    apply: &Apply<'_>,
    lines: &[&str],
    number: usize,
    here: &str,
    byte: usize,
    word: &str,
) -> Option<String> {
    let before = &here[..byte];
    let in_jinja = ["{{", "{%"].iter().any(|open| {
        before
            .rfind(open)
            .is_some_and(|at| !before[at..].contains("}}") && !before[at..].contains("%}"))
    });
    let name = word.trim_start_matches("salt.");
    if in_jinja {
        let entry = apply.exec.get(name).ok()?;
        return Some(function(name, &entry.spec));
    }
    if let Ok(entry) = apply.states.get(word) {
        return Some(function(word, &entry.spec));
    }
    let own = key(here).filter(|key| *key == word)?;
    if here.trim_start().starts_with('-')
        && let Some(fun) = function_above(lines, number)
        && let Ok(entry) = apply.states.get(&fun)
        && let Some(param) = entry.spec.params.iter().find(|param| param.name == own)
    {
        let default = param.default.map_or("required".to_owned(), |value| format!("= {value}"));
        return Some(format!(
            "`{fun}`: `{own}` ({} {default})\n\n{}",
            param.ty.name(),
            param.doc.trim()
        ));
    }
    let text = keyword(own);
    (!text.is_empty()).then(|| format!("`{own}`: {text}"))
}
