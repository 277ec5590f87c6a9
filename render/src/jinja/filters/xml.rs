//! Data as XML. Salt: salt/utils/jinja.py format_xml behaviour.

use super::pprint::no_xml;
use crate::jinja::eval::Rt;
use crate::jinja::fault::{R, recursion_error};
use crate::jinja::value::{Val, to_text};

/// How deep data may nest.
const DEEPEST: usize = 100;

struct Element {
    tag: String,
    attributes: Vec<(String, String)>,
    text: Option<String>,
    children: Vec<Element>,
}

/// The document, indented by one space.
pub(super) fn pretty(rt: &Rt<'_>, val: &Val) -> R<String> {
    let mut roots = Vec::new();
    elements(rt, &pairs(rt, val)?, &mut roots, 0)?;
    let mut out = String::from("<?xml version=\"1.0\" ?>\n");
    match roots.pop() {
        Some(root) => write(&root, 0, &mut out),
        None => return no_xml(),
    }
    rt.bytes(out.len())?;
    Ok(out)
}

/// What an element is made of, as pairs.
fn pairs(rt: &Rt<'_>, val: &Val) -> R<Vec<(Val, Val)>> {
    match val {
        Val::Dict(dict) => Ok(dict.pairs()),
        Val::List(_) | Val::Tuple(_) => {
            let items = rt.iterate(val)?;
            match (items.first().and_then(Val::as_str).is_some(), items.as_slice()) {
                (true, [tag, content]) => Ok(vec![(tag.clone(), content.clone())]),
                _ => Ok(Vec::new()),
            }
        }
        _ => no_xml(),
    }
}

fn elements(rt: &Rt<'_>, pairs: &[(Val, Val)], into: &mut Vec<Element>, depth: usize) -> R<()> {
    if depth > DEEPEST {
        return recursion_error("maximum recursion depth exceeded");
    }
    for (tag, content) in pairs {
        rt.step(1)?;
        if let Val::List(list) = content {
            for item in list.to_vec() {
                elements(rt, &[(tag.clone(), item)], into, depth + 1)?;
            }
            // Salt takes such a list for pairs as well, and trips over short text.
            let items = list.to_vec();
            let short = |item: &Val| item.as_str().is_some_and(|text| text.chars().count() < 2);
            if items.first().is_some_and(|item| item.as_str().is_some()) && items.iter().any(short)
            {
                return crate::jinja::fault::index_error("string index out of range");
            }
            continue;
        }
        let mut element = Element {
            tag: rt.text(tag)?,
            attributes: Vec::new(),
            text: None,
            children: Vec::new(),
        };
        match content {
            Val::Str(_)
            | Val::Markup(_)
            | Val::Int(_)
            | Val::Big(_)
            | Val::Bool(_)
            | Val::Float(_) => {
                element.text = Some(to_text(content)?.into_owned());
            }
            Val::Dict(dict) => {
                let (nested, plain): (Vec<_>, Vec<_>) = dict
                    .pairs()
                    .into_iter()
                    .partition(|(_, item)| matches!(item, Val::Dict(_) | Val::List(_)));
                for (name, item) in plain {
                    element.attributes.push((rt.text(&name)?, rt.text(&item)?));
                }
                elements(rt, &nested, &mut element.children, depth + 1)?;
            }
            _ => return no_xml(),
        }
        into.push(element);
    }
    Ok(())
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\r' if attribute => out.push_str("&#13;"),
            '\t' if attribute => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
}

fn write(element: &Element, level: usize, out: &mut String) {
    let indent = " ".repeat(level);
    out.push_str(&format!("{indent}<{}", element.tag));
    for (name, value) in &element.attributes {
        out.push_str(&format!(" {name}=\""));
        escape(value, true, out);
        out.push('"');
    }
    match &element.text {
        Some(text) if !text.is_empty() => {
            out.push('>');
            escape(text, false, out);
            out.push_str(&format!("</{}>\n", element.tag));
        }
        _ if element.children.is_empty() => out.push_str("/>\n"),
        _ => {
            out.push_str(">\n");
            element.children.iter().for_each(|child| write(child, level + 1, out));
            out.push_str(&format!("{indent}</{}>\n", element.tag));
        }
    }
}
