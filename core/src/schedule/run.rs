//! One job's way through time: what it is due by, what keeps it from running.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::cron::Cron;
use super::{Around, Common, Fire, times};
use crate::value::{Map, Value};

const ELEMENTS: [&str; 4] = ["seconds", "minutes", "hours", "days"];
const ELEMENT_SECS: [i64; 4] = [1, 60, 3600, 86_400];
const OTHERS: [&str; 3] = ["when", "cron", "once"];

/// A job with what concerns it.
pub(super) struct Job<'a> {
    pub(super) name: &'a str,
    pub(super) data: &'a Map,
    pub(super) common: &'a Common,
    pub(super) round: SignedDuration,
}

/// What is known of a job's runs. The names are those of Salt's hidden keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    next_fire_time: Option<DateTime>,
    splay: Option<DateTime>,
    seconds: Option<i64>,
    run_on_start: Option<bool>,
    /// `when`: the next time has not been used yet.
    run: Option<bool>,
    last_run: Option<DateTime>,
    skipped: Option<(DateTime, &'static str)>,
    skip_reason: Option<&'static str>,
    /// `run_after_skip_range` adds times.
    explicit: Vec<DateTime>,
    disabled: bool,
    /// Its times are of the day, so that each day brings new ones.
    daily: bool,
    /// Nothing but an order or another configuration makes it due again.
    over: bool,
    pub(super) error: String,
}

/// The function of a job.
pub(super) fn function(data: &Map) -> Option<String> {
    let key = ["function", "func", "fun"].into_iter().find(|key| data.contains_key(*key))?;
    data.get(key).map(ToString::to_string)
}

/// Whether a job may run, and as what.
struct Gate {
    run: bool,
    fun: Option<String>,
}

impl Job<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.data.get(key)
    }

    fn check_combination(&self) -> Result<bool, String> {
        let has = |key: &&str| self.data.contains_key(*key);
        let others = OTHERS.iter().filter(|key| has(key)).count();
        if others > 1 {
            let all = OTHERS.join("\", \"");
            return Err(format!("Unable to use \"{all}\" options together. Ignoring."));
        }
        let elements = ELEMENTS.iter().any(has);
        if others == 1 && elements {
            let (all, others) = (ELEMENTS.join("\", \""), OTHERS.join("\", \""));
            return Err(format!("Unable to use \"{all}\" with \"{others}\" options. Ignoring"));
        }
        Ok(elements)
    }

    fn interval(&self) -> Result<i64, String> {
        let mut total = 0i64;
        for (key, secs) in ELEMENTS.iter().zip(ELEMENT_SECS) {
            let Some(value) = self.get(key) else { continue };
            let number = value.as_f64().or_else(|| value.to_string().trim().parse().ok());
            let Some(number) = number.filter(|n| n.is_finite() && *n >= 0.0) else {
                let shown = value.repr();
                return Err(format!(
                    "'{key}' must be a number, not {shown}. Ignoring job {}.",
                    self.name
                ));
            };
            total = total.saturating_add((number as i64).saturating_mul(secs));
        }
        Ok(total)
    }
}

fn add(at: DateTime, secs: i64) -> DateTime {
    at.checked_add(SignedDuration::from_secs(secs)).unwrap_or(DateTime::MAX)
}

fn whole(at: DateTime) -> DateTime {
    at.with().subsec_nanosecond(0).build().unwrap_or(at)
}

/// `b - a` in whole seconds.
fn seconds_between(a: DateTime, b: DateTime) -> i64 {
    b.duration_since(a).as_secs()
}

impl Run {
    /// Looks at the job; gives it if it is to run now.
    ///
    /// # Errors
    /// What is wrong with its settings, in Salt's words.
    pub(super) fn step(
        &mut self,
        job: &Job<'_>,
        around: &mut Around<'_>,
    ) -> Result<Option<Fire>, String> {
        let now = around.now;
        (self.skipped, self.skip_reason, self.over) = (None, None, true);
        self.daily = job.get("when").is_some();
        self.disabled = !job.common.enabled || !job.get("enabled").is_none_or(Value::truthy);
        let elements = job.check_combination()?;
        let start = job.get("run_on_start").map_or(elements, Value::truthy);
        self.run_on_start.get_or_insert(start);
        let mut run = self.explicit_run(job, now);
        let goes_on = match () {
            () if elements => self.elements(job, now).map(|()| true),
            () if job.get("once").is_some() => self.once(job, now),
            () if job.get("when").is_some() => self.when(job, around, run),
            () if job.get("cron").is_some() => self.cron(job, now).map(|()| true),
            () => return Ok(None),
        }?;
        let Some(next) = self.next_fire_time.filter(|_| goes_on) else { return Ok(None) };
        self.over = false;
        let (seconds, at_once) = self.splayed(job, around, next)?;
        run |= at_once || self.is_time(job, now, seconds);
        let mut gate = Gate { run, fun: function(job.data) };
        if self.run_on_start.replace(false) == Some(true) {
            gate.run = true;
        } else if run {
            self.gates(job, now, &mut gate)?;
        }
        if self.disabled {
            self.skip(now, "disabled");
            gate.run = false;
        }
        let fire = self.start(job, around, gate, seconds)?;
        self.settle(now, fire.is_some());
        Ok(fire)
    }

