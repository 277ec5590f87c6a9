//! Sending files as jobs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use halite_core::{Error, Map, Result, Value, map};

use super::Job;
use super::sources::Tree;
use crate::client::reasons::Reasons;
use crate::client::{Bus, Client, Gathered, JobSpec, gather};

/// Smallest and largest piece, in bytes, whatever `salt_cp_chunk_size` says.
const PIECE_BYTES: std::ops::RangeInclusive<i64> = 1024..=4 * 1024 * 1024;
/// Salt's default for it.
const PIECE_BYTES_USUAL: i64 = 98_304;

/// What came of it.
pub(super) struct Sent {
    /// By minion: a result, or results by path.
    pub(super) results: Map,
    /// Whether everything arrived everywhere.
    pub(super) well: bool,
}

/// Sends small texts in one job; `None` if nobody is meant.
pub(super) async fn at_once(job: &Job<'_>, files: Map) -> Result<Option<Sent>> {
    let client = Client::new(job.opts)?;
    let mut bus = client.bus().await?;
    let spec = spec(job, "cp.recv", vec![files.into(), job.dest.into()]);
    let Some(gathered) = gather(&client, &mut bus, &spec).await? else { return Ok(None) };
    let mut sent = Sent { results: Map::new(), well: true };
    for (id, ret) in results(job, &gathered) {
        let arrived = ret.as_map().is_some_and(|map| map.values().all(|v| *v == Value::Bool(true)));
        sent.well &= arrived;
        sent.results.insert(id.into(), ret);
    }
    Ok(Some(sent))
}

/// Sends files piece by piece, then empty folders; `None` if nobody is meant.
pub(super) async fn in_pieces(job: &Job<'_>, tree: &Tree) -> Result<Option<Sent>> {
    let client = Client::new(job.opts)?;
    let bus = client.bus().await?;
    let mut pieces = Pieces { job, client, bus, results: BTreeMap::new() };
    for (path, mode) in &tree.files {
        let remote = tree.remote(path, job.dest);
        if !pieces.file(path, *mode, &remote).await? {
            return Ok(None);
        }
    }
    for path in &tree.empty {
        let remote = tree.remote(path, job.dest);
        let arg = vec![remote.as_str().into(), Value::Null];
        if pieces.send(&spec(job, "cp.recv_chunked", arg), &remote).await?.is_none() {
            return Ok(None);
        }
    }
    let well = pieces.results.values().flat_map(Map::values).all(|ret| *ret == Value::Bool(true));
    let results = pieces.results.into_iter().map(|(id, files)| (id.into(), files.into()));
    Ok(Some(Sent { results: results.collect(), well }))
}

/// The sending of one tree.
struct Pieces<'a> {
    job: &'a Job<'a>,
    client: Client,
    bus: Bus,
    /// By minion: results by path.
    results: BTreeMap<String, Map>,
}

impl Pieces<'_> {
    /// Sends one file; false if nobody is meant.
    async fn file(&mut self, path: &Path, mode: u32, remote: &str) -> Result<bool> {
        let fault = |error| Error::file("read", path, error);
        let mut file = File::open(path).map_err(fault)?;
        let size = self.job.opts.int("salt_cp_chunk_size", PIECE_BYTES_USUAL);
        let size = size.clamp(*PIECE_BYTES.start(), *PIECE_BYTES.end());
        let mut buffer = Vec::new();
        // After the first piece only those get more that took it.
        let mut to: Option<Value> = None;
        loop {
            buffer.clear();
            (&mut file).take(size.unsigned_abs()).read_to_end(&mut buffer).map_err(fault)?;
            if buffer.is_empty() && to.is_some() {
                return Ok(true);
            }
            let arg = vec![
                remote.into(),
                self.packed(&buffer)?.into(),
                to.is_some().into(),
                self.job.compress.into(),
                mode.into(),
            ];
            let mut spec = spec(self.job, "cp.recv_chunked", arg);
            if let Some(ids) = to.take() {
                (spec.tgt, spec.tgt_type) = (ids, "list".into());
            }
            let Some(took) = self.send(&spec, remote).await? else { return Ok(false) };
            if took.is_empty() {
                return Ok(true);
            }
            to = Some(took.into());
        }
    }

    fn packed(&self, piece: &[u8]) -> Result<String> {
        if !self.job.compress {
            return Ok(STANDARD.encode(piece));
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let packed = gzip.write_all(piece).and_then(|()| gzip.finish());
        let packed =
            packed.map_err(|error| Error::execution(format!("cannot compress: {error}")))?;
        Ok(STANDARD.encode(packed))
    }

    /// Sends one job and notes what came of it; who did it. `None` if nobody is meant.
    async fn send(&mut self, spec: &JobSpec, remote: &str) -> Result<Option<Vec<Value>>> {
        let Some(gathered) = gather(&self.client, &mut self.bus, spec).await? else {
            return Ok(None);
        };
        let mut took = Vec::new();
        for (id, ret) in results(self.job, &gathered) {
            if ret == Value::Bool(true) {
                took.push(Value::from(id.as_str()));
            }
            self.results.entry(id).or_default().insert(remote.into(), ret);
        }
        Ok(Some(took))
    }
}

fn spec(job: &Job<'_>, fun: &str, arg: Vec<Value>) -> JobSpec {
    JobSpec {
        tgt: job.tgt.clone(),
        tgt_type: job.tgt_type.clone(),
        fun: fun.into(),
        arg,
        kwargs: map! {"delimiter" => job.delimiter},
        ..JobSpec::default()
    }
}

/// What each minion returned, or why it did not.
fn results(job: &Job<'_>, gathered: &Gathered) -> BTreeMap<String, Value> {
    let returned = gathered
        .returns
        .iter()
        .map(|ret| (ret.id.clone(), ret.load.get("return").cloned().unwrap_or_default()));
    let reasons = Reasons::new(job.opts);
    let lost = gathered.lost.iter().map(|(id, why)| {
        let text = reasons.text(&gathered.jid, id, why);
        (id.clone(), text.lines().next().unwrap_or_default().into())
    });
    returned.chain(lost).collect()
}
