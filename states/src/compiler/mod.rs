//! From a top file to ordered low chunks: pure stages, each a function `A -> Result<B, faults>`.
//!
//! `top` finds what to render, `sls` renders and merges (with `include`, `extend`, `exclude`),
//! `verify` checks the high data, `requisite` folds the `*_in` forms, `low` makes chunks, `graph`
//! and `order` sort them.

pub mod exclude;
pub mod extend;
pub mod fault;
pub mod graph;
pub mod high;
pub mod include;
pub mod low;
pub mod order;
pub mod place;

pub mod requisite;
pub mod sls;
pub mod template;
pub mod top;
pub mod verify;

pub use fault::{Fault, Faults, locate, name_as_master, show_source};
pub use graph::{Graph, Kind};
pub use high::HighData;
pub use low::{Compiled, LowChunk, Settings};
pub use place::{Place, Places, SlsPlaces, Step};
pub use sls::{Compiler, Rendered, RenderedSls, SlsSource};
