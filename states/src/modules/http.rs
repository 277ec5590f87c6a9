//! `http`: what web servers answer, as states.

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, pyre, state,
};

use crate::support::look_only::LookOnly;

/// The module.
pub static MODULE: StateModule =
    StateModule::new("http", &[&QUERY, &WAIT_FOR_SUCCESSFUL_QUERY, &MOD_WATCH]);

/// What the answer must be.
struct Want {
    name: String,
    matched: Value,
    match_type: String,
    status: Value,
    status_type: String,
    wait_for: Option<f64>,
    kwargs: Map,
}

/// Asks a web server and looks at its answer.
///
/// ```yaml
/// http://example.com/:
///   http.query:
///     - status: 200
/// ```
#[state]
fn query<'a>(
    cx: &Context<'a>,
    /// The URL.
    name: String,
    /// What the answer's text must hold.
    #[default(Value::Null)]
    match_: Value,
    /// `string` or `pcre`.
    #[default("string".into())]
    match_type: String,
    /// What its status must be.
    #[default(Value::Null)]
    status: Value,
    /// `string`, `pcre` or `list`.
    #[default("string".into())]
    status_type: String,
    /// Ask again for so many seconds.
    #[default(None)]
    wait_for: Option<f64>,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let want = Want { name, matched: match_, match_type, status, status_type, wait_for, kwargs };
    decide(cx, want)
}

fn decide<'a>(cx: &Context<'a>, want: Want) -> Result<Verdict<'a>> {
    if want.matched.is_null() && want.status.is_null() {
        let comment = "Either match text (match) or a status code (status) is required.";
        let data = Value::from(Map::new());
        // Salt leaves the blank in which its other comments lose.
        let comment = format!(" {comment}");
        return Ok(Verdict::Settled(Outcome::new(Some(false), comment).with("data", data)));
    }
    if cx.test() {
        let host = LookOnly(cx.host);
        return Ok(Verdict::Settled(want.ask(&Apply { cx, host: &host }, true)?));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| want.ask(apply, false)))
}

impl Want {
    fn ask(&self, apply: &Apply<'_>, test: bool) -> Result<Outcome> {
        let mut named = self.kwargs.clone();
        named.entry("decode".into()).or_insert_with(|| false.into());
        named.insert("text".into(), true.into());
        named.insert("status".into(), true.into());
        if test {
            named.insert("test".into(), true.into());
        }
        let fun = match self.wait_for {
            Some(wait) if wait > 0.0 => {
                named.insert("wait_for".into(), wait.into());
                "http.wait_for_successful_query"
            }
            _ => "http.query",
        };
        let call = Args { positional: vec![Value::str(&self.name)], named };
        let data = apply.call_value(fun, call)?;
        let (mut result, mut comment) = self.judge(&data)?;
        if test {
            result = None;
            comment.push_str(" (TEST MODE");
            if let Some(url) = self.kwargs.get("test_url") {
                comment.push_str(&format!(", TEST URL WAS: {url}"));
            }
            comment.push(')');
        }
        Ok(Outcome::new(result, comment).with("data", data))
    }

    /// What the answer says, in Salt's words.
    fn judge(&self, data: &Value) -> Result<(Option<bool>, String)> {
        let text = data.get("text").map(Value::to_string).unwrap_or_default();
        let code = data.get("status").map(Value::to_string).unwrap_or_default();
        let (mut result, mut said) = (None, Vec::new());
        let matched = self.matched.to_string();
        if !self.matched.is_null() {
            let (what, found) = match self.match_type.as_str() {
                "string" => ("text", text.contains(&matched)),
                "pcre" => ("pattern", found(&matched, &text)?),
                _ => ("", false),
            };
            if !what.is_empty() {
                let not = if found { "" } else { "not " };
                said.push(format!("Match {what} \"{matched}\" was {not}found."));
                result = Some(found);
            }
        }
        if !self.status.is_null() {
            let shown = self.status.to_string();
            let (good, lines) = match self.status_type.as_str() {
                "list" => {
                    let wanted = self.status.as_list().unwrap_or_default();
                    let hits = wanted.iter().filter(|one| one.to_string() == code);
                    let lines: Vec<String> =
                        hits.map(|one| format!("Status {one} was found.")).collect();
                    match lines.is_empty() {
                        true => (false, vec![format!("Statuses {shown} were not found.")]),
                        false => (true, lines),
                    }
                }
                "pcre" => {
                    let good = found(&shown, &code)?;
                    let not = if good { "" } else { "not " };
                    (good, vec![format!("Status pattern \"{shown}\" was {not}found.")])
                }
                _ => {
                    let good = code == shown;
                    let not = if good { "" } else { "not " };
                    (good, vec![format!("Status {shown} was {not}found.")])
                }
            };
            said.extend(lines);
            result = if good { result.or(Some(true)) } else { Some(false) };
        }
        Ok((result, said.join(" ")))
    }
}

fn found(pattern: &str, text: &str) -> Result<bool> {
    let regex = pyre::compile(pattern, pyre::Flags::default())
        .map_err(|why| Error::execution(format!("{pattern:?} is no pattern: {why}")))?;
    Ok(regex.is_match(text).unwrap_or(false))
}

/// Asks a web server until its answer is as wanted.
///
/// ```yaml
/// http://example.com/:
///   http.wait_for_successful_query:
///     - status: 200
///     - wait_for: 60
/// ```
#[state]
fn wait_for_successful_query<'a>(
    cx: &Context<'a>,
    /// The URL.
    name: String,
    /// For how many seconds.
    #[default(300.0)]
    wait_for: f64,
    /// As for `http.query`; and `request_interval`: seconds between requests.
    #[kwargs]
    kwargs: Map,
) -> Result<Verdict<'a>> {
    let mut named = kwargs;
    let take = |named: &mut Map, key: &str| named.shift_remove(key).unwrap_or_default();
    let text = |value: Value| if value.is_null() { "string".to_owned() } else { value.to_string() };
    let interval = named.get("request_interval").and_then(Value::as_f64).unwrap_or(0.1);
    let want = Want {
        name,
        matched: take(&mut named, "match"),
        match_type: text(take(&mut named, "match_type")),
        status: take(&mut named, "status"),
        status_type: text(take(&mut named, "status_type")),
        wait_for: None,
        kwargs: named,
    };
    if cx.test() || (want.matched.is_null() && want.status.is_null()) {
        return decide(cx, want);
    }
    Ok(Verdict::change(Outcome::default(), move |apply| {
        let now = || apply.host.now_micros() as f64 / 1e6;
        let end = now() + wait_for;
        loop {
            let got = want.ask(apply, false);
            match &got {
                Ok(outcome) if outcome.result == Some(true) => return got,
                Err(Error::Cancelled) => return got,
                _ if now() > end => return got,
                _ => {}
            }
            let until = now() + interval.max(0.01);
            while now() < until {
                if apply.job.cancelled() {
                    return Err(Error::Cancelled);
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    }))
}

/// Asks again when a watched state changes.
#[state]
fn mod_watch<'a>(cx: &Context<'a>, #[kwargs] mut kwargs: Map) -> Result<Verdict<'a>> {
    for key in ["sfun", "__reqs__"] {
        kwargs.shift_remove(key);
    }
    (QUERY.call)(cx, Args::named(kwargs))
}