    fn skip(&mut self, now: DateTime, why: &'static str) {
        (self.skipped, self.skip_reason) = (Some((now, why)), Some(why));
    }

    fn explicit_run(&mut self, job: &Job<'_>, now: DateTime) -> bool {
        let mut all = times::explicit(job.data, "run_explicit");
        all.extend(&self.explicit);
        let many = all.len() > 1;
        all.retain(|at| !many || at.checked_add(job.round).is_ok_and(|end| end >= now));
        let Some(first) = all.first() else { return false };
        let run = *first <= now && first.checked_add(job.round).is_ok_and(|end| now < end);
        if run {
            self.next_fire_time = Some(*first);
        }
        run
    }

    fn elements(&mut self, job: &Job<'_>, now: DateTime) -> Result<(), String> {
        if self.seconds.is_none() {
            let interval = job.interval()?;
            self.seconds = Some(interval);
            self.next_fire_time.get_or_insert_with(|| add(now, interval));
        }
        Ok(())
    }

    fn once(&mut self, job: &Job<'_>, now: DateTime) -> Result<bool, String> {
        let late = |at: DateTime| at.checked_add(job.round).is_ok_and(|end| end < now);
        if let Some(next) = self.next_fire_time {
            return Ok(
                !(late(next) || next > now && self.splay.is_none()) || self.wait_for(next, now)
            );
        }
        let text = job.get("once").map(ToString::to_string).unwrap_or_default();
        let format = job.get("once_fmt").map(ToString::to_string);
        let format = format.as_deref().unwrap_or(times::FORMAT);
        // YAML may have read the date already; it is printed with a blank then.
        let read =
            times::strptime(&text, format).or_else(|| times::strptime(&text, "%Y-%m-%d %H:%M:%S"));
        let Some(once) = read else {
            return Err(format!(
                "Date string could not be parsed: {text}, {format}. Ignoring job {}.",
                job.name
            ));
        };
        self.next_fire_time = Some(once);
        Ok(!late(once))
    }

    /// A time that is still to come keeps the job waiting; gives false.
    fn wait_for(&mut self, next: DateTime, now: DateTime) -> bool {
        self.over = next <= now;
        false
    }

    fn when(&mut self, job: &Job<'_>, around: &Around<'_>, run: bool) -> Result<bool, String> {
        let now = around.now;
        let items = match job.get("when") {
            Some(Value::List(items)) => items.to_vec(),
            other => other.cloned().into_iter().collect(),
        };
        let mut all = Vec::new();
        for item in items {
            let named = [around.pillar, around.grains];
            let known = named.iter().find_map(|source| source.get("whens")?.as_map()?.get(&item));
            let read = times::read(known.unwrap_or(&item), now);
            let bad = || format!("Invalid date string {item}. Ignoring job {}.", job.name);
            all.push(read.ok_or_else(bad)?);
        }
        all.extend(self.splay);
        all.sort();
        let late = |at: &DateTime| at.checked_add(job.round).is_ok_and(|end| end < now);
        // Of those that are past, the last one stays.
        while all.len() > 1 && late(&all[0]) {
            all.remove(0);
        }
        let Some(when) = all.first().copied() else { return Ok(false) };
        if late(&when) && self.run != Some(true) && !run && self.splay.is_none() {
            // A time of the day comes again tomorrow, as a new one.
            (self.next_fire_time, self.run) = (None, None);
            return Ok(false);
        }
        self.run.get_or_insert(!late(&when));
        let next = *self.next_fire_time.get_or_insert(when);
        if next < when && !run && self.run == Some(false) {
            self.next_fire_time = Some(when);
            self.run = Some(true);
        }
        Ok(true)
    }

