//! What stands around a place in an sls file, by its lines alone: files that are being written are
//! seldom well formed.

/// Where a place stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// In Jinja, behind `salt['` or `salt.`: an execution function.
    ExecFunction,
    /// Behind `pillar['` or `pillar.get('`; with colons in `salt['pillar.get']('`.
    PillarKey { colons: bool },
    /// Behind `grains['` and the like.
    GrainKey { colons: bool },
    /// Behind `salt://`.
    SaltFile,
    /// The file of an `import` or `include` of Jinja.
    Template,
    /// A key below an ID: a state function.
    StateFunction,
    /// An argument of a state function.
    Argument { fun: String },
    /// An item of a requisite.
    Requisite,
    /// An item of `include`, or of a target in a top file.
    Sls,
    /// Nothing known.
    Nothing,
}

/// Indentation in blanks.
pub(crate) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The key of `key:`, `- key:`, `'key':`; `None` if the line has none.
pub(crate) fn key(line: &str) -> Option<&str> {
    let body = line.trim_start().trim_start_matches("- ").trim_start();
    let end = body
        .find(": ")
        .or_else(|| body.trim_end().ends_with(':').then(|| body.trim_end().len() - 1))?;
    let key = body[..end].trim().trim_matches(['\'', '"']);
    (!key.is_empty() && !body.starts_with(['{', '#', '%'])).then_some(key)
}

/// Keys that begin a list of requisites.
const REQUISITES: [&str; 20] = [
    "require",
    "require_in",
    "require_any",
    "watch",
    "watch_in",
    "watch_any",
    "prereq",
    "prereq_in",
    "onchanges",
    "onchanges_in",
    "onchanges_any",
    "onfail",
    "onfail_in",
    "onfail_any",
    "onfail_all",
    "listen",
    "listen_in",
    "use",
    "use_in",
    "prerequired",
];

/// Whether a word is a requisite.
pub(crate) fn is_requisite(word: &str) -> bool {
    REQUISITES.contains(&word)
}

/// The lines above that a line stands below, the nearest first: each with less indentation. A list
/// may stand as far left as its key.
pub(crate) fn parents<'t>(lines: &[&'t str], number: usize) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    let own = lines.get(number).copied().unwrap_or_default();
    let mut least = indent(own);
    let mut item = own.trim_start().starts_with('-');
    for at in (0..number.min(lines.len())).rev() {
        let line = lines[at];
        let body = line.trim_start();
        if body.is_empty() || body.starts_with(['#', '{']) {
            continue;
        }
        let level = indent(line);
        let is_item = body.starts_with("- ") || body == "-";
        if level < least || (level == least && item && !is_item) {
            found.push((at, line));
            (least, item) = (level, is_item);
            if level == 0 && !is_item {
                break;
            }
        }
    }
    found
}

/// The state function that a line is an argument of.
pub(crate) fn function_above(lines: &[&str], number: usize) -> Option<String> {
    let parents = parents(lines, number);
    let (at, line) = parents.first()?;
    let name = key(line)?;
    let is_function = |name: &str| {
        let mut parts = name.split('.');
        let word = |part: Option<&str>| {
            part.is_some_and(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            })
        };
        word(parts.next()) && word(parts.next()) && parts.next().is_none()
    };
    if is_function(name) && indent(line) > 0 {
        return Some(name.to_owned());
    }
    // `pkg:` with `- installed` below it.
    let module = name;
    let below = lines[at + 1..].iter().take_while(|below| indent(below) >= indent(line));
    let fun = below
        .map(|below| below.trim().trim_start_matches("- "))
        .find(|word| !word.contains([':', ' ']) && !word.is_empty())?;
    (indent(line) > 0 && !is_requisite(module)).then(|| format!("{module}.{fun}"))
}

/// What stands around the end of `before`, which is line `number` up to the place. `top` tells that
/// the file is a top file.
pub(crate) fn around(lines: &[&str], number: usize, before: &str, top: bool) -> Around {
    if let Some(found) = in_jinja(before) {
        return found;
    }
    let word = before.rsplit([' ', '\'', '"', '[']).next().unwrap_or_default();
    if word.starts_with("salt://") {
        return Around::SaltFile;
    }
    let body = before.trim_start();
    let item = body.strip_prefix('-').map(str::trim_start);
    let above = parents(lines, number);
    let parent = above.first().and_then(|(_, line)| key(line));
    match (item, parent) {
        (Some(_), Some("include")) => Around::Sls,
        (Some(_), Some(_)) if top => Around::Sls,
        (Some(_), Some(key)) if is_requisite(key) => Around::Requisite,
        (Some(item), _) if !item.contains(' ') => match function_above(lines, number) {
            Some(fun) => Around::Argument { fun },
            None => Around::Nothing,
        },
        (None, Some(_)) if above.len() == 1 && !body.contains(' ') && !top => Around::StateFunction,
        _ => Around::Nothing,
    }
}

