//! Differences that do not count.

use crate::Value;

/// Which differences are no changes to whoever requires the state.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// Another order of lines.
    pub ordering: bool,
    /// Blanks around lines.
    pub whitespace: bool,
    /// What follows one of these signs on a line.
    pub comments: Vec<String>,
}

impl Ignore {
    /// From the arguments of a state; signs of comments are one text or several.
    pub fn new(ordering: bool, whitespace: bool, comments: &Value) -> Ignore {
        let comments = match comments {
            Value::List(signs) => signs.iter().map(Value::to_string).collect(),
            Value::Str(sign) if !sign.is_empty() => vec![sign.to_string()],
            _ => Vec::new(),
        };
        Ignore { ordering, whitespace, comments }
    }

    /// Whether anything is ignored.
    pub fn any(&self) -> bool {
        self.ordering || self.whitespace || !self.comments.is_empty()
    }

    /// Whether lines differ in more than what is ignored. Salt: `get_conditional_diff`.
    pub fn differs(&self, before: &str, after: &str) -> bool {
        let lines = super::unified_lines(&super::split_lines(before), &super::split_lines(after));
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for line in lines.iter().filter(|l| !l.starts_with("+++") && !l.starts_with("---")) {
            let into = match line.as_bytes().first() {
                Some(b'+') => &mut added,
                Some(b'-') => &mut removed,
                _ => continue,
            };
            let mut text = &line[1..];
            for sign in &self.comments {
                text = text.split(sign.as_str()).next().unwrap_or(text);
            }
            let text = if self.whitespace { text.trim() } else { text };
            if !text.is_empty() {
                into.push(text.to_owned());
            }
        }
        // Comments and white space come and go with their lines: order is ignored with them.
        added.sort();
        removed.sort();
        added != removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_differences_are_none() {
        let ignore = Ignore { whitespace: true, comments: vec!["#".into()], ordering: true };
        assert!(!ignore.differs("a\nb\n", "b\n  a # now\n"));
        assert!(ignore.differs("a\n", "b\n"));
    }
}
