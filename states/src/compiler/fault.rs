//! What a compile can complain of: Salt's own text, and beside it where the fault sits.

use std::collections::HashMap;
use std::path::PathBuf;

/// One fault of a compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Salt's text, as it stands in the list that a state run returns.
    pub message: String,
    /// The file as the user knows it, with line and column from 1, where known.
    pub at: Option<(PathBuf, u32, u32)>,
    /// What to try.
    pub hint: Option<String>,
    /// The sls and the ID it is about: [`locate`] finds the place by them.
    pub about: Option<(String, String)>,
}

/// Where IDs stand: (sls, ID) to file, line and column from 1.
pub type Places = HashMap<(String, String), (PathBuf, u32, u32)>;

/// Fills in the places of faults that say what they are about.
pub fn locate(faults: &mut [Fault], places: &Places) {
    for fault in faults.iter_mut().filter(|fault| fault.at.is_none()) {
        fault.at = fault.about.as_ref().and_then(|about| places.get(about).cloned());
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

    /// The same fault, said to be about an ID of an sls.
    pub fn about(mut self, sls: impl Into<String>, id: impl Into<String>) -> Fault {
        self.about = Some((sls.into(), id.into()));
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some((file, line, column)) = &self.at {
            write!(f, "\n  {}:{line}:{column}", file.display())?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault::new(message)
    }
}
