//! The SR-IOV device plugin's variables.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::pcidevice;

fuzz_target!(|bytes: &[u8]| {
    let (_, problems) = pcidevice::parse(bytes);
    assert!(problems.len() <= bytes.len() + 1);
});