/// The place within `{{ .. }}` or `{% .. %}`.
fn in_jinja(before: &str) -> Option<Around> {
    let open = before.rfind("{{").into_iter().chain(before.rfind("{%")).max()?;
    let code = &before[open..];
    if code.contains("}}") || code.contains("%}") {
        return None;
    }
    // Inside a text: what stands before its quote decides.
    let quotes = code.matches('\'').count() % 2 == 1;
    let doubles = code.matches('"').count() % 2 == 1;
    if quotes || doubles {
        let quote = if quotes { '\'' } else { '"' };
        let lead = code[..code.rfind(quote)?].trim_end();
        let ends = |end: &str| lead.ends_with(end);
        let get = |name: &str| {
            ends(&format!("salt['{name}.get']("))
                || ends(&format!("salt[\"{name}.get\"]("))
                || ends(&format!("salt.{name}.get("))
        };
        return Some(if ends("salt[") {
            Around::ExecFunction
        } else if get("pillar") {
            Around::PillarKey { colons: true }
        } else if ends("pillar[") || ends("pillar.get(") {
            Around::PillarKey { colons: false }
        } else if get("grains") {
            Around::GrainKey { colons: true }
        } else if ends("grains[") || ends("grains.get(") {
            Around::GrainKey { colons: false }
        } else if [
            "import",
            "from",
            "include",
            "import_yaml",
            "import_json",
            "import_text",
            "extends",
        ]
        .iter()
        .any(|tag| ends(tag))
        {
            Around::Template
        } else {
            Around::Nothing
        });
    }
    let word = code.rsplit(|c: char| !c.is_alphanumeric() && c != '.' && c != '_').next()?;
    let (root, _) = word.split_once('.')?;
    match root {
        "salt" => Some(Around::ExecFunction),
        "pillar" => Some(Around::PillarKey { colons: false }),
        "grains" => Some(Around::GrainKey { colons: false }),
        _ => Some(Around::Nothing),
    }
}

/// The word at a byte of a line: letters, digits and what names and paths hold. With its range.
pub(crate) fn word_at(line: &str, at: usize) -> (usize, usize) {
    let is = |c: char| c.is_alphanumeric() || "._-/:@+".contains(c);
    let at = at.min(line.len());
    let start =
        line[..at].char_indices().rev().take_while(|(_, c)| is(*c)).last().map_or(at, |(i, _)| i);
    let end = line[at..].find(|c| !is(c)).map_or(line.len(), |end| at + end);
    let trimmed = line[start..end].trim_end_matches(':').len();
    (start, (start + trimmed).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Around) {
        let lines: Vec<&str> = text.split('\n').collect();
        let last = lines.len() - 1;
        assert_eq!(around(&lines, last, lines[last], false), want, "{text}");
    }

    #[test]
    fn places_in_yaml() {
        check("a:\n  fil", Around::StateFunction);
        check("a:\n  file.managed:\n    - na", Around::Argument { fun: "file.managed".into() });
        check("a:\n  file.managed:\n  - na", Around::Argument { fun: "file.managed".into() });
        check(
            "a:\n  pkg:\n    - installed\n    - ",
            Around::Argument { fun: "pkg.installed".into() },
        );
        check("a:\n  x.y:\n    - require:\n      - pk", Around::Requisite);
        check("include:\n  - co", Around::Sls);
        check("a:\n  file.managed:\n    - source: salt://co", Around::SaltFile);
        check("a:\n  file.managed:\n    - contents: some te", Around::Nothing);
        check("", Around::Nothing);
    }

    #[test]
    fn places_in_jinja() {
        check("x: {{ salt['cm", Around::ExecFunction);
        check("x: {{ salt.cmd.r", Around::ExecFunction);
        check("x: {{ pillar['we", Around::PillarKey { colons: false });
        check("x: {{ salt['pillar.get']('web:", Around::PillarKey { colons: true });
        check("x: {{ grains.o", Around::GrainKey { colons: false });
        check("{% from 'lib/", Around::Template);
        check("a:\n  b.c:\n    - x: {{ y }}", Around::Nothing);
    }

    #[test]
    fn words_are_found_from_their_middle() {
        for (line, at, want) in
            [("  file.managed:", 5, "file.managed"), ("- pkg: a-b", 8, "a-b"), ("", 0, "")]
        {
            let (from, to) = word_at(line, at);
            assert_eq!(&line[from..to], want);
        }
    }
}
