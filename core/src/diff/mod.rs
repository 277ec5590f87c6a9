//! Unified diffs, line for line what Python's `difflib.unified_diff` writes: people read them in
//! changes, and tests compare them.

mod contents;
mod ignore;

use std::collections::HashMap;

pub use contents::of_contents;
pub use ignore::Ignore;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// From this many lines on, lines that make up more than a hundredth of the text do not anchor
/// matches. Python: `autojunk`.
const POPULAR_FROM: usize = 200;

/// Splits a text into lines that keep their ends. Python: `splitlines(True)` for `\n`, `\r\n`, `\r`.
pub fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (bytes, mut start, mut at) = (text.as_bytes(), 0, 0);
    while at < bytes.len() {
        let end = match bytes[at] {
            b'\n' => at + 1,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => at + 2,
            b'\r' => at + 1,
            _ => {
                at += 1;
                continue;
            }
        };
        lines.push(&text[start..end]);
        (start, at) = (end, end);
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// The diff of two texts as one text: empty if they are equal. Headers have no names.
pub fn unified(before: &str, after: &str) -> String {
    unified_lines(&split_lines(before), &split_lines(after)).concat()
}

/// The diff of two lists of lines, as lines; headers and hunk heads end in a newline.
pub fn unified_lines<S: AsRef<str>, T: AsRef<str>>(before: &[S], after: &[T]) -> Vec<String> {
    let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
    let after: Vec<&str> = after.iter().map(AsRef::as_ref).collect();
    let mut out: Vec<String> = Vec::new();
    for group in grouped(opcodes(&before, &after)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        if out.is_empty() {
            out.extend(["--- \n".to_owned(), "+++ \n".to_owned()]);
        }
        let old = range(first.old.0, last.old.1);
        let new = range(first.new.0, last.new.1);
        out.push(format!("@@ -{old} +{new} @@\n"));
        for op in &group {
            if op.equal {
                out.extend(before[op.old.0..op.old.1].iter().map(|line| format!(" {line}")));
            } else {
                out.extend(before[op.old.0..op.old.1].iter().map(|line| format!("-{line}")));
                out.extend(after[op.new.0..op.new.1].iter().map(|line| format!("+{line}")));
            }
        }
    }
    out
}

fn range(start: usize, stop: usize) -> String {
    match stop - start {
        1 => (start + 1).to_string(),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

/// A stretch that is equal, or that becomes another.
#[derive(Clone, Copy)]
struct Op {
    equal: bool,
    old: (usize, usize),
    new: (usize, usize),
}

fn opcodes(before: &[&str], after: &[&str]) -> Vec<Op> {
    let mut ops = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (a, b, size) in matching_blocks(before, after) {
        if i < a || j < b {
            ops.push(Op { equal: false, old: (i, a), new: (j, b) });
        }
        (i, j) = (a + size, b + size);
        if size > 0 {
            ops.push(Op { equal: true, old: (a, i), new: (b, j) });
        }
    }
    ops
}

/// Python: `SequenceMatcher.get_grouped_opcodes`.
fn grouped(mut ops: Vec<Op>) -> Vec<Vec<Op>> {
    if let Some(first) = ops.first_mut().filter(|op| op.equal) {
        first.old.0 = first.old.0.max(first.old.1.saturating_sub(CONTEXT));
        first.new.0 = first.new.0.max(first.new.1.saturating_sub(CONTEXT));
    }
    if let Some(last) = ops.last_mut().filter(|op| op.equal) {
        last.old.1 = last.old.1.min(last.old.0 + CONTEXT);
        last.new.1 = last.new.1.min(last.new.0 + CONTEXT);
    }
    let mut groups = Vec::new();
    let mut group: Vec<Op> = Vec::new();
    for op in ops {
        let mut op = op;
        if op.equal && op.old.1 - op.old.0 > 2 * CONTEXT {
            let mut tail = op;
            tail.old.1 = op.old.1.min(op.old.0 + CONTEXT);
            tail.new.1 = op.new.1.min(op.new.0 + CONTEXT);
            group.push(tail);
            groups.push(std::mem::take(&mut group));
            op.old.0 = op.old.0.max(op.old.1 - CONTEXT);
            op.new.0 = op.new.0.max(op.new.1 - CONTEXT);
        }
        group.push(op);
    }
    if group.iter().any(|op| !op.equal) {
        groups.push(group);
    }
    groups
}

/// Where lines of `after` stand; popular ones left out.
fn positions<'a>(after: &[&'a str]) -> HashMap<&'a str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in after.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if after.len() >= POPULAR_FROM {
        let most = after.len() / 100 + 1;
        places.retain(|_, places| places.len() <= most);
    }
    places
}

