//! Arguments of the applications podnet knows.

use std::fmt;
use std::str::FromStr;

use super::devices::{Backend, Selected};
use super::lcores::Layout;
use super::release::Form;
use super::{Options, Plan};
use crate::error::{Error, Result};
use crate::parse::cpulist::CpuSet;
use crate::warning::WarningCode;

/// An application whose arguments can be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum App {
    /// Any other program: EAL arguments alone.
    #[default]
    None,
    /// DPDK's `l3fwd`.
    L3fwd,
    /// DPDK's `l2fwd`.
    L2fwd,
    /// DPDK's `testpmd`.
    Testpmd,
}

const NAMES: [(&str, App); 4] =
    [("l3fwd", App::L3fwd), ("l2fwd", App::L2fwd), ("testpmd", App::Testpmd), ("none", App::None)];

impl FromStr for App {
    type Err = Error;

    fn from_str(text: &str) -> Result<App> {
        let found = NAMES.iter().find(|(name, _)| *name == text).map(|(_, app)| *app);
        let why = "expected l3fwd, l2fwd, testpmd or none";
        found.ok_or_else(|| Error::invalid(format!("application {text:?}"), why))
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMES.iter().find(|(_, app)| app == self);
        f.write_str(found.map_or("none", |(name, _)| name))
    }
}

/// Seconds between testpmd's statistics.
const STATS_PERIOD: u32 = 10;

/// Below this, testpmd's default number of packet buffers may not fit: it does not into 512 MiB
/// without hugepages.
const TESTPMD_DEFAULT_MEMORY: u64 = 1 << 30;

/// RTE_MAX_ETHPORTS of distribution builds, and the width of the applications' port masks.
const MAX_PORTS: usize = 32;

/// MAX_RX_QUEUE_PER_LCORE, MAX_RX_QUEUE_PER_PORT and MAX_LCORE_PARAMS of l3fwd.
const L3FWD_QUEUES_PER_LCORE: usize = 16;
const L3FWD_QUEUES_PER_PORT: usize = 128;
const L3FWD_QUEUES: usize = 1024;

/// What `-q` of l2fwd is less than: its MAX_RX_QUEUE_PER_LCORE.
const L2FWD_PORTS_PER_LCORE: usize = 16;

/// Refuses what the application ends over.
pub(super) fn check(
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    plan: &mut Plan,
) -> Result<()> {
    let ports = devices.len();
    if ports > MAX_PORTS {
        let why = format!("DPDK has at most {MAX_PORTS} unless it is built for more");
        let subject = format!("{ports} ports");
        if options.app == App::None {
            plan.warn(WarningCode::Application, subject, why);
        } else {
            let why = format!("{why}: choose some with --network");
            return Err(Error::refused(subject, why));
        }
    }
    match options.app {
        App::L3fwd => check_l3fwd(ports, layout),
        App::L2fwd => {
            warn_l2fwd_queues(options, plan);
            check_l2fwd(ports, layout)
        }
        _ => Ok(()),
    }
}

fn check_l2fwd(ports: usize, layout: &Layout) -> Result<()> {
    let (wanted, most) = (l2fwd_ports_per_lcore(ports, layout), L2FWD_PORTS_PER_LCORE - 1);
    let why = format!(
        "l2fwd has at most {most}: ask for more workers, or for fewer ports with --network"
    );
    let fits = wanted <= most;
    fits.then_some(()).ok_or_else(|| Error::refused(format!("{wanted} ports on an lcore"), why))
}

fn warn_l2fwd_queues(options: &Options, plan: &mut Plan) {
    if let Some(queues) = options.queues.filter(|queues| *queues > 1) {
        let text = format!(
            "it has one queue on each port, and {queues} queues are asked for: l3fwd and testpmd \
             have more"
        );
        plan.warn(WarningCode::Application, "l2fwd", text);
    }
}

fn l2fwd_ports_per_lcore(ports: usize, layout: &Layout) -> usize {
    ports.max(1).div_ceil(layout.lcores.len().max(1))
}

fn check_l3fwd(ports: usize, layout: &Layout) -> Result<()> {
    let queues = layout.queues as usize;
    let lcores = layout.forwarding.len().max(1);
    let per_lcore = ports * queues.div_ceil(lcores);
    let limits = [
        (queues, L3FWD_QUEUES_PER_PORT, "queues of a port", "ask for fewer queues"),
        (per_lcore, L3FWD_QUEUES_PER_LCORE, "queues on an lcore", "ask for more workers"),
        (ports * queues, L3FWD_QUEUES, "queues of all ports", "ask for fewer queues"),
    ];
    let over = limits.iter().find(|(wanted, most, ..)| wanted > most);
    over.map_or(Ok(()), |(wanted, most, what, fix)| {
        let why = format!("l3fwd has at most {most}: {fix}, or for fewer ports with --network");
        Err(Error::refused(format!("{wanted} {what}"), why))
    })
}

/// AF_XDP takes one queue of the netdev for each of the port's, and their number is unknown.
fn warn_af_xdp_queues(
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    plan: &mut Plan,
) {
    for device in devices.iter().filter(|_| layout.queues > 1) {
        let Backend::AfXdp { netdev, .. } = &device.backend else { continue };
        if options.rx_queues_of(netdev).is_some() {
            continue;
        }
        let text = format!(
            "AF_XDP takes {} queues of this netdev, and the port does not start where it has \
             fewer (ethtool -l {netdev})",
            layout.queues
        );
        plan.warn(WarningCode::Application, netdev, text);
    }
}

