//! The minion daemon and the engine of salt-call.
