//! device-info, inside an entry of network-status.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::network_status;

fuzz_target!(|bytes: &[u8]| {
    let status = [b"[{\"device-info\":", bytes, b"}]"].concat();
    let (entries, problems) = network_status::parse(&status);
    let device = entries.first().and_then(|entry| entry.device_info.as_ref());
    // Only null, in whatever white space, is no device and no problem.
    let null = bytes.trim_ascii().starts_with(b"null") || entries.len() != 1;
    assert!(device.is_some() || !problems.is_empty() || null, "{entries:?}");
});
