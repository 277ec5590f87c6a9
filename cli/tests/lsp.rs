//! `salt-lsp` as an editor speaks with it: over its standard input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use halite_core::value::{parse_json, to_json};
use halite_core::{Map, Value, map};

/// A client.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    root: tempfile::TempDir,
    id: i64,
    /// Diagnostics that came while an answer was awaited.
    told: Vec<Value>,
}

impl Client {
    fn start(files: &[(&str, &str)]) -> Client {
        let root = tempfile::tempdir().expect("a scratch folder");
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_salt"))
            .args(["salt-lsp", "-c"])
            .arg(root.path().join("etc"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("is piped"));
        Client { child, input, output, root, id: 0, told: Vec::new() }
    }

    fn open(files: &[(&str, &str)]) -> Client {
        let mut client = Client::start(files);
        let answer = client.ask("initialize", Map::new());
        assert!(answer.get("result").and_then(|r| r.get("capabilities")).is_some(), "{answer}");
        client.tell("initialized", Map::new());
        client
    }

    fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("is open");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    fn send(&mut self, message: Map) {
        let text = to_json(&message.into(), halite_core::value::JsonStyle::default());
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: Map) {
        self.send(map! {"jsonrpc" => "2.0", "method" => method, "params" => params});
    }

    fn ask(&mut self, method: &str, params: Map) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(map! {"jsonrpc" => "2.0", "id" => id, "method" => method, "params" => params});
        loop {
            let message = self.next().expect("an answer comes");
            match message.get("id").and_then(Value::as_i64) {
                Some(answered) if answered == id => return message,
                _ => self.told.push(message),
            }
        }
    }

    fn next(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some((_, value)) => length = value.parse().expect("a length"),
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).ok()?;
        Some(parse_json(std::str::from_utf8(&body).expect("UTF-8")).expect("JSON"))
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.root.path().join(name).display())
    }

    fn did_open(&mut self, name: &str, text: &str) {
        // An empty file on disk: what counts is the editor's text.
        std::fs::write(self.root.path().join(name), "").expect("written");
        let document =
            map! {"uri" => self.uri(name), "languageId" => "sls", "version" => 1, "text" => text};
        self.tell("textDocument/didOpen", map! {"textDocument" => document});
    }

    /// The next diagnostics of a file: `line:from-to code`.
    fn diagnostics(&mut self, name: &str) -> Vec<String> {
        let uri = self.uri(name);
        loop {
            let message = match self.told.is_empty() {
                true => self.next().expect("diagnostics come"),
                false => self.told.remove(0),
            };
            let Some(params) = message.get("params") else { continue };
            if params.get("uri").and_then(Value::as_str) != Some(&uri) {
                continue;
            }
            let list = params.get("diagnostics").and_then(Value::as_list).expect("a list");
            return list.iter().map(shown).collect();
        }
    }

    fn at(&self, name: &str, line: i64, character: i64) -> Map {
        map! {
            "textDocument" => map! {"uri" => self.uri(name)},
            "position" => map! {"line" => line, "character" => character},
        }
    }

    fn labels(&mut self, name: &str, line: i64, character: i64) -> Vec<String> {
        let params = self.at(name, line, character);
        let answer = self.ask("textDocument/completion", params);
        let items = answer.get("result").and_then(|r| r.get("items")?.as_list()).expect("items");
        items.iter().filter_map(|item| Some(item.get("label")?.to_string())).collect()
    }

    /// `file:line` of the definitions.
    fn definitions(&mut self, name: &str, line: i64, character: i64) -> Vec<String> {
        let params = self.at(name, line, character);
        let answer = self.ask("textDocument/definition", params);
        let root = format!("file://{}/", self.root.path().display());
        let list = answer.get("result").and_then(Value::as_list).unwrap_or_default();
        let place = |item: &Value| {
            let line = item.get("range")?.get("start")?.get("line")?.as_i64()?;
            Some(format!("{}:{line}", item.get("uri")?.as_str()?.strip_prefix(&root)?))
        };
        list.iter().filter_map(place).collect()
    }

    fn leave(mut self) -> i32 {
        let answer = self.ask("shutdown", Map::new());
        assert_eq!(answer.get("result"), Some(&Value::Null));
        self.tell("exit", Map::new());
        self.child.wait().expect("ends").code().expect("by itself")
    }
}

