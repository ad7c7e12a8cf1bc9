//! The userspace CNI's annotation and files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::userspace;

fuzz_target!(|bytes: &[u8]| {
    let (interfaces, _) = userspace::parse(bytes);
    assert!(interfaces.iter().all(|interface| !interface.interface.is_empty()));
});
