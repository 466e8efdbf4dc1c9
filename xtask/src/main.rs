//! Placeholder until the first whole.
fn main() {}
