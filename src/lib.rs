//! What a Kubernetes pod was given: CPUs, hugepages and network interfaces.
//!
//! The three questions, answered from the Downward API files, the environment,
//! cgroups and sysfs of the own container:
//!
//! ```no_run
//! let cpus = podnet::get_cpu_info()?;
//! let hugepages = podnet::get_hugepages()?;
//! let interfaces = podnet::get_interfaces()?;
//! # Ok::<(), podnet::Error>(())
//! ```
//!
//! [`Pod::snapshot`] reads all of it once, and [`eal`] makes DPDK arguments of
//! the result. [`Pod::wait`] waits until the networks are there, and [`Pod::watch`]
//! tells what becomes of them. The library starts no thread, installs no signal handler and
//! logs nothing.
//!
//! Inside there are layers, each of which knows only those before it:
//!
//! - [`parse`] makes types of text, and [`snapshot`] holds the answers as plain data;
//! - `root` alone opens files and reads the environment; `cgroup` and `downward_api` know what
//!   lies where below it;
//! - `cpu`, `hugepages`, `interfaces` and `identity` work out what that means;
//! - [`Pod`] asks them all;
//! - [`lookup`] and [`eal`] make something of a snapshot, and are pure;
//! - `capi` and `compat` are the C interfaces; the command uses this crate as any program does.

#[cfg(feature = "capi")]
mod capi;
mod cgroup;
#[cfg(feature = "capi")]
mod compat;
mod cpu;
mod downward_api;
pub mod eal;
mod error;
mod hugepages;
mod identity;
mod interfaces;
pub mod lookup;
mod notify;
mod ordered;
pub mod parse;
mod pod;
mod root;
pub mod snapshot;
mod wait;
mod warning;
mod watch;

pub use error::{Error, Result};
pub use pod::{Annotations, EalFacts, Pod, PodBuilder};
pub use snapshot::{CpuInfo, Hugepages, Interface, Interfaces, Snapshot};
pub use wait::Wait;
pub use warning::{Warning, WarningCode};
pub use watch::{Event, EventKind, Watch};

/// The CPUs of this container: [`Pod::cpu_info`] of the running system.
pub fn get_cpu_info() -> Result<CpuInfo> {
    Pod::new().cpu_info()
}

/// The hugepages of this container: [`Pod::hugepages`] of the running system.
pub fn get_hugepages() -> Result<Hugepages> {
    Pod::new().hugepages()
}

/// The interfaces of this pod: [`Pod::interfaces`] of the running system.
pub fn get_interfaces() -> Result<Interfaces> {
    Pod::new().interfaces()
}

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