    fn cron(&mut self, job: &Job<'_>, now: DateTime) -> Result<(), String> {
        if self.next_fire_time.is_none() {
            let line = job.get("cron").map(ToString::to_string).unwrap_or_default();
            let next = Cron::parse(&line).and_then(|cron| cron.next(now));
            let bad = || format!("Invalid cron string. Ignoring job {}.", job.name);
            self.next_fire_time = Some(next.ok_or_else(bad)?);
        }
        Ok(())
    }

    /// Seconds until the job is due, and whether its splay makes it due at once.
    fn splayed(
        &mut self,
        job: &Job<'_>,
        around: &mut Around<'_>,
        next: DateTime,
    ) -> Result<(i64, bool), String> {
        let now = around.now;
        let seconds = seconds_between(whole(now), whole(next));
        let splay = job.get("splay").or(job.common.splay.as_ref()).filter(|splay| splay.truthy());
        let Some(splay) = splay else { return Ok((seconds, false)) };
        let mut at_once = false;
        if self.splay.is_none() {
            let drawn = times::draw(splay, job.name, around.chance)?;
            let at = add(next, drawn);
            if now < at {
                self.splay = Some(at);
                if job.get("when").is_some() {
                    self.run = Some(true);
                }
            } else {
                at_once = true;
            }
        }
        let Some(at) = self.splay else { return Ok((seconds, at_once)) };
        if job.get("when").is_some() {
            self.next_fire_time = Some(at);
        }
        // A part of a second counts: the job waits for all of it.
        let left = at.duration_since(now);
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        Ok((seconds, at_once))
    }

    fn is_time(&mut self, job: &Job<'_>, now: DateTime, seconds: i64) -> bool {
        let within =
            |at: DateTime| at <= now && at.checked_add(job.round).is_ok_and(|end| now <= end);
        let next = self.next_fire_time;
        match () {
            () if self.seconds.is_some() => seconds <= 0,
            () if job.get("when").is_some() && self.run == Some(true) => {
                let run = next.is_some_and(within);
                if run {
                    self.run = Some(false);
                }
                run
            }
            () if job.get("cron").is_some() => {
                if seconds <= 0 {
                    self.next_fire_time = None;
                }
                seconds <= 0
            }
            () if job.get("once").is_some() => {
                next.is_some_and(|at| within(at) && self.last_run.is_none_or(|last| last < at))
            }
            () => false,
        }
    }

    /// Ranges and single times that keep a job from running.
    fn gates(&mut self, job: &Job<'_>, now: DateTime, gate: &mut Gate) -> Result<(), String> {
        if let Some(range) = job.get("range") {
            let (start, end) = times::range(range, "", "", job.name, now)?;
            let inside = start <= now && now <= end;
            if range.get("invert").is_some_and(Value::truthy) {
                gate.run = now <= start || now >= end;
                self.skip_reason = (!gate.run).then_some("in_skip_range").or(self.skip_reason);
            } else if inside {
                gate.run = true;
            } else {
                self.instead(job, gate, |run| run.skip_reason = Some("not_in_range"));
            }
        }
        let skip = job.get("skip_during_range").or(job.common.skip_during_range.as_ref());
        if let Some(range) = skip.filter(|range| range.truthy()) {
            self.skip_range(job, range, now, gate)?;
        }
        if job.get("skip_explicit").is_some() {
            self.skip_explicit(job, now, gate);
        }
        for (key, why) in [("until", "until_passed"), ("after", "after_not_passed")] {
            let Some(value) = job.get(key) else { continue };
            let bad = || format!("Invalid date string for {key}. Ignoring job {}.", job.name);
            let at = times::read(value, now).ok_or_else(bad)?;
            let barred = if key == "until" { at <= now } else { at >= now };
            gate.run = !barred;
            if barred {
                self.skip(now, why);
            }
        }
        Ok(())
    }

    /// `skip_function` runs in the job's place, or nothing does.
    fn instead(&mut self, job: &Job<'_>, gate: &mut Gate, note: impl FnOnce(&mut Run)) {
        match &job.common.skip_function {
            Some(fun) => (gate.run, gate.fun) = (true, Some(fun.clone())),
            None => {
                note(self);
                gate.run = false;
            }
        }
    }