fn shown(item: &Value) -> String {
    let range = item.get("range").expect("has a range");
    let number = |end: &str, key: &str| {
        range.get(end).and_then(|end| end.get(key)?.as_i64()).expect("a number")
    };
    format!(
        "{}:{}-{} {}",
        number("start", "line"),
        number("start", "character"),
        number("end", "character"),
        item.get("code").expect("has a code")
    )
}

const TREE: &[(&str, &str)] = &[
    ("states/top.sls", "base:\n  '*':\n    - web\n"),
    (
        "states/web.sls",
        "include:\n  - users\n/etc/site:\n  file.managed:\n    - source: salt://conf/site\n    - require:\n      - user: www\n",
    ),
    ("states/users.sls", "www:\n  user.present: []\n"),
    ("states/conf/site", "x\n"),
    (
        "states/map.jinja",
        "{% set web = {'a': 1} %}\n{% macro vhost(name) %}\n{{ name }}: test.nop\n{% endmacro %}\n",
    ),
    (
        "states/uses.sls",
        "{% from 'map.jinja' import web, vhost with context %}\n{{ vhost('x') }}\n",
    ),
    ("pillar/top.sls", "base:\n  '*':\n    - data\n"),
    ("pillar/data.sls", "port: 80\nweb:\n  name: x\n"),
];

