//! Lists of CPUs.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::cpulist::CpuSet;

fuzz_target!(|text: &str| {
    if let Ok(set) = text.parse::<CpuSet>() {
        assert_eq!(set.to_string().parse::<CpuSet>().as_ref(), Ok(&set));
        assert_eq!(set.iter().count(), set.len());
    }
});
