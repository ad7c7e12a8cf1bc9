//! DPDK arguments from a snapshot.
//!
//! Pure: a [`Snapshot`] and options go in, an argument vector and the list of
//! ports it makes come out. Nothing is read and nothing is run.
//!
//! ```no_run
//! use podnet::eal::{App, EalArgs};
//!
//! let pod = podnet::Pod::new();
//! let snapshot = pod.snapshot()?;
//! let args = EalArgs::builder(&snapshot).facts(pod.eal_facts()).app(App::L3fwd).build()?;
//! println!("{:?}", args.argv("dpdk-l3fwd", &[]));
//! # Ok::<(), podnet::Error>(())
//! ```
//!
//! On the PCI bus DPDK is given these devices and no others, on the auxiliary bus the same once one
//! subfunction is among them. Buses without a device of the pod are left to probe what they see,
//! but for PCI, for which a pod's sysfs shows the whole node.
//!
//! Every name, path and address of a pod is hostile input: one that could add
//! an argument or a device argument's key makes [`EalBuilder::build`] fail.

mod app;
mod command_line;
mod conflicts;
mod devargs;
mod devices;
mod driver;
mod lcores;
mod mac;
mod memory;
mod names;
mod netdevs;
mod options;
mod peers;
mod pending;
mod port;
mod process;
mod quote;
mod release;
#[cfg(test)]
pub(crate) mod tests;
mod vf_token;

use serde::Serialize;

pub use self::app::App;
pub use self::devargs::MAX_SOCKET_PATH;
pub use self::driver::KernelDriver;
pub use self::lcores::Smt;
pub use self::memory::IovaMode;
pub use self::netdevs::Netdevs;
pub use self::peers::{Routes, RuleFile};
pub use self::port::{Port, PortDevice};
pub use self::quote::shell_quote;
pub use self::release::Release;

use crate::error::{Error, Result};
use crate::pod::EalFacts;
use crate::snapshot::Snapshot;
use crate::warning::{Warning, WarningCode};

/// DPDK arguments, and what they stand for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EalArgs {
    /// Arguments of EAL, without the program's name and the `--` at their end.
    pub eal: Vec<String>,
    /// Arguments of the application.
    pub app: Vec<String>,
    /// The ports, in the order of their numbers.
    pub ports: Vec<Port>,
    /// The lcores, in the order of their numbers. The first is the main lcore.
    pub lcores: Vec<Lcore>,
    /// What the arguments leave out, and what may keep them from working.
    pub warnings: Vec<Warning>,
    /// Why each argument is there, in the order of the arguments.
    pub reasons: Vec<Reason>,
    /// The files that l3fwd will read its routes from; `None` unless asked for.
    pub routes: Option<Routes>,
}

/// One lcore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lcore {
    /// Its number, which application arguments use.
    pub id: u32,
    /// The CPU it runs on.
    pub cpu: u32,
}

/// Why an argument is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reason {
    /// The argument with its value, as on a command line.
    pub argument: String,
    /// What it is for, and the data it comes from.
    pub why: String,
}

/// How to make [`EalArgs`].
#[derive(Debug, Clone, PartialEq)]
pub struct EalBuilder<'a> {
    snapshot: &'a Snapshot,
    options: Options,
}

/// The builder's options; `None` is each one's default.
#[derive(Debug, Clone, Default, PartialEq)]
struct Options {
    app: App,
    release: Release,
    networks: Vec<String>,
    netdevs: Option<Netdevs>,
    queues: Option<u32>,
    workers: Option<u32>,
    main_cpu: Option<u32>,
    smt: Smt,
    memory: Option<u64>,
    no_huge: bool,
    file_prefix: Option<String>,
    iova_mode: Option<IovaMode>,
    secondary: bool,
    facts: EalFacts,
    /// Networks with the MAC address of their next hop.
    next_hops: Vec<(String, String)>,
    /// The paths of the IPv4 and the IPv6 rules.
    routes: Option<(String, String)>,
}

/// RTE_MAX_QUEUES_PER_PORT.
const MAX_QUEUES: u32 = 1024;

