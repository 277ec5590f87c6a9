//! The renderer pipe: which renderers a `#!` line names, and what they make of a text.

use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::opts::{Opts, Role};
use halite_core::services::NoServices;
use halite_core::{Apply, Context, JobState, Map, Registry, Value, map};
use halite_render::files::LocalFiles;
use halite_render::{Data, Pipe, RenderError, RenderErrorKind, TemplateEngine, TemplateRequest};

/// Replaces `<name>` by the variable of that name.
struct Substitute;

impl TemplateEngine for Substitute {
    fn render(&self, source: &str, request: &TemplateRequest<'_>) -> Result<String, RenderError> {
        let mut text = source.to_owned();
        for (name, value) in request.context {
            text = text.replace(&format!("<{name}>"), &value.to_string());
        }
        Ok(text)
    }
}

/// Runs `text` through the pipe as the sls `x.y`; the variable `v` is 5.
fn run(text: &str, options: Map) -> Result<Data, RenderError> {
    let opts = Opts::from_map(Role::Minion, options);
    let (grains, pillar) = (Arc::new(Map::new()), Arc::new(Map::new()));
    let (exec, states) = (Registry::default(), Registry::default());
    let (files, job, host) = (LocalFiles::new(&opts), JobState::default(), RealHost::default());
    let cx = Context {
        opts: &opts,
        grains: &grains,
        pillar: &pillar,
        exec: &exec,
        states: &states,
        host: &host,
        files: &files,
        services: &NoServices,
        job: &job,
        in_template: false,
    };
    let context = map! {"v" => 5};
    let request = TemplateRequest {
        apply: &Apply { cx: &cx, host: &host },
        files: &files,
        saltenv: "base",
        sls: "x.y",
        path: None,
        context: &context,
    };
    Pipe::new(&opts, &Substitute).compile(text, &request).map(|rendered| rendered.data)
}

#[track_caller]
fn check(text: &str, want: &str) {
    let shown = match run(text, Map::new()) {
        Ok(Data::Text(text)) => format!("text {text:?}"),
        Ok(Data::Value(value)) => value.repr(),
        Err(fault) => format!("{:?} {}", fault.kind, fault.to_salt_text()),
    };
    assert_eq!(shown, want, "{text:?}");
}

#[test]
fn pipes_by_their_first_line() {
    check("a: <v>\nb: <sls> <saltenv>", "{'a': 5, 'b': 'x.y base'}");
    check("#!yaml\na: <v>", "{'a': '<v>'}");
    check("#!jinja|json\n{\"a\": [<v>, 1.5, null]}", "{'a': [5, 1.5, None]}");
    check("#!yaml_jinja\na: <v>", "{'a': 5}");
    check("#!json_jinja\n{\"a\": 1}", "{'a': 1}");
    check(
        "#!toml\nb = 1\na = [1, 2]\n[t]\nd = 2001-02-03\n",
        "{'b': 1, 'a': [1, 2], 't': {'d': '2001-02-03'}}",
    );
    check("#!jinja\nx <v>\n", "text \"#!jinja\\nx 5\\n\"");
    check("#!jinja -s\nx <v>\r\ny", "text \"#!jinja -s\\r\\nx 5\\r\\ny\"");
    check("#!/bin/sh\na: <v>", "{'a': 5}");
    check("#!nosuch|yaml\na: 1", "{}");
    check("  \n\n", "{}");
    check("no", "{}");
    check("#!json\n", "{}");
}

#[test]
fn faults_have_salts_words() {
    check("#!jinja -x\na", "Render Unknown renderer option: -x");
    check("a: b: c", "Render mapping values are not allowed in this context");
    check("a: *b", "Exception found undefined alias\n  in \"<unicode string>\", line 1, column 4");
    check("#!json\n{\"a\": }", "Exception Expecting value: line 1 column 7 (char 6)");
    check("#!json\n{} x", "Exception Extra data: line 1 column 4 (char 3)");
    let fault = run("#!py\ndef run(): pass", Map::new()).expect_err("refused");
    assert!(
        fault.message.contains("'py' runs Python, which does not run here"),
        "{}",
        fault.message
    );
    let fault = run("a:\n\tb: 1", Map::new()).expect_err("a tab");
    assert_eq!((fault.kind, fault.line, fault.column), (RenderErrorKind::Render, Some(2), Some(1)));
}

#[test]
fn options_choose_renderers() {
    let text = "a: <v>";
    let run = |options| run(text, options).expect("renders");
    assert_eq!(run(map! {"renderer" => "yaml"}), Data::Value(map! {"a" => "<v>"}.into()));
    let without = map! {"renderer_blacklist" => vec!["jinja"]};
    assert_eq!(run(without), Data::Value(map! {"a" => "<v>"}.into()));
    let only = map! {"renderer_whitelist" => vec!["jinja"]};
    assert_eq!(run(only), Data::Text("a: 5".into()));
    let none = map! {"renderer_whitelist" => vec!["json"]};
    assert_eq!(run(none), Data::Value(Value::from(Map::new())));
}

#[test]
fn gpg_decrypts_messages_wherever_they_stand() {
    let home = tempfile::tempdir().expect("a folder");
    let gpg = |args: &[&str]| {
        std::process::Command::new("gpg")
            .args(["--homedir", &home.path().to_string_lossy(), "--batch", "--quiet"])
            .args(args)
            .output()
    };
    let user = "test@example.org";
    let made = gpg(&["--passphrase", "", "--quick-gen-key", user, "default", "default"]);
    if !made.is_ok_and(|made| made.status.success()) {
        // Without the program there is nothing to decrypt with: the renderer says so.
        let fault = run("#!yaml|gpg\na: b", Map::new()).expect_err("no gpg");
        assert_eq!(fault.message, "GPG unavailable");
        return;
    }
    let plain = home.path().join("plain");
    std::fs::write(&plain, "secret\n").expect("a file");
    let plain = plain.to_string_lossy();
    let encrypted =
        gpg(&["--armor", "--trust-model", "always", "-o", "-", "-r", user, "-e", &plain]);
    let cipher = String::from_utf8(encrypted.expect("runs").stdout).expect("armor");
    let text = format!(
        "#!yaml|gpg\na: {:?}\nb: [{:?}]\nc: d\n",
        cipher,
        cipher.trim_end().replace('\n', "\\n")
    );
    let options = map! {"gpg_keydir" => Value::from(home.path())};
    let want = map! {"a" => "secret", "b" => vec!["secret"], "c" => "d"};
    assert_eq!(run(&text, options.clone()).expect("decrypts"), Data::Value(want.into()));
    // Several in one text, what stands around them, and texts without any: as Salt 3008.3 gives them.
    let line = cipher.trim_end().replace('\n', "\\n");
    let text = format!(
        "#!yaml|gpg\na: \"x {line} y {line} z\\n\\n\"\nb: \"plain\\n\\n\"\n? \"{line}\"\n: k\n"
    );
    let Data::Value(data) = run(&text, options.clone()).expect("decrypts") else {
        panic!("no data")
    };
    let get = |key: &str| data.get(key).map(Value::to_string).unwrap_or_default();
    assert_eq!((get("a"), get("b")), ("x secret\n y secret\n z".into(), "plain\n\n".into()));
    assert_eq!(data.get(cipher.trim_end()), Some(&"k".into()), "keys stay");
    let broken = "#!yaml|gpg\na: '-----BEGIN PGP MESSAGE-----x-----END PGP MESSAGE-----'";
    let fault = run(broken, options).expect_err("no message");
    assert!(fault.message.starts_with("Could not decrypt cipher b'"), "{}", fault.message);
}
