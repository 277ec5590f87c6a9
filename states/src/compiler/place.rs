//! Where the parts of sls files stand: from an ID, an argument or a reference to file, line and
//! column of the source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use halite_core::Value;
use halite_render::pipe::Rendered;
use halite_render::yaml::{Mark, Marks};
use halite_render::{Lines, SourceMap};

/// A place in a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// The lines through which the text came in (macro calls, includes), outermost first.
    pub via: Vec<(PathBuf, u32)>,
}

impl Place {
    /// A place in a file.
    pub fn new(file: impl Into<PathBuf>, line: u32, column: u32) -> Place {
        Place { file: file.into(), line, column, via: Vec::new() }
    }

    /// The same place, with files of the master by the names they have there: `salt://web/init.sls` for the copy
    /// below `cache`, and `salt://web/init.sls?saltenv=dev` for another environment than `base`.
    #[must_use]
    pub fn of_master(mut self, cache: &Path) -> Place {
        let files = cache.join("files");
        let via = self.via.iter_mut().map(|(file, _)| file);
        for file in std::iter::once(&mut self.file).chain(via) {
            let Ok(inner) = file.strip_prefix(&files) else { continue };
            let mut parts = inner.components();
            let Some(env) = parts.next() else { continue };
            let env = env.as_os_str().to_string_lossy();
            let mut named = format!("salt://{}", parts.as_path().display());
            if env != "base" {
                named += &format!("?saltenv={env}");
            }
            *file = named.into();
        }
        self
    }
}

/// A step from the root of an sls file to one of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping: an ID, `include`, `extend`.
    Key(String),
    /// The declaration of a state module, written `module` or `module.function`.
    State(String),
    /// An argument by its name, in a list of mappings.
    Arg(String),
    /// An item of a list.
    Item(usize),
    /// A requisite in a list: its key and what it names. A bare text has the key `id`.
    Reference(String, String),
    /// An item of a list that is this text.
    Word(String),
    /// The value behind what was found last, not its key.
    Value,
}

/// The places of one rendered sls file.
#[derive(Clone, Debug)]
pub struct SlsPlaces {
    path: PathBuf,
    marks: Marks,
    /// The text that YAML read.
    text: Arc<str>,
    map: Option<Arc<SourceMap>>,
    /// The lines of the text, once somebody asks for places.
    lines: OnceLock<Lines>,
}

