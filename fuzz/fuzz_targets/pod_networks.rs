//! OVN-Kubernetes' annotation.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::pod_networks;

fuzz_target!(|bytes: &[u8]| {
    let (networks, _) = pod_networks::parse(bytes);
    assert!(networks.len() <= bytes.len());
});
