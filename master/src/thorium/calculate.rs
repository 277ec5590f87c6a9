//! What `calc` works out of numbers, as Python's `statistics` does.

use halite_core::{Error, Result, Value};

use super::order::number;

/// The operators.
pub(crate) const OPERATORS: [&str; 8] =
    ["add", "mul", "mean", "median", "median_low", "median_high", "median_grouped", "mode"];

/// The answer of one over values in order.
///
/// # Errors
/// An unknown operator, what is no number, and no values where there must be some.
pub(crate) fn calculate(oper: &str, values: &[Value]) -> Result<Value> {
    if !OPERATORS.contains(&oper) {
        let known = OPERATORS.join(", ");
        return Err(Error::execution(format!("'{oper}' is no operator; there are: {known}")));
    }
    if oper == "mode" {
        return mode(values);
    }
    let numbers: Vec<f64> = values
        .iter()
        .map(|value| {
            number(value).ok_or_else(|| Error::execution(format!("{} is no number", value.repr())))
        })
        .collect::<Result<_>>()?;
    let whole = values.iter().all(|value| matches!(value, Value::Int(_) | Value::Bool(_)));
    match oper {
        "add" => return Ok(tidy(numbers.iter().sum(), whole)),
        "mul" => return Ok(tidy(numbers.iter().product(), whole)),
        _ => {}
    }
    if values.is_empty() {
        return Err(Error::execution(format!("no {oper} for empty data")));
    }
    if oper == "mean" {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        return Ok(tidy(mean, whole && mean.fract() == 0.0));
    }
    let mut sorted: Vec<(f64, &Value)> = numbers.into_iter().zip(values).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sorted.len() / 2;
    let odd = sorted.len() % 2 == 1;
    Ok(match oper {
        "median_high" => sorted[half].1.clone(),
        _ if odd && oper != "median_grouped" => sorted[half].1.clone(),
        "median_low" => sorted[half - 1].1.clone(),
        "median" => ((sorted[half - 1].0 + sorted[half].0) / 2.0).into(),
        _ if sorted.len() == 1 => sorted[0].1.clone(),
        _ => {
            let middle = sorted[half].0;
            let below = sorted.iter().filter(|(n, _)| *n < middle).count() as f64;
            let same = sorted.iter().filter(|(n, _)| *n == middle).count() as f64;
            (middle - 0.5 + (sorted.len() as f64 / 2.0 - below) / same).into()
        }
    })
}

/// An integer where Python gives one.
fn tidy(answer: f64, whole: bool) -> Value {
    match whole && answer.abs() < 9e15 {
        true => Value::from(answer as i64),
        false => answer.into(),
    }
}

/// What comes most often; of several the first.
fn mode(values: &[Value]) -> Result<Value> {
    let count = |value: &Value| values.iter().filter(|other| *other == value).count();
    let mut best: Option<(usize, &Value)> = None;
    for value in values {
        let times = count(value);
        if best.is_none_or(|(most, _)| times > most) {
            best = Some((times, value));
        }
    }
    best.map(|(_, value)| value.clone()).ok_or_else(|| Error::execution("no mode for empty data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Python 3.11's `statistics`; `mul` is what its documentation says.
    #[test]
    fn answers_are_pythons() {
        let (ints, mixed) = ([3, 1, 4, 1, 5], [Value::from(1.0), 5.into()]);
        let ints = ints.map(Value::from);
        for (oper, want) in [
            ("add", Value::from(14)),
            ("mul", 60.into()),
            ("mean", 2.8.into()),
            ("median", 3.into()),
            ("median_low", 3.into()),
            ("median_high", 3.into()),
            ("median_grouped", 3.0.into()),
            ("mode", 1.into()),
        ] {
            assert_eq!(calculate(oper, &ints).expect("works").repr(), want.repr(), "{oper}");
        }
        for (oper, want) in [
            ("add", Value::from(6.0)),
            ("mean", 3.0.into()),
            ("median", 3.0.into()),
            ("median_low", 1.0.into()),
            ("median_high", 5.into()),
            ("median_grouped", 4.5.into()),
            ("mode", 1.0.into()),
        ] {
            assert_eq!(calculate(oper, &mixed).expect("works").repr(), want.repr(), "{oper}");
        }
        assert!(calculate("mean", &[]).is_err() && calculate("median", &["x".into()]).is_err());
        assert!(
            calculate("sum", &ints).is_err_and(|error| error.to_string().contains("median_low"))
        );
    }
}
