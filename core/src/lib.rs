//! The words of Halite. Each module is one of them; none opens a socket, none knows a runtime.

pub mod value;

pub use value::{FromValue, Map, SubPath, Type, Value};
