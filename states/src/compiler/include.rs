//! `include`: which sls files an entry means, and taking them in.

use halite_core::Value;

use super::fault::{Fault, Faults};
use super::sls::{Compiler, INCLUDE_DEPTH, Matches, Piece, mark_included, merge};

/// The environment key of an include that is looked for in all matched environments.
const ANY_ENV: &str = "_xenv";

/// The file that includes.
pub(crate) struct From<'a> {
    pub(crate) env: &'a str,
    pub(crate) sls: &'a str,
    pub(crate) init: bool,
    pub(crate) depth: usize,
}

/// Renders what one entry of an include list names and merges it into the includer.
pub(crate) fn include(
    compiler: &mut Compiler<'_>,
    from: &From<'_>,
    item: &Value,
    matches: &Matches,
    piece: &mut Piece,
    faults: &mut Faults,
) {
    let (env, name) = match item {
        Value::Map(pair) => match pair.last() {
            Some((env, name)) => (env.to_string(), name.to_string()),
            None => return,
        },
        other => (from.env.to_owned(), other.to_string()),
    };
    if from.depth >= INCLUDE_DEPTH {
        faults.push(Fault::new(format!(
            "SLS '{}:{}' is included {INCLUDE_DEPTH} levels deep; '{name}' is not followed",
            from.env, from.sls
        )));
        return;
    }
    let resolved = absolute(from, &env, &name, compiler).and_then(|name| {
        resolve(compiler, from, &env, &name, matches).map(|in_env| (in_env, name))
    });
    let (in_env, name) = match resolved {
        Ok(found) => found,
        Err(fault) => return faults.push(fault),
    };
    let mut targets = compiler.matching(from.env, &name);
    if targets.is_empty() {
        targets.push(name);
    }
    for target in targets {
        if compiler.rendered.contains(&format!("{in_env}:{target}")) {
            continue;
        }
        let (mut included, mut own) =
            compiler.render_state(&in_env, &target, matches, from.depth + 1);
        if let [only] = own.as_mut_slice()
            && only.at.is_none()
            && only.about.is_none()
            && only.hint.is_none()
        {
            only.hint = compiler.nearest_sls(&in_env, &target);
        }
        if !included.is_empty() {
            mark_included(&mut included, from.sls);
            merge(&mut piece.high, included, faults);
        }
        faults.extend(own);
    }
}

/// A relative name (leading dots) made absolute.
fn absolute(
    from: &From<'_>,
    env: &str,
    name: &str,
    compiler: &Compiler<'_>,
) -> Result<String, Fault> {
    let (own_env, sls) = (from.env, from.sls);
    if !compiler.knows_env(env) {
        return Err(Fault::new(format!(
            "Nonexistent saltenv '{env}' found in include of '{name}' within SLS '{own_env}:{sls}'"
        )));
    }
    let rest = name.trim_start_matches('.');
    let up = name.len() - rest.len();
    if up == 0 {
        return Ok(name.to_owned());
    }
    let mut parts: Vec<&str> = sls.split('.').collect();
    if from.init {
        parts.push("init");
    }
    if up > parts.len() {
        return Err(Fault::new(format!(
            "Attempted relative include of '{name}' within SLS '{own_env}:{sls}' goes beyond top \
             level package "
        )));
    }
    parts.truncate(parts.len() - up);
    parts.push(rest);
    Ok(parts.join("."))
}

/// The environment to take an include from.
fn resolve(
    compiler: &mut Compiler<'_>,
    from: &From<'_>,
    env: &str,
    name: &str,
    matches: &Matches,
) -> Result<String, Fault> {
    let mut found: Vec<String> = Vec::new();
    if env != ANY_ENV {
        if matches.contains_key(env) || !compiler.matching(env, name).is_empty() {
            found.push(env.to_owned());
        }
    } else {
        found
            .extend(matches.keys().filter(|env| !compiler.matching(env, name).is_empty()).cloned());
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        many if many.iter().any(|env| env == from.env) => Ok(from.env.to_owned()),
        [] => {
            let all = || matches.keys().cloned().collect::<Vec<_>>().join(", ");
            let envs = if env == ANY_ENV { all() } else { env.to_owned() };
            let known = if env == ANY_ENV { from.env } else { env };
            Err(Fault::new(format!(
                "Unknown include: Specified SLS {env}: {name} is not available on the salt master \
                 in saltenv(s): {envs} "
            ))
            .maybe_hint(compiler.nearest_sls(known, name)))
        }
        many => Err(Fault::new(format!(
            "Ambiguous include: Specified SLS {env}: {name} is available on the salt master in \
             multiple available saltenvs: {}",
            many.join(", ")
        ))),
    }
}
