//! `#[function]` and `#[state]`: a plain Rust function becomes a documented, typed registry entry.
//!
//! The function `ping` gets a constant `PING` to be named in its module's list. Its doc comment is
//! what `sys.doc` prints, its parameters are what `sys.argspec` prints:
//! * `cx: &Context<'_>` first: it looks only. `apply: &Apply<'_>` first: it may change the machine.
//! * `#[default(expr)] name: Type` has a default; a parameter without one is required.
//! * `#[args] rest: Vec<Value>` takes `*args`, `#[kwargs] rest: Map` takes `**kwargs`.
//! * A trailing `_` in the name is dropped, so that `in_` can be called `in`.
//! * `#[function(outputter = "highstate")]` names the outputter of the result.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, FnArg, Ident, ItemFn, Lit, Meta, Pat, Result, Type};

/// Makes an execution (or runner) function of a Rust function.
#[proc_macro_attribute]
pub fn function(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(attr, item, Kind::Exec)
}

/// Makes a state function of a Rust function that returns `Result<Verdict<'a>>`.
#[proc_macro_attribute]
pub fn state(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(attr, item, Kind::State)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Exec,
    State,
}

fn expand(attr: TokenStream, item: TokenStream, kind: Kind) -> TokenStream {
    let made = syn::parse(item).and_then(|item: ItemFn| {
        let outputter = outputter(attr)?;
        build(item, outputter, kind)
    });
    made.unwrap_or_else(|error| error.to_compile_error()).into()
}

fn outputter(attr: TokenStream) -> Result<Option<String>> {
    if attr.is_empty() {
        return Ok(None);
    }
    let meta: syn::MetaNameValue = syn::parse(attr)?;
    match (&meta.value, meta.path.is_ident("outputter")) {
        (Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }), true) => Ok(Some(text.value())),
        _ => Err(Error::new(meta.span(), "only `outputter = \"name\"` is known here")),
    }
}

/// What a function needs of its surroundings, read from its first parameter.
#[derive(Clone, Copy, PartialEq)]
enum Right {
    Nothing,
    Look(bool),
    Change,
}

/// What the parameters come to.
#[derive(Default)]
struct Parts {
    params: Vec<Tokens>,
    binds: Vec<Tokens>,
    names: Vec<Ident>,
    /// How many parameters stood before `*args`.
    positional: Option<usize>,
    extra_positional: bool,
    extra_named: bool,
}