impl SlsPlaces {
    /// The places of a file that was rendered through YAML; `None` for other renderers.
    pub fn new(rendered: &Rendered, path: &Path) -> Option<SlsPlaces> {
        Some(SlsPlaces {
            path: path.to_owned(),
            marks: rendered.marks.clone()?,
            text: rendered.text.clone()?,
            map: rendered.map.clone(),
            lines: OnceLock::new(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place in the source of a place in the rendered text.
    pub fn source(&self, mark: Mark) -> Place {
        let lines = self.lines.get_or_init(|| Lines::of(&self.text));
        let origin = self
            .map
            .as_ref()
            .and_then(|map| map.origin_in(&self.text, lines, mark.line, mark.column));
        match origin {
            None => Place::new(&self.path, mark.line, mark.column),
            Some(origin) => Place {
                file: PathBuf::from(&*origin.file),
                line: origin.line,
                column: origin.column,
                via: origin
                    .via
                    .iter()
                    .map(|(file, line)| (PathBuf::from(&**file), *line))
                    .collect(),
            },
        }
    }

    /// The first thing in a file.
    pub(crate) fn top_of(places: Option<&Arc<SlsPlaces>>) -> Option<Place> {
        places.map(|places| places.source(places.marks.at))
    }

    /// The place of a part: as far along the steps as the file goes. `None` if not even the first
    /// step is there.
    pub fn find(&self, steps: &[Step]) -> Option<Place> {
        let mut found = None;
        let mut marks = self.marks.clone();
        for step in steps {
            let Some((mark, inner)) = self.follow(&marks, step) else { break };
            found = Some(mark);
            marks = inner;
        }
        found.map(|mark| self.source(mark))
    }

    /// The place of a part, only if all steps lead there.
    pub fn find_all(&self, steps: &[Step]) -> Option<Place> {
        let mut found = None;
        let mut marks = self.marks.clone();
        for step in steps {
            let (mark, inner) = self.follow(&marks, step)?;
            found = Some(mark);
            marks = inner;
        }
        found.map(|mark| self.source(mark))
    }

    /// Where a top file names an sls of an environment, under whichever target.
    pub fn named(&self, env: &str, sls: &str) -> Option<Place> {
        let (_, section) = self.follow(&self.marks, &Step::Key(env.into()))?;
        let mut targets: Vec<_> = section.entries().map(|(_, mark, items)| (mark, items)).collect();
        targets.sort_by_key(|(mark, _)| *mark);
        let word = Step::Word(sls.into());
        let found = targets.into_iter().find_map(|(_, items)| self.follow(items, &word));
        found.map(|(mark, _)| self.source(mark))
    }

    /// The top level: IDs and declarations, with their places, in the order of the text.
    pub fn top_level(&self) -> Vec<(Value, Place)> {
        let mut all: Vec<_> = self.marks.entries().map(|(key, mark, _)| (key, mark)).collect();
        all.sort_by_key(|(_, mark)| *mark);
        all.into_iter().map(|(key, mark)| (key.clone(), self.source(mark))).collect()
    }

    fn follow(&self, marks: &Marks, step: &Step) -> Option<Found> {
        match step {
            Step::Key(name) => match marks.member(&Value::str(name)) {
                Some((mark, inner)) => Some((mark, inner.clone())),
                // A key that is no text is named by its text.
                None => member(marks, |key| key == name),
            },
            Step::State(name) => member(marks, |key| {
                let rest = key.strip_prefix(name.as_str());
                key == name || rest.is_some_and(|rest| rest.starts_with('.'))
            }),
            Step::Item(index) => marks.item(*index).map(|item| (item.at, item.clone())),
            Step::Arg(name) => items(marks)
                .find_map(|item| member(item, |key| key == name))
                .or_else(|| member(marks, |key| key == name)),
            Step::Reference(key, name) => {
                items(marks).find_map(|item| self.reference(item, key, name))
            }
            Step::Word(word) => items(marks)
                .find(|item| self.says(item.at, word))
                .map(|item| (item.at, item.clone())),
            Step::Value => Some((marks.at, marks.clone())),
        }
    }

    /// A requisite's item: `- module: name`, or a bare text.
    fn reference(&self, item: &Marks, key: &str, name: &str) -> Option<Found> {
        let found = member(item, |known| known == key || known.split('.').next() == Some(key));
        match found {
            Some((_, value)) => self.says(value.at, name).then_some((value.at, value)),
            None => self.says(item.at, name).then(|| (item.at, item.clone())),
        }
    }

    /// Whether the scalar at a place of the rendered text begins with `word`.
    fn says(&self, mark: Mark, word: &str) -> bool {
        let line = self.text.lines().nth(mark.line.max(1) as usize - 1).unwrap_or_default();
        let mut chars = line.char_indices().skip(mark.column.max(1) as usize - 1);
        let rest = chars.next().map_or("", |(at, _)| &line[at..]);
        rest.trim_start_matches(['\'', '"']).starts_with(word)
    }
}

type Found = (Mark, Marks);

fn items(marks: &Marks) -> impl Iterator<Item = &Marks> {
    (0..marks.len()).filter_map(|index| marks.item(index))
}

fn member(marks: &Marks, is: impl Fn(&str) -> bool) -> Option<Found> {
    let mut found = marks.entries().filter(|(key, ..)| match key {
        Value::Str(text) => is(text),
        other => is(&other.to_string()),
    });
    found.next().map(|(_, mark, inner)| (mark, inner.clone()))
}

/// The places of all sls files of a compile, by sls name.
#[derive(Clone, Debug, Default)]
pub struct Places(HashMap<String, Arc<SlsPlaces>>);

impl PartialEq for Places {
    fn eq(&self, other: &Places) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().all(|(sls, places)| {
                other.0.get(sls).is_some_and(|known| Arc::ptr_eq(known, places))
            })
    }
}

impl Places {
    /// Adds a file.
    pub fn insert(&mut self, sls: &str, places: SlsPlaces) {
        self.0.insert(sls.to_owned(), Arc::new(places));
    }

    /// The places of a file.
    pub fn of(&self, sls: &str) -> Option<&Arc<SlsPlaces>> {
        self.0.get(sls)
    }

    /// The place of a part of a file.
    pub fn find(&self, sls: &str, steps: &[Step]) -> Option<Place> {
        self.of(sls)?.find(steps)
    }

    /// Takes over what another one knows.
    pub fn extend(&mut self, other: &Places) {
        self.0.extend(other.0.iter().map(|(sls, places)| (sls.clone(), places.clone())));
    }
}
