//! `http`: requests to web servers.

use std::path::PathBuf;
use std::time::Duration;

use halite_core::outside::http::{ClientCert, Request, Response, Trust};
use halite_core::value::parse_json;
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, args, function, map};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("http", &[&QUERY, &WAIT_FOR_SUCCESSFUL_QUERY, &UPDATE_CA_BUNDLE]);

/// Arguments of `salt.utils.http.query` that have no meaning here and change nothing.
const IGNORED: &[&str] = &[
    "backend",
    "handle",
    "stream",
    "node",
    "port",
    "opts",
    "hide_fields",
    "cookies",
    "cookie_jar",
    "cookie_format",
    "session_cookie_jar",
    "request_interval",
    "headers_out",
];

/// Asks a web server.
///
/// CLI Example:
///
/// ```text
/// salt '*' http.query http://somelink.com/
/// salt '*' http.query http://somelink.com/ method=POST params='{"key1": "val1", "key2": "val2"}'
/// salt '*' http.query http://somelink.com/ method=POST data='<xml>somecontent</xml>'
/// ```
#[function]
fn query(
    apply: &Apply<'_>,
    url: String,
    /// `method`, `params`, `data`, `data_file`, `header_dict`, `header_list`, `username`,
    /// `password`, `auth`, `decode`, `decode_type`, `status`, `headers`, `text`, `verify_ssl`,
    /// `ca_bundle`, `cert`, `agent`, `raise_error`, `text_out`, `decode_out`, `test`, `test_url`.
    #[kwargs]
    kwargs: Map,
) -> Result<Map> {
    let asked = Asked(kwargs);
    let mut ret = Map::new();
    let mut url = with_params(&url, asked.get("params"));
    if asked.flag("test", false) {
        let Some(test_url) = asked.text("test_url") else { return Ok(ret) };
        ret.insert("test".into(), true.into());
        url = test_url;
    }
    if asked.flag("persist_session", false) || asked.flag("formdata", false) {
        let text = "http.query: persist_session and formdata are not there";
        return Err(Error::execution(text));
    }
    let request = asked.request(apply, &url)?;
    let answer = match apply.services.outside().http(&request) {
        Ok(answer) => answer,
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        Err(why) => {
            if asked.flag("status", false) {
                ret.insert("status".into(), 0.into());
            }
            ret.insert("error".into(), why.to_string().into());
            return Ok(ret);
        }
    };
    let body = body(&answer, asked.flag("decode_body", true));
    ret.insert("body".into(), body.clone());
    if !answer.success() && asked.flag("raise_error", true) {
        let (status, reason) = (i64::from(answer.status), answer.reason());
        let told = map! {
            "status" => status, "error" => format!("HTTP {status}: {reason}"), "body" => body,
        };
        ret.shift_remove("body");
        ret.extend(told);
        return Ok(ret);
    }
    if let Some(path) = asked.text("text_out") {
        apply.host.write_atomic(&PathBuf::from(path), &answer.body, None)?;
    }
    if asked.flag("status", false) {
        ret.insert("status".into(), i64::from(answer.status).into());
    }
    if asked.flag("headers", false) {
        ret.insert("headers".into(), headers(&answer).into());
    }
    let mut text = asked.flag("text", false);
    if asked.flag("decode", false) {
        match decoded(apply, &asked, &answer)? {
            Ok(Some(data)) => drop(ret.insert("dict".into(), data)),
            Ok(None) => text = true,
            Err(why) => {
                ret.insert("error".into(), why.into());
                return Ok(ret);
            }
        }
        if let Some(path) = asked.text("decode_out") {
            apply.host.write_atomic(&PathBuf::from(path), &answer.body, None)?;
        }
    }
    if text {
        ret.insert("text".into(), body);
    }
    Ok(ret)
}

/// The arguments of a query.
struct Asked(Map);

