//! The summary below a host's states.

use halite_core::Value;

use super::OutputOpts;
use super::colors::Colors;
use super::highstate::Chunk;

/// What was counted on the way.
#[derive(Default)]
pub(super) struct Counts {
    succeeded: usize,
    failed: usize,
    not_run: usize,
    /// States that were shown in full and warn. Salt: shorter forms do not count.
    pub(super) warnings: usize,
    /// States with changes.
    pub(super) changed: usize,
    serial_ms: f64,
    parallel_ms: f64,
}

impl Counts {
    /// Takes one state in.
    pub(super) fn count(&mut self, chunk: &Chunk<'_>, compressing: bool) {
        let states = if compressing { chunk.compressed() } else { 1 };
        match chunk.result {
            Some(true) => self.succeeded += states,
            Some(false) => self.failed += states,
            None => self.not_run += states,
        }
        let ms = match chunk.info.get("duration") {
            Some(Value::Float(ms)) => *ms,
            _ => chunk.duration().and_then(|text| text.parse().ok()).unwrap_or(0.0),
        };
        if chunk.info.contains_key("__parallel__") {
            // They ran side by side: the longest counts.
            self.parallel_ms = self.parallel_ms.max(ms);
        } else {
            self.serial_ms += ms;
        }
    }

    fn total(&self) -> usize {
        self.succeeded + self.failed + self.not_run
    }
}

/// Widest label and the `: ` behind it.
const LABEL_WIDTH: usize = "Succeeded".len() + 2;

/// The lines of the summary.
pub(super) fn summary(
    opts: &OutputOpts<'_>,
    colors: Colors,
    host: &str,
    counts: &Counts,
) -> Vec<String> {
    let most = [counts.succeeded, counts.failed, counts.not_run, counts.warnings];
    let digits = most.iter().filter(|n| **n > 0).map(|n| n.to_string().len()).max();
    let width = LABEL_WIDTH + digits.unwrap_or(if counts.total() == 0 { 0 } else { 1 });
    let (cyan, green, red, end) = (colors.cyan(), colors.green(), colors.red(), colors.end());
    let row = |label: &str, shown: &str| {
        let room = width.saturating_sub(label.len() + 2);
        format!("{label}: {shown:>room$}")
    };
    let rule = "-".repeat(width);
    let good = counts.succeeded + counts.not_run;
    let failed_color = if counts.failed > 0 { red } else { cyan };
    let mut lines = vec![
        format!("{cyan}\nSummary for {host}\n{rule}{end}"),
        format!("{green}{}{end}{}", row("Succeeded", &good.to_string()), notes(colors, counts)),
        format!("{failed_color}{}{end}", row("Failed", &counts.failed.to_string())),
    ];
    if opts.opts.bool("state_output_pct") && counts.total() > 0 {
        let pct = |part: usize| {
            let exact = part as f64 / counts.total() as f64 * 100.0;
            halite_core::value::float_repr((exact * 100.0).round() / 100.0)
        };
        lines.push(format!("{green}{}{end}", row("Success %", &pct(good))));
        lines.push(format!("{failed_color}{}{end}", row("Failure %", &pct(counts.failed))));
    }
    if counts.warnings > 0 {
        let shown = row("Warnings", &counts.warnings.to_string());
        lines.push(format!("{}{shown}{end}", colors.light_red()));
    }
    let room = width.saturating_sub(7);
    lines.push(format!("{cyan}{rule}\nTotal states run: {:>room$}{end}", counts.total()));
    if opts.opts.bool("state_output_profile") {
        let ms = counts.serial_ms + counts.parallel_ms;
        let (time, unit) = if ms > 999.0 { (ms / 1000.0, "s") } else { (ms, "ms") };
        let room = width.saturating_sub(5);
        let time = format!("{time:.3}");
        lines.push(format!("{cyan}Total run time: {time:>room$} {unit}{end}"));
    }
    lines
}

fn notes(colors: Colors, counts: &Counts) -> String {
    let end = colors.end();
    let mut notes = Vec::new();
    if counts.not_run > 0 {
        notes.push(format!("{}unchanged={}{end}", colors.light_yellow(), counts.not_run));
    }
    if counts.changed > 0 {
        notes.push(format!("{}changed={}{end}", colors.green(), counts.changed));
    }
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}
