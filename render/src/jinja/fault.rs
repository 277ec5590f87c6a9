//! What goes wrong while a template runs, in Python's classes: Salt words its messages by class.

/// The class of a fault; it decides the prefix of Salt's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Undefined,
    Syntax,
    Runtime,
    Security,
    NotFound,
    Type,
    Value,
    ZeroDivision,
    Key,
    Index,
    Attribute,
    Overflow,
    Recursion,
    Assertion,
    /// `raise()` of Salt.
    Template,
    /// A function of Salt failed with an execution or invocation error.
    SaltCall,
    /// Any other exception out of a function of Salt.
    Other,
}

impl Class {
    /// The Python name, as a traceback ends with it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Undefined => "jinja2.exceptions.UndefinedError",
            Class::Syntax => "jinja2.exceptions.TemplateSyntaxError",
            Class::Runtime => "jinja2.exceptions.TemplateRuntimeError",
            Class::Security => "jinja2.exceptions.SecurityError",
            Class::NotFound => "jinja2.exceptions.TemplateNotFound",
            Class::Type => "TypeError",
            Class::Value => "ValueError",
            Class::ZeroDivision => "ZeroDivisionError",
            Class::Key => "KeyError",
            Class::Index => "IndexError",
            Class::Attribute => "AttributeError",
            Class::Overflow => "OverflowError",
            Class::Recursion => "RecursionError",
            Class::Assertion => "AssertionError",
            Class::Template => "salt.exceptions.TemplateError",
            Class::SaltCall => "salt.exceptions.CommandExecutionError",
            Class::Other => "Exception",
        }
    }
}

/// Where a fault happened: the file as users know it, line and column from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: std::sync::Arc<str>,
    pub(crate) line: u32,
    pub(crate) column: Option<u32>,
}

/// A fault on its way out of a template.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) class: Class,
    pub(crate) text: String,
    /// Set by the innermost template that knows.
    pub(crate) place: Option<Place>,
    /// Callers of `place`, innermost first.
    pub(crate) trace: Vec<Place>,
    pub(crate) hint: Option<String>,
    /// The innermost expression, for the column.
    pub(crate) at: Option<super::ast::Pos>,
}

/// The result of anything that runs inside a template. Boxed: faults are rare, results are not.
pub(crate) type R<T> = Result<T, Box<Fault>>;

impl Fault {
    pub(crate) fn new(class: Class, text: impl Into<String>) -> Box<Fault> {
        Box::new(Fault {
            class,
            text: text.into(),
            place: None,
            trace: Vec::new(),
            hint: None,
            at: None,
        })
    }

    pub(crate) fn hint(mut self: Box<Self>, hint: Option<String>) -> Box<Fault> {
        self.hint = hint;
        self
    }
}

macro_rules! shorthand {
    ($($name:ident => $class:ident),+ $(,)?) => {
        $(pub(crate) fn $name<T>(text: impl Into<String>) -> R<T> {
            Err(Fault::new(Class::$class, text))
        })+
    };
}

shorthand! {
    runtime_error => Runtime,
    security_error => Security,
    type_error => Type,
    value_error => Value,
    key_error => Key,
    index_error => Index,
    attribute_error => Attribute,
    overflow_error => Overflow,
    recursion_error => Recursion,
}

/// The known name that is most like `name`, for hints. `None` if nothing comes near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (name.chars().count() / 3).max(1) + 1;
    known
        .map(|candidate| (distance(name, candidate, bound), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How long names may be to be compared; longer ones never are near.
const LONGEST_NAME: usize = 64;

/// Edits (insert, delete, replace, swap of neighbours) between two names, or more than `bound`.
fn distance(a: &str, b: &str, bound: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > bound || a.len() > LONGEST_NAME || b.len() > LONGEST_NAME {
        return bound + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["upper", "lower", "default", "replace"];
        assert_eq!(nearest("uper", known.into_iter()), Some("upper"));
        assert_eq!(nearest("defualt", known.into_iter()), Some("default"));
        assert_eq!(nearest("frobnicate", known.into_iter()), None);
    }
}
