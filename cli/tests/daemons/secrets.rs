//! A secret of the pillar reaches the files and commands that need it, and is found nowhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fleet::{Fleet, wait_for};

/// Comes out of gpg, where that is installed.
const ENCRYPTED: &str = "gpg-plain-7Qx'9z";
/// Marked by `secret_pillar`.
const MARKED: &str = "marked-plain-4Wv8k";
/// Told by nobody to be secret: shows that the test looks where it should.
const OPEN: &str = "open-plain-5Tn3m";

/// `ENCRYPTED` as a message to a new key in `home`; `None` without gpg.
fn message(home: &Path) -> Option<String> {
    fs::create_dir_all(home).expect("made");
    let made = Command::new("chmod").arg("700").arg(home).status().expect("chmod runs");
    assert!(made.success());
    let gpg = |args: &[&str]| {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(home).args(["--batch", "--quiet", "--trust-model", "always"]);
        command.args(args).output()
    };
    let user = "fleet@example.org";
    gpg(&["--passphrase", "", "--quick-gen-key", user, "future-default", "default"]).ok()?;
    let plain = home.join("plain");
    fs::write(&plain, format!("{ENCRYPTED}\n")).expect("written");
    let file = plain.to_string_lossy().into_owned();
    let out = gpg(&["--armor", "-o", "-", "-r", user, "-e", &file]).expect("gpg runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    fs::remove_file(plain).expect("removed");
    Some(String::from_utf8(out.stdout).expect("armoured"))
}

fn block(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Pillar and states that carry the three values everywhere.
fn lay_out(fleet: &Fleet) {
    for role in ["master", "minion"] {
        fleet.write(&format!("conf/{role}.d/log.conf"), "log_level_logfile: trace\n");
    }
    let home = fleet.path("conf/gpgkeys");
    let (secret, marks) = match message(&home) {
        Some(message) => (format!("|\n{}", block(&message)), ""),
        None => {
            eprintln!("gpg is not installed: its value is a marked one here");
            (format!("\"{ENCRYPTED}\"\n"), "  db:pass: True\n")
        }
    };
    fleet.write("srv/pillar/top.sls", "base: {'*': [data]}\n");
    fleet.write(
        "srv/pillar/data.sls",
        &format!(
            "#!yaml|gpg\ndb:\n  pass: {secret}marked: {MARKED}\nopen: {OPEN}\n\
             secret_pillar:\n  marked: True\n{marks}"
        ),
    );
    // There is one before, so that there is a diff.
    fleet.write("out/contents", "before\n");
    let out = fleet.path("out");
    let out = out.display();
    fleet.write(
        "srv/salt/all.sls",
        &format!(
            r#"
{{%- set all = [pillar.db.pass, salt['pillar.get']('marked'), pillar.open]|join('/') %}}
file of contents:
  file.managed:
    - name: {out}/contents
    - makedirs: True
    - contents: {{{{ ('x = ' ~ all)|json }}}}
{out}/template:
  file.managed:
    - source: salt://file.jinja
    - template: jinja
    - parallel: True
prints:
  cmd.run:
    - name: {{{{ ("printf '%s' \"$ALL\" | tee " ~ "{out}/command")|json }}}}
    - env: [{{ALL: {{{{ all|json }}}}}}]
named {{{{ pillar.marked }}}}:
  cmd.run:
    - name: {{{{ ("echo " ~ pillar.marked ~ " " ~ pillar.open ~ " >&2; false")|json }}}}
tells:
  event.send:
    - name: told/all
    - data: {{{{ {{'all': all}}|json }}}}
asks:
  module.run:
    - pillar.raw: []
"#
        ),
    );
    fleet.write(
        "srv/salt/broken.sls",
        "a:\n  test.nop: [{{ pillar.marked }}\n{{ pillar.open }}: {\n",
    );
    fleet.write(
        "srv/salt/file.jinja",
        "{{ pillar.db.pass }} {{ pillar.marked }} {{ pillar.open }}\n",
    );
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() && !path.is_symlink() => files_below(&path, found),
            path => found.push(path),
        }
    }
}

