//! `podnet ports`: the ports of a running application against those planned for this pod.

mod telemetry;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use podnet::eal::Port;
use serde::Serialize;
use serde_json::Value;

use super::args::{Global, PortsArgs};
use super::eal::Planner;
use super::exec;
use super::runtime::{self, RuntimeDirectory};
use super::socket;
use super::table::{CAUTION, Cell, PLAIN, Table};
use super::text::reason;
use super::{Failure, Outcome, print_json, warn_of, words};
use telemetry::{Client, Trouble, number};

pub fn run(global: &Global, args: &PortsArgs) -> Outcome {
    let pod = global.pod();
    let mut snapshot = pod.snapshot()?;
    // As `exec` gives a socket a short name, which is part of a port's arguments.
    exec::shorten(&mut snapshot, &RuntimeDirectory::choose().path);
    let mut planner = Planner::new(&pod, &args.plan, None);
    let made = planner.plan(&snapshot)?;
    let prefix = words::file_prefix(&made.eal);
    let (path, mut client) = find(prefix, args)?;
    let said = |trouble| failure(&path, trouble);
    let version = client.greeting().version.clone();
    let made = match version.strip_prefix("DPDK ").and_then(|text| text.parse().ok()) {
        Some(release) if args.plan.dpdk.is_none() && release != planner.release => {
            planner.release = release;
            planner.plan(&snapshot)?
        }
        _ => made,
    };
    snapshot.warnings.iter().chain(&made.warnings).for_each(warn_of);
    planner.explain(&made.reasons);
    let running = ask_ports(&mut client).map_err(said)?;
    let report = Report {
        version,
        pid: client.greeting().pid,
        socket: path.display().to_string(),
        file_prefix: prefix_of(&path),
        differences: differences(&made.ports, &running),
        ports: running.into_iter().map(|port| Row::new(port, &made.ports)).collect(),
    };
    if args.json {
        print_json(&report)?;
    } else {
        report.table().print(&mut global.stdout())?;
    }
    match report.differences {
        lines if lines.is_empty() => Ok(()),
        lines => Err(Failure { code: 1, lines }),
    }
}

fn prefix_of(socket: &Path) -> String {
    let directory = socket.parent().and_then(Path::file_name).unwrap_or_default();
    directory.to_string_lossy().into_owned()
}

fn failure(path: &Path, trouble: Trouble) -> Failure {
    let why = match trouble {
        Trouble::Stale => "nobody listens there any more".to_owned(),
        Trouble::Other(why) => why,
    };
    Failure::failed(format!("{}: {why}", path.display()))
}

const SOCKET: &str = "dpdk_telemetry.v2";

/// The one application that answers under this prefix.
fn find(prefix: &str, args: &PortsArgs) -> Result<(PathBuf, Client), Failure> {
    let mut troubles = Vec::new();
    let mut alive = Vec::new();
    for path in sockets(prefix, &mut troubles) {
        if args.instance.is_some_and(|wanted| instance(&path) != Some(wanted)) {
            continue;
        }
        match Client::connect(&path, args.timeout) {
            Ok(client) => alive.push((path, client)),
            // What an application that ended left behind.
            Err(Trouble::Stale) => {}
            Err(trouble) => troubles.extend(failure(&path, trouble).lines),
        }
    }
    match alive.len() {
        1 => alive.pop().ok_or_else(|| none(prefix, troubles)),
        0 => Err(none(prefix, troubles)),
        _ => Err(several(prefix, &alive)),
    }
}

