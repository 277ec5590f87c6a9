//! `check`: the diagnostics of `state.check`, each with its line and a caret, then their number.

use std::fmt::{self, Write};

use halite_core::Value;
use halite_states::compiler::{Fault, Place};

use super::{OutputOpts, Outputter, nested::Nested};

/// See the module.
pub(crate) struct Check;

impl Outputter for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn output(&self, opts: &OutputOpts<'_>, data: &Value, to: &mut dyn Write) -> fmt::Result {
        let found = data.as_map().into_iter().flat_map(|map| map.iter());
        for (minion, result) in found {
            let Some(items) = result.as_list() else {
                return Nested.output(opts, data, to);
            };
            if minion.as_str() != Some("local") {
                writeln!(to, "{minion}:")?;
            }
            let mut counts = [0_usize; 2];
            for item in items {
                let error = text(item, "severity") == "error";
                counts[usize::from(!error)] += 1;
                diagnostic(opts, item, error, to)?;
            }
            writeln!(to, "{}", summary(counts))?;
        }
        Ok(())
    }
}

fn text(item: &Value, key: &str) -> String {
    item.get(key).filter(|value| !value.is_null()).map(Value::to_string).unwrap_or_default()
}

fn number(item: &Value, key: &str) -> u32 {
    item.get(key).and_then(Value::as_i64).and_then(|n| u32::try_from(n).ok()).unwrap_or(1)
}

fn diagnostic(opts: &OutputOpts<'_>, item: &Value, error: bool, to: &mut dyn Write) -> fmt::Result {
    let (code, end) = match (opts.color, error) {
        (false, _) => ("", ""),
        (true, true) => ("\u{1b}[1;31m", "\u{1b}[0m"),
        (true, false) => ("\u{1b}[1;33m", "\u{1b}[0m"),
    };
    let via = item.get("via").and_then(Value::as_list).unwrap_or_default().iter();
    let via = via.filter_map(|step| {
        let step = step.to_string();
        let (file, line) = step.rsplit_once(':')?;
        Some((file.into(), line.parse().ok()?))
    });
    let place = Place {
        file: text(item, "file").into(),
        line: number(item, "line"),
        column: number(item, "column"),
        via: via.collect(),
    };
    let hint = text(item, "hint");
    let fault = Fault {
        line: Some(text(item, "text")),
        ..Fault::new("").at(place).maybe_hint((!hint.is_empty()).then_some(hint))
    };
    let (severity, class) = (text(item, "severity"), text(item, "code"));
    let message = text(item, "message");
    writeln!(to, "{code}{severity}{end}[{class}]: {message}{}\n", fault.details())
}

/// `2 errors, 1 warning`.
fn summary([errors, warnings]: [usize; 2]) -> String {
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    match (errors, warnings) {
        (0, 0) => "no faults found".to_owned(),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
