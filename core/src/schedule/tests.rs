//! Jobs over made-up days.

use super::*;
use crate::map;

/// A schedule and its clock, which starts at 2017-11-29 12:00 (a Wednesday).
struct Day {
    schedule: Schedule,
    now: DateTime,
    running: usize,
    pillar: Map,
}

impl Day {
    fn new(job: Map) -> Day {
        Day::with(map! { "job" => job })
    }

    fn with(jobs: Map) -> Day {
        let now = "2017-11-29T12:00:00".parse().expect("is a time");
        let schedule = Schedule::new(jobs, SignedDuration::from_secs(1));
        Day { schedule, now, running: 0, pillar: Map::new() }
    }

    fn at(mut self, now: &str) -> Day {
        self.now = now.parse().expect("is a time");
        self
    }

    fn step(&mut self) -> (Vec<Fire>, Vec<Fault>) {
        let (grains, running) = (Map::new(), self.running);
        self.schedule.due(&mut Around {
            now: self.now,
            pillar: &self.pillar,
            grains: &grains,
            chance: &mut |_, high| high,
            running: &|_| running,
        })
    }

    /// Steps from deadline to deadline; gives the times at which something ran, and what.
    fn until(&mut self, end: &str) -> Vec<String> {
        let end: DateTime = end.parse().expect("is a time");
        let mut ran = Vec::new();
        for _ in 0..10_000 {
            let (fires, faults) = self.step();
            assert_eq!(faults, []);
            for fire in fires {
                ran.push(format!("{} {}", self.now.strftime("%d %H:%M:%S"), fire.fun));
            }
            match self.schedule.deadline(self.now) {
                Some(next) if next <= end => self.now = next,
                _ => return ran,
            }
        }
        panic!("the schedule does not rest");
    }
}

#[track_caller]
fn check(job: Map, end: &str, want: &[&str]) {
    let mut all = map! { "function" => "f" };
    all.extend(job);
    let want: Vec<String> = want.iter().map(|at| format!("{at} f")).collect();
    assert_eq!(Day::new(all).until(end), want);
}

#[test]
fn seconds_to_days_run_at_the_start_and_then_at_their_pace() {
    let end = "2017-11-29T12:00:10";
    check(map! { "seconds" => 5 }, end, &["29 12:00:00", "29 12:00:05", "29 12:00:10"]);
    let quiet = map! { "seconds" => 5, "run_on_start" => false };
    check(quiet, end, &["29 12:00:05", "29 12:00:10"]);
    let sum = map! { "hours" => 1, "minutes" => 30 };
    check(sum, "2017-11-29T15:00:00", &["29 12:00:00", "29 13:30:00", "29 15:00:00"]);
    check(map! { "days" => "1" }, "2017-11-30T13:00:00", &["29 12:00:00", "30 12:00:00"]);
    check(map! { "seconds" => 5, "enabled" => false }, end, &[]);
}

#[test]
fn once_and_when_run_at_their_times() {
    let end = "2017-12-01T12:00:00";
    check(map! { "once" => "2017-11-29T12:05:00" }, end, &["29 12:05:00"]);
    check(map! { "once" => "2017-11-29 12:05:00" }, end, &["29 12:05:00"]);
    let own = map! { "once" => "29.11.17 13:00", "once_fmt" => "%d.%m.%y %H:%M" };
    check(own, end, &["29 13:00:00"]);
    check(map! { "once" => "2016-11-29T12:05:00" }, end, &[]);
    check(map! { "when" => "11/29/2017 4:00pm" }, end, &["29 16:00:00"]);
    check(map! { "when" => "8:00am" }, end, &["30 08:00:00", "01 08:00:00"]);
    let list = Value::list(["Thursday 3pm".into(), "Wednesday 5pm".into()]);
    check(map! { "when" => list }, end, &["29 17:00:00", "30 15:00:00"]);
    check(map! { "cron" => "0 16 29 11 *" }, end, &["29 16:00:00"]);
    let hourly = ["29 13:00:00", "29 14:00:00"];
    check(map! { "cron" => "@hourly" }, "2017-11-29T14:30:00", &hourly);
}

#[test]
fn whens_are_named_in_the_pillar() {
    let mut day = Day::new(map! { "function" => "f", "when" => "tea time" });
    day.pillar = map! { "whens" => map! { "tea time" => "5:00pm" } };
    assert_eq!(day.until("2017-11-29T18:00:00"), ["29 17:00:00 f"]);
}

