//! What people mean when YAML refuses their text: from the fault and the source to advice.

use super::error::YamlError;

/// Adds a hint where the source tells what is wrong.
pub(super) fn explain(error: &mut YamlError, text: &str) {
    if error.hint.is_some() {
        return;
    }
    let Some(mark) = error.mark else { return };
    let line = |number: u32| text.lines().nth((number.max(1) - 1) as usize).unwrap_or_default();
    let at = line(mark.line);
    let tail: &str =
        at.char_indices().nth((mark.column.max(1) - 1) as usize).map_or("", |(i, _)| &at[i..]);
    let before = (1..mark.line).rev().map(|number| (number, line(number)));
    let previous = before.into_iter().find(|(_, text)| !text.trim().is_empty());
    error.hint = match error.problem.as_str() {
        "found character that cannot start any token" => first_character(mark.line, tail),
        problem if problem.contains("tab character") => Some(tab(mark.line)),
        "mapping values are not allowed in this context" => {
            let suspect = previous.filter(|(_, text)| lacks_space(text) || lacks_colon(text, at));
            Some(match suspect {
                Some((number, text)) if lacks_colon(text, at) => {
                    format!("line {number}: a colon is missing at the end of `{}`", text.trim())
                }
                Some((number, text)) if at.trim_start().starts_with(|c: char| c != '-') => {
                    format!(
                        "line {number}: a space is missing after the colon in `{}`",
                        text.trim()
                    )
                }
                _ => {
                    "quote the value if its text holds `: `; else check the indentation".to_owned()
                }
            })
        }
        "could not find expected ':'" => previous.map(|(number, text)| {
            format!("line {number}: `{}` has no `: `, so it is not a `key: value`", text.trim())
        }),
        "found unexpected end of stream" => error
            .context_mark
            .map(|start| format!("the quote opened at line {} is never closed", start.line)),
        "did not find expected key" => Some(
            "the line is indented unlike its neighbours, or text follows a closing quote"
                .to_owned(),
        ),
        "did not find expected '-' indicator" => {
            Some("a list goes on here: begin the line with `- `, or indent it otherwise".to_owned())
        }
        problem if problem.starts_with("found unacceptable key") => Some(if at.contains("{{") {
            "`{{` reached YAML: is the file rendered by Jinja? Else quote the text".to_owned()
        } else {
            "a key is a text or a number; quote it if it begins with `{` or `[`".to_owned()
        }),
        problem if problem.starts_with("could not determine a constructor for the tag '!") => {
            Some("quote text that begins with `!`".to_owned())
        }
        _ => None,
    };
}

fn tab(line: u32) -> String {
    format!("line {line} is indented with a tab; YAML takes spaces only")
}

fn first_character(line: u32, tail: &str) -> Option<String> {
    match tail.chars().next()? {
        '\t' => Some(tab(line)),
        '%' if tail.starts_with("%}") || tail.starts_with("% ") => {
            Some("a Jinja tag reached YAML: is the file rendered by Jinja?".to_owned())
        }
        c => Some(format!("quote text that begins with `{c}`")),
    }
}

/// `module.function` or `ID` without its colon, above a line that is indented more.
fn lacks_colon(line: &str, below: &str) -> bool {
    let indent = |text: &str| text.len() - text.trim_start().len();
    let word = line.trim();
    !word.is_empty()
        && indent(below) > indent(line)
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

/// `key:value` where `key: value` was meant.
fn lacks_space(line: &str) -> bool {
    let body = line.trim_start().trim_start_matches("- ");
    body.split_once(':').is_some_and(|(key, rest)| {
        !key.is_empty()
            && !key.contains([' ', '\'', '"', '{', '['])
            && rest.starts_with(|c: char| !c.is_whitespace() && c != '/' && c != ':')
    })
}
