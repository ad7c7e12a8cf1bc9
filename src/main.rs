//! The command `podnet`.
fn main() {}