impl Options {
    fn rx_queues_of(&self, netdev: &str) -> Option<u32> {
        let found = self.facts.rx_queues.iter().find(|(name, _)| name == netdev);
        found.map(|(_, queues)| *queues)
    }

    fn check(&self) -> Result<()> {
        self.release.supported()?;
        if let Some(queues) = self.queues.filter(|queues| !(1..=MAX_QUEUES).contains(queues)) {
            let why = format!("expected 1 to {MAX_QUEUES}");
            return Err(Error::invalid(format!("{queues} queues"), why));
        }
        if self.workers == Some(0) && self.app != App::None {
            return Err(Error::invalid("workers", format!("{} needs at least one", self.app)));
        }
        if self.secondary && (self.no_huge || self.memory.is_some()) {
            let why = "it has the memory of the primary process, which is on hugepages: leave out \
                       how much memory, and that there are no hugepages";
            return Err(Error::invalid("secondary process", why));
        }
        if self.no_huge && self.iova_mode == Some(IovaMode::Pa) {
            return Err(Error::invalid("IOVA mode pa", memory::NO_HUGE_PHYSICAL));
        }
        if let Some(bytes) = self.memory.filter(|bytes| *bytes < memory::LEAST) {
            let why = format!("expected {} bytes at least", memory::LEAST);
            return Err(Error::invalid(format!("memory of {bytes} bytes"), why));
        }
        Ok(())
    }
}

impl EalArgs {
    /// Starts with the defaults: no application, every own device, the newest long-term release.
    pub fn builder(snapshot: &Snapshot) -> EalBuilder<'_> {
        EalBuilder { snapshot, options: Options::default() }
    }
}

impl<'a> EalBuilder<'a> {
    /// What is to be known of the pod beside its snapshot, as
    /// [`Pod::eal_facts`](crate::Pod::eal_facts) finds it. Default: nothing is.
    pub fn facts(mut self, facts: EalFacts) -> Self {
        self.options.facts = facts;
        self
    }

    /// The application whose arguments are made. Default: [`App::None`].
    pub fn app(mut self, app: App) -> Self {
        self.options.app = app;
        self
    }

    /// The DPDK release of the program. One past [`Release::NEWEST`] is given what that takes, with
    /// a warning. Default: [`Release::NEWEST_LTS`].
    pub fn dpdk(mut self, release: Release) -> Self {
        self.options.release = release;
        self
    }

    /// Only the devices of these networks, each an interface's name, `namespace/name` or `name`.
    /// Default, and with none given: every own device.
    pub fn networks(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.networks = names.into_iter().map(Into::into).collect();
        self
    }

    /// Ports on kernel netdevs too: interfaces without a device of their own but for the default
    /// one, and devices whose kernel driver DPDK can't work below. Default: those are left out.
    pub fn netdevs(mut self, how: impl Into<Option<Netdevs>>) -> Self {
        self.options.netdevs = how.into();
        self
    }

    /// Receive queues of each port, 1 to 1024. l3fwd gets at least as many as it has lcores, for
    /// it sends on a queue of its own on each; l2fwd has one, whatever is asked for. Default: 1.
    pub fn queues(mut self, queues: impl Into<Option<u32>>) -> Self {
        self.options.queues = queues.into();
        self
    }

    /// Lcores that forward packets. The main lcore of l3fwd and l2fwd is one of them, any other
    /// application has it beside them. Default: as many as queues; 1 for l2fwd; without an
    /// application every allowed CPU.
    pub fn workers(mut self, workers: impl Into<Option<u32>>) -> Self {
        self.options.workers = workers.into();
        self
    }

    /// The CPU of the main lcore. Default: a housekeeping or shared CPU where the main lcore
    /// does not forward, else the best worker.
    pub fn main_cpu(mut self, cpu: impl Into<Option<u32>>) -> Self {
        self.options.main_cpu = cpu.into();
        self
    }

    /// Whether both SMT siblings of a core may become lcores. Default: [`Smt::Use`].
    pub fn smt(mut self, smt: Smt) -> Self {
        self.options.smt = smt;
        self
    }

    /// Memory in bytes, a MiB and a hugepage at least, within the container's limit. Default: the
    /// limit; 512 MiB without hugepages.
    pub fn memory(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.options.memory = bytes.into();
        self
    }

