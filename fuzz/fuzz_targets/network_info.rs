//! KubeVirt's annotation.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::network_info;

fuzz_target!(|bytes: &[u8]| {
    let (infos, _) = network_info::parse(bytes);
    assert!(infos.len() <= bytes.len());
});
