//! `busbench`: events through a running master's bus, or reactions of its reactor, with what they cost the master.
//!
//! `busbench --sock-dir DIR --pid PID` writes events into the bus at a rate and has readers take them all.
//! `busbench ... --answer salt/job/ --tag my/event` counts the events that begin so instead: reactions.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use halite_core::map;
use halite_wire::frame::{event_body, pub_frame, pull_frame};

/// Events through the bus of a running master
#[derive(Parser, Debug)]
#[command(version)]
struct Options {
    /// The master's sock_dir
    #[arg(long)]
    sock_dir: PathBuf,
    /// The master's process, whose processor time and memory are told
    #[arg(long)]
    pid: Option<u32>,
    /// Events a second; 0 is as many as go
    #[arg(long, default_value_t = 50_000)]
    rate: u64,
    /// How long, seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Programs that read everything
    #[arg(long, default_value_t = 10)]
    readers: usize,
    /// Bytes of text in each event
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// The tag of the events
    #[arg(long, default_value = "bench/event")]
    tag: String,
    /// Count events whose tag begins so, instead of what readers get
    #[arg(long)]
    answer: Option<String>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("busbench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Figures go to standard output, one `name value` a line.
#[expect(clippy::print_stdout, reason = "a program's own figures")]
fn figure(name: &str, value: impl std::fmt::Display) {
    println!("{name} {value}");
}

#[expect(clippy::print_stderr, reason = "a program's own messages")]
fn report(text: &str) {
    eprintln!("{text}");
}

/// Processor seconds and resident megabytes of a process.
fn cost(pid: Option<u32>) -> Option<(f64, f64)> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    // utime, stime in ticks of 10 ms; rss in pages of 4 KiB.
    Some(((number(11)? + number(12)?) / 100.0, number(21)? * 4096.0 / 1e6))
}

fn run(options: &Options) -> std::io::Result<()> {
    let data =
        map! {"text" => "x".repeat(options.bytes), "_stamp" => "2026-11-27T00:00:00.000000+00:00"};
    let body = event_body(&options.tag, &data);
    let got: Vec<Arc<AtomicU64>> = (0..options.readers).map(|_| Arc::default()).collect();
    for count in &got {
        let stream = UnixStream::connect(options.sock_dir.join("master_event_pub.ipc"))?;
        let (count, answer) = (Arc::clone(count), options.answer.clone());
        let size = pub_frame(&body).len() as u64;
        std::thread::spawn(move || match answer {
            Some(answer) => count_tags(stream, &answer, &count),
            None => count_bytes(stream, size, &count),
        });
    }
    // Readers are there when the master has taken their connections.
    std::thread::sleep(Duration::from_millis(300));
    let (before, begun) = (cost(options.pid), Instant::now());
    let (sent, largest) = write(options, &pull_frame(&body))?;
    let written = begun.elapsed().as_secs_f64();
    let smallest = || got.iter().map(|count| count.load(Ordering::Relaxed)).min().unwrap_or(0);
    let (mut last, mut still) = (smallest(), 0);
    // All is there, or nothing comes any more.
    while last < sent && still < 30 {
        std::thread::sleep(Duration::from_millis(100));
        let now = smallest();
        still = if now == last { still + 1 } else { 0 };
        last = now;
    }
    let all = begun.elapsed().as_secs_f64() - f64::from(still) * 0.1;
    figure("sent", sent);
    figure("sent_per_second", format!("{:.0}", sent as f64 / written));
    figure("slowest_reader", last);
    figure("slowest_reader_per_second", format!("{:.0}", last as f64 / all));
    if let (Some((cpu, rss)), Some((cpu_end, rss_end))) = (before, cost(options.pid)) {
        figure("master_cpu_seconds", format!("{:.2}", cpu_end - cpu));
        figure("master_cpu_per_second", format!("{:.3}", (cpu_end - cpu) / all));
        figure("master_rss_begin_mb", format!("{rss:.1}"));
        figure("master_rss_largest_mb", format!("{:.1}", largest.max(rss_end)));
        figure("master_rss_end_mb", format!("{rss_end:.1}"));
    }
    Ok(())
}

/// Writes at the rate, in parts of ten milliseconds; how many, and the largest memory of the master meanwhile.
fn write(options: &Options, message: &[u8]) -> std::io::Result<(u64, f64)> {
    let path: &Path = &options.sock_dir.join("master_event_pull.ipc");
    let mut stream = UnixStream::connect(path)?;
    let (begun, end) = (Instant::now(), Duration::from_secs(options.seconds));
    let (mut sent, mut largest, mut looked) = (0_u64, 0.0_f64, Instant::now());
    let part = if options.rate == 0 { 1_000 } else { (options.rate / 100).max(1) };
    let batch = message.repeat(usize::try_from(part).unwrap_or(1));
    while begun.elapsed() < end {
        stream.write_all(&batch)?;
        sent += part;
        if looked.elapsed() > Duration::from_millis(500) {
            looked = Instant::now();
            largest = largest.max(cost(options.pid).map_or(0.0, |(_, rss)| rss));
        }
        if options.rate > 0 {
            let due = Duration::from_secs_f64(sent as f64 / options.rate as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    }
    Ok((sent, largest))
}

/// All events are of one size: bytes tell how many came.
fn count_bytes(mut stream: UnixStream, size: u64, count: &AtomicU64) {
    let (mut buffer, mut bytes) = (vec![0; 1 << 18], 0_u64);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        bytes += read as u64;
        count.store(bytes / size, Ordering::Relaxed);
    }
}

/// Counts the new jobs or whatever begins with `answer`: its bytes after the frame's own.
fn count_tags(mut stream: UnixStream, answer: &str, count: &AtomicU64) {
    let needle = answer.as_bytes();
    let (mut buffer, mut kept) = (vec![0; 1 << 18], Vec::new());
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        let found = kept.windows(needle.len()).filter(|window| *window == needle).count();
        count.fetch_add(found as u64, Ordering::Relaxed);
        // A match may go on in the next piece, none stands in the rest whole.
        kept.drain(..kept.len().saturating_sub(needle.len() - 1));
    }
}
