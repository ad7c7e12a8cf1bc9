//! Text to types, without any I/O: every format podnet reads, one file each.

pub mod cpulist;
pub mod network_status;
pub mod pci;
