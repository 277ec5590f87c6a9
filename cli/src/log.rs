//! Messages: to the console and to the log file, in Salt's line formats; and plain printing.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use halite_core::Opts;
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

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
    let name = |option: &str, default: &str| match opts.str(option) {
        "" => default.to_owned(),
        set => set.to_owned(),
    };
    let to_console = name("log_level", console);
    let to_file = name("log_level_logfile", &to_console);
    let file = (level(&to_file) != LevelFilter::OFF).then(|| opts.path("log_file"));
    let lines = Lines {
        console: level(&to_console),
        file: level(&to_file),
        path: file.filter(|path| path.is_absolute()),
        open: Mutex::new(None),
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

/// Writes each message as one line to the console and to the file, which is opened by the first.
struct Lines {
    console: LevelFilter,
    file: LevelFilter,
    path: Option<PathBuf>,
    open: Mutex<Option<File>>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.console.max(self.file))
    }

    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        let own = metadata.target().starts_with("halite");
        let most = self.console.max(self.file);
        *metadata.level() <= most && (own || *metadata.level() <= Level::WARN)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = String::new();
        event.record(&mut Text(&mut message));
        let metadata = event.metadata();
        let name = level_name(metadata.level());
        if *metadata.level() <= self.console {
            complain(&format!("[{name:<8}] {message}"));
        }
        if *metadata.level() <= self.file {
            self.write(&format!(
                "{} [{:<17}:{:<4}][{name:<8}][{}] {message}\n",
                jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f"),
                metadata.target(),
                metadata.line().unwrap_or(0),
                std::process::id(),
            ));
        }
    }
}

impl Lines {
    fn write(&self, line: &str) {
        let (Some(path), Ok(mut open)) = (&self.path, self.open.lock()) else { return };
        if open.is_none() {
            if let Some(folder) = path.parent() {
                // If it cannot be made, opening fails and the console has the messages.
                let _ = std::fs::create_dir_all(folder);
            }
            let mut options = OpenOptions::new();
            *open = options.append(true).create(true).mode(0o640).open(path).ok();
        }
        if let Some(file) = open.as_mut() {
            // A full disk must not end the program that reports it.
            let _ = file.write_all(line.as_bytes());
        }
    }
}

fn level_name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// Collects a message and its fields: `text key=value ...`.
struct Text<'a>(&'a mut String);

impl tracing::field::Visit for Text<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => {
                let fields = std::mem::take(self.0);
                write!(self.0, "{value:?}{fields}")
            }
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