/// The telemetry sockets of the prefix in every runtime directory, the first of a process first.
fn sockets(prefix: &str, troubles: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in runtime::candidates() {
        let directory = directory.join("dpdk").join(prefix);
        match fs::read_dir(&directory) {
            Ok(entries) => {
                let paths = entries.flatten().map(|entry| entry.path());
                found.extend(paths.filter(|path| instance(path).is_some()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => troubles.push(format!("{}: {}", directory.display(), reason(&error))),
        }
    }
    found.sort_by_key(|path| instance(path));
    found
}

/// Which process of a prefix a socket is of: 0 without a suffix, N with `:N`, which later processes
/// with `--in-memory` add.
fn instance(path: &Path) -> Option<u32> {
    match path.file_name()?.to_str()?.strip_prefix(SOCKET)? {
        "" => Some(0),
        suffix => suffix.strip_prefix(':')?.parse().ok(),
    }
}

fn none(prefix: &str, mut lines: Vec<String>) -> Failure {
    let directories = runtime::candidates();
    let shown: Vec<_> = directories.iter().map(|path| path.display().to_string()).collect();
    let others: BTreeSet<_> = directories
        .iter()
        .filter_map(|path| fs::read_dir(path.join("dpdk")).ok())
        .flat_map(|entries| entries.flatten())
        .filter(|entry| socket::state(&entry.path().join(SOCKET)) == socket::State::Live)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let others = match others.len() {
        0 => String::new(),
        _ => format!(" (there is: {})", Vec::from_iter(others).join(", ")),
    };
    lines.push(format!(
        "no DPDK application with the file prefix {prefix} answers at dpdk/{prefix}/{SOCKET} in {}: \
         start it without --no-telemetry, as podnet exec does, look as its user, and name its \
         prefix by --file-prefix{others} and its directory in RUNTIME_DIRECTORY",
        shown.join(", ")
    ));
    Failure { code: 1, lines }
}

fn several(prefix: &str, alive: &[(PathBuf, Client)]) -> Failure {
    let shown = alive.iter().map(|(path, client)| match client.greeting().pid {
        Some(pid) => format!("{} of process {pid}", path.display()),
        None => path.display().to_string(),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    Failure::usage(format!(
        "several DPDK applications have the file prefix {prefix}: {shown}: choose by --instance N, \
         the number at the end, 0 where there is none, or by RUNTIME_DIRECTORY"
    ))
}

/// A port of the application.
#[derive(Debug, Default)]
struct Running {
    id: u32,
    /// `None` where the release can't tell, as 20.11.
    name: Option<String>,
    link: Option<String>,
    counters: Counters,
}

/// What the port counted since it started; `None` where the release has no such counter.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counters {
    rx_packets: Option<u64>,
    tx_packets: Option<u64>,
    rx_bytes: Option<u64>,
    tx_bytes: Option<u64>,
    /// No descriptor or no buffer was free.
    rx_dropped: Option<u64>,
    rx_errors: Option<u64>,
    tx_errors: Option<u64>,
}

/// RTE_MAX_ETHPORTS is 32, and may be configured up to this.
const MAX_PORTS: usize = 1024;

fn ask_ports(client: &mut Client) -> Result<Vec<Running>, Trouble> {
    let list = client.ask("/ethdev/list")?;
    port_ids(&list)?.into_iter().map(|id| ask_port(client, id)).collect()
}

fn port_ids(list: &Value) -> Result<BTreeSet<u32>, Trouble> {
    let ids = list.as_array().filter(|ids| ids.len() <= MAX_PORTS);
    let id = |id: &Value| number(id).and_then(|id| u32::try_from(id).ok());
    let ids = ids.and_then(|ids| ids.iter().map(id).collect::<Option<BTreeSet<_>>>());
    ids.ok_or_else(|| Trouble::Other("/ethdev/list: expected a list of port numbers".to_owned()))
}

fn ask_port(client: &mut Client, id: u32) -> Result<Running, Trouble> {
    let info = client.ask(&format!("/ethdev/info,{id}"))?;
    let link = client.ask(&format!("/ethdev/link_status,{id}"))?;
    let mut counters = basic(&client.ask(&format!("/ethdev/stats,{id}"))?);
    if counters.rx_packets.is_none() {
        // Before 21.05.
        counters = extended(&client.ask(&format!("/ethdev/xstats,{id}"))?);
    }
    let name = info["name"].as_str().map(str::to_owned);
    Ok(Running { id, name, link: link["status"].as_str().map(str::to_lowercase), counters })
}

/// The sum of those that are there.
fn sum(stats: &Value, names: &[&str]) -> Option<u64> {
    names.iter().filter_map(|name| number(&stats[*name])).reduce(u64::saturating_add)
}

fn basic(stats: &Value) -> Counters {
    Counters {
        rx_packets: sum(stats, &["ipackets"]),
        tx_packets: sum(stats, &["opackets"]),
        rx_bytes: sum(stats, &["ibytes"]),
        tx_bytes: sum(stats, &["obytes"]),
        rx_dropped: sum(stats, &["imissed", "rx_nombuf"]),
        rx_errors: sum(stats, &["ierrors"]),
        tx_errors: sum(stats, &["oerrors"]),
    }
}

fn extended(stats: &Value) -> Counters {
    Counters {
        rx_packets: sum(stats, &["rx_good_packets"]),
        tx_packets: sum(stats, &["tx_good_packets"]),
        rx_bytes: sum(stats, &["rx_good_bytes"]),
        tx_bytes: sum(stats, &["tx_good_bytes"]),
        rx_dropped: sum(stats, &["rx_missed_errors", "rx_mbuf_allocation_errors"]),
        rx_errors: sum(stats, &["rx_errors"]),
        tx_errors: sum(stats, &["tx_errors"]),
    }
}

/// In what the application has other ports than planned, a sentence each. Ports past the planned
/// ones are the user's own.
fn differences(planned: &[Port], running: &[Running]) -> Vec<String> {
    let named = |name: &str| running.iter().find(|port| port.name.as_deref() == Some(name));
    let with_id = |id: u32| running.iter().find(|port| port.id == id);
    let mut lines = Vec::new();
    for port in planned {
        let label = label(port);
        match (named(&port.name), with_id(port.id)) {
            (Some(found), _) if found.id != port.id => {
                lines.push(format!("{label} is port {}, planned as port {}", found.id, port.id));
            }
            (Some(_), _) | (None, Some(Running { name: None, .. })) => {}
            (None, _) => lines.push(format!(
                "{label} is missing, planned as port {}: its device did not come up, and the log of \
                 EAL's start says why",
                port.id
            )),
        }
    }
    let strangers = running.iter().filter(|port| (port.id as usize) < planned.len());
    for port in strangers {
        let Some(name) = &port.name else { continue };
        if !planned.iter().any(|one| one.name == *name) {
            lines.push(format!("port {} is {name}, which is not in the plan", port.id));
        }
    }
    lines
}

fn label(port: &Port) -> String {
    match &port.interface {
        Some(interface) => format!("{} (interface {interface})", port.name),
        None => port.name.clone(),
    }
}

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    version: String,
    pid: Option<u64>,
    socket: String,
    file_prefix: String,
    ports: Vec<Row>,
    differences: Vec<String>,
}

/// A running port, and the interface that it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: u32,
    name: Option<String>,
    /// The name that the plan has for this number.
    planned: Option<String>,
    interface: Option<String>,
    network: Option<String>,
    link: Option<String>,
    #[serde(flatten)]
    counters: Counters,
}

impl Row {
    fn new(port: Running, planned: &[Port]) -> Row {
        let at = planned.iter().find(|one| one.id == port.id);
        let same = match &port.name {
            Some(name) => planned.iter().find(|one| one.name == *name),
            None => at,
        };
        Row {
            id: port.id,
            planned: at.map(|one| one.name.clone()),
            interface: same.and_then(|one| one.interface.clone()),
            network: same.and_then(|one| one.network.clone()),
            name: port.name,
            link: port.link,
            counters: port.counters,
        }
    }

    fn cells(&self) -> [Cell; 9] {
        let as_planned = self.planned.is_none() || self.name.is_none() || self.name == self.planned;
        let style = if as_planned { PLAIN } else { CAUTION };
        let Counters { rx_packets, tx_packets, rx_dropped, rx_errors, tx_errors, .. } =
            &self.counters;
        let errors = match (rx_errors, tx_errors) {
            (Some(rx), Some(tx)) => Some(rx.saturating_add(*tx)),
            (one, other) => one.or(*other),
        };
        let count = |value: Option<u64>| Cell::from(value.map(|value| value.to_string()));
        [
            self.id.to_string().into(),
            Cell::new(self.name.as_deref().unwrap_or_default(), style),
            self.interface.as_deref().into(),
            self.network.as_deref().into(),
            self.link.as_deref().into(),
            count(*rx_packets),
            count(*tx_packets),
            count(*rx_dropped),
            count(errors),
        ]
    }
}

impl Report {
    fn table(&self) -> Table<9> {
        let mut table = Table::new([
            "PORT",
            "NAME",
            "INTERFACE",
            "NETWORK",
            "LINK",
            "RX",
            "TX",
            "DROPPED",
            "ERRORS",
        ]);
        self.ports.iter().for_each(|row| table.row(row.cells()));
        table
    }
}
