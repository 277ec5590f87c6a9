//! Functions that every template sees.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;

use super::eval::{Args, Rt, Scope};
use super::fault::{Class, Fault, R, overflow_error, type_error, value_error};
use super::methods;
use super::value::{Cycler, DictKind, Joiner, Obj, PyDict, Range, Val};

const NAMES: [&str; 10] = [
    "range",
    "dict",
    "lipsum",
    "cycler",
    "joiner",
    "namespace",
    "raise",
    "odict",
    "ifelse",
    "show_full_context",
];

/// The longest range a template may make. Jinja: `MAX_RANGE` of its sandbox.
const MAX_RANGE: usize = 100_000;

/// Puts the functions into the outermost scope.
pub(crate) fn install(scope: &Scope) {
    for name in NAMES {
        scope.set(&name.into(), Val::obj(Obj::Function(name)));
    }
}

/// Calls a global function.
pub(crate) fn call(rt: &Rt<'_>, name: &str, args: Args) -> R<Val> {
    match name {
        "range" => range(args),
        "dict" => {
            let dict = PyDict::new(IndexMap::new(), DictKind::Plain);
            methods::dict::update(rt, &dict, args)?;
            Ok(Val::Dict(Rc::new(dict)))
        }
        "odict" => {
            let dict = PyDict::new(IndexMap::new(), DictKind::Ordered);
            methods::dict::update(rt, &dict, args)?;
            Ok(Val::Dict(Rc::new(dict)))
        }
        "namespace" => {
            let dict = PyDict::new(IndexMap::new(), DictKind::Plain);
            methods::dict::update(rt, &dict, args)?;
            let attrs =
                dict.pairs().into_iter().filter_map(|(key, val)| Some((key.arc_str()?, val)));
            Ok(Val::obj(Obj::Namespace(RefCell::new(attrs.collect()))))
        }
        "cycler" => {
            if args.pos.is_empty() {
                return Err(Fault::new(Class::Runtime, "at least one item has to be provided"));
            }
            Ok(Val::obj(Obj::Cycler(Cycler { items: args.pos, at: Cell::new(0) })))
        }
        "joiner" => {
            let [separator] = args.bind("__init__", ["sep"], 0)?;
            let separator = separator.unwrap_or_else(|| Val::str(", "));
            Ok(Val::obj(Obj::Joiner(Joiner { separator, used: Cell::new(false) })))
        }
        "raise" => {
            let [message] = args.bind("jinja_raise", ["msg"], 1)?;
            Err(Fault::new(Class::Template, rt.text(&message.unwrap_or(Val::None))?))
        }
        "ifelse" => rt.call_value(&rt.get_item(&rt.salt, &Val::str("match.ifelse"))?, args),
        "lipsum" => lipsum(rt, args),
        _ => type_error(format!("{name} can only be called by its name")),
    }
}

fn range(args: Args) -> R<Val> {
    let [a, b, step] = args.bind("range", ["start", "stop", "step"], 1)?;
    let int = |val: &Val| -> R<i64> {
        val.defined()?;
        match val.as_int() {
            Some(int) => Ok(int),
            None => type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                val.type_name()
            )),
        }
    };
    let first = int(&a.unwrap_or(Val::None))?;
    let (start, stop) = match b {
        Some(b) => (first, int(&b)?),
        None => (0, first),
    };
    let step = step.map_or(Ok(1), |step| int(&step))?;
    if step == 0 {
        return value_error("range() arg 3 must not be zero");
    }
    let range = Range { start, stop, step };
    if range.len() > MAX_RANGE {
        return overflow_error(format!(
            "Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE})."
        ));
    }
    Ok(Val::Range(Rc::new(range)))
}

/// `show_full_context()`: everything the template sees that is data.
pub(crate) fn full_context(rt: &Rt<'_>, scope: &Rc<Scope>) -> R<Val> {
    let mut pairs = Vec::new();
    for name in scope.names() {
        rt.step(1)?;
        if let Some(val) = scope.get(&name)
            && !matches!(val, Val::Obj(_) | Val::Iter(_) | Val::Undef(_))
        {
            pairs.push((Val::Str(name), val));
        }
    }
    Ok(Val::dict(pairs))
}

const WORDS: [&str; 40] = [
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetuer",
    "adipiscing",
    "elit",
    "a",
    "ac",
    "accumsan",
    "aenean",
    "aliquam",
    "ante",
    "arcu",
    "auctor",
    "bibendum",
    "commodo",
    "cras",
    "cursus",
    "dapibus",
    "diam",
    "dictum",
    "donec",
    "egestas",
    "enim",
    "erat",
    "eros",
    "fusce",
    "gravida",
    "hac",
    "iaculis",
    "in",
    "justo",
    "lacus",
    "magna",
    "nec",
    "orci",
    "porta",
    "quam",
];

/// How many paragraphs or words of filler one call may make.
const MOST_FILLER: i64 = 1000;

/// Filler text: paragraphs of random words. Jinja: `generate_lorem_ipsum`.
fn lipsum(rt: &Rt<'_>, args: Args) -> R<Val> {
    let [count, html, least, most] =
        args.bind("generate_lorem_ipsum", ["n", "html", "min", "max"], 0)?;
    let int = |val: Option<Val>, default: i64| {
        val.and_then(|val| val.as_int()).unwrap_or(default).clamp(0, MOST_FILLER)
    };
    let (count, least, most) = (int(count, 5), int(least, 20), int(most, 100));
    let html = html.map_or(Ok(true), |html| html.truthy())?;
    let mut paragraphs = Vec::new();
    for _ in 0..count {
        let words = least + super::filters::random_below(rt, (most - least).max(1) as u64) as i64;
        let mut text = String::new();
        for at in 0..words.max(1) {
            let word = WORDS[super::filters::random_below(rt, WORDS.len() as u64) as usize];
            text.push_str(&if at == 0 { methods::capitalize(word) } else { format!(" {word}") });
        }
        paragraphs.push(format!("{text}."));
    }
    rt.step(count as u64 * most as u64)?;
    Ok(if html {
        let tagged: Vec<String> = paragraphs.iter().map(|text| format!("<p>{text}</p>")).collect();
        Val::markup(tagged.join("\n"))
    } else {
        Val::str(paragraphs.join("\n\n"))
    })
}
