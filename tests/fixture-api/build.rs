//! Builds the source of `telesto-api` around the client of the made-up spec.

#[allow(
    clippy::print_stdout,
    reason = "this is how a build script speaks to cargo"
)]
fn main() {
    println!("cargo::rustc-cfg=telesto_fixture");
    println!("cargo::rerun-if-changed=build.rs");
}
