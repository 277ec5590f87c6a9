//! A command in batches: at most so many minions at a time. Salt: `LocalClient.cmd_batch`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use halite_core::{Args, Context, Error, Map, Result, Value, map};

use super::command::{Command, Returned};
use crate::limits::BATCH_THREADS;

/// A number, or a percentage of `minions`; at least 1.
fn size(text: &str, minions: usize) -> Result<usize> {
    let bad = || {
        Error::execution(format!(
            "Invalid batch specification '{text}': must be an integer or percentage string like '10' or '25%'."
        ))
    };
    if let Some(percent) = text.trim().strip_suffix('%') {
        let percent: f64 = percent.trim().parse().map_err(|_| bad())?;
        let part = percent / 100.0 * minions as f64;
        return if part.is_finite() { Ok((part.max(1.0)) as usize) } else { Err(bad()) };
    }
    let number: i64 = text.trim().parse().map_err(|_| bad())?;
    Ok(usize::try_from(number).unwrap_or(0).max(1))
}

/// Runs it. The minions are those that answer a ping.
pub(super) fn run(command: &Command, batch: &str, cx: &Context<'_>) -> Result<Returned> {
    let ping = Command {
        fun: "test.ping".into(),
        args: Args::default(),
        ret: String::new(),
        batch: None,
        expect_minions: false,
        ..command.clone()
    };
    let mut ids: Vec<String> = ping.run_once(cx)?.into_keys().collect();
    ids.sort();
    let size = size(batch, ids.len())?;
    // Small batches refill a place as soon as it is free; large ones go part by part.
    let (places, part) = if size <= BATCH_THREADS { (size, 1) } else { (1, size) };
    let left: Mutex<VecDeque<Vec<String>>> =
        Mutex::new(ids.chunks(part).map(<[String]>::to_vec).collect());
    let done: Mutex<Result<Returned>> = Mutex::new(Ok(Returned::new()));
    std::thread::scope(|scope| {
        for _ in 0..places.min(ids.len()) {
            scope.spawn(|| worker(command, cx, &left, &done));
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn worker(
    command: &Command,
    cx: &Context<'_>,
    left: &Mutex<VecDeque<Vec<String>>>,
    done: &Mutex<Result<Returned>>,
) {
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let stop = || left.lock().unwrap_or_else(PoisonError::into_inner).clear();
    while let Some(ids) = next() {
        if cx.job.cancelled() {
            return;
        }
        let one =
            Command { tgt: ids.into(), tgt_type: "list".into(), batch: None, ..command.clone() };
        let came = one.run_once(cx);
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        match (came, &mut *done) {
            (Ok(came), Ok(all)) => {
                let failed = |data: &Map| data.get("retcode").is_some_and(Value::truthy);
                if command.failhard && came.values().any(failed) {
                    stop();
                }
                all.extend(came.into_iter().map(|(id, data)| (id, shown(data))));
            }
            (Err(error), all) => {
                stop();
                *all = Err(error);
            }
            (Ok(_), Err(_)) => {}
        }
    }
}

/// Salt's batches give the value and its outputter only.
fn shown(data: Map) -> Map {
    if data.contains_key("failed") {
        return data;
    }
    let ret = data.get("ret").cloned().unwrap_or_default();
    let out = ret.get("out").cloned().unwrap_or_else(|| "highstate".into());
    let mut shown = map! {"out" => out, "ret" => ret};
    // Without it, a failing function in a batch would count as a good one.
    if let Some(retcode) = data.get("retcode") {
        shown.insert("retcode".into(), retcode.clone());
    }
    shown
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_numbers_or_parts() {
        for (text, minions, want) in [
            ("1", 10, Some(1)),
            ("25%", 10, Some(2)),
            ("1%", 10, Some(1)),
            ("0", 5, Some(1)),
            ("x", 5, None),
        ] {
            assert_eq!(super::size(text, minions).ok(), want, "{text}");
        }
    }
}
