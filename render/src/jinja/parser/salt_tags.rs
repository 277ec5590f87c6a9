//! Salt's tags: `load_yaml`, `import_yaml` and their like, `profile`.
//! Salt: salt/utils/jinja.py SerializerExtension behaviour.

use super::Parser;
use crate::jinja::ast::{Format, Kind};
use crate::jinja::fault::R;
use crate::jinja::lexer::Tok;

fn format_of(tag: &str) -> Format {
    match tag.rsplit('_').next() {
        Some("yaml") => Format::Yaml,
        Some("json") => Format::Json,
        _ => Format::Text,
    }
}

impl Parser {
    fn tag_format(&self) -> Format {
        match &self.current.tok {
            Tok::Name(tag) => format_of(tag),
            _ => Format::Text,
        }
    }

    pub(super) fn load(&mut self) -> R<Kind> {
        let format = self.tag_format();
        self.next()?;
        self.expect_keyword("as")?;
        let target = self.target(None, false)?;
        let body = self.statements_until(&["endload"])?;
        Ok(Kind::Load(format, target, body))
    }

    pub(super) fn import_data(&mut self) -> R<Kind> {
        let data = self.tag_format();
        match self.import()? {
            Kind::Import { template, target, with_context, .. } => {
                Ok(Kind::Import { template, target, with_context, format: Some(data) })
            }
            other => Ok(other),
        }
    }

    pub(super) fn profile(&mut self) -> R<Kind> {
        self.next()?;
        self.expect_keyword("as")?;
        let label = self.expression()?;
        let body = self.statements_until(&["endprofile"])?;
        Ok(Kind::Profile(label, body))
    }
}
