//! From the words of the command line to a job.

use halite_core::{Map, Opts, Value};
use halite_minion::input::{parse_input, yamlify};

use super::Cli;
use crate::client::JobSpec;

use crate::options::put;
use crate::{exit, nodegroups, targets};

/// The function that documentation comes from.
const DOC: &str = "sys.doc";
/// Most words after the target that `--doc` takes: the function itself and a name.
const DOC_WORDS: usize = 2;

/// A job as it was asked for.
#[derive(Debug)]
pub(super) struct Request {
    /// What is sent.
    pub(super) spec: JobSpec,
    /// Whether documentation is printed.
    pub(super) doc: bool,
}

/// The words make no job.
#[derive(Debug, PartialEq)]
pub(super) struct Incomplete {
    /// What to say.
    pub(super) text: String,
    /// The exit code.
    pub(super) code: u8,
}

impl Incomplete {
    fn new(text: &str) -> Incomplete {
        Incomplete { text: text.into(), code: exit::INCOMPLETE }
    }
}

/// Reads target, function and arguments.
///
/// # Errors
/// What is missing or too much. Salt: the texts and codes of its option parser.
pub(super) fn read(cli: &Cli, opts: &Opts, tgt_type: &str) -> Result<Request, Incomplete> {
    let mut words = cli.words.clone();
    if cli.preview || cli.preview_target {
        // What would run does not matter.
        words.push(DOC.into());
    }
    if cli.doc {
        with_doc(&mut words)?;
    }
    let Some(target) = words.first() else {
        return Err(Incomplete::new("\nCannot execute command without defining a target.\n"));
    };
    let Some(fun) = words.get(1) else {
        return Err(Incomplete::new("\nIncomplete options passed.\n"));
    };
    let (fun, arg) = match fun.contains(',') {
        true => several(fun, &words[2..], cli)?,
        false => (Value::str(fun), parse_input(&words[2..], &cli.no_parse).to_wire()),
    };
    let doc = fun.as_str() == Some(DOC);
    let (tgt, tgt_type) = nodegroups::resolve(opts, targets::value(target, tgt_type), tgt_type)
        .map_err(|text| Incomplete { text, code: exit::GENERIC })?;
    let spec = JobSpec {
        tgt,
        tgt_type,
        fun,
        arg,
        ret: returners(cli, opts),
        kwargs: kwargs(cli),
        // Only masters of masters use it.
        timeout: opts.bool("order_masters").then(|| opts.int("timeout", 5)),
        ..JobSpec::default()
    };
    Ok(Request { spec, doc })
}

/// `salt -d`, `salt -d TARGET`, `salt -d TARGET NAME`.
fn with_doc(words: &mut Vec<String>) -> Result<(), Incomplete> {
    if words.is_empty() {
        words.push("*".into());
    }
    if words.get(1).is_none_or(|fun| fun != DOC) {
        words.insert(1, DOC.into());
    }
    if words.len() > DOC_WORDS + 1 {
        let text = "salt: error: You can only get documentation for one method at one time.";
        return Err(Incomplete { text: text.into(), code: exit::USAGE });
    }
    Ok(())
}

/// `fun,fun` with the arguments of each, divided by the separator: as words of their own, or else
/// inside the words.
fn several(fun: &str, words: &[String], cli: &Cli) -> Result<(Value, Vec<Value>), Incomplete> {
    let funs: Vec<Value> = fun.split(',').map(Value::from).collect();
    let separator = cli.args_separator.as_str();
    let mut parts: Vec<Vec<String>> = vec![Vec::new()];
    if words.iter().filter(|word| *word == separator).count() + 1 == funs.len() {
        for word in words {
            match word == separator {
                true => parts.push(Vec::new()),
                false => parts.last_mut().into_iter().for_each(|part| part.push(word.clone())),
            }
        }
    } else {
        for word in words {
            for (index, piece) in word.split(separator).enumerate() {
                if index > 0 {
                    parts.push(Vec::new());
                }
                if !piece.is_empty() {
                    parts.last_mut().into_iter().for_each(|part| part.push(piece.into()));
                }
            }
        }
    }
    if funs.len() > parts.len() {
        let text = "Cannot execute compound command without defining all arguments.";
        return Err(Incomplete::new(text));
    }
    if funs.len() < parts.len() {
        let text = "Cannot execute compound command with more arguments than commands.";
        return Err(Incomplete::new(text));
    }
    let arg = parts.iter().map(|part| parse_input(part, &cli.no_parse).to_wire().into());
    Ok((funs.into(), arg.collect()))
}

