//! Ports on kernel netdevs.

use std::fmt;
use std::str::FromStr;

use super::devices::Backend;
use crate::error::{Error, Result};

/// How a kernel netdev becomes a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Netdevs {
    /// By AF_XDP sockets on the netdev, which then receives for the program alone.
    AfXdp,
    /// By a tap device that the kernel redirects the netdev's packets to and from.
    Tap,
}

impl Netdevs {
    pub(super) fn port(self, netdev: &str) -> Backend {
        match self {
            Netdevs::AfXdp => Backend::AfXdp { netdev: netdev.to_owned(), plugin: None },
            Netdevs::Tap => Backend::Tap { remote: netdev.to_owned() },
        }
    }
}

impl FromStr for Netdevs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Netdevs> {
        match text {
            "af-xdp" => Ok(Netdevs::AfXdp),
            "tap" => Ok(Netdevs::Tap),
            _ => Err(Error::invalid(format!("netdevs {text:?}"), "expected af-xdp or tap")),
        }
    }
}

impl fmt::Display for Netdevs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Netdevs::AfXdp => "af-xdp",
            Netdevs::Tap => "tap",
        })
    }
}
