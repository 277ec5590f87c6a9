//! The `#jinja2: {...}` line. Salt: salt/utils/templates.py parse_jinja_file_opts behaviour.

use halite_core::value::parse_json;

use super::lexer::Syntax;

const HEADER: &str = "#jinja2:";

/// Takes settings from the header of `source` and gives the source without it, and the line it was
/// if there was one. A header that is no JSON object stays where it is.
pub(super) fn take(source: &str, syntax: &mut Syntax) -> (String, Option<u32>) {
    let first = line_end(source);
    let shebang = source.starts_with("#!") && !source.starts_with("#!/");
    let start = if shebang { first } else { 0 };
    let rest = &source[start..];
    let line = &rest[..line_end(rest)];
    let unchanged = || (source.to_string(), None);
    let Some(payload) =
        line.strip_prefix(HEADER).map(str::trim).filter(|payload| !payload.is_empty())
    else {
        return unchanged();
    };
    let settings = match parse_json(payload) {
        Ok(settings) => settings,
        Err(_) => {
            tracing::warn!("Ignoring malformed '#jinja2:' header in template: {}", line.trim_end());
            return unchanged();
        }
    };
    let Some(settings) = settings.as_map() else {
        tracing::warn!("Ignoring '#jinja2:' header that is not a JSON object: {}", line.trim_end());
        return unchanged();
    };
    for (name, value) in settings {
        if !name.as_str().is_some_and(|name| syntax.set(name, value)) {
            tracing::warn!("Jinja2 environment {name} is not recognized");
        }
    }
    (format!("{}{}", &source[..start], &rest[line.len()..]), Some(if shebang { 2 } else { 1 }))
}

/// Where the first line ends, line end included.
fn line_end(text: &str) -> usize {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => at + 2,
        Some(at) => at + 1,
        None => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, want: &str, trim: bool) {
        let mut syntax = Syntax::default();
        let (text, found) = take(source, &mut syntax);
        assert_eq!((text.as_str(), found.is_some(), syntax.trim_blocks), (want, trim, trim));
    }

    #[test]
    fn the_header_stands_first_or_below_the_renderer_line() {
        check("#jinja2: {\"trim_blocks\": true}\na\n", "a\n", true);
        check("#!jinja|yaml\n#jinja2: {\"trim_blocks\": true}\na\n", "#!jinja|yaml\na\n", true);
        check(
            "#!/bin/sh\n#jinja2: {\"trim_blocks\": true}\n",
            "#!/bin/sh\n#jinja2: {\"trim_blocks\": true}\n",
            false,
        );
        check("#jinja2: {bad\na\n", "#jinja2: {bad\na\n", false);
        check("#jinja2:\na", "#jinja2:\na", false);
        check("", "", false);
    }
}
