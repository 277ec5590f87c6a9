//! `calc`: works out numbers over the last values of a register. Salt: `salt/thorium/calc.py` behaviour.

use halite_core::{Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

use crate::thorium::Thorium;
use crate::thorium::calculate::calculate;
use crate::thorium::order::number;

/// The module.
pub static MODULE: StateModule = StateModule::new(
    "calc",
    &[&CALC, &ADD, &MUL, &MEAN, &MEDIAN, &MEDIAN_LOW, &MEDIAN_HIGH, &MEDIAN_GROUPED, &MODE],
);

/// What all functions take.
struct Wish {
    name: String,
    num: i64,
    minimum: Value,
    maximum: Value,
    reference: Option<String>,
}

fn decide<'a>(cx: &Context<'a>, oper: &str, wish: &Wish) -> Result<Verdict<'a>> {
    let name = &wish.name;
    let registers = Thorium::of(cx)?.registers();
    let Some(kept) = registers.get(name) else {
        return Ok(Verdict::fail(format!("{name} not found in register")));
    };
    let kept = kept.value();
    let items = kept.as_list().ok_or_else(|| Error::execution(format!("{name} holds no list")))?;
    let last = items.iter().rev().take(usize::try_from(wish.num).unwrap_or(0));
    let values: Vec<Value> = match &wish.reference {
        None => last.cloned().collect(),
        // An event without the field says nothing about it.
        Some(field) => last.filter_map(|item| item.get(field).cloned()).collect(),
    };
    if values.is_empty() {
        return Ok(Verdict::fail(format!("{name} holds nothing to calculate with")));
    }
    let answer = calculate(oper, &values)?;
    let bound = |value: &Value| number(value).filter(|bound| *bound > 0.0);
    let small = bound(&wish.minimum).zip(number(&answer)).is_some_and(|(least, it)| it < least);
    let large = bound(&wish.maximum).zip(number(&answer)).is_some_and(|(most, it)| it > most);
    let changes: Map = map! {
        "Number of values" => values.len(), "Operator" => oper, "Answer" => answer,
    };
    let outcome = Outcome { result: Some(!small && !large), changes, ..Outcome::default() };
    Ok(Verdict::Settled(outcome))
}

/// Works out `oper` over the last values: `add`, `mul`, `mean`, `median`, `median_low`, `median_high`,
/// `median_grouped` or `mode`.
///
/// ```yaml
/// samples:
///   calc.calc:
///     - num: 5
///     - oper: mean
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn calc<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// The operator.
    oper: String,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, &oper, &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the sum of the last values.
///
/// ```yaml
/// samples:
///   calc.add:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn add<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "add", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the product of the last values.
///
/// ```yaml
/// samples:
///   calc.mul:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn mul<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "mul", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the mean of the last values.
///
/// ```yaml
/// samples:
///   calc.mean:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn mean<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "mean", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the median of the last values.
///
/// ```yaml
/// samples:
///   calc.median:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn median<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "median", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the low median of the last values.
///
/// ```yaml
/// samples:
///   calc.median_low:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn median_low<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "median_low", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the high median of the last values.
///
/// ```yaml
/// samples:
///   calc.median_high:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn median_high<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "median_high", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the median of grouped data of the last values.
///
/// ```yaml
/// samples:
///   calc.median_grouped:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn median_grouped<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "median_grouped", &Wish { name, num, minimum, maximum, reference: ref_ })
}

/// Works out the most frequent of the last values.
///
/// ```yaml
/// samples:
///   calc.mode:
///     - num: 5
///     - ref: load
///     - maximum: 4
/// ```
#[state]
fn mode<'a>(
    cx: &Context<'a>,
    /// The register, a list.
    name: String,
    /// How many of its last values count.
    num: i64,
    /// A smaller answer fails; 0 for none.
    #[default(0.into())]
    minimum: Value,
    /// A larger answer fails; 0 for none.
    #[default(0.into())]
    maximum: Value,
    /// The field of the values, if they have several.
    #[default(None)]
    ref_: Option<String>,
) -> Result<Verdict<'a>> {
    decide(cx, "mode", &Wish { name, num, minimum, maximum, reference: ref_ })
}
