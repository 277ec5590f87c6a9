//! Python's itertools.

use super::basic::optional_int;
use super::undefined_within;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, value_error};
use crate::jinja::value::Val;

pub(super) const NAMES: &[&str] = &[
    "combinations",
    "combinations_with_replacement",
    "compress",
    "permutations",
    "product",
    "zip",
    "zip_longest",
];

/// How many results may be made.
const MOST_RESULTS: usize = 1_000_000;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    if let Some(undefined) = undefined_within(&val) {
        return Ok(undefined);
    }
    let first = rt.iterate(&val)?;
    Ok(match name {
        "combinations" => {
            let [r] = args.bind(name, ["r"], 1)?;
            Val::iter(
                "itertools.combinations",
                pick(rt, &first, size(r, 0)?, |last, at| at > last)?,
            )
        }
        "combinations_with_replacement" => {
            let [r] = args.bind(name, ["r"], 1)?;
            let items = pick(rt, &first, size(r, 0)?, |last, at| at >= last)?;
            Val::iter("itertools.combinations_with_replacement", items)
        }
        "permutations" => {
            let [r] = args.bind(name, ["r"], 0)?;
            Val::iter("itertools.permutations", permutations(rt, &first, size(r, first.len())?)?)
        }
        "compress" => {
            let [selectors] = args.bind(name, ["selectors"], 1)?;
            let mut kept = Vec::new();
            for (item, selector) in
                first.into_iter().zip(rt.iterate(&selectors.unwrap_or(Val::None))?)
            {
                if selector.truthy()? {
                    kept.push(item);
                }
            }
            Val::iter("itertools.compress", kept)
        }
        "product" => {
            let repeat =
                args.named.iter().find(|(name, _)| **name == *"repeat").map(|(_, val)| val.clone());
            let repeat = size(repeat, 1)?;
            let pools = pools(rt, first, &args)?;
            let pools: Vec<Vec<Val>> =
                std::iter::repeat_n(pools, repeat.min(64)).flatten().collect();
            Val::iter("itertools.product", product(rt, &pools)?)
        }
        "zip" => {
            let pools = pools(rt, first, &args)?;
            let len = pools.iter().map(Vec::len).min().unwrap_or(0);
            Val::iter("zip", rows(rt, &pools, len, &Val::None)?)
        }
        _ => {
            let fill = args
                .named
                .iter()
                .find(|(name, _)| **name == *"fillvalue")
                .map(|(_, val)| val.clone());
            let pools = pools(rt, first, &args)?;
            let len = pools.iter().map(Vec::len).max().unwrap_or(0);
            Val::iter("itertools.zip_longest", rows(rt, &pools, len, &fill.unwrap_or(Val::None))?)
        }
    })
}

fn size(val: Option<Val>, default: usize) -> R<usize> {
    match optional_int(val)? {
        None => Ok(default),
        Some(size) => match usize::try_from(size) {
            Ok(size) => Ok(size),
            Err(_) => value_error("r must be non-negative"),
        },
    }
}

fn pools(rt: &Rt<'_>, first: Vec<Val>, args: &Args) -> R<Vec<Vec<Val>>> {
    let mut pools = vec![first];
    for arg in &args.pos {
        pools.push(rt.iterate(arg)?);
    }
    Ok(pools)
}

fn rows(rt: &Rt<'_>, pools: &[Vec<Val>], len: usize, fill: &Val) -> R<Vec<Val>> {
    rt.step((len * pools.len()) as u64)?;
    let row =
        |at| Val::tuple(pools.iter().map(|pool| pool.get(at).unwrap_or(fill).clone()).collect());
    Ok((0..len).map(row).collect())
}

fn keep(rt: &Rt<'_>, out: &mut Vec<Val>, items: &[Val], picked: &[usize]) -> R<()> {
    rt.step(1 + picked.len() as u64)?;
    if out.len() >= MOST_RESULTS {
        return value_error(format!("more than {MOST_RESULTS} results"));
    }
    out.push(Val::tuple(picked.iter().map(|at| items[*at].clone()).collect()));
    Ok(())
}

/// Combinations: every next position must be `allowed` after the last one.
fn pick(rt: &Rt<'_>, items: &[Val], r: usize, allowed: fn(usize, usize) -> bool) -> R<Vec<Val>> {
    let mut out = Vec::new();
    let mut picked: Vec<usize> = Vec::new();
    if r == 0 {
        keep(rt, &mut out, items, &picked)?;
        return Ok(out);
    }
    let mut at = 0;
    loop {
        rt.step(1)?;
        if at < items.len() && picked.len() < r {
            picked.push(at);
            if picked.len() == r {
                keep(rt, &mut out, items, &picked)?;
                picked.pop();
                at += 1;
            } else if !allowed(at, at) {
                at += 1;
            }
            continue;
        }
        match picked.pop() {
            Some(last) => at = last + 1,
            None => return Ok(out),
        }
    }
}

fn permutations(rt: &Rt<'_>, items: &[Val], r: usize) -> R<Vec<Val>> {
    let mut out = Vec::new();
    if r > items.len() {
        return Ok(out);
    }
    let mut picked: Vec<usize> = Vec::new();
    let mut used = vec![false; items.len()];
    let mut at = 0;
    loop {
        rt.step(1 + items.len() as u64 / 16)?;
        if picked.len() == r {
            keep(rt, &mut out, items, &picked)?;
        } else if let Some(next) = (at..items.len()).find(|next| !used[*next]) {
            picked.push(next);
            used[next] = true;
            at = 0;
            continue;
        }
        match picked.pop() {
            Some(last) => {
                used[last] = false;
                at = last + 1;
            }
            None => return Ok(out),
        }
    }
}

fn product(rt: &Rt<'_>, pools: &[Vec<Val>]) -> R<Vec<Val>> {
    let count = pools.iter().fold(1usize, |count, pool| count.saturating_mul(pool.len()));
    if count > MOST_RESULTS {
        return value_error(format!("more than {MOST_RESULTS} results"));
    }
    rt.step((count * pools.len()) as u64)?;
    let mut out = Vec::with_capacity(count);
    for number in 0..count {
        let mut rest = number;
        let mut row: Vec<Val> = Vec::with_capacity(pools.len());
        for pool in pools.iter().rev() {
            row.push(pool[rest % pool.len()].clone());
            rest /= pool.len();
        }
        row.reverse();
        out.push(Val::tuple(row));
    }
    Ok(out)
}
