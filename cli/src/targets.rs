//! The options that say how a target is meant.

use clap::Args;
use halite_core::Value;

/// Kinds of targets that `salt` and `salt-cp` share.
#[derive(Args, Debug, Default)]
pub(crate) struct TargetOptions {
    /// The target is a regular expression over ids
    #[arg(short = 'E', long)]
    pub(crate) pcre: bool,
    /// The target is a list of ids, separated by commas or white space
    #[arg(short = 'L', long)]
    pub(crate) list: bool,
    /// The target is a grain and a glob: os:Deb*
    #[arg(short = 'G', long)]
    pub(crate) grain: bool,
    /// The target is a grain and a regular expression
    #[arg(short = 'P', long)]
    pub(crate) grain_pcre: bool,
    /// The target is the name of a nodegroup
    #[arg(short = 'N', long)]
    pub(crate) nodegroup: bool,
    /// The target is a range: web[1-9]
    #[arg(short = 'R', long)]
    pub(crate) range: bool,
    /// What separates the parts of a path into grains or pillar
    #[arg(long, value_name = "TEXT", default_value = ":")]
    pub(crate) delimiter: String,
}

/// Kinds of targets that only `salt` has.
#[derive(Args, Debug, Default)]
pub(crate) struct MoreTargetOptions {
    /// The target is an expression: 'G@os:Debian and web* or L@a,b'
    #[arg(short = 'C', long)]
    pub(crate) compound: bool,
    /// The target is a pillar value and a glob: role:web*
    #[arg(short = 'I', long)]
    pub(crate) pillar: bool,
    /// The target is a pillar value and a regular expression
    #[arg(short = 'J', long)]
    pub(crate) pillar_pcre: bool,
    /// The target is an address or a network: 10.0.0.0/8
    #[arg(short = 'S', long)]
    pub(crate) ipcidr: bool,
}

/// What was chosen, under Salt's name on the wire.
///
/// # Errors
/// Says that only one of the options can be given.
pub(crate) fn chosen(
    options: &TargetOptions,
    more: &MoreTargetOptions,
) -> Result<&'static str, String> {
    let all = [
        ("--pcre", "pcre", options.pcre),
        ("--list", "list", options.list),
        ("--grain", "grain", options.grain),
        ("--grain-pcre", "grain_pcre", options.grain_pcre),
        ("--nodegroup", "nodegroup", options.nodegroup),
        ("--range", "range", options.range),
        ("--compound", "compound", more.compound),
        ("--pillar", "pillar", more.pillar),
        ("--pillar-pcre", "pillar_pcre", more.pillar_pcre),
        ("--ipcidr", "ipcidr", more.ipcidr),
    ];
    let given: Vec<_> = all.into_iter().filter(|(_, _, given)| *given).collect();
    match given.as_slice() {
        [] => Ok("glob"),
        [(_, kind, _)] => Ok(kind),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _, _)| *name).collect();
            let names = names.join("/");
            Err(format!(
                "The options {names} are mutually exclusive. Please only choose one of them"
            ))
        }
    }
}

/// The target as it is sent: a list of ids becomes a list.
pub(crate) fn value(text: &str, kind: &str) -> Value {
    if kind != "list" {
        return Value::str(text);
    }
    let ids: Vec<Value> = if text.contains(',') {
        text.split(',').map(|id| id.trim().into()).collect()
    } else {
        text.split_whitespace().map(Value::from).collect()
    };
    ids.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_its_name_on_the_wire() {
        let with = |set: fn(&mut TargetOptions, &mut MoreTargetOptions)| {
            let (mut options, mut more) = (TargetOptions::default(), MoreTargetOptions::default());
            set(&mut options, &mut more);
            chosen(&options, &more)
        };
        assert_eq!(with(|_, _| {}), Ok("glob"));
        assert_eq!(with(|o, _| o.pcre = true), Ok("pcre"));
        assert_eq!(with(|o, _| o.list = true), Ok("list"));
        assert_eq!(with(|o, _| o.grain = true), Ok("grain"));
        assert_eq!(with(|o, _| o.grain_pcre = true), Ok("grain_pcre"));
        assert_eq!(with(|o, _| o.nodegroup = true), Ok("nodegroup"));
        assert_eq!(with(|o, _| o.range = true), Ok("range"));
        assert_eq!(with(|_, m| m.compound = true), Ok("compound"));
        assert_eq!(with(|_, m| m.pillar = true), Ok("pillar"));
        assert_eq!(with(|_, m| m.pillar_pcre = true), Ok("pillar_pcre"));
        assert_eq!(with(|_, m| m.ipcidr = true), Ok("ipcidr"));
        let both = with(|o, m| (o.grain, m.pillar) = (true, true));
        assert!(both.is_err_and(|text| text.contains("--grain/--pillar")));
    }

    #[test]
    fn a_list_is_split_at_commas_or_else_at_blanks() {
        assert_eq!(value("a, b,c", "list").repr(), "['a', 'b', 'c']");
        assert_eq!(value("a b", "list").repr(), "['a', 'b']");
        assert_eq!(value("a,b", "glob"), Value::str("a,b"));
    }
}