    /// Run without hugepages.
    pub fn no_huge(mut self, yes: bool) -> Self {
        self.options.no_huge = yes;
        self
    }

    /// The prefix of DPDK's files, which tells its processes apart. Default:
    /// `podnet-<first 8 of the pod's UID>-<container>`.
    pub fn file_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.file_prefix = Some(prefix.into());
        self
    }

    /// The IOVA mode. Default: what the ports need.
    pub fn iova_mode(mut self, mode: impl Into<Option<IovaMode>>) -> Self {
        self.options.iova_mode = mode.into();
        self
    }

    /// Attach to the primary process with the same file prefix. That one must run on hugepages and
    /// without `--in-memory`; [`memory`](Self::memory) and [`no_huge`](Self::no_huge) can't be
    /// asked for beside it.
    pub fn secondary(mut self, yes: bool) -> Self {
        self.options.secondary = yes;
        self
    }

    /// The MAC address that packets out of the port of `network` are sent to, an interface's name,
    /// `namespace/name` or `name`; once for each network. l3fwd and testpmd take one.
    pub fn next_hop(mut self, network: impl Into<String>, mac: impl Into<String>) -> Self {
        self.options.next_hops.push((network.into(), mac.into()));
        self
    }

    /// Have l3fwd of 22.03 and later read its routes from files at these paths, which lead to the
    /// networks of the pod's addresses that have a prefix. [`EalArgs::routes`] is what the caller
    /// has to write to them.
    pub fn routes(mut self, ipv4: impl Into<String>, ipv6: impl Into<String>) -> Self {
        self.options.routes = Some((ipv4.into(), ipv6.into()));
        self
    }

    /// Makes the arguments.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when the CPUs are unknown; [`Error::Invalid`] for an option that is
    /// wrong for any pod; [`Error::Refused`] for one that this pod can't meet, and for a name, path
    /// or address that could add an argument or a key to one.
    pub fn build(self) -> Result<EalArgs> {
        let EalBuilder { snapshot, options } = self;
        options.check()?;
        let mut plan = Plan::default();
        options.release.warn_if_unknown(&mut plan);
        let devices = devices::select(snapshot, &options, &mut plan)?;
        pending::warn(snapshot, &options, &mut plan);
        let layout = lcores::lay_out(snapshot, &options, &devices, &mut plan)?;
        app::check(&options, &devices, &layout, &mut plan)?;
        let ports = devargs::add(&devices, &layout, &options, &mut plan)?;
        memory::add(snapshot, &options, &devices, &layout, &mut plan)?;
        vf_token::add(&options, &devices, &mut plan)?;
        process::add(snapshot, &options, &mut plan)?;
        app::add(&options, &devices, &layout, &mut plan);
        peers::add_next_hops(snapshot, &options, &ports, &mut plan)?;
        let routes = peers::add_routes(&options, &ports, &mut plan)?;
        let Plan { eal, app, warnings, reasons, .. } = plan;
        Ok(EalArgs { eal, app, ports, lcores: layout.lcores, warnings, reasons, routes })
    }
}

/// What has been decided so far.
#[derive(Debug, Default)]
struct Plan {
    eal: Vec<String>,
    app: Vec<String>,
    warnings: Vec<Warning>,
    reasons: Vec<Reason>,
    /// Bytes that EAL is told to take, where it is told.
    memory: Option<u64>,
}

impl Plan {
    fn eal(&mut self, words: &[&str], why: impl Into<String>) {
        self.eal.extend(words.iter().map(ToString::to_string));
        self.explain(words, why);
    }

    fn app(&mut self, words: &[&str], why: impl Into<String>) {
        self.app.extend(words.iter().map(ToString::to_string));
        self.explain(words, why);
    }

    fn explain(&mut self, words: &[&str], why: impl Into<String>) {
        self.reasons.push(Reason { argument: words.join(" "), why: why.into() });
    }

    fn warn(&mut self, code: WarningCode, path: impl Into<String>, text: impl Into<String>) {
        self.warnings.push(Warning::new(code, path, text));
    }
}
