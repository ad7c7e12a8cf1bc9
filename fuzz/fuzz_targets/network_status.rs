//! The annotation network-status.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::network_status;

fuzz_target!(|bytes: &[u8]| {
    let (entries, problems) = network_status::parse(bytes);
    assert!(problems.iter().all(|problem| !problem.why.is_empty()), "{entries:?}");
});
