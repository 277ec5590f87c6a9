//! What an orchestration has done so far, one line of JSON for each step, below `cachedir/orchestrations`. A line is
//! on the disk before the next step begins, so that a run ended by force goes on where it was.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use halite_core::value::{parse_json, to_json};
use halite_core::{Context, Error, Jid, Map, Opts, Result, Value, map};
use halite_states::engine::Returns;

use crate::{limits, private_file};

/// The note of a job under which its journal's path stands.
const NOTE: &str = "orchestration.journal";
/// The note that holds jobs which the broken off run had published: what was asked, and the jids.
const SENT: &str = "orchestration.sent";

/// The folder of one orchestration.
///
/// # Errors
/// If the jid is none.
pub fn folder(opts: &Opts, jid: &str) -> Result<PathBuf> {
    Ok(opts.path("cachedir").join("orchestrations").join(Jid::parse(jid)?.as_str()))
}

/// One run's journal.
pub struct Journal {
    path: PathBuf,
}

/// What a journal tells of a run.
#[derive(Debug, Default)]
pub struct Past {
    /// What was asked for.
    pub asked: Map,
    /// The states that came to their end.
    pub finished: Returns,
    /// Jobs that were published, by what they were.
    pub sent: Map,
    /// Whether the run came to its end.
    pub ended: bool,
}

impl Journal {
    /// The journal called `name` of an orchestration; `main` is that of the orchestration itself.
    ///
    /// # Errors
    /// If the jid is none.
    pub fn of(opts: &Opts, jid: &str, name: &str) -> Result<Journal> {
        Ok(Journal { path: folder(opts, jid)?.join(format!("{name}.jsonl")) })
    }

    /// The journal in this file.
    pub(crate) fn at(path: PathBuf) -> Journal {
        Journal { path }
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it tells, if there is one. A line that is not whole ends it: it was being written when the run ended.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn past(&self) -> Result<Option<Past>> {
        let Some(bytes) = private_file::read(&self.path, limits::JOURNAL_BYTES)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut past = Past::default();
        for line in text.lines().map_while(|line| parse_json(line).ok()) {
            if let Some(asked) = line.get("run").and_then(Value::as_map) {
                past = Past { asked: asked.clone(), ..Past::default() };
            } else if let Some(tag) = line.get("done").and_then(Value::as_str) {
                let ret = line.get("ret").and_then(Value::as_map).cloned().unwrap_or_default();
                past.finished.insert(tag.to_owned(), ret);
            } else if let Some(what) = line.get("sent") {
                let jids = past.sent.entry(what.clone()).or_insert_with(|| Value::list([]));
                if let (Some(jids), Some(jid)) = (jids.as_list_mut(), line.get("jid")) {
                    jids.push(jid.clone());
                }
            }
            past.ended |= line.get("end").is_some();
        }
        Ok(Some(past))
    }

    /// Begins anew.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn begin(&self, asked: Map) -> Result<()> {
        if let Some(folder) = self.path.parent() {
            if let Some(above) = folder.parent() {
                private_file::make_dir(above)?;
            }
            private_file::make_dir(folder)?;
        }
        let line = to_json(&map! {"run" => asked}.into(), Default::default()) + "\n";
        private_file::write(&self.path, line.as_bytes(), 0o600)
    }

    /// A state came to its end.
    pub fn done(&self, tag: &str, ret: &Map) {
        self.add(map! {"done" => tag, "ret" => ret.clone()});
    }

    /// The run came to its end.
    pub fn end(&self, retcode: i64) {
        self.add(map! {"end" => retcode});
    }

    fn add(&self, line: Map) {
        if let Err(error) = append(&self.path, line) {
            // The run itself is more than its journal.
            tracing::error!(%error, "This orchestration cannot be resumed from here on");
        }
    }

    /// Leaves in the job where its journal is, and what the run before it had published.
    pub(crate) fn attach(&self, job: &halite_core::JobState, sent: Map) {
        job.change_note(NOTE, |note| *note = self.path.as_path().into());
        job.change_note(SENT, |note| *note = sent.into());
    }
}

fn append(path: &Path, line: Map) -> Result<()> {
    let text = to_json(&line.into(), Default::default()).replace('\n', " ") + "\n";
    let open = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let mut file = open.map_err(|error| Error::file("open", path, error))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    written.map_err(|error| Error::file("write", path, error))
}

/// Writes down that a job was published within an orchestration.
pub(crate) fn sent(cx: &Context<'_>, what: &str, jid: &str) {
    let Some(path) = cx.job.note(NOTE).filter(|path| !path.is_null()) else { return };
    if let Err(error) = append(Path::new(&path.to_string()), map! {"sent" => what, "jid" => jid}) {
        tracing::error!(%error, "A resumed run would publish this job again");
    }
}

/// The job that a broken off run had published for the same request, if there is one left.
pub(crate) fn sent_before(cx: &Context<'_>, what: &str) -> Option<String> {
    let mut found = None;
    cx.job.note(SENT)?;
    cx.job.change_note(SENT, |note| {
        let jids = note.as_map_mut().and_then(|sent| sent.get_mut(what));
        if let Some(jids) = jids.and_then(Value::as_list_mut).filter(|jids| !jids.is_empty()) {
            found = Some(jids.remove(0).to_string());
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Role;

    #[test]
    fn a_broken_off_run_is_read_back_up_to_its_last_whole_line() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = Opts::from_map(Role::Master, map! {"cachedir" => dir.path().to_path_buf()});
        let jid = "20261127000000000001";
        let journal = Journal::of(&opts, jid, "main").expect("is a jid");
        assert!(journal.past().expect("reads").is_none());
        journal.begin(map! {"mods" => "deploy"}).expect("begins");
        journal.done("salt_|-a_|-a_|-state", &map! {"result" => true, "comment" => "two\nlines"});
        append(&journal.path, map! {"sent" => "x", "jid" => "1"}).expect("appends");
        append(&journal.path, map! {"sent" => "x", "jid" => "2"}).expect("appends");
        let mut file = fs::OpenOptions::new().append(true).open(&journal.path).expect("opens");
        file.write_all(b"{\"done\": \"salt_|-b").expect("writes");
        let past = journal.past().expect("reads").expect("is there");
        assert_eq!(past.asked, map! {"mods" => "deploy"});
        assert_eq!(past.finished.keys().collect::<Vec<_>>(), ["salt_|-a_|-a_|-state"]);
        assert_eq!(past.sent, map! {"x" => vec!["1", "2"]});
        assert!(!past.ended);
        assert!(Journal::of(&opts, "../../etc", "main").is_err());
    }
}
