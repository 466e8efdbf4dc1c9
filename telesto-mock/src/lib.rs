//! Placeholder until the first whole.