#[test]
fn ranges_until_and_after_bar_runs_but_not_the_first() {
    let range = |start: &str, end: &str| map! { "start" => start, "end" => end };
    let job = |key: &str, value: Map| map! { "hours" => 1, "run_on_start" => false, key => value };
    let end = "2017-11-29T17:00:00";
    let inside = ["29 14:00:00", "29 15:00:00"];
    check(job("range", range("2pm", "3pm")), end, &inside);
    let mut inverted = range("2pm", "3pm");
    inverted.insert("invert".into(), true.into());
    let outside = ["29 13:00:00", "29 14:00:00", "29 15:00:00", "29 16:00:00", "29 17:00:00"];
    check(job("range", inverted), end, &outside);
    let skipped = ["29 13:00:00", "29 16:00:00", "29 17:00:00"];
    check(job("skip_during_range", range("1:30pm", "3:30pm")), end, &skipped);
    let until = map! { "hours" => 1, "run_on_start" => false, "until" => "2pm" };
    check(until, end, &["29 13:00:00"]);
    let after = map! { "hours" => 1, "run_on_start" => false, "after" => "3:30pm" };
    check(after, end, &["29 16:00:00", "29 17:00:00"]);
    // The run at the start does not ask. Salt: the same.
    let started = map! { "hours" => 1, "until" => "11am" };
    check(started, end, &["29 12:00:00"]);
}

#[test]
fn a_run_follows_a_skipped_range_at_once_where_that_is_asked_for() {
    let skip = map! { "start" => "12:30pm", "end" => "2:30pm" };
    let job = map! {
        "hours" => 1, "run_on_start" => false, "skip_during_range" => skip,
        "run_after_skip_range" => true,
    };
    let want = ["29 14:30:01", "29 15:30:01"];
    check(job, "2017-11-29T16:00:00", &want);
}

#[test]
fn splay_is_drawn_between_its_ends() {
    let end = "2017-11-29T12:01:00";
    let job = |splay: Value| map! { "seconds" => 20, "run_on_start" => false, "splay" => splay };
    check(job(5.into()), end, &["29 12:00:25", "29 12:00:50"]);
    check(job(map! { "start" => 2, "end" => 3 }.into()), end, &["29 12:00:23", "29 12:00:46"]);
}

#[test]
fn a_job_that_runs_already_is_not_run_again() {
    let mut day = Day::new(map! { "function" => "f", "seconds" => 5 });
    day.running = 1;
    assert_eq!(day.until("2017-11-29T12:00:10"), [""; 0]);
    let status = day.schedule.shown(true, true);
    let why = status.get("job").and_then(|job| job.get("_skip_reason")).cloned();
    assert_eq!(why, Some("maxrunning".into()));
    let mut day = Day::new(map! { "function" => "f", "seconds" => 5, "maxrunning" => 2 });
    day.running = 1;
    assert_eq!(day.until("2017-11-29T12:00:05").len(), 2);
}

#[test]
fn times_may_be_skipped_postponed_and_replaced() {
    let jobs = map! { "job" => map! { "function" => "f", "cron" => "0 * * * *" } };
    let mut day = Day::with(jobs);
    let order = map! {
        "func" => "postpone_job", "name" => "job", "time" => "2017-11-29T13:00:00",
        "new_time" => "2017-11-29T13:30:00", "time_fmt" => "%Y-%m-%dT%H:%M:%S",
    };
    day.schedule.manage(&order, &|_| 0).expect("is known");
    let ran = day.until("2017-11-29T15:00:00");
    assert_eq!(ran, ["29 14:00:00 f", "29 15:00:00 f"]);
    let skip = map! { "start" => "12:30pm", "end" => "1:30pm" };
    let mut day = Day::with(map! {
        "skip_function" => "instead", "skip_during_range" => skip,
        "job" => map! { "function" => "f", "cron" => "0 * * * *" },
    });
    let ran = day.until("2017-11-29T14:00:00");
    assert_eq!(ran, ["29 13:00:00 instead", "29 14:00:00 f"]);
}

