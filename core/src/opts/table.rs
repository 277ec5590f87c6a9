//! The one table of options. Parsing, defaults, `config.get`, docs and "did you mean" read it.

use super::Role;
use crate::value::Type;

/// Which configuration an option belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Both.
    Both,
    /// The master's.
    Master,
    /// The minion's.
    Minion,
}

/// What becomes of an option that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what its doc says.
    Used,
    /// Salt knows it; nothing here acts on it.
    Accepted,
    /// What it asks for is not there; set all the same, it is told at start, with what is missing.
    Missing(&'static str),
    /// Starting with it would promise what is not kept; says what.
    Refused(&'static str),
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Salt's name.
    pub name: &'static str,
    /// Whose it is.
    pub role: For,
    /// What it takes.
    pub ty: Type,
    /// The minion's default as JSON.
    pub minion: Option<&'static str>,
    /// The master's default as JSON.
    pub master: Option<&'static str>,
    /// What becomes of it.
    pub status: Status,
    /// What it means; empty for options that nothing acts on.
    pub doc: &'static str,
}

impl Opt {
    /// The default for a role, as JSON.
    pub fn default_for(&self, role: Role) -> Option<&'static str> {
        match role {
            Role::Master => self.master,
            Role::Minion => self.minion,
        }
    }

    /// Whether it belongs to a role.
    pub fn is_for(&self, role: Role) -> bool {
        match self.role {
            For::Both => true,
            For::Master => role == Role::Master,
            For::Minion => role == Role::Minion,
        }
    }
}

/// All options, by name.
pub fn all() -> impl Iterator<Item = &'static Opt> {
    let parts = [
        super::table_a_f::OPTIONS,
        super::table_g_l::OPTIONS,
        super::table_m_r::OPTIONS,
        super::table_s_z::OPTIONS,
    ];
    parts.into_iter().flatten()
}

/// One option by its name.
pub fn find(name: &str) -> Option<&'static Opt> {
    all().find(|opt| opt.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    #[test]
    fn the_table_is_sorted_and_its_defaults_parse() {
        let names: Vec<&str> = all().map(|opt| opt.name).collect();
        assert!(names.is_sorted());
        for opt in all() {
            for text in [opt.minion, opt.master].into_iter().flatten() {
                assert!(parse_json(text).is_ok(), "{}: {text}", opt.name);
            }
            assert_eq!(opt.status == Status::Accepted, opt.doc.is_empty(), "{}", opt.name);
        }
    }
}
