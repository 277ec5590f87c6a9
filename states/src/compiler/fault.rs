//! What a compile can complain of: Salt's own text, and beside it where the fault sits.

use std::path::Path;

use halite_core::text::pointed;

use super::place::{Place, Places, Step};

/// One fault of a compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Salt's text, as it stands in the list that a state run returns.
    pub message: String,
    /// Where it sits in the source, where known.
    pub at: Option<Place>,
    /// What to try.
    pub hint: Option<String>,
    /// What it is about: [`locate`] finds the place by it.
    pub about: Option<About>,
    /// The class of the fault, for editors and scripts; empty for what has no class of its own.
    pub code: &'static str,
    /// The line of the source, once [`show_source`] has read it.
    pub line: Option<String>,
    /// Further faults of the same file, which Salt does not tell.
    pub others: Faults,
}

/// A part of an sls file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The sls file.
    pub sls: String,
    /// The way to the part.
    pub steps: Vec<Step>,
}

/// Fills in the places of faults that say what they are about.
pub fn locate(faults: &mut [Fault], places: &Places) {
    for fault in faults.iter_mut().filter(|fault| fault.at.is_none()) {
        let about = fault.about.as_ref();
        fault.at = about.and_then(|about| places.find(&about.sls, &about.steps));
    }
}

/// Fills in the lines of the source that faults sit in; `read` gives the text of a file.
pub fn show_source(faults: &mut [Fault], read: &dyn Fn(&Path) -> Option<String>) {
    for fault in faults.iter_mut() {
        show_source(&mut fault.others, read);
        // What has its line is there already.
        let Some(at) = fault.at.as_ref().filter(|_| fault.line.is_none()) else { continue };
        let text = read(&at.file).unwrap_or_default();
        fault.line = text.lines().nth(at.line.max(1) as usize - 1).map(str::to_owned);
    }
}

/// Names files of the master as they are named there: see [`Place::of_master`].
pub fn name_as_master(faults: &mut [Fault], cache: &Path) {
    for fault in faults {
        name_as_master(&mut fault.others, cache);
        fault.at = fault.at.take().map(|at| at.of_master(cache));
    }
}

/// All faults of a compile, in the order found.
pub type Faults = Vec<Fault>;

impl Fault {
    /// A fault without a place.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), ..Fault::default() }
    }

    /// The same fault with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault with a hint, if there is one.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Fault {
        self.hint = hint.or(self.hint);
        self
    }

    /// The same fault with its class.
    pub fn code(mut self, code: &'static str) -> Fault {
        self.code = code;
        self
    }

    /// The same fault at a place.
    pub fn at(mut self, place: Place) -> Fault {
        self.at = Some(place);
        self
    }

    /// The same fault, said to be about an ID of an sls.
    pub fn about(self, sls: impl Into<String>, id: impl Into<String>) -> Fault {
        self.about_part(sls, [Step::Key(id.into())])
    }

    /// The same fault, said to be about a part of an sls.
    pub fn about_part(
        mut self,
        sls: impl Into<String>,
        steps: impl IntoIterator<Item = Step>,
    ) -> Fault {
        self.about = Some(About { sls: sls.into(), steps: steps.into_iter().collect() });
        self
    }

    /// What stands behind Salt's text: the place, the line with a caret, the way there, the hint.
    /// Empty if nothing is known.
    pub fn details(&self) -> String {
        let mut out = String::new();
        if let Some(at) = &self.at {
            out += &format!("\n  --> {}:{}:{}", at.file.display(), at.line, at.column);
            if let Some(line) = &self.line {
                out += &pointed(line, at.line, at.column);
            }
            for (file, line) in at.via.iter().rev() {
                out += &format!("\n  from {}:{line}", file.display());
            }
        }
        if let Some(hint) = &self.hint {
            out += &format!("\n  hint: {hint}");
        }
        out
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.message, self.details())
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault::new(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_a_column_is_underlined() {
        let fault =
            Fault::new("m").at(Place::new("/srv/a.sls", 12, 7)).hint("did you mean 'name'?");
        let fault = Fault { line: Some("    - nmae: ä".into()), ..fault };
        let want = "m\n  --> /srv/a.sls:12:7\n     |\n  12 |     - nmae: ä\n     |       ^^^^\n  \
                    hint: did you mean 'name'?";
        assert_eq!(fault.to_string(), want);
    }
}