#[test]
fn nonsense_is_told_once_and_in_salts_words() {
    let job = |more: Map| {
        let mut job = map! { "function" => "f" };
        job.extend(more);
        job
    };
    let cases = [
        (job(map! { "cron" => "61 * * * *" }), "Invalid cron string. Ignoring job job."),
        (job(map! { "when" => "13 o'clock" }), "Invalid date string 13 o'clock. Ignoring job job."),
        (
            job(map! { "once" => "soon" }),
            "Date string could not be parsed: soon, %Y-%m-%dT%H:%M:%S. Ignoring job job.",
        ),
        (
            job(map! { "seconds" => 5, "cron" => "* * * * *" }),
            "Unable to use \"seconds\", \"minutes\", \"hours\", \"days\" with \"when\", \"cron\", \"once\" options. Ignoring",
        ),
        (
            job(map! { "when" => "8am", "cron" => "* * * * *" }),
            "Unable to use \"when\", \"cron\", \"once\" options together. Ignoring.",
        ),
        (job(map! { "seconds" => "x" }), "'seconds' must be a number, not 'x'. Ignoring job job."),
        (
            job(map! { "seconds" => 5, "splay" => map! { "start" => 3, "end" => 1 } }),
            "schedule.handle_func: Invalid Splay, end must be larger than start. Ignoring job job.",
        ),
    ];
    for (job, want) in cases {
        let mut day = Day::new(job);
        let (fires, faults) = day.step();
        assert_eq!((fires.len(), faults.len()), (0, 1), "{want}");
        assert_eq!(faults[0].why, want);
        assert_eq!(day.step().1, [], "it is told once");
    }
    let mut day = Day::with(map! { "job" => 5 });
    assert_eq!(day.step().1[0].why, "Scheduled job \"job\" should have a dict value, not int");
}

#[test]
fn a_job_that_is_due_stays_due_until_it_is_looked_at() {
    let mut day = Day::new(map! { "function" => "f", "seconds" => 5, "run_on_start" => false });
    day.step();
    let late = "2017-11-29T12:00:05.2".parse().expect("is a time");
    let due = day.schedule.deadline(late).expect("there is one");
    assert!(due <= late, "{due}");
    let mut day = Day::new(map! { "function" => "f", "when" => "8:00am" });
    day.step();
    let night = "2017-11-30T00:00:00.2".parse().expect("is a time");
    let due = day.schedule.deadline(night).expect("a new day brings a new time");
    assert!(due <= night, "{due}");
}

#[test]
fn a_late_run_says_by_how_much() {
    let mut day = Day::new(map! { "function" => "f", "seconds" => 5, "run_on_start" => false });
    day.step();
    let mut day = day.at("2017-11-29T12:01:00");
    assert_eq!(day.step().0[0].missed_secs, 55);
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_an_interval() {
    let mut day = Day::new(map! { "function" => "f", "seconds" => 10, "splay" => 2 });
    assert_eq!(day.until("2017-11-29T12:00:30").len(), 3);
    let mut day = day.at("2017-11-29T11:00:00");
    let ran = day.until("2017-11-29T11:00:30");
    assert_eq!(ran, ["29 11:00:12 f", "29 11:00:24 f"]);
}

#[test]
fn orders_change_and_answer() {
    let mut day = Day::new(map! { "function" => "f", "seconds" => 3600 });
    day.step();
    let mut order = |order: Map| {
        let managed = day.schedule.manage(&order, &|_| 0).expect("is known");
        let (tag, data) = managed.answer.unwrap_or_default();
        (tag.rsplit('/').next().unwrap_or_default().to_owned(), Value::from(data).repr())
    };
    assert_eq!(
        order(map! { "func" => "get_next_fire_time", "name" => "job" }),
        (
            "minion_schedule_next_fire_time_complete".into(),
            "{'complete': True, 'next_fire_time': '2017-11-29T13:00:00'}".into()
        )
    );
    let (tag, data) = order(map! { "func" => "disable_job", "name" => "job" });
    assert_eq!(tag, "minion_schedule_disabled_job_complete");
    assert!(data.contains("'enabled': False"), "{data}");
    let new = map! { "two" => map! { "function" => "g", "days" => 1 } };
    let (tag, data) = order(map! { "func" => "add", "schedule" => new });
    assert_eq!(tag, "minion_schedule_add_complete");
    assert!(data.contains("'two': {'function': 'g', 'days': 1, 'enabled': True}"), "{data}");
    let (_, data) = order(map! { "func" => "delete", "name" => "job" });
    assert!(!data.contains("'job'"), "{data}");
}
