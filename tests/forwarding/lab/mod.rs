//! The forwarding proof: real DPDK programs, started by `podnet exec` in a pod whose interfaces end
//! in a testpmd, and packets that must come out of the other side, counted and checked.

mod dpdk;
pub mod frames;
mod hugepages;
mod peer;
mod pod;
mod process;

pub mod pcap;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{self as std_process, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use podnet::parse::cpulist::CpuSet;
use tempfile::TempDir;

use dpdk::Dpdk;
use frames::{COUNT, Expected, Mac, Report};
use hugepages::Hugepages;
use peer::{Peer, Setup};
use process::{MachineLock, Process, unbuffered};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

/// Names the file or program an error is about.
trait Context<T> {
    fn context(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Display) -> Result<T> {
        self.map_err(|why| format!("{what}: {why}").into())
    }
}

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a link may take after that; one that stays down is for the check of the packets to tell.
const SETTLE: Duration = Duration::from_secs(3);

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
}

impl Wiring {
    fn sample(self) -> &'static str {
        match self {
            Wiring::VhostUserClient => "vhost-user-client",
            Wiring::VhostUserServer => "vhost-user-server",
            Wiring::MemifClient | Wiring::MemifServer => "memif",
        }
    }

    fn memif_role(self) -> Option<&'static str> {
        match self {
            Wiring::MemifClient => Some("slave"),
            Wiring::MemifServer => Some("master"),
            _ => None,
        }
    }

    fn peer_devices(self, sockets: &[PathBuf; 2]) -> [String; 2] {
        [0, 1].map(|index| {
            let socket = sockets[index].display();
            match self {
                Wiring::VhostUserClient => format!("net_vhost{index},iface={socket}"),
                Wiring::VhostUserServer => format!("net_vhost{index},iface={socket},client=1"),
                Wiring::MemifClient => {
                    format!("net_memif{index},role=server,id=0,socket={socket},socket-abstract=no")
                }
                Wiring::MemifServer => {
                    format!("net_memif{index},role=client,id=0,socket={socket},socket-abstract=no")
                }
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
    fn name(self) -> &'static str {
        match self {
            App::L3fwd => "l3fwd",
            App::L2fwd => "l2fwd",
            App::Testpmd => "testpmd",
        }
    }

    /// What it writes when it forwards.
    fn ready(self) -> &'static str {
        match self {
            App::L3fwd | App::L2fwd => "entering main loop",
            App::Testpmd => "start packet forwarding",
        }
    }

    /// What it makes of a frame that leaves the pod's second interface, `net2`.
    fn expected(self, net1: Mac, net2: Mac) -> Result<Expected> {
        Ok(match self {
            App::L3fwd => Expected { source: net2, destination: NEXT_HOP.parse()?, ttl: 63 },
            App::L2fwd => Expected { source: net2, destination: Mac([2, 0, 0, 0, 0, 1]), ttl: 64 },
            App::Testpmd => Expected { source: frames::SENDER, destination: net1, ttl: 64 },
        })
    }
}

/// Where the memory comes from. Without hugepages `--no-huge` is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    NoHuge,
    /// Hugepages if enough are free.
    Present,
    /// Hugepages if enough are free, or can be had for the time of the run.
    Borrowed,
}

/// One run of the proof.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    pub podnet: &'a Path,
    pub wiring: Wiring,
    pub app: App,
    pub memory: Memory,
    /// Options of `podnet exec`.
    pub options: &'a [&'a str],
    /// Arguments of the application.
    pub arguments: &'a [&'a str],
    /// How long to wait for the packets.
    pub patience: Duration,
}

/// What a run has shown.
#[derive(Debug)]
pub struct Outcome {
    pub report: Report,
    /// The argument vector the application really ran with.
    pub arguments: Vec<String>,
    /// Whether it ran on hugepages.
    pub hugepages: bool,
    /// How the application ended when it was asked to.
    pub status: ExitStatus,
    /// What both programs wrote.
    pub logs: String,
}

/// One lab at a time, in this process and on this machine. Everything it makes is below one
/// directory, which goes with it.
pub struct Lab {
    dpdk: Result<Dpdk>,
    hugepages: Option<Hugepages>,
    directory: TempDir,
    prefix: String,
    cpus: CpuPlan,
    _machine: MachineLock,
    _process: MutexGuard<'static, ()>,
}

/// The last CPU is the peer's, the others are the pod's; a single one is shared.
struct CpuPlan {
    pod: CpuSet,
    peer: u32,
}

impl CpuPlan {
    fn make() -> Result<CpuPlan> {
        let allowed = pod::own_status("Cpus_allowed_list")?.parse::<CpuSet>()?;
        let peer = allowed.iter().next_back().ok_or("no CPU is allowed")?;
        let others: CpuSet = allowed.iter().filter(|cpu| *cpu != peer).collect();
        let pod = if others.is_empty() { allowed } else { others };
        Ok(CpuPlan { pod, peer })
    }
}