    fn skip_range(
        &mut self,
        job: &Job<'_>,
        range: &Value,
        now: DateTime,
        gate: &mut Gate,
    ) -> Result<(), String> {
        let what = " in skip_during_range";
        let (start, end) = times::range(range, what, " ", job.name, now)?;
        if job.get("run_after_skip_range").is_some_and(Value::truthy) {
            let after = whole(end.checked_add(job.round).unwrap_or(end));
            if !self.explicit.contains(&after) {
                self.explicit = vec![after];
            }
        }
        if start <= now && now <= end {
            self.instead(job, gate, |run| run.skip(now, "in_skip_range"));
        } else {
            gate.run = true;
        }
        Ok(())
    }

    fn skip_explicit(&mut self, job: &Job<'_>, now: DateTime, gate: &mut Gate) {
        let mut all = times::explicit(job.data, "skip_explicit");
        all.retain(|at| at.checked_add(job.round).is_ok_and(|end| end >= now));
        match all.first() {
            Some(first) if *first <= now => {
                self.instead(job, gate, |run| run.skip(now, "skip_explicit"));
            }
            // Salt does not run the job at all until the time to be skipped has come.
            _ => gate.run = true,
        }
    }

    /// Holds the job against its runs that go on.
    fn start(
        &mut self,
        job: &Job<'_>,
        around: &Around<'_>,
        gate: Gate,
        seconds: i64,
    ) -> Result<Option<Fire>, String> {
        if !gate.run {
            return Ok(None);
        }
        let mut data = job.data.clone();
        if job.get("jid_include").is_none_or(Value::truthy) {
            let most = job.get("maxrunning").and_then(Value::as_i64).unwrap_or(1);
            data.insert("maxrunning".into(), most.into());
            if i64::try_from((around.running)(job.name)).unwrap_or(i64::MAX) >= most {
                self.skip(around.now, "maxrunning");
                return Ok(None);
            }
        }
        let missing = || format!("Scheduled job \"{}\" has no function.", job.name);
        let fun = gate.fun.ok_or_else(missing)?;
        let missed_secs = if seconds < 0 { -seconds } else { 0 };
        Ok(Some(Fire { name: job.name.into(), fun, data, missed_secs }))
    }

    fn settle(&mut self, now: DateTime, ran: bool) {
        if ran {
            self.last_run = Some(now);
            self.splay = None;
        }
        let Some(seconds) = self.seconds else { return };
        let skipped = self.skipped.is_some();
        let past = self.next_fire_time.is_none_or(|next| next <= now);
        if (skipped && past) || (!skipped && ran) {
            self.next_fire_time = Some(add(now, seconds));
        }
    }

    /// When the job is to be looked at again.
    pub(super) fn deadline(&self, now: DateTime) -> Option<DateTime> {
        if !self.error.is_empty() {
            return None;
        }
        let explicit = self.explicit.iter().copied().filter(|at| *at > now).min();
        let next =
            self.splay.or(self.next_fire_time).filter(|_| !self.over || self.seconds.is_some());
        // A crontab line whose time has come is read anew.
        let anew = (next.is_none() && !self.over).then_some(DateTime::MIN);
        let midnight = now.date().tomorrow().ok().map(|day| day.at(0, 0, 0, 0));
        let daily = midnight.filter(|_| self.daily);
        [explicit, next, anew, daily].into_iter().flatten().min()
    }

    /// Adds what is known of the runs to a job's settings, under Salt's names.
    pub(super) fn show(&self, data: &mut Map) {
        let time = |at: Option<DateTime>| at.map_or(Value::Null, |at| at.to_string().into());
        data.insert("_next_fire_time".into(), time(self.next_fire_time));
        data.insert("_splay".into(), time(self.splay));
        if let Some(seconds) = self.seconds {
            data.insert("_seconds".into(), seconds.into());
        }
        if let Some(last) = self.last_run {
            data.insert("_last_run".into(), time(Some(last)));
        }
        if let Some(why) = self.skip_reason {
            data.insert("_skip_reason".into(), why.into());
        }
        if let Some((at, _)) = self.skipped {
            data.insert("_skipped_time".into(), time(Some(at)));
            data.insert("_skipped".into(), true.into());
        }
        if !self.error.is_empty() {
            data.insert("_error".into(), self.error.as_str().into());
        }
    }

    /// The clock was set back to `now`: an interval that was reckoned from a later time begins anew.
    pub(super) fn set_back(&mut self, now: DateTime) {
        let Some(seconds) = self.seconds else { return };
        if self.next_fire_time.is_some_and(|next| next > add(now, seconds)) {
            (self.next_fire_time, self.splay) = (Some(add(now, seconds)), None);
        }
    }

    /// When it is due next.
    pub(super) fn next(&self) -> Option<DateTime> {
        self.next_fire_time
    }
}
