//! Bad input to the bus and to what hangs on it: told with its name, and all else goes on.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use crate::disk::SmallDisk;
use crate::fleet::{Fleet, wait_for};

fn dead_letters(fleet: &Fleet) -> String {
    let path = fleet.path("master/var/cache/salt/master/reactor/dead_letters");
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn forged_tags_and_floods_of_a_minion_are_dropped_and_told() {
    let fleet = Fleet::new();
    let _master = fleet.master_with(&fleet.path("master"), "minion_event_limit: 20");
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    let heard = fleet.path("heard");
    let _listener = fleet.start_into("salt-run", &["state.event", "tagmatch=*"], &heard);
    let heard = || fs::read_to_string(&heard).unwrap_or_default();
    wait_for("the listener", || {
        fleet.says("salt-run", &["event.send", "my/begin"]);
        heard().contains("my/begin").then_some(())
    });
    let forged = ["salt/key", "salt/job/20261122000000000001/ret/db1", "salt/minion/db1/start"];
    for tag in forged {
        fleet.says("salt", &["web1", "event.fire_master", "{\"who\": \"forged\"}", tag]);
        fleet.wait_for_line(Fleet::master_log, &["An event is dropped", "web1", tag]);
    }
    // More than it may in one go: as many functions in one job.
    let funs = ["event.fire_master"; 40].join(",");
    let args = ["\"flooded\" my/flood"; 40].join(" , ");
    let words: Vec<&str> = args.split(' ').collect();
    fleet.says("salt", &[&["web1", &funs][..], &words].concat());
    fleet.wait_for_line(Fleet::master_log, &["A minion fires too many events", "web1"]);
    wait_for("the event that tells it", || heard().contains("halite/minion/flood").then_some(()));
    let passed = heard().lines().filter(|line| line.starts_with("my/flood")).count();
    assert!(passed <= 20, "{passed} events of the flood came through");
    assert!(!heard().lines().any(|line| line.contains("forged") && line.starts_with("salt/key")));
    let told = fleet.master_log().matches("A minion fires too many events").count();
    assert!(told <= 2, "a flood of events is none of the log: {told} lines");
    fleet.wait_for_ping("web1");
}

#[test]
fn a_reactor_that_cannot_be_rendered_or_calls_itself_is_named() {
    let fleet = Fleet::new();
    fleet.write("srv/salt/bad.sls", "x: {{ no.such.thing }}\n");
    let again = "again:\n  runner.event.send:\n    - args:\n      - tag: my/loop\n";
    fleet.write("srv/salt/loop.sls", again);
    let rules = "reactor:\n- my/bad: salt://bad.sls\n- my/loop: salt://loop.sls\n";
    let _master = fleet.master_with(&fleet.path("master"), rules);
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    for (tag, why) in [("my/bad", "'no' is undefined"), ("my/loop", "events that it causes itself")]
    {
        fleet.says("salt-run", &["event.send", tag]);
        wait_for(why, || dead_letters(&fleet).contains(why).then_some(()));
        fleet.wait_for_line(Fleet::master_log, &["ERROR", why]);
    }
    let letters = dead_letters(&fleet);
    for part in ["bad.sls", "\"id\":\"again\"", "\"rule\":\"my/loop\""] {
        assert!(letters.contains(part), "{part} in {letters}");
    }
    fleet.wait_for_ping("web1");
}

#[test]
fn nonsense_in_a_schedule_is_told_and_the_other_jobs_run() {
    let fleet = Fleet::new();
    let _master = fleet.master();
    let file = fleet.path("returned");
    let jobs = format!(
        "schedule:\n  text: nonsense\n  when: {{function: test.ping, when: never ever}}\n  \
         seconds: {{function: test.ping, seconds: many}}\n  none: {{seconds: 1}}\n  \
         both: {{function: test.ping, seconds: 1, cron: '* * * * *'}}\n  \
         good: {{function: test.echo, args: [good], seconds: 1, returner: rawfile_json, return_kwargs: \
         {{filename: {}}}, return_job: False}}\n",
        file.display()
    );
    fleet.write("conf/minion.d/schedule.conf", &jobs);
    let _minion = fleet.minion("web1");
    wait_for("the job that is right", || {
        fs::read_to_string(&file).is_ok_and(|text| text.contains("good")).then_some(())
    });
    let wrong = [
        "Scheduled job \"text\" should have a dict value",
        "Invalid date string never ever",
        "'seconds' must be a number",
        "Scheduled job \"none\" has no function",
        "Unable to use",
    ];
    for why in wrong {
        fleet.wait_for_line(Fleet::minion_log, &[why]);
        let told = fleet.minion_log().matches(why).count();
        assert_eq!(told, 1, "{why}: once");
    }
    fleet.wait_for_ping("web1");
}

#[test]
fn what_a_returner_does_not_take_is_kept_and_handed_over_later() {
    let fleet = Fleet::new();
    let _master = fleet.master();
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
    let option = format!("returner.http.url: http://127.0.0.1:{port}/\nreturner.http.timeout: 5\n");
    fleet.write("conf/minion.d/returner.conf", &option);
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    // Nobody listens there.
    let said = fleet.says("salt", &["web1", "test.echo", "kept", "--return", "http"]);
    assert!(said.contains("kept"), "the job has worked: {said}");
    let folder = fleet.path("minion/var/cache/salt/minion/returners");
    let waiting = || fs::read_dir(&folder).map_or(0, Iterator::count);
    wait_for("what is kept", || (waiting() == 1).then_some(()));
    fleet.wait_for_line(Fleet::minion_log, &["the returner `http` did not take something"]);
    let server = TcpListener::bind(("127.0.0.1", port)).expect("the server is back");
    let (mut stream, _) = server.accept().expect("it is tried again");
    let mut got = String::new();
    while !got.contains("kept") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).expect("reads");
        assert!(read > 0, "the end: {got}");
        got.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("answers");
    wait_for("the end of waiting", || (waiting() == 0).then_some(()));
}

#[test]
fn a_minion_on_a_full_disk_still_answers() {
    let fleet = Fleet::new();
    let root = fleet.path("small");
    let Some(disk) = SmallDisk::mount(&root, 4 * 1024) else {
        eprintln!("not run: this user may not mount a small disk");
        return;
    };
    let _master = fleet.master();
    let _minion = fleet.minion_in(&root, "web1", &[fleet.ret_port]);
    fleet.wait_for_ping("web1");
    disk.fill();
    for n in 0..3 {
        let said = fleet.says("salt", &["web1", "cmd.run", &format!("echo full-{n}")]);
        assert!(said.contains(&format!("full-{n}")), "{said}");
        fleet.wait_for_ping("web1");
    }
    disk.free();
    fleet.wait_for_ping("web1");
}
