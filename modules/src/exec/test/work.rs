//! `test.arg`, `test.fib`, `test.sleep`: arguments shown, numbers counted, time passed.

use std::time::Duration;

use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};
use num_bigint::BigInt;

use crate::support::{digest, random_bytes};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "test",
    &[
        &ARG,
        &ARG_CLEAN,
        &ARG_REPR,
        &ARG_TYPE,
        &KWARG,
        &COLLATZ,
        &FIB,
        &SLEEP,
        &RAND_SLEEP,
        &RANDOM_HASH,
        &RAND_STR,
    ],
);

/// Longest pause between two looks at the job's switch.
const NAP: Duration = Duration::from_millis(50);

/// Gives back the arguments as they arrived, positional and named.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.arg 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'
/// ```
#[function]
fn arg(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Map {
    map! { "args" => args, "kwargs" => kwargs }
}

/// Gives back the arguments without those that the publishing of a job adds.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.arg_clean 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'
/// ```
#[function]
fn arg_clean(#[args] args: Vec<Value>, #[kwargs] mut kwargs: Map) -> Map {
    kwargs.retain(|key, _| !key.as_str().is_some_and(|key| key.starts_with("__")));
    map! { "args" => args, "kwargs" => kwargs }
}

/// Gives the arguments as Python would print them.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.arg_repr 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'
/// ```
#[function]
fn arg_repr(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Map {
    let items: Vec<String> = args.iter().map(Value::repr).collect();
    let args = match items.as_slice() {
        [one] => format!("({one},)"),
        items => format!("({})", items.join(", ")),
    };
    map! { "args" => args, "kwargs" => Value::from(kwargs).repr() }
}

/// Gives the types of the arguments.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.arg_type 1 'int'
/// ```
#[function]
fn arg_type(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Map {
    let class = |value: &Value| format!("<class '{}'>", value.type_name());
    let named = kwargs.iter().map(|(key, value)| (key.clone(), class(value).into()));
    map! { "args" => args.iter().map(class).collect::<Vec<_>>(), "kwargs" => Value::map(named) }
}

/// Gives back the named arguments.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.kwarg num=1 txt="two" env='{a: 1, b: "hello"}'
/// ```
#[function]
fn kwarg(#[kwargs] kwargs: Map) -> Map {
    kwargs
}

/// Follows the Collatz sequence of a number; gives the steps and the seconds it took.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.collatz 3
/// ```
#[function]
fn collatz(cx: &Context<'_>, start: i64) -> Result<Value> {
    let begun = cx.host.now_micros();
    let mut at = i128::from(start);
    let mut steps: Vec<Value> = Vec::new();
    // Python divides with `/`: from the first halving on, the numbers are floats.
    let mut float = false;
    while at != 1 {
        if cx.job.cancelled() || at < 1 {
            return Err(Error::Cancelled);
        }
        steps.push(if float { Value::Float(at as f64) } else { Value::from_bigint(at.into()) });
        float |= at % 2 == 0;
        at = if at % 2 == 0 { at / 2 } else { at * 3 + 1 };
    }
    Ok(Value::list([steps.into(), seconds_since(cx, begun)]))
}

fn seconds_since(cx: &Context<'_>, begun: i64) -> Value {
    Value::Float((cx.host.now_micros() - begun) as f64 / 1e6)
}

/// Gives a number of the Fibonacci sequence and the seconds it took.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.fib 3
/// ```
#[function]
fn fib(cx: &Context<'_>, num: i64) -> Result<Value> {
    if num < 0 {
        return Err(Error::execution("Negative number is not allowed!"));
    }
    let begun = cx.host.now_micros();
    let (mut last, mut this) = (BigInt::from(0), BigInt::from(1));
    for _ in 0..num {
        if cx.job.cancelled() {
            return Err(Error::Cancelled);
        }
        let next = &last + &this;
        last = std::mem::replace(&mut this, next);
    }
    Ok(Value::list([Value::from_bigint(last), seconds_since(cx, begun)]))
}

/// Sleeps for some seconds; ends early when the job is killed.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.sleep 20
/// ```
#[function]
fn sleep(
    cx: &Context<'_>,
    /// Seconds.
    length: i64,
) -> Result<bool> {
    let seconds =
        u64::try_from(length).map_err(|_| Error::execution("sleep length must be non-negative"))?;
    let mut left = Duration::from_secs(seconds);
    while !left.is_zero() {
        if cx.job.cancelled() {
            return Err(Error::Cancelled);
        }
        let nap = left.min(NAP);
        std::thread::sleep(nap);
        left -= nap;
    }
    Ok(true)
}

/// Sleeps for some seconds, at most as many as given.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.rand_sleep 60
/// ```
#[function]
fn rand_sleep(cx: &Context<'_>, #[default(60)] max: i64) -> Result<bool> {
    let bytes: [u8; 8] = random_bytes(cx.host, 8)?.try_into().unwrap_or_default();
    let most = u64::try_from(max).unwrap_or(0);
    let length = i64::try_from(u64::from_le_bytes(bytes) % (most + 1)).unwrap_or(0);
    sleep(cx, length)
}

/// Gives the digest of something random.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.random_hash
/// salt '*' test.random_hash hash_type=sha512
/// ```
#[function]
fn random_hash(
    cx: &Context<'_>,
    #[default(9_999_999_999)] _size: i64,
    /// The algorithm; `hash_type` of the configuration by default.
    #[default(None)]
    hash_type: Option<String>,
) -> Result<String> {
    let set = match cx.opts.str("hash_type") {
        "" => "sha256".to_owned(),
        set => set.to_owned(),
    };
    let kind = hash_type.filter(|kind| !kind.is_empty()).unwrap_or(set);
    digest::hex_digest(&kind, &random_bytes(cx.host, 32)?)
        .ok_or_else(|| Error::execution(format!("unsupported hash type {kind}")))
}

/// Gives the digest of something random. The same as `test.random_hash`.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.rand_str
/// ```
#[function]
fn rand_str(
    cx: &Context<'_>,
    #[default(9_999_999_999)] size: i64,
    #[default(None)] hash_type: Option<String>,
) -> Result<String> {
    random_hash(cx, size, hash_type)
}