fn build(mut item: ItemFn, outputter: Option<String>, kind: Kind) -> Result<Tokens> {
    let doc = doc_of(&item.attrs);
    let ident = item.sig.ident.clone();
    if doc.trim().is_empty() {
        return Err(Error::new(ident.span(), "a function needs a doc comment: it is `sys.doc`"));
    }
    let name = ident.to_string();
    let salt_name = name.trim_start_matches("r#").trim_end_matches('_').to_string();
    let constant = format_ident!("{}", salt_name.to_uppercase());
    let (right, parts) = read_params(&mut item, &salt_name)?;
    let positional = parts.positional.unwrap_or(parts.params.len());
    let Parts { params, binds, names, extra_positional, extra_named, .. } = parts;
    let outputter = match outputter {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    };
    let shown = format!("The registry entry of `{salt_name}`.");
    let bind = quote! {
        let mut bound = args.bind(&#constant.full_name(), &#constant.spec)?;
        let _ = &mut bound;
        #(#binds)*
    };
    let (ty, call) = call_of(kind, right, &ident, &names, &item, &bind)?;
    Ok(quote! {
        #item
        #[doc = #shown]
        pub static #constant: ::halite_core::Function<#ty> = ::halite_core::Function {
            spec: ::halite_core::Spec {
                name: #salt_name,
                doc: #doc,
                params: &[#(#params),*],
                positional: #positional,
                extra_positional: #extra_positional,
                extra_named: #extra_named,
                outputter: #outputter,
                module: ::core::module_path!(),
            },
            call: #call,
        };
    })
}

fn call_of(
    kind: Kind,
    right: Right,
    ident: &Ident,
    names: &[Ident],
    item: &ItemFn,
    bind: &Tokens,
) -> Result<(Tokens, Tokens)> {
    if kind == Kind::State {
        let cx = match right {
            Right::Look(true) => quote!(*cx,),
            Right::Look(false) => quote!(cx,),
            Right::Nothing => quote!(),
            Right::Change => {
                let why = "a state function only looks: take `cx: Context<'a>` and put the change \
                           into the verdict";
                return Err(Error::new(item.sig.span(), why));
            }
        };
        return Ok((
            quote!(::halite_core::StateFn),
            quote!(|cx, args| { let _ = cx; #bind #ident(#cx #(#names),*) }),
        ));
    }
    let fallible = matches!(&item.sig.output, syn::ReturnType::Type(_, ty) if is_result(ty));
    let (kind, cx) = match right {
        Right::Change => (quote!(Write), quote!(cx,)),
        Right::Look(true) => (quote!(Read), quote!(*cx,)),
        Right::Look(false) => (quote!(Read), quote!(cx,)),
        Right::Nothing => (quote!(Read), quote!()),
    };
    let call = quote!(#ident(#cx #(#names),*));
    let call = if fallible {
        quote!(#call.map(::halite_core::Value::from))
    } else {
        quote!(Ok(::halite_core::Value::from(#call)))
    };
    Ok((
        quote!(::halite_core::ExecFn),
        quote!(::halite_core::ExecFn::#kind(|cx, args| { let _ = cx; #bind #call })),
    ))
}

fn is_result(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Result"))
}

fn read_params(item: &mut ItemFn, salt_name: &str) -> Result<(Right, Parts)> {
    let mut parts = Parts::default();
    let mut right = Right::Nothing;
    for (index, input) in item.sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(param) = input else {
            return Err(Error::new(input.span(), "a registry function has no self"));
        };
        let Pat::Ident(pattern) = &*param.pat else {
            return Err(Error::new(param.pat.span(), "name each parameter plainly"));
        };
        let name = pattern.ident.clone();
        if index == 0 && (name == "cx" || name == "_cx") {
            right = Right::Look(!matches!(*param.ty, Type::Reference(_)));
            continue;
        }
        if index == 0 && (name == "apply" || name == "_apply") {
            right = Right::Change;
            continue;
        }
        let doc = doc_of(&param.attrs).trim().to_string();
        let mark = take_marks(&mut param.attrs)?;
        let ty = &param.ty;
        parts.names.push(name.clone());
        match mark {
            Mark::Rest => {
                parts.extra_positional = true;
                parts.positional = Some(parts.params.len());
                parts.binds.push(quote!(let #name: #ty = bound.take_extra();));
            }
            Mark::Named => {
                parts.extra_named = true;
                parts.binds.push(quote!(let #name: #ty = bound.take_named();));
            }
            Mark::Plain(default) => plain(&mut parts, &name, ty, &doc, default.as_ref(), salt_name),
        }
    }
    Ok((right, parts))
}

fn plain(
    parts: &mut Parts,
    name: &Ident,
    ty: &Type,
    doc: &str,
    default: Option<&Expr>,
    salt_name: &str,
) {
    let text = name.to_string();
    let text = text.trim_start_matches("r#").trim_start_matches('_').trim_end_matches('_');
    let (shown, value) = match default {
        Some(expr) => {
            let shown = python_text(expr);
            (quote!(Some(#shown)), quote!(|| Some(#expr)))
        }
        None => (quote!(None), quote!(|| None)),
    };
    parts.params.push(quote!(::halite_core::Param {
        name: #text,
        ty: <#ty as ::halite_core::FromValue>::TYPE,
        default: #shown,
        doc: #doc,
    }));
    parts.binds.push(quote!(let #name: #ty = bound.take(#salt_name, #text, #value)?;));
}

/// The default as Python would print it, for the plain forms that occur.
fn python_text(expr: &Expr) -> String {
    let mut text = quote!(#expr).to_string().replace(" . ", ".").replace(" ()", "()");
    if let Some(inner) = text.strip_prefix("Some").map(str::trim_start) {
        text = inner.trim_start_matches('(').strip_suffix(')').unwrap_or(inner).trim().into();
    }
    let text = text.strip_suffix(".into()").unwrap_or(&text).trim();
    match text {
        "true" => "True".into(),
        "false" => "False".into(),
        "Vec :: new()" | "Vec::new()" | "vec ! []" | "vec![]" => "[]".into(),
        "Map :: new()" | "Map::new()" => "{}".into(),
        "String :: new()" | "String::new()" => "''".into(),
        "Value :: Null" | "Value::Null" | "()" => "None".into(),
        other => match other.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inner) => format!("'{inner}'"),
            None => other.into(),
        },
    }
}

enum Mark {
    Plain(Option<Expr>),
    Rest,
    Named,
}

/// Reads and removes the attributes that only this macro understands.
fn take_marks(attrs: &mut Vec<Attribute>) -> Result<Mark> {
    let mut mark = Mark::Plain(None);
    for attr in attrs.iter() {
        if attr.path().is_ident("default") {
            mark = Mark::Plain(Some(attr.parse_args()?));
        } else if attr.path().is_ident("args") {
            mark = Mark::Rest;
        } else if attr.path().is_ident("kwargs") {
            mark = Mark::Named;
        } else if !attr.path().is_ident("doc") {
            return Err(Error::new(
                attr.span(),
                "only #[default(..)], #[args], #[kwargs] are known",
            ));
        }
    }
    attrs.clear();
    Ok(mark)
}

fn doc_of(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_string()).collect();
    lines.join("\n")
}