pub(super) fn add(options: &Options, devices: &[Selected<'_>], layout: &Layout, plan: &mut Plan) {
    warn_af_xdp_queues(options, devices, layout, plan);
    warn_memif_queues(options, devices, layout, plan);
    if options.app != App::None && devices.is_empty() {
        let text = format!("{} needs a port, and the pod has no device for DPDK", options.app);
        plan.warn(WarningCode::Application, options.app.to_string(), text);
    }
    match options.app {
        App::None => {}
        App::L3fwd => l3fwd(options, devices, layout, plan),
        App::L2fwd => l2fwd(options, devices, layout, plan),
        App::Testpmd => testpmd(layout, plan),
    }
}

/// A mask of the first `ports` bits: `0x3`.
pub(super) fn port_mask(ports: usize) -> String {
    (0..ports as u32).collect::<CpuSet>().to_mask()
}

fn l3fwd(options: &Options, devices: &[Selected<'_>], layout: &Layout, plan: &mut Plan) {
    let old = devices.iter().any(|device| device.backend.lacks_offloads());
    let no_rss = layout.queues > 1 && devices.iter().any(|device| device.backend.is_virtio_user());
    add_ports(devices, plan);
    add_promiscuous(devices, plan);
    if !devices.is_empty() {
        let config = format!("--config={}", config(devices.len(), layout));
        plan.app(&[&config], "(port, queue, lcore): each queue has one lcore");
    }
    plan.app(&["--parse-ptype"], "software ports don't classify packets");
    if options.release.takes(Form::L3fwdSoftwarePorts) {
        plan.app(&["--relax-rx-offload"], "software ports don't have its receive offloads");
        if no_rss {
            plan.app(&["--disable-rss"], "virtio_user has no RSS");
        }
    } else if old {
        warn_old_l3fwd(options, no_rss, plan);
    }
}

fn config(ports: usize, layout: &Layout) -> String {
    let lcores = layout.forwarding.len().max(1) as u32;
    let triple = |port, queue| format!("({port},{queue},{})", queue % lcores);
    let queues = |port| (0..layout.queues).map(move |queue| triple(port, queue));
    (0..ports).flat_map(queues).collect::<Vec<_>>().join(",")
}

fn warn_old_l3fwd(options: &Options, no_rss: bool, plan: &mut Plan) {
    let more = if no_rss { " and its RSS" } else { "" };
    let text = format!(
        "an unmodified l3fwd of DPDK {} can't start on virtio_user, memif and AF_XDP ports: use \
         23.11 or later, or one built without its receive offloads{more}",
        options.release
    );
    plan.warn(WarningCode::Application, "l3fwd", text);
}

/// A memif link stays down, without a word, when one side has more queues than the other.
fn warn_memif_queues(
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    plan: &mut Plan,
) {
    let (app, queues) = (options.app, layout.queues);
    let is_memif = |device: &Selected<'_>| matches!(device.backend, Backend::Memif { .. });
    if queues > 1 && app != App::None && devices.iter().any(is_memif) {
        let text = format!(
            "{app} sends on {queues} queues: the memif's peer needs at least as many, or the link \
             stays down"
        );
        plan.warn(WarningCode::Application, app.to_string(), text);
    }
}

fn l2fwd(options: &Options, devices: &[Selected<'_>], layout: &Layout, plan: &mut Plan) {
    let per_lcore = l2fwd_ports_per_lcore(devices.len(), layout).to_string();
    add_ports(devices, plan);
    plan.app(&["-q", &per_lcore], "ports per lcore, so that the lcores reach all ports");
    if options.release.takes(Form::L2fwdPromiscuous) {
        add_promiscuous(devices, plan);
    }
}

fn testpmd(layout: &Layout, plan: &mut Plan) {
    let cores = layout.forwarding.len();
    let queues = layout.queues;
    plan.app(&[&format!("--nb-cores={cores}")], "every lcore but the main one forwards");
    plan.app(&[&format!("--rxq={queues}")], "receive queues of each port");
    plan.app(&[&format!("--txq={queues}")], "send queues of each port");
    let period = format!("--stats-period={STATS_PERIOD}");
    plan.app(&[&period], "keeps testpmd running where its input is at its end, as in a pod");
    if plan.memory.is_some_and(|memory| memory < TESTPMD_DEFAULT_MEMORY) {
        plan.app(&["--total-num-mbufs=16384"], "the default number does not fit into the memory");
    }
}

fn add_ports(devices: &[Selected<'_>], plan: &mut Plan) {
    plan.app(&["-p", &port_mask(devices.len())], "every port");
}

fn add_promiscuous(devices: &[Selected<'_>], plan: &mut Plan) {
    if !devices.iter().any(|device| refuses_promiscuous(&device.backend)) {
        plan.app(&["-P"], "takes packets to any MAC address, as the pod's peers may not know ours");
    }
}

/// net_af_xdp has no promiscuous mode behind a device plugin, by its socket or by a pinned map.
fn refuses_promiscuous(backend: &Backend) -> bool {
    matches!(backend, Backend::AfXdp { plugin: Some(_), .. })
}