impl Asked {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::to_string)
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).map_or(default, Value::truthy)
    }

    /// Whose certificates are trusted, and which one is shown.
    fn secured(&self, request: &mut Request) {
        if let Some(bundle) = self.text("ca_bundle") {
            request.trust = Trust::File(bundle.into());
        }
        match self.get("verify_ssl") {
            Some(Value::Str(path)) => request.trust = Trust::File(path.as_ref().into()),
            Some(flag) if !flag.truthy() => request.trust = Trust::Anything,
            _ => {}
        }
        request.client_cert = match self.get("cert") {
            Some(Value::List(pair)) => pair.first().map(|cert| ClientCert {
                cert: cert.to_string().into(),
                key: pair.get(1).map(|key| key.to_string().into()),
            }),
            Some(cert) => Some(ClientCert { cert: cert.to_string().into(), key: None }),
            None => None,
        };
    }

    fn request(&self, apply: &Apply<'_>, url: &str) -> Result<Request> {
        let method = self.text("method").unwrap_or_else(|| "GET".to_owned());
        let mut request = Request::new(&method, url).with_opts(apply.opts);
        request.cancel = Some(apply.job.cancel_switch());
        let file = |name: &str| -> Result<Option<Value>> {
            let Some(path) = self.text(name) else { return Ok(None) };
            let kind = name.trim_end_matches("_file");
            if self.flag(&format!("{kind}_render"), false) {
                let context = self.get("template_dict").cloned().unwrap_or_default();
                let renderer = self.text(&format!("{kind}_renderer"));
                let call = args![path; default_renderer = renderer, context = context];
                return apply.call_value("slsutil.renderer", call).map(Some);
            }
            let bytes = apply.host.read(&PathBuf::from(path))?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned().into()))
        };
        let data = file("data_file")?.or_else(|| self.get("data").cloned());
        request.body = data.map(|data| match &data {
            Value::Map(form) => urlencoded(form).into_bytes(),
            Value::Bytes(bytes) => bytes.to_vec(),
            other => other.to_string().into_bytes(),
        });
        let mut headers: Map = match self.get("header_dict") {
            Some(Value::Map(dict)) => (**dict).clone(),
            _ => Map::new(),
        };
        let mut lines =
            self.get("header_list").and_then(Value::as_list).unwrap_or_default().to_vec();
        match file("header_file")? {
            Some(Value::Map(dict)) => headers = (*dict).clone(),
            Some(text) => lines.extend(text.to_string().lines().map(Value::str)),
            None => {}
        }
        for line in lines {
            if let Some((name, value)) = line.to_string().split_once(':') {
                headers.insert(name.trim().into(), value.trim().into());
            }
        }
        let agent = self.text("agent").unwrap_or_else(|| "Salt/3008.3 http.query()".to_owned());
        headers.insert("User-agent".into(), agent.into());
        let has_type =
            headers.keys().any(|name| name.to_string().eq_ignore_ascii_case("content-type"));
        if request.body.is_some() && !has_type {
            headers.insert("Content-Type".into(), "application/x-www-form-urlencoded".into());
        }
        let pairs = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        request.headers = pairs.collect();
        request.auth = self.text("username").zip(self.text("password"));
        if let Some([name, password]) = self.get("auth").and_then(Value::as_list) {
            request.auth = Some((name.to_string(), password.to_string()));
        }
        self.secured(&mut request);
        if let Some(stranger) = self.0.keys().map(Value::to_string).find(|name| !known(name)) {
            tracing::debug!("http.query: the argument {stranger} has no meaning");
        }
        Ok(request)
    }
}

fn known(name: &str) -> bool {
    const USED: &[&str] = &[
        "method",
        "params",
        "data",
        "data_file",
        "data_render",
        "data_renderer",
        "header_dict",
        "header_list",
        "header_file",
        "header_render",
        "header_renderer",
        "template_dict",
        "username",
        "password",
        "auth",
        "decode",
        "decode_type",
        "decode_body",
        "status",
        "headers",
        "text",
        "verify_ssl",
        "ca_bundle",
        "cert",
        "agent",
        "raise_error",
        "text_out",
        "decode_out",
        "test",
        "test_url",
        "persist_session",
        "formdata",
    ];
    USED.contains(&name) || IGNORED.contains(&name)
}

/// The URL with further parameters. Tornado: `url_concat`.
fn with_params(url: &str, params: Option<&Value>) -> String {
    let Some(Value::Map(params)) = params else { return url.to_owned() };
    if params.is_empty() {
        return url.to_owned();
    }
    let (front, fragment) = match url.split_once('#') {
        Some((front, fragment)) => (front, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let joint = if front.contains('?') { '&' } else { '?' };
    format!("{front}{joint}{}{fragment}", urlencoded(params))
}

/// Names and values as a form has them. Python: `urllib.parse.urlencode`.
fn urlencoded(form: &Map) -> String {
    let quoted = |value: &Value| {
        let mut out = String::new();
        for byte in value.to_string().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                    out.push(char::from(byte));
                }
                b' ' => out.push('+'),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    };
    let pairs = form.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The body as text where it is some.
fn body(answer: &Response, decode: bool) -> Value {
    match std::str::from_utf8(&answer.body) {
        Ok(text) if decode => Value::str(text),
        _ => Value::bytes(answer.body.clone()),
    }
}

/// Headers by their usual names; those that stand twice are joined.
fn headers(answer: &Response) -> Map {
    let mut all = Map::new();
    for (name, value) in &answer.headers {
        let words = name.split('-').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{}{}", first.to_uppercase(), rest.to_lowercase())
        });
        let name = Value::from(words.collect::<Vec<_>>().join("-"));
        let joined = match all.get(&name) {
            Some(before) => format!("{before},{value}"),
            None => value.clone(),
        };
        all.insert(name, joined.into());
    }
    all
}

