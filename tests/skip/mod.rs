//! What a test does on a machine that can't run it.

use std::fmt::Display;
use std::io::{self, Write};

/// Says which test it is and what is missing, where no capture hides it: in one piece on lines of
/// its own, for other tests print at the same time.
pub fn skip(test: &str, why: impl Display) {
    let line = format!("\nskipped: {}::{test}: {why}\n", env!("CARGO_CRATE_NAME"));
    let _ = io::stderr().write_all(line.as_bytes());
}
