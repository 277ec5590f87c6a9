//! The state compiler, the engine and the state modules.