/// Python: `SequenceMatcher.get_matching_blocks`, the empty block at the end included.
fn matching_blocks(before: &[&str], after: &[&str]) -> Vec<(usize, usize, usize)> {
    let places = positions(after);
    let mut queue = vec![(0, before.len(), 0, after.len())];
    let mut found = Vec::new();
    while let Some((alo, ahi, blo, bhi)) = queue.pop() {
        let (i, j, size) = longest(before, after, &places, (alo, ahi, blo, bhi));
        if size > 0 {
            found.push((i, j, size));
            if alo < i && blo < j {
                queue.push((alo, i, blo, j));
            }
            if i + size < ahi && j + size < bhi {
                queue.push((i + size, ahi, j + size, bhi));
            }
        }
    }
    found.sort_unstable();
    let mut blocks: Vec<(usize, usize, usize)> = Vec::new();
    for (i, j, size) in found {
        match blocks.last_mut() {
            Some(last) if last.0 + last.2 == i && last.1 + last.2 == j => last.2 += size,
            _ => blocks.push((i, j, size)),
        }
    }
    blocks.push((before.len(), after.len(), 0));
    blocks
}

/// Python: `SequenceMatcher.find_longest_match`.
fn longest(
    before: &[&str],
    after: &[&str],
    places: &HashMap<&str, Vec<usize>>,
    (alo, ahi, blo, bhi): (usize, usize, usize, usize),
) -> (usize, usize, usize) {
    let (mut besti, mut bestj, mut size) = (alo, blo, 0);
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for (i, line) in before.iter().enumerate().take(ahi).skip(alo) {
        let mut next = HashMap::new();
        for &j in places.get(line).map(Vec::as_slice).unwrap_or_default() {
            if j < blo {
                continue;
            }
            if j >= bhi {
                break;
            }
            let k = j.checked_sub(1).and_then(|j| lengths.get(&j)).copied().unwrap_or(0) + 1;
            next.insert(j, k);
            if k > size {
                (besti, bestj, size) = (i + 1 - k, j + 1 - k, k);
            }
        }
        lengths = next;
    }
    while besti > alo && bestj > blo && before[besti - 1] == after[bestj - 1] {
        (besti, bestj, size) = (besti - 1, bestj - 1, size + 1);
    }
    while besti + size < ahi && bestj + size < bhi && before[besti + size] == after[bestj + size] {
        size += 1;
    }
    (besti, bestj, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, want: &str) {
        assert_eq!(unified(before, after), want);
    }

    #[test]
    fn diffs_are_pythons() {
        check("a\n", "a\n", "");
        check("", "a\nb\n", "--- \n+++ \n@@ -0,0 +1,2 @@\n+a\n+b\n");
        check("a\n", "", "--- \n+++ \n@@ -1 +0,0 @@\n-a\n");
        check("a\nb\nc\n", "a\nx\nc\n", "--- \n+++ \n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        let long: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let changed = long.replace("\n2\n", "\nX\n").replace("19\n", "");
        check(
            &long,
            &changed,
            "--- \n+++ \n@@ -1,5 +1,5 @@\n 1\n-2\n+X\n 3\n 4\n 5\n\
             @@ -16,5 +16,4 @@\n 16\n 17\n 18\n-19\n 20\n",
        );
        assert_eq!(split_lines("a\r\nb\rc\nd"), ["a\r\n", "b\r", "c\n", "d"]);
    }
}