fn returners(cli: &Cli, opts: &Opts) -> String {
    let given = cli.returner.clone().unwrap_or_default();
    match (given.as_str(), opts.str("ext_job_cache")) {
        (_, "") => given,
        ("", cache) => cache.into(),
        (given, cache) => format!("{given},{cache}"),
    }
}

/// What goes along with the job under `kwargs`.
fn kwargs(cli: &Cli) -> Map {
    let mut kwargs = Map::new();
    put(&mut kwargs, "delimiter", Some(cli.target.delimiter.as_str()));
    put(&mut kwargs, "show_timeout", Some(!cli.hide_timeout));
    put(&mut kwargs, "show_jid", Some(cli.show_jid));
    put(&mut kwargs, "ret_config", cli.return_config.as_deref());
    let read = |text: &Option<String>| text.as_deref().map(yamlify);
    put(&mut kwargs, "ret_kwargs", read(&cli.return_kwargs));
    put(&mut kwargs, "module_executors", read(&cli.module_executors));
    put(&mut kwargs, "executor_opts", read(&cli.executor_opts));
    put(&mut kwargs, "metadata", read(&cli.metadata));
    put(&mut kwargs, "start_event", cli.start_event.then_some(true));
    kwargs
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, map};

    fn ask(line: &[&str]) -> Result<Request, Incomplete> {
        let words = ["salt"].iter().chain(line);
        let words = words.map(std::ffi::OsString::from).collect();
        let cli: Cli = crate::parse::parse(words, |command| command).expect("options are right");
        let opts = Opts::from_map(Role::Master, Map::new());
        let kind = targets::chosen(&cli.target, &cli.more_target).expect("one kind");
        read(&cli, &opts, kind)
    }

    fn arg(line: &[&str]) -> String {
        Value::from(ask(line).expect("a job").spec.arg).repr()
    }

    #[test]
    fn options_may_stand_anywhere_and_the_last_counts() {
        let request = ask(&["*", "-t5", "test.arg", "--out=json", "a", "--timeout", "7", "k=1"]);
        let spec = request.expect("a job").spec;
        assert_eq!(spec.tgt, Value::str("*"));
        assert_eq!(Value::from(spec.arg).repr(), "['a', {'k': 1, '__kwarg__': True}]");
    }

    #[test]
    fn numbers_below_zero_and_words_after_two_dashes_are_arguments() {
        assert_eq!(arg(&["*", "test.arg", "-5", "--", "--out=x", "-n"]), "[-5, '--out=x', '-n']");
    }

    #[test]
    fn what_is_missing_is_told() {
        let code = |line: &[&str]| ask(line).err().map(|incomplete| incomplete.code);
        assert_eq!(code(&[]), Some(42));
        assert_eq!(code(&["*"]), Some(42));
        assert_eq!(code(&["*", "a.b,c.d", "x"]), Some(42));
        assert_eq!(code(&["*", "a.b,c.d", "x,y,z"]), Some(42));
        assert_eq!(code(&["-d", "*", "a", "b"]), Some(64));
        assert_eq!(code(&["--preview", "*"]), None);
    }

    #[test]
    fn several_functions_divide_their_arguments() {
        assert_eq!(
            arg(&["*", "a.b,c.d", "x", ",", "y", "k=2"]),
            "[['x'], ['y', {'k': 2, '__kwarg__': True}]]"
        );
        assert_eq!(arg(&["*", "a.b,c.d", ",x"]), "[[], ['x']]");
        assert_eq!(arg(&["*", "a.b,c.d", "--args-separator=::", "x,y", "::"]), "[['x,y'], []]");
    }

    #[test]
    fn documentation_is_a_function_of_its_own() {
        let request = ask(&["-d"]).expect("a job");
        assert!(request.doc);
        assert_eq!(request.spec.tgt, Value::str("*"));
        let request = ask(&["-d", "web*", "test.ping"]).expect("a job");
        assert_eq!(request.spec.fun, Value::str("sys.doc"));
        assert_eq!(request.spec.arg, ["test.ping".into()]);
    }

    #[test]
    fn the_rest_goes_along_as_keywords() {
        let request = ask(&["-G", "--delimiter", "|", "os|x", "a.b", "--metadata", "{x: 1}"]);
        let spec = request.expect("a job").spec;
        assert_eq!(spec.tgt_type, "grain");
        assert_eq!(spec.kwargs.get("delimiter"), Some(&"|".into()));
        assert_eq!(spec.kwargs.get("metadata"), Some(&map! {"x" => 1}.into()));
    }
}
