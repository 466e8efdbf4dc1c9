//! Nothing to do: without a build script, cargo leaves out build dependencies.

fn main() {}
