//! Everything loadable that looks at or acts on a machine: execution modules, grains.
