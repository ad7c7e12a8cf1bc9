//! The Downward API's map files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::downward;

fuzz_target!(|bytes: &[u8]| {
    let (map, problems) = downward::parse(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').count();
    assert!(map.len() + problems.len() <= 2 * lines);
});
