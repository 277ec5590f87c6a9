//! Single templates (`state.template`, `state.template_str`) and high data from the command line.

use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::high::is_internal;
use super::sls::split_functions;

/// Expands the short forms of one template that is no sls file. Salt: `State.render_template`.
///
/// # Errors
/// What single templates may not hold, and IDs that are no mappings.
pub fn pad_template(data: Value, name: &str) -> Result<Map, Faults> {
    let Value::Map(map) = data else {
        return Err(vec![Fault::new(format!("Template {name} does not render to a dictionary"))]);
    };
    let mut ids = std::sync::Arc::unwrap_or_clone(map);
    for item in ["include", "exclude", "extends"] {
        if ids.contains_key(item) {
            return Err(vec![Fault::new(format!(
                "The '{item}' declaration found on '{name}' is invalid when rendering single \
                 templates"
            ))]);
        }
    }
    let mut faults = Faults::new();
    for (id, body) in &mut ids {
        pad(id, body, name, &mut faults);
    }
    if faults.is_empty() { Ok(ids) } else { Err(faults) }
}

fn pad(id: &Value, body: &mut Value, name: &str, faults: &mut Faults) {
    if let Value::Str(short) = body {
        let mut parts = short.split('.');
        match (parts.next(), parts.next()) {
            (Some(module), Some(fun)) => {
                *body = halite_core::map! {module => vec![Value::from(fun)]}.into();
            }
            _ => faults.push(Fault::new(format!("ID {id} in template {name} is not a dictionary"))),
        }
        return;
    }
    let Some(body) = body.as_map_mut() else { return };
    for (key, _) in body.iter().filter(|(key, value)| !is_internal(key) && value.is_null()) {
        faults.push(Fault::new(format!(
            "ID '{id}' in template {name} contains a short declaration ({key}) with a trailing \
             colon. When not passing any arguments to a state, the colon must be omitted."
        )));
    }
    let mut doubled = |_: &str| {
        faults.push(Fault::new(format!(
            "ID '{id}' in template '{name}' contains multiple state declarations of the same type"
        )));
    };
    split_functions(body, &mut doubled, false);
}

/// Expands dots in high data that is given as it is (`state.high`, orchestration).
/// Salt: `Compiler.pad_funcs`.
pub fn pad_funcs(high: &mut Map) {
    for body in high.values_mut() {
        if let Value::Str(short) = body {
            if let Some((module, fun)) = short.split_once('.') {
                *body = halite_core::map! {module => vec![Value::from(fun)]}.into();
            }
        } else if let Some(body) = body.as_map_mut() {
            split_functions(body, &mut |_| {}, false);
        }
    }
}
