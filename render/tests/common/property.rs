//! What must hold for every text; shared with the fuzz target `yaml`.

use halite_render::yaml::{DumpStyle, dump, load, load_marked};

/// How much data is still written out; aliases make much of little text.
const REPR_BYTES_MAX: usize = 1 << 16;

/// The text loads or is refused; what loads is written, and loads again as the same value.
pub(crate) fn holds(text: &str) {
    let Ok(value) = load(text) else { return };
    assert!(load_marked(text).is_ok());
    if value.repr().len() > REPR_BYTES_MAX {
        return;
    }
    let styles = [
        DumpStyle::default(),
        DumpStyle::block(),
        DumpStyle { flow: Some(true), unicode: false, width: 40, ..DumpStyle::default() },
    ];
    for style in styles {
        let written = dump(&value, style);
        match load(&written) {
            Ok(back) => assert_eq!(back, value, "{written}"),
            Err(why) => panic!("{why}: {written}"),
        }
    }
}
