//! Line formats of logs, as `log_fmt_console` and `log_fmt_logfile` give them: Python's `%(name)-17s`.
//! Salt: `salt/_logging/impl.py` behaviour.

use std::fmt::Write as _;

use tracing::Level;

use crate::output::colors::Colors;

/// What a line is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// How grave it is.
    pub(super) level: Level,
    /// Who speaks.
    pub(super) name: &'a str,
    /// The line in its source.
    pub(super) lineno: u32,
    /// What is said.
    pub(super) message: &'a str,
    /// When.
    pub(super) time: &'a jiff::Zoned,
    /// The job it is about, if one is named, as `log_fmt_jid` has it.
    pub(super) jid: &'a str,
    /// The minion it is about, as `log_fmt_minion_id` has it.
    pub(super) minion_id: &'a str,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Field { name: String, width: usize, left: bool, zeros: bool },
}

/// A parsed line format with its time format.
#[derive(Clone, Debug)]
pub(super) struct LineFormat {
    pieces: Vec<Piece>,
    dates: String,
    color: bool,
}

impl LineFormat {
    /// Reads a format. What is no `%(name)form` stands for itself.
    pub(super) fn parse(format: &str, dates: &str, color: bool) -> LineFormat {
        let mut pieces = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find("%(") {
            let (text, field) = rest.split_at(at);
            match parse_field(field) {
                Some((piece, after)) => {
                    pieces.push(Piece::Text(text.replace("%%", "%")));
                    pieces.push(piece);
                    rest = after;
                }
                None => {
                    pieces.push(Piece::Text(format!("{text}%(")));
                    rest = &field[2..];
                }
            }
        }
        pieces.push(Piece::Text(rest.replace("%%", "%")));
        LineFormat { pieces, dates: dates.to_owned(), color }
    }

    /// The line, without a newline.
    pub(super) fn line(&self, record: &Record<'_>) -> String {
        let mut line = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Field { name, width, left, zeros } => {
                    let value = self.value(name, record);
                    // Writing to a String cannot fail.
                    let _ = match (left, zeros) {
                        (true, _) => write!(line, "{value:<width$}"),
                        (false, true) => write!(line, "{value:0>width$}"),
                        (false, false) => write!(line, "{value:>width$}"),
                    };
                }
            }
        }
        line
    }

    fn value(&self, name: &str, record: &Record<'_>) -> String {
        let level = level_name(record.level);
        let painted = |text: String| {
            let colors = Colors::new(self.color);
            let color = match record.level {
                Level::ERROR => colors.red(),
                Level::WARN => colors.light_yellow(),
                Level::INFO => colors.green(),
                Level::DEBUG => colors.cyan(),
                Level::TRACE => colors.magenta(),
            };
            format!("{color}{text}{}", colors.end())
        };
        match name {
            "asctime" => record.time.strftime(&self.dates).to_string(),
            "msecs" => record.time.millisecond().to_string(),
            "name" => record.name.to_owned(),
            "lineno" => record.lineno.to_string(),
            "levelname" => level.to_owned(),
            "process" => std::process::id().to_string(),
            "processName" | "threadName" => {
                std::thread::current().name().unwrap_or("main").to_owned()
            }
            "message" => record.message.to_owned(),
            "colorlevel" => painted(format!("[{level:<8}]")),
            "colorname" => painted(format!("[{:<17}]", record.name)),
            "colorprocess" => painted(format!("[{:>5}]", std::process::id())),
            "colormsg" => painted(record.message.to_owned()),
            "jid" => record.jid.to_owned(),
            "minion_id" => record.minion_id.to_owned(),
            _ => String::new(),
        }
    }
}

/// `%(name)-17s` and what follows it.
fn parse_field(text: &str) -> Option<(Piece, &str)> {
    let (name, rest) = text.strip_prefix("%(")?.split_once(')')?;
    let (left, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (size, rest) = rest.split_at(digits);
    let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    // A precision of whole numbers, as in `%(msecs)03.0f`, changes nothing.
    let rest = rest.strip_prefix('.').map_or(rest, |more| &more[more.len() - digits(more)..]);
    let rest = rest.strip_prefix(['s', 'd', 'i', 'r', 'f'])?;
    // A width beyond a screen line is a slip of the keyboard.
    let width = size.parse().unwrap_or(0).min(200);
    let zeros = size.starts_with('0');
    Some((Piece::Field { name: name.to_owned(), width, left, zeros }, rest))
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: &str) -> String {
        let time: jiff::Timestamp = "2026-11-27T01:02:03.004Z".parse().expect("a time");
        let time = time.to_zoned(jiff::tz::TimeZone::UTC);
        let record = Record {
            level: Level::WARN,
            name: "halite::a",
            lineno: 7,
            message: "told",
            time: &time,
            jid: "[JID: 20261127010203004000]",
            minion_id: "[web1]",
        };
        LineFormat::parse(format, "%Y-%m-%d %H:%M:%S", false).line(&record)
    }

    #[test]
    fn lines_follow_their_format() {
        for (format, want) in [
            ("[%(levelname)-8s] %(message)s", "[WARNING ] told"),
            (
                "%(asctime)s,%(msecs)03d [%(name)-17s:%(lineno)-4d] %(message)s",
                "2026-11-27 01:02:03,004 [halite::a        :7   ] told",
            ),
            (
                "%(colorlevel)s%(jid)s%(minion_id)s %(colormsg)s",
                "[WARNING ][JID: 20261127010203004000][web1] told",
            ),
            ("100%% %(message)s", "100% told"),
            ("%(msecs)03.0f %(message)s", "004 told"),
            ("%(message)5", "%(message)5"),
            ("%(message", "%(message"),
            ("%(lineno)3d|", "  7|"),
            ("", ""),
        ] {
            assert_eq!(line(format), want, "{format}");
        }
        let time = jiff::Zoned::now();
        let record = Record {
            level: Level::ERROR,
            name: "a",
            lineno: 1,
            message: "x",
            time: &time,
            jid: "",
            minion_id: "",
        };
        let painted = LineFormat::parse("%(colormsg)s", "", true).line(&record);
        assert!(painted.starts_with('\u{1b}') && painted.contains('x'), "{painted:?}");
    }
}