/// The body as data; `None` where it stays text; the inner error is the answer's `error`.
fn decoded(
    apply: &Apply<'_>,
    asked: &Asked,
    answer: &Response,
) -> Result<Result<Option<Value>, String>> {
    let wanted = asked.text("decode_type").unwrap_or_else(|| "auto".to_owned());
    let kind = match wanted.as_str() {
        "auto" => {
            let sent = answer.header("content-type").unwrap_or("application/json");
            ["xml", "json", "yaml"].into_iter().find(|kind| sent.contains(kind)).unwrap_or("plain")
        }
        named => named,
    };
    let text = answer.text();
    Ok(match kind {
        "json" => match parse_json(&text) {
            Ok(data) => Ok(Some(data)),
            Err(why) => return Err(Error::execution(format!("the answer is no JSON: {why}"))),
        },
        "yaml" => Ok(Some(apply.call_value("slsutil.deserialize", args!["yaml", text])?)),
        "plain" => Ok(None),
        "xml" => Err("decode_type xml is not there; use text=True".to_owned()),
        _ => Err("Invalid decode_type specified. Valid decode types are: ('json', 'xml', \
                  'yaml', 'plain')"
            .to_owned()),
    })
}

/// Asks a web server until it answers well.
///
/// CLI Example:
///
/// ```text
/// salt '*' http.wait_for_successful_query http://somelink.com/ wait_for=160 request_interval=1
/// ```
#[function]
fn wait_for_successful_query(
    apply: &Apply<'_>,
    url: String,
    /// For how many seconds.
    #[default(300.0)]
    wait_for: f64,
    /// As for `http.query`; and `request_interval`: seconds between requests.
    #[kwargs]
    kwargs: Map,
) -> Result<Map> {
    let interval = kwargs.get("request_interval").and_then(Value::as_f64).unwrap_or(0.1);
    let pause = Duration::try_from_secs_f64(interval).unwrap_or_default();
    let now = || apply.host.now_micros() as f64 / 1e6;
    let end = now() + wait_for;
    loop {
        let got = query(apply, url.clone(), kwargs.clone());
        match &got {
            Ok(answer) if !answer.get("error").is_some_and(Value::truthy) => return got,
            Err(Error::Cancelled) => return got,
            _ if now() > end => return got,
            _ => {}
        }
        let until = now() + pause.as_secs_f64().max(0.01);
        while now() < until {
            if apply.job.cancelled() {
                return Err(Error::Cancelled);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Fetches a file of certificate authorities.
///
/// CLI Example:
///
/// ```text
/// salt '*' http.update_ca_bundle target=/path/to/cacerts.pem source=https://example.com/cacerts.pem
/// ```
#[function]
fn update_ca_bundle(
    apply: &Apply<'_>,
    /// The file; the option `ca_bundle` if none is named.
    #[default(None)]
    target: Option<String>,
    /// The URL; the option `ca_bundle_url` if none is named.
    #[default(None)]
    source: Option<String>,
    /// Files whose content is added.
    #[default(Value::Null)]
    merge_files: Value,
) -> Result<Value> {
    let or = |given: Option<String>, name: &str| {
        let set = given.unwrap_or_else(|| apply.opts.str(name).to_owned());
        let none = || Error::execution(format!("http.update_ca_bundle: {name} is not set"));
        Some(set).filter(|set| !set.is_empty()).ok_or_else(none)
    };
    let (target, source) = (or(target, "ca_bundle")?, or(source, "ca_bundle_url")?);
    let answer =
        apply.services.outside().http(&Request::new("GET", &source).with_opts(apply.opts))?;
    if !answer.success() {
        let text = format!("Error: HTTP {}: {} reading {source}", answer.status, answer.reason());
        return Err(Error::execution(text));
    }
    let mut content = answer.body;
    let files = match merge_files {
        Value::Null => Vec::new(),
        Value::List(files) => files.to_vec(),
        file => vec![file],
    };
    for file in files {
        content.push(b'\n');
        content.extend(apply.host.read(&PathBuf::from(file.to_string()))?);
    }
    apply.host.write_atomic(&PathBuf::from(target), &content, None)?;
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_join_the_url() {
        let params = Value::from(map! {"a b" => "c&d", "e" => 1});
        assert_eq!(with_params("http://h/x#f", Some(&params)), "http://h/x?a+b=c%26d&e=1#f");
        assert_eq!(with_params("http://h/?y=1", Some(&params)), "http://h/?y=1&a+b=c%26d&e=1");
        assert_eq!(with_params("http://h/", None), "http://h/");
    }

    #[test]
    fn headers_have_their_usual_names() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let answer = Response {
            headers: vec![
                pair("content-type", "a"),
                pair("set-cookie", "b"),
                pair("set-cookie", "c"),
            ],
            ..Response::default()
        };
        let shown = Value::from(headers(&answer)).repr();
        assert_eq!(shown, "{'Content-Type': 'a', 'Set-Cookie': 'b,c'}");
    }
}
