//! The server's side of a conversation: a message in, messages out.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use halite_core::{Apply, Map, Value, map};
use halite_states::lint::{self, Diagnostic, Lint, Roots, Severity};

use crate::documents::{Documents, Position, line, path_of, range, uri_of, utf16};
use crate::frame::Incoming;
use crate::{complete, definition, hover};

/// The protocol's error codes.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
const NOT_INITIALIZED: i64 = -32002;
/// The largest file that is read from disk, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Open,
    Closing,
    Over,
}

/// One client's server.
pub(crate) struct Server<'a> {
    apply: &'a Apply<'a>,
    stage: Stage,
    /// Whether `exit` came behind `shutdown`.
    orderly: bool,
    documents: Documents,
    /// Documents whose diagnostics are out of date.
    stale: BTreeSet<PathBuf>,
}

type Answer = Result<Value, (i64, String)>;

impl<'a> Server<'a> {
    /// A server with these functions, grains and options.
    pub(crate) fn new(apply: &'a Apply<'a>) -> Server<'a> {
        Server {
            apply,
            stage: Stage::New,
            orderly: false,
            documents: Documents::default(),
            stale: BTreeSet::new(),
        }
    }

    /// Whether the client has left.
    pub(crate) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// 0 if the client said goodbye.
    pub(crate) fn exit_code(&self) -> u8 {
        u8::from(!self.orderly)
    }

    /// Takes a message; gives what is to be sent.
    pub(crate) fn receive(&mut self, message: Incoming) -> Vec<Value> {
        let message = match message {
            Ok(message) => message,
            Err(why) => return vec![error(&Value::Null, PARSE_ERROR, &why)],
        };
        let id = message.get("id").cloned();
        let Some(method) = message.get("method").and_then(Value::as_str) else {
            // Answers to requests of ours; there are none, and what is no message is told so.
            let answer = message.get("result").is_some() || message.get("error").is_some();
            return match answer {
                true => Vec::new(),
                false => vec![error(&id.unwrap_or_default(), INVALID_REQUEST, "no method")],
            };
        };
        let params = message.get("params").cloned().unwrap_or_default();
        match id {
            Some(id) => {
                // A fault of ours must not end the editor's session.
                let answer = catch_unwind(AssertUnwindSafe(|| self.request(method, &params)));
                let internal = || Err((INTERNAL_ERROR, "a fault of this program".to_owned()));
                match answer.unwrap_or_else(|_| internal()) {
                    Ok(result) => {
                        vec![map! {"jsonrpc" => "2.0", "id" => id, "result" => result}.into()]
                    }
                    Err((code, why)) => vec![error(&id, code, &why)],
                }
            }
            None => self.notification(method, &params),
        }
    }

    fn request(&mut self, method: &str, params: &Value) -> Answer {
        match (self.stage, method) {
            (Stage::New, "initialize") => {
                self.stage = Stage::Open;
                return Ok(capabilities());
            }
            (Stage::New, _) => return Err((NOT_INITIALIZED, "initialize comes first".into())),
            (Stage::Closing | Stage::Over, _) => {
                return Err((INVALID_REQUEST, "the server was shut down".into()));
            }
            (Stage::Open, "initialize") => {
                return Err((INVALID_REQUEST, "initialize came already".into()));
            }
            (Stage::Open, "shutdown") => {
                self.stage = Stage::Closing;
                return Ok(Value::Null);
            }
            (Stage::Open, _) => {}
        }
        const METHODS: [&str; 4] = [
            "textDocument/completion",
            "textDocument/hover",
            "textDocument/definition",
            "textDocument/documentSymbol",
        ];
        if !METHODS.contains(&method) {
            return Err((METHOD_NOT_FOUND, format!("there is no method {method}")));
        }
        let path = document(params).ok_or((INVALID_PARAMS, "no document".to_owned()))?;
        let Some(text) = self.text(&path) else { return Ok(Value::Null) };
        if method == "textDocument/documentSymbol" {
            return Ok(definition::symbols(&text));
        }
        let at = params.get("position").and_then(Position::read);
        let at = at.ok_or((INVALID_PARAMS, "no position".to_owned()))?;
        if method == "textDocument/hover" {
            return Ok(hover::hover(self.apply, &text, at));
        }
        Ok(self.with_lint(&path, |lint| match method {
            "textDocument/completion" => complete::complete(lint, &path, &text, at),
            _ => definition::definition(lint, &path, &text, at),
        }))
    }

    fn notification(&mut self, method: &str, params: &Value) -> Vec<Value> {
        if method == "exit" {
            self.orderly = self.stage == Stage::Closing;
            self.stage = Stage::Over;
            return Vec::new();
        }
        if self.stage != Stage::Open {
            return Vec::new();
        }
        let Some(path) = document(params) else { return Vec::new() };
        match method {
            "textDocument/didOpen" => {
                let text = params.get("textDocument").and_then(|document| document.get("text"));
                let text = text.and_then(Value::as_str).unwrap_or_default();
                self.documents.open(path.clone(), text.to_owned());
                self.stale.insert(path);
            }
            "textDocument/didChange" => {
                let changes = params.get("contentChanges").and_then(Value::as_list);
                self.documents.change(&path, changes.unwrap_or_default());
                self.stale.insert(path);
            }
            "textDocument/didSave" => {
                // What other files take in from this one may be right or wrong now.
                self.stale.extend(self.documents.paths().cloned());
            }
            "textDocument/didClose" => {
                self.documents.close(&path);
                self.stale.remove(&path);
                return vec![publish(&path, Vec::new())];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Checks the documents that have changed; gives their diagnostics.
    pub(crate) fn check(&mut self) -> Vec<Value> {
        let stale = std::mem::take(&mut self.stale);
        let mut told = Vec::new();
        for path in stale {
            let found = catch_unwind(AssertUnwindSafe(|| {
                self.with_lint(&path, |lint| lint::check(lint, std::slice::from_ref(&path)))
            }));
            let text = self.text(&path).unwrap_or_default();
            let items =
                found.unwrap_or_default().iter().filter_map(|d| shown(d, &path, &text)).collect();
            told.push(publish(&path, items));
        }
        told
    }

    /// The text of a file: the editor's if it is open there.
    fn text(&self, path: &Path) -> Option<String> {
        if let Some(text) = self.documents.get(path) {
            return Some(text.to_owned());
        }
        let size = self.apply.cx.host.metadata(path).ok()??.size;
        if size > FILE_BYTES_MAX {
            return None;
        }
        String::from_utf8(self.apply.cx.host.read(path).ok()?).ok()
    }

    fn with_lint<R>(&self, path: &Path, body: impl FnOnce(&Lint<'_>) -> R) -> R {
        let roots = Roots::new(self.apply.opts, &[path.to_owned()]);
        let texts = |path: &Path| self.text(path);
        body(&Lint { apply: self.apply, roots: &roots, texts: &texts })
    }
}

fn document(params: &Value) -> Option<PathBuf> {
    path_of(params.get("textDocument")?.get("uri")?.as_str()?)
}

fn error(id: &Value, code: i64, why: &str) -> Value {
    let error = map! {"code" => code, "message" => why};
    map! {"jsonrpc" => "2.0", "id" => id.clone(), "error" => error}.into()
}

fn publish(path: &Path, items: Vec<Value>) -> Value {
    map! {
        "jsonrpc" => "2.0", "method" => "textDocument/publishDiagnostics",
        "params" => map! {"uri" => uri_of(path), "diagnostics" => items},
    }
    .into()
}

/// A diagnostic of a document; one of another file that was reached through it stands where it was
/// reached. `None` if it has nothing to do with the document.
fn shown(diagnostic: &Diagnostic, path: &Path, text: &str) -> Option<Value> {
    let mut message = diagnostic.message.clone();
    if let Some(hint) = &diagnostic.hint {
        message.push_str(&format!("\n{hint}"));
    }
    let (number, from, to) = if diagnostic.file == path {
        let number = diagnostic.line.max(1) as usize - 1;
        let here = line(text, number);
        (number, utf16(here, diagnostic.column), utf16(here, diagnostic.end_column))
    } else {
        let (_, through) = diagnostic.via.iter().rev().find(|(file, _)| file == path)?;
        message.push_str(&format!("\n(in {}:{})", diagnostic.file.display(), diagnostic.line));
        let number = through.saturating_sub(1) as usize;
        (number, 0, line(text, number).encode_utf16().count())
    };
    let at = |column| Position { line: number, column };
    let severity = if diagnostic.severity == Severity::Error { 1 } else { 2 };
    let mut item = map! {
        "range" => range(at(from), at(to.max(from))), "severity" => severity,
        "code" => diagnostic.code, "source" => "salt-lsp", "message" => message,
    };
    let related: Vec<Value> = diagnostic
        .via
        .iter()
        .map(|(file, number)| {
            let at = Position { line: number.saturating_sub(1) as usize, column: 0 };
            let place = crate::documents::location(file, at, at);
            map! {"location" => place, "message" => "through here"}.into()
        })
        .collect();
    if !related.is_empty() {
        item.insert("relatedInformation".into(), related.into());
    }
    Some(item.into())
}

fn capabilities() -> Value {
    let triggers: Vec<Value> =
        [".", "'", "\"", "/", ":", "-", " ", "["].into_iter().map(Value::from).collect();
    map! {
        "capabilities" => map! {
            "positionEncoding" => "utf-16",
            "textDocumentSync" => map! {"openClose" => true, "change" => 2, "save" => Map::new()},
            "completionProvider" => map! {"triggerCharacters" => triggers},
            "hoverProvider" => true, "definitionProvider" => true, "documentSymbolProvider" => true,
        },
        "serverInfo" => map! {"name" => "salt-lsp", "version" => env!("CARGO_PKG_VERSION")},
    }
    .into()
}
