//! The rules that no compiler checks, as tests: who may know whom, how long things are, what a
//! file begins with, which words have no place here.

mod bounds;
mod edges;
mod files;
mod format;
mod modules;
mod options;
