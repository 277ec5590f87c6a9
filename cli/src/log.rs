//! Messages: to the console and to the log file, in Salt's line formats; and plain printing.

mod file;
mod line;

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use halite_core::secrets::Book;
use halite_core::{Opts, Value};
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::board;
use crate::syslog::{self, Syslog};

use file::LogFile;
use line::{LineFormat, Record};

/// Where the level given on the command line stands in the options.
pub(crate) const CONSOLE_LEVEL: &str = "__log_level_console";
/// Salt's line format of the console.
const FMT_CONSOLE: &str = "[%(levelname)-8s] %(message)s";
/// Salt's line format of files.
const FMT_FILE: &str = "%(asctime)s,%(msecs)03d [%(name)-17s:%(lineno)-4d][%(levelname)-8s]\
                        [%(process)d] %(message)s";

/// Prints to standard output; a reader that went away is no error.
pub(crate) fn say(text: &str) {
    // A broken pipe (`| head`) is the reader's right.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    // With no standard error left there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Starts logging as the options say. `console` is the level of the console where none is set.
pub(crate) fn start(opts: &Opts, console: &str) {
    let text = |name: &str, default: &str| match opts.str(name) {
        "" => default.to_owned(),
        set => set.to_owned(),
    };
    let number = |name: &str| u64::try_from(opts.int(name, 0)).unwrap_or(0);
    let to_console = level(&text(CONSOLE_LEVEL, &text("log_level", console)));
    let to_file = level(&text("log_level_logfile", &text("log_level", "warning")));
    let wanted = to_file != LevelFilter::OFF;
    let address = Some(opts.str("log_file")).filter(|text| wanted && syslog::is_address(text));
    let path = (wanted && address.is_none()).then(|| opts.path("log_file"));
    let file = path.filter(|path| path.is_absolute()).map(|path| {
        LogFile::new(path, number("log_rotate_max_bytes"), number("log_rotate_backup_count"))
    });
    let format = |name: &str, default: &str, dates: &str, plain_dates: &str, color: bool| {
        LineFormat::parse(&text(name, default), &text(dates, plain_dates), color)
    };
    let color = io::stderr().is_terminal() && opts.get("color").is_none_or(Value::truthy);
    let lines = Lines {
        console: to_console,
        file: to_file,
        on_console: format("log_fmt_console", FMT_CONSOLE, "log_datefmt", "%H:%M:%S", color),
        in_file: format(
            "log_fmt_logfile",
            FMT_FILE,
            "log_datefmt_logfile",
            "%Y-%m-%d %H:%M:%S",
            false,
        ),
        open: file.map(Mutex::new),
        jid_format: text("log_fmt_jid", "[JID: %(jid)s]"),
        minion_format: text("log_fmt_minion_id", "[%(minion_id)s]"),
        book: opts.book().clone(),
        syslog: address.map(|address| Mutex::new(Syslog::open(address))),
    };
    let subscriber = tracing_subscriber::registry().with(lines);
    // A second start in one process keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Salt's level names; an unknown one is `warning`.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_lowercase().as_str() {
        "quiet" => LevelFilter::OFF,
        "critical" | "error" => LevelFilter::ERROR,
        "info" => LevelFilter::INFO,
        "debug" | "profile" => LevelFilter::DEBUG,
        "trace" | "garbage" | "all" => LevelFilter::TRACE,
        _ => LevelFilter::WARN,
    }
}

/// Writes each message as one line to the console and to the file.
struct Lines {
    console: LevelFilter,
    file: LevelFilter,
    on_console: LineFormat,
    in_file: LineFormat,
    open: Option<Mutex<LogFile>>,
    /// `log_fmt_jid` and `log_fmt_minion_id`.
    jid_format: String,
    minion_format: String,
    book: Book,
    syslog: Option<Mutex<Syslog>>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.console.max(self.file))
    }

    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        let target = metadata.target();
        let own = ["halite", "salt::"].iter().any(|own| target.starts_with(own));
        let most = self.console.max(self.file);
        *metadata.level() <= most && (own || *metadata.level() <= Level::WARN)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let message = self.book.hide_text(text.message);
        let about = |format: &str, field: &str, value: &str| match value {
            "" => String::new(),
            value => format.replace(&format!("%({field})s"), value),
        };
        let metadata = event.metadata();
        let record = Record {
            level: *metadata.level(),
            name: metadata.target(),
            lineno: metadata.line().unwrap_or(0),
            message: &message,
            time: &jiff::Zoned::now(),
            jid: &about(&self.jid_format, "jid", &text.jid),
            minion_id: &about(&self.minion_format, "minion_id", &text.minion),
        };
        if record.level <= self.console {
            // Lines that show how far a run is give way.
            let front = if board::is_watched() { board::CLEAR } else { "" };
            complain(&format!("{front}{}", self.on_console.line(&record)));
        }
        if let Some(Ok(mut syslog)) = self.syslog.as_ref().map(Mutex::lock) {
            if record.level <= self.file {
                syslog.send(&record.level, &self.in_file.line(&record));
            }
        }
        if let Some(Ok(mut file)) = self.open.as_ref().map(Mutex::lock) {
            if record.level <= self.file {
                file.write(&(self.in_file.line(&record) + "\n"));
            }
        }
    }
}

/// Collects a message and its fields: `text key=value ...`, and which job and minion it is about.
#[derive(Default)]
struct Text {
    message: String,
    jid: String,
    minion: String,
}

impl tracing::field::Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => {
                let fields = std::mem::take(&mut self.message);
                write!(self.message, "{value:?}{fields}")
            }
            name => write!(self.message, " {name}={value:?}"),
        };
        match field.name() {
            "jid" => self.jid = format!("{value:?}").trim_matches('"').to_owned(),
            "who" | "id" => self.minion = format!("{value:?}").trim_matches('"').to_owned(),
            _ => {}
        }
    }
}
