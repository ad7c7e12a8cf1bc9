//! Ports on kernel netdevs.

use super::Options;
use super::devices::Backend;
use super::names::named;

/// How a kernel netdev becomes a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Netdevs {
    /// By AF_XDP sockets on the netdev, which then receives for the program alone.
    AfXdp,
    /// By net_tap: it opens a netdev that is a tap device, and has the kernel redirect the packets
    /// of any other to and from a tap device that it makes.
    Tap,
}

/// What makes a port of the kernel netdev, where those are asked for.
pub(super) fn port(options: &Options, netdev: &str) -> Option<Backend> {
    let is_tap = options.facts.taps.iter().any(|tap| tap == netdev);
    let netdev = netdev.to_owned();
    options.netdevs.map(|how| match how {
        Netdevs::AfXdp => Backend::AfXdp { netdev, plugin: None },
        Netdevs::Tap if is_tap => Backend::Tap { netdev },
        Netdevs::Tap => Backend::TapRedirect { netdev },
    })
}

named!(Netdevs, "netdevs", "af-xdp or tap", "af-xdp" => AfXdp, "tap" => Tap);