impl Lab {
    /// Waits for its turn and takes what it needs of the machine.
    pub fn open(memory: Memory) -> Result<Lab> {
        static ONE: Mutex<()> = Mutex::new(());
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        process::catch_interrupts();
        let in_process = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = MachineLock::take()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Lab {
            dpdk: Dpdk::find(),
            hugepages: match memory {
                Memory::NoHuge => None,
                Memory::Present => Hugepages::present().ok(),
                Memory::Borrowed => Hugepages::borrow().ok(),
            },
            directory: TempDir::with_prefix("podnet-lab-")?,
            prefix: format!("podnet-lab-{}-{number}", std_process::id()),
            cpus: CpuPlan::make()?,
            _machine: machine,
            _process: in_process,
        })
    }

    fn sockets(&self) -> [PathBuf; 2] {
        ["net1.sock", "net2.sock"].map(|name| self.directory.path().join(name))
    }

    /// The pod's root directory.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Writes the pod and returns the MACs of its two interfaces.
    pub fn write_pod(&self, wiring: Wiring) -> Result<[Mac; 2]> {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/pods");
        let facts = pod::Facts {
            cpus: &self.cpus.pod,
            sockets: &self.sockets(),
            memif_role: wiring.memif_role(),
            hugepages: self.hugepages.as_ref(),
        };
        pod::write(&samples.join(wiring.sample()), &self.root(), &facts)
    }

    /// `podnet eal`, which prints what [`Lab::forward`] runs the application with.
    pub fn eal(&self, trial: &Trial) -> Command {
        let mut command = self.podnet("eal", trial);
        command.arg("--").args(trial.arguments);
        command
    }

    fn exec(&self, dpdk: &Dpdk, trial: &Trial) -> Command {
        let mut command = self.podnet("exec", trial);
        command.arg(dpdk.program(trial.app)).arg("--").args(trial.arguments);
        command.env("RUNTIME_DIRECTORY", self.directory.path());
        command
    }

    fn podnet(&self, verb: &str, trial: &Trial) -> Command {
        let mut command = unbuffered(trial.podnet);
        command.arg("--root").arg(self.root()).args([verb, "--app", trial.app.name()]);
        command.args(["--file-prefix", &self.prefix]);
        if self.hugepages.is_none() {
            command.arg("--no-huge");
        }
        command.args(trial.options).arg("--");
        command
    }

    /// Sends the packets through the pod, which [`Lab::write_pod`] has written.
    pub fn forward(&self, trial: &Trial, [net1, net2]: [Mac; 2]) -> Result<Outcome> {
        let dpdk = self.dpdk.as_ref().map_err(|why| why.to_string())?;
        let frames: Vec<Vec<u8>> = (0..COUNT).map(|number| frames::frame(number, net1)).collect();
        pcap::write(&self.input(), frames.iter().map(Vec::as_slice))?;

        let (mut pod, mut peer) = self.start(dpdk, trial)?;
        let mut run = || {
            let ready = trial.app.ready();
            peer.connect(PATIENCE, || pod.has_said(ready) || pod.has_ended())?;
            pod.wait_for(ready, PATIENCE)?;
            peer.connect(SETTLE, || false)?;
            let arguments = pod.arguments()?;
            peer.forward(COUNT, trial.patience)?;
            // The pod ends first: virtio-user would see its backend go away.
            let status = pod.terminate(Duration::from_secs(10))?;
            peer.quit()?;
            Ok((arguments, status))
        };
        let result = run();
        let logs = format!("{}\n{}", pod.log(), peer.log());
        let (arguments, status) = result.map_err(|why: Error| format!("{why}\n{logs}"))?;

        let expected = trial.app.expected(net1, net2)?;
        let report = frames::check(&pcap::read(&self.output())?, COUNT, &expected);
        Ok(Outcome { report, arguments, hugepages: self.hugepages.is_some(), status, logs })
    }

    fn start(&self, dpdk: &Dpdk, trial: &Trial) -> Result<(Process, Peer)> {
        let log = self.directory.path().join("pod.log");
        let pod = || Process::start("the pod", &mut self.exec(dpdk, trial), log);
        let peer = || Peer::start(dpdk, &self.setup(trial.wiring));
        if trial.wiring != Wiring::MemifServer {
            let peer = peer()?;
            return Ok((pod()?, peer));
        }
        // A memif client gives up at once when there is no socket.
        let mut pod = pod()?;
        let there = |path: &PathBuf| path.exists();
        process::poll(PATIENCE, || {
            Ok((self.sockets().iter().all(there) || pod.has_ended()).then_some(()))
        })?;
        Ok((pod, peer()?))
    }

    fn setup(&self, wiring: Wiring) -> Setup<'_> {
        Setup {
            devices: wiring.peer_devices(&self.sockets()),
            input: self.input(),
            output: self.output(),
            directory: self.directory.path(),
            cpu: self.cpus.peer,
            hugepages: self.hugepages.is_some(),
            prefix: &self.prefix,
        }
    }

    fn input(&self) -> PathBuf {
        self.directory.path().join("in.pcap")
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("out.pcap")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(hugepages) = &self.hugepages {
            hugepages.remove_files(&self.prefix);
        }
    }
}

/// Opens a lab, writes the pod and sends the packets through it.
pub fn forward(trial: &Trial) -> Result<Outcome> {
    let lab = Lab::open(trial.memory)?;
    let macs = lab.write_pod(trial.wiring)?;
    lab.forward(trial, macs)
}
