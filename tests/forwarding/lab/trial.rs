//! What is tried, and what came of it.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::Result;
use super::cgroup::Usage;
use super::frames::{self, Expected, Mac, Report};

/// Where l3fwd and l2fwd send what leaves the second interface, unless told otherwise.
pub const NEXT_HOP: &str = "02:bb:00:00:00:02";

/// How the pod is tied to its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// The peer creates the vhost-user sockets.
    VhostUserClient,
    /// The pod creates the vhost-user sockets.
    VhostUserServer,
    /// The peer creates the memif sockets.
    MemifClient,
    /// The pod creates the memif sockets.
    MemifServer,
    /// veth ends in the pod's network namespace, which net_af_xdp takes over.
    AfXdp,
    /// Tap devices of several queues, which net_tap opens.
    Tap,
    /// veth ends whose packets net_tap redirects.
    TapRedirect,
}

impl Wiring {
    /// Those that only need a directory.
    pub const SOCKETS: [Wiring; 4] = [
        Wiring::VhostUserClient,
        Wiring::VhostUserServer,
        Wiring::MemifClient,
        Wiring::MemifServer,
    ];

    pub fn is_vhost_user(self) -> bool {
        matches!(self, Wiring::VhostUserClient | Wiring::VhostUserServer)
    }

    /// The value of `--netdevs`, for kernel netdevs.
    pub(super) fn netdevs(self) -> Option<&'static str> {
        match self {
            Wiring::AfXdp => Some("af-xdp"),
            Wiring::Tap | Wiring::TapRedirect => Some("tap"),
            _ => None,
        }
    }

    pub(super) fn sample(self) -> &'static str {
        match self {
            Wiring::VhostUserServer => "vhost-user-server",
            Wiring::MemifClient | Wiring::MemifServer => "memif",
            _ => "vhost-user-client",
        }
    }

    pub(super) fn memif_role(self) -> Option<&'static str> {
        match self {
            Wiring::MemifClient => Some("slave"),
            Wiring::MemifServer => Some("master"),
            _ => None,
        }
    }

    pub(super) fn peer_devices(self, sockets: &[PathBuf; 2], queues: usize) -> [String; 2] {
        [0, 1].map(|index| {
            let socket = sockets[index].display();
            let vhost =
                |mode: &str| format!("net_vhost{index},iface={socket},queues={queues}{mode}");
            let memif = |role: &str| {
                format!("net_memif{index},role={role},id=0,socket={socket},socket-abstract=no")
            };
            match self {
                Wiring::VhostUserClient => vhost(""),
                Wiring::VhostUserServer => vhost(",client=1"),
                Wiring::MemifClient => memif("server"),
                Wiring::MemifServer => memif("client"),
                Wiring::AfXdp | Wiring::Tap | Wiring::TapRedirect => String::new(),
            }
        })
    }
}

/// The DPDK program in the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    L3fwd,
    L2fwd,
    Testpmd,
}

impl App {
    pub const ALL: [App; 3] = [App::L3fwd, App::L2fwd, App::Testpmd];

    pub(super) fn name(self) -> &'static str {
        match self {
            App::L3fwd => "l3fwd",
            App::L2fwd => "l2fwd",
            App::Testpmd => "testpmd",
        }
    }

    /// What podnet cannot know: l3fwd's next hop, and that testpmd needs few buffers and may not
    /// throw the first packets away.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            App::L3fwd => &["--eth-dest=1,02:bb:00:00:00:02"],
            App::L2fwd => &[],
            App::Testpmd => &["--total-num-mbufs=16384", "--no-flush-rx"],
        }
    }

    /// What it writes when it forwards.
    pub(super) fn ready(self) -> &'static str {
        match self {
            App::L3fwd | App::L2fwd => "entering main loop",
            App::Testpmd => "start packet forwarding",
        }
    }
}

/// Where the memory comes from. Without hugepages `--no-huge` is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    NoHuge,
    /// Hugepages if enough are free.
    Present,
    /// Hugepages, free ones or had for the time of the run.
    Borrowed,
    /// The same on a node with free pages of a size that the pod may not use, where podnet has
    /// DPDK make files in the pod's mount.
    Files,
}

/// Where the program runs and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As the test itself.
    Here,
    /// As a user without any privilege, peer and all, with no directory for DPDK's files.
    Unprivileged,
    /// In a cgroup that limits hugepages to less than the machine has, and cgroup and mount
    /// namespaces that show nothing else. podnet reads the machine's own files.
    Limited,
    /// In the root directory of another Debian suite, with its DPDK.
    Suite(&'static str),
}

/// One run of the proof.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    pub podnet: &'a Path,
    pub wiring: Wiring,
    pub app: App,
    pub memory: Memory,
    pub place: Place,
    /// Queues of each interface, each with an lcore.
    pub queues: usize,
    /// Options of `podnet exec`.
    pub options: &'a [&'a str],
    /// EAL's arguments that the user gives.
    pub eal: &'a [&'a str],
    /// Arguments of the application.
    pub arguments: &'a [&'a str],
    /// How long to wait for the packets.
    pub patience: Duration,
}

impl Trial<'_> {
    /// What becomes of a frame that leaves the pod's second interface, `net2`.
    pub(super) fn expected(&self, net1: Mac, net2: Mac) -> Result<Expected> {
        let next_hop = || NEXT_HOP.parse::<Mac>();
        Ok(match self.app {
            App::L3fwd => Expected { source: net2, destination: next_hop()?, ttl: 63 },
            App::L2fwd => Expected { source: net2, destination: Mac([2, 0, 0, 0, 0, 1]), ttl: 64 },
            App::Testpmd if self.options.contains(&"--eth-dest") => {
                Expected { source: net2, destination: next_hop()?, ttl: 64 }
            }
            App::Testpmd => Expected { source: frames::SENDER, destination: net1, ttl: 64 },
        })
    }
}

/// The application's own ports and counters, against the plan.
#[derive(Debug)]
pub struct Ports {
    pub as_planned: bool,
    pub table: String,
    pub said: String,
}

impl Ports {
    /// The packets that the interface received and sent.
    pub fn packets(&self, interface: &str) -> Option<(u64, u64)> {
        let mut rows = self.table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let row = rows.find(|row| row.get(2) == Some(&interface))?;
        Some((row.get(5)?.parse().ok()?, row.get(6)?.parse().ok()?))
    }
}

/// What a run has shown.
#[derive(Debug)]
pub struct Outcome {
    pub report: Report,
    /// Frames that came out of each queue, right or wrong.
    pub by_queue: Vec<usize>,
    /// The argument vector the application really ran with.
    pub arguments: Vec<String>,
    /// Its RUNTIME_DIRECTORY.
    pub runtime_directory: Option<PathBuf>,
    /// What `podnet ports` said after the packets.
    pub ports: Ports,
    /// Whether it ran on hugepages.
    pub hugepages: bool,
    /// What its cgroup charged it with while it ran, in [`Place::Limited`].
    pub usage: Option<Usage>,
    /// How the application ended when it was asked to.
    pub status: ExitStatus,
    /// What both programs wrote.
    pub logs: String,
}

/// What this machine lacks for a trial, which therefore shows nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Missing(pub String);