#[test]
fn diagnostics_follow_the_text_in_utf16() {
    let mut client = Client::open(TREE);
    client.did_open("states/new.sls", "# ä𝄞\nä𝄞: {x: 1, test.nopp: []}\n");
    assert_eq!(client.diagnostics("states/new.sls"), ["1:6-7 form", "1:12-21 unknown-function"]);
    // `, x: 1` goes, one piece after the other.
    let uri = client.uri("states/new.sls");
    let piece = |from: i64, to: i64, text: &str| {
        let at = |character: i64| map! {"line" => 1, "character" => character};
        Value::from(map! {"range" => map! {"start" => at(from), "end" => at(to)}, "text" => text})
    };
    let changes = vec![piece(6, 12, ""), piece(14, 15, "")];
    let document = map! {"uri" => uri.as_str(), "version" => 2};
    client.tell(
        "textDocument/didChange",
        map! {"textDocument" => document, "contentChanges" => changes},
    );
    let text = client.diagnostics("states/new.sls");
    assert_eq!(text, Vec::<String>::new());
    client.tell("textDocument/didClose", map! {"textDocument" => map! {"uri" => uri}});
    assert_eq!(client.diagnostics("states/new.sls"), Vec::<String>::new());
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_fault_in_a_macro_shows_where_it_is_called() {
    let mut files = TREE.to_vec();
    files.push((
        "states/bad.jinja",
        "{% macro bad(n) %}\n{{ n }}:\n  test.nopp: []\n{% endmacro %}\n",
    ));
    let mut client = Client::open(&files);
    client.did_open("states/m.sls", "{% from 'bad.jinja' import bad %}\n{{ bad('x') }}\n");
    assert_eq!(client.diagnostics("states/m.sls"), ["1:0-14 unknown-function"]);
    assert_eq!(client.leave(), 0);
}

#[test]
fn completion_knows_functions_arguments_states_keys_and_files() {
    let mut client = Client::open(TREE);
    let text = "include:\n  - us\na:\n  file.man\n  user.present:\n    - gro\n    - require:\n      - us\n\
                b:\n  test.nop:\n    - name: {{ salt['cmd.r'] }}{{ pillar['po'] }}{{ salt['pillar.get']('web:') }}\n    \
                - x: salt://co\n";
    client.did_open("states/c.sls", text);
    let has = |labels: Vec<String>, wanted: &str| {
        assert!(labels.iter().any(|label| label == wanted), "no {wanted} in {labels:?}");
    };
    has(client.labels("states/c.sls", 1, 6), "users");
    has(client.labels("states/c.sls", 3, 10), "file.managed");
    let arguments = client.labels("states/c.sls", 5, 9);
    has(arguments.clone(), "groups");
    has(arguments, "onlyif");
    has(client.labels("states/c.sls", 7, 10), "user: www");
    has(client.labels("states/c.sls", 10, 26), "cmd.run");
    has(client.labels("states/c.sls", 10, 44), "port");
    has(client.labels("states/c.sls", 10, 76), "web:name");
    has(client.labels("states/c.sls", 11, 20), "conf/site");
    assert_eq!(client.leave(), 0);
}

#[test]
fn definitions_docs_and_symbols() {
    let mut client = Client::open(TREE);
    assert_eq!(client.definitions("states/web.sls", 1, 5), ["states/users.sls:0"]);
    assert_eq!(client.definitions("states/web.sls", 4, 25), ["states/conf/site:0"]);
    assert_eq!(client.definitions("states/web.sls", 6, 15), ["states/users.sls:0"]);
    assert_eq!(client.definitions("states/uses.sls", 0, 12), ["states/map.jinja:0"]);
    assert_eq!(client.definitions("states/uses.sls", 1, 5), ["states/map.jinja:1"]);
    assert_eq!(client.definitions("states/top.sls", 2, 7), ["states/web.sls:0"]);
    let params = client.at("states/web.sls", 3, 8);
    let hover = client.ask("textDocument/hover", params).to_string();
    assert!(hover.contains("file.managed(") && hover.contains("source"), "{hover}");
    let params = client.at("states/web.sls", 5, 8);
    let hover = client.ask("textDocument/hover", params).to_string();
    assert!(hover.contains("only if they succeeded"), "{hover}");
    let document = map! {"textDocument" => map! {"uri" => client.uri("states/web.sls")}};
    let symbols = client.ask("textDocument/documentSymbol", document).to_string();
    assert!(symbols.contains("/etc/site"), "{symbols}");
    assert_eq!(client.leave(), 0);
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_ends() {
    let mut client = Client::start(TREE);
    let code = |answer: &Value| {
        answer.get("error").and_then(|error| error.get("code")?.as_i64()).expect("an error")
    };
    let early = client.ask("textDocument/hover", Map::new());
    assert_eq!(code(&early), -32002);
    client.ask("initialize", Map::new());
    client.raw(b"Content-Length: 5\r\n\r\n{nope");
    let answer = client.next().expect("an answer");
    assert_eq!(code(&answer), -32700);
    client.raw(b"Content-Length: 2\r\n\r\n[]");
    assert_eq!(code(&client.next().expect("an answer")), -32600);
    let answer = client.ask("no/such", Map::new());
    assert_eq!(code(&answer), -32601);
    let answer = client.ask("textDocument/hover", map! {"position" => "x"});
    assert_eq!(code(&answer), -32602);
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    client.raw(format!("Content-Length: {}\r\n\r\n{deep}", deep.len()).as_bytes());
    assert_eq!(code(&client.next().expect("an answer")), -32700);
    client.did_open("states/x.sls", "a: [\u{0}\n");
    assert_eq!(client.diagnostics("states/x.sls").len(), 1);
    let far = client.at("states/x.sls", 4_000_000_000, 4_000_000_000);
    assert!(client.ask("textDocument/completion", far).get("result").is_some());
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_client_that_goes_away_ends_the_server_with_1() {
    let mut client = Client::open(TREE);
    client.input = None;
    assert_eq!(client.child.wait().expect("ends").code(), Some(1));
    assert!(Path::new(client.root.path()).exists());
}
