//! Giving back the pages of the program's own file that only its start or a past job needed. They are clean
//! and shared, so the kernel could take them at any time; but what `ps` shows, and what a memory limit counts,
//! is what is mapped. After some quiet the program lets go of them and maps again what it touches.

#![allow(unsafe_code, reason = "the one call of madvise, with its proof")]

use std::fs;
use std::time::{Duration, Instant};

use rustix::mm::{Advice, madvise};

/// Quiet time before pages are given back.
const QUIET: Duration = Duration::from_secs(5);

/// When the program was busy last, and whether its pages have been given back since.
#[derive(Debug)]
pub struct Quiet {
    since: Instant,
    given: bool,
}

impl Quiet {
    /// Busy at `now`.
    pub fn new(now: Instant) -> Quiet {
        Quiet { since: now, given: false }
    }

    /// Something was done.
    pub fn busy(&mut self, now: Instant) {
        *self = Quiet::new(now);
    }

    /// When pages are to be given back; `None` once they are.
    pub fn due(&self) -> Option<Instant> {
        (!self.given).then(|| self.since + QUIET)
    }

    /// Gives pages back if that is due.
    pub fn tick(&mut self, now: Instant) {
        if self.due().is_some_and(|due| due <= now) {
            self.given = true;
            give_back(&fs::read_to_string("/proc/self/smaps").unwrap_or_default());
        }
    }
}

/// Lets go of the pages of all mappings in `smaps` that are safe to drop.
fn give_back(smaps: &str) {
    let program = fs::read_link("/proc/self/exe").unwrap_or_default();
    for (start, end) in droppable(smaps, &program.to_string_lossy()) {
        // SAFETY: the range is a whole mapping of the program's file in this process, taken from the kernel's own
        // list a moment ago; mappings of the program's file are never unmapped or remapped while it runs. It is not
        // writable and holds no anonymous (copied) page, so each of its pages equals the file's, and stays so:
        // without write permission no page can become a copy. MADV_DONTNEED on such a private file mapping only
        // takes the page table entries away; the next access reads the same bytes from the same file (madvise(2)),
        // as at the first access. So no memory that Rust knows changes its value. A failure changes nothing.
        let _ = unsafe { madvise(start as *mut _, end - start, Advice::LinuxDontNeed) };
    }
}

/// Mappings of `program` that are neither writable nor hold a copied page.
fn droppable(smaps: &str, program: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        if let Some(range) = header(line) {
            candidate = range.filter(|_| !program.is_empty() && line.ends_with(program));
        } else if let Some(size) = line.strip_prefix("Anonymous:") {
            found.extend(candidate.take().filter(|_| size.trim() == "0 kB"));
        }
    }
    found
}

/// For the first line of a mapping: its range, if it may not be written. `None` for other lines.
fn header(line: &str) -> Option<Option<(usize, usize)>> {
    let mut words = line.split(' ');
    let (start, end) = words.next()?.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    let fixed = words.next().is_some_and(|mode| mode.starts_with('r') && !mode.contains('w'));
    Some((fixed && start < end).then_some((start, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
        1000-3000 r--p 00000000 fd:00 1 /bin/salt\nRss: 8 kB\nAnonymous:             0 kB\n\
        3000-9000 r-xp 00002000 fd:00 1 /bin/salt\nRss: 8 kB\nAnonymous:             0 kB\n\
        9000-a000 r--p 00008000 fd:00 1 /bin/salt\nRss: 4 kB\nAnonymous:             4 kB\n\
        a000-b000 rw-p 00009000 fd:00 1 /bin/salt\nRss: 4 kB\nAnonymous:             0 kB\n\
        b000-c000 r-xp 00000000 fd:00 2 /lib/libc.so.6\nAnonymous:             0 kB\n\
        c000-d000 rw-p 00000000 00:00 0 [heap]\nAnonymous:             0 kB\n";

    #[test]
    fn only_clean_mappings_of_the_program_are_dropped() {
        assert_eq!(droppable(SMAPS, "/bin/salt"), [(0x1000, 0x3000), (0x3000, 0x9000)]);
        assert_eq!(droppable(SMAPS, ""), []);
        assert_eq!(droppable("nonsense\n-\n", "/bin/salt"), []);
    }

    fn resident() -> u64 {
        let statm = fs::read_to_string("/proc/self/statm").expect("is there");
        statm.split(' ').nth(2).and_then(|pages| pages.parse().ok()).expect("a number")
    }

    #[test]
    fn after_some_quiet_fewer_pages_are_mapped_and_everything_still_works() {
        let now = Instant::now();
        let mut quiet = Quiet::new(now);
        let before = resident();
        quiet.tick(now + QUIET - Duration::from_millis(1));
        assert!(quiet.due().is_some());
        quiet.tick(now + QUIET);
        assert_eq!(quiet.due(), None);
        assert!(resident() < before, "{} of {before} shared pages are mapped", resident());
        assert_eq!(format!("{:?}", Quiet::new(now)), format!("{:?}", Quiet::new(now)));
        quiet.busy(now + QUIET);
        assert!(quiet.due().is_some());
    }
}
