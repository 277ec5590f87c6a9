//! `match`: whether a minion is meant by an expression. Salt: `salt/runners/match.py` behaviour.

use halite_core::target::Target;
use halite_core::{Context, ExecModule, Map, MinionId, Result, Value, function, map};

use crate::core::nodegroups;
use crate::services::MasterServices;
use crate::work::matching;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("match", &[&COMPOUND_MATCHES]);

/// Tells whether a compound expression means a minion, by the data that the master has cached of it.
///
/// CLI Example:
///
/// ```text
/// salt-run match.compound_matches 'I@foo:bar and G@os:Deb* and not db*' myminion
/// ```
#[function]
fn compound_matches(cx: &Context<'_>, expr: String, minion_id: String) -> Result<Map> {
    let no = map! {"res" => false};
    if !cx.opts.get("minion_data_cache").is_none_or(Value::truthy) {
        tracing::warn!(
            "Minion data cache is disabled. Cannot evaluate compound matcher expression."
        );
        return Ok(no);
    }
    let Ok(id) = MinionId::parse(&minion_id) else { return Ok(no) };
    let groups = nodegroups(&cx.opts.map("nodegroups"));
    let Ok(target) = Target::parse(&expr.into(), "compound", None, &groups) else { return Ok(no) };
    let store = MasterServices::of(cx)?.store()?;
    let ids = [id];
    let target = target.pillar_exact();
    let meant = !matching(&target, &ids, &store).is_empty();
    Ok(if meant {
        map! {"res" => minion_id}
    } else {
        no
    })
}
