//! Text to types, without any I/O: every format podnet reads, one file each.
//!
//! Parsers of formats that hold many things give back the good part together
//! with a list of [`Problem`]s; nothing is lost for a neighbour's sake.

pub mod cgroup;
pub mod cpulist;
pub mod device_info;
pub mod downward;
mod json;
pub mod lcores;
pub(crate) mod limit;
pub mod mountinfo;
pub mod network_info;
pub mod network_status;
pub mod networks;
pub mod pci;
pub mod pcidevice;
pub mod pod_networks;
pub(crate) mod proc;
pub mod size;
pub mod unix_sockets;
pub mod userspace;

/// Something in an input that is not what its format says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where in the input: an element, a key, a line, a column.
    pub place: String,
    /// What was expected and what was found.
    pub why: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> Problem {
        Problem { place: place.into(), why: why.into() }
    }
}

/// The good part of an input, and the problems of the rest.
pub type Parsed<T> = (T, Vec<Problem>);
