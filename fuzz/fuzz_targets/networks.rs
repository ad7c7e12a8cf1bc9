//! The annotation that asks for networks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::networks;

fuzz_target!(|bytes: &[u8]| {
    let (requests, problems) = networks::parse(bytes);
    // The short form of what a comma list asks for asks for the same.
    if problems.is_empty() && !bytes.iter().any(|byte| b"[{\"".contains(byte)) {
        let short: Vec<String> = requests.iter().map(ToString::to_string).collect();
        assert_eq!(networks::parse(short.join(",").as_bytes()), (requests, problems));
    }
});
