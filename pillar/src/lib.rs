//! The pillar compiler and external pillars.