/// The files below the fleet's root in which `text` stands, but for those in `but`.
fn files_with(fleet: &Fleet, text: &str, but: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    files_below(&fleet.path(""), &mut files);
    files.retain(|path| {
        let bytes = fs::read(path).unwrap_or_default();
        !but.iter().any(|open| path.starts_with(open))
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
    });
    files
}

#[test]
fn a_secret_is_in_the_managed_files_and_nowhere_else() {
    let fleet = Fleet::new();
    lay_out(&fleet);
    let _master = fleet.master();
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    let events = fleet.path("events");
    let _listener = fleet.start_into("salt-run", &["state.event"], &events);
    wait_for("the event stream", || {
        fleet.says("salt", &["web1", "event.fire_master", "{}", "hello"]);
        fs::read_to_string(&events).ok().filter(|text| text.contains("hello"))
    });

    let mut said = fleet.says("salt", &["web1", "state.apply", "all", "state_events=True"]);
    assert!(said.contains(OPEN) && said.contains("+x = **********/**********/"), "{said}");
    said += &fleet.says("salt", &["web1", "mine.send", "kept", "mine_function=pillar.raw"]);
    for args in [
        &["web1", "cmd.run", "cat /proc/self/environ; cat OUT/contents"][..],
        &["web1", "pillar.raw"],
        &["web1", "pillar.items"],
        &["web1", "mine.get", "web1", "kept"],
        &["web1", "--out=json", "slsutil.renderer", "salt://file.jinja", "default_renderer=jinja"],
    ] {
        let out = fleet.path("out").display().to_string();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("OUT", &out)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let text = fleet.says("salt", &args);
        assert!(text.contains("**********"), "{args:?}: {text}");
        said += &text;
    }
    said += &fleet.says("salt", &["web1", "state.apply", "broken"]);
    said += &fleet.says("salt-call", &["state.apply", "all"]);
    said += &fleet.says("salt-call", &["--local", "state.explain", "prints"]);
    said += &fleet.says("salt-run", &["cache.pillar", "web1"]);
    said += &fleet.says("salt-run", &["jobs.list_jobs"]);

    let out = fleet.path("out");
    let quoted = ENCRYPTED;
    for (file, want) in [
        ("contents", format!("x = {quoted}/{MARKED}/{OPEN}\n")),
        ("template", format!("{quoted} {MARKED} {OPEN}\n")),
        ("command", format!("{quoted}/{MARKED}/{OPEN}")),
    ] {
        assert_eq!(fs::read_to_string(out.join(file)).expect("was written"), want);
    }
    wait_for("all events", || {
        fs::read_to_string(&events).ok().filter(|text| text.contains("told/all"))
    });
    for secret in [ENCRYPTED, MARKED] {
        assert!(!said.contains(secret), "{said}");
        let found = files_with(&fleet, secret, &[out.clone(), fleet.path("srv/pillar")]);
        assert!(found.is_empty(), "{secret} is in {found:?}");
    }
    // What is no secret is in the events and in the job store: they were looked through.
    let open = files_with(&fleet, OPEN, &[out, fleet.path("srv/pillar")]);
    for place in ["events", "master.db", "last_run.json"] {
        assert!(
            open.iter().any(|path| path.to_string_lossy().contains(place)),
            "{place}: {open:?}"
        );
    }
    // Who asks to see it, sees it.
    let shown = fleet.says("salt", &["web1", "pillar.get", "db:pass", "unmask=True"]);
    assert!(shown.contains(ENCRYPTED), "{shown}");
    let shown = fleet.says("salt-run", &["pillar.show_pillar", "web1"]);
    assert!(shown.contains(MARKED), "{shown}");
}
