//! The forwarding proof: real DPDK programs, started by `podnet exec` in a pod whose interfaces end
//! in a testpmd, and packets that must come out of the other side, counted and checked.

pub mod cgroup;
mod dpdk;
pub mod frames;
mod hugepages;
mod netns;
mod peer;
pub mod place;
mod pod;
mod process;
pub mod trial;
mod wires;

pub mod pcap;

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self as std_process, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use podnet::parse::cpulist::CpuSet;
use tempfile::TempDir;

use dpdk::Dpdk;
use frames::{COUNT, Mac};
use hugepages::Hugepages;
use netns::Namespaces;
use peer::{Peer, Setup};
use place::Site;
use process::{MachineLock, Process, wrapped};
use wires::Wires;

pub use trial::{App, Memory, Missing, Outcome, Place, Ports, Trial, Wiring};

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
/// What every program writes when its ports are started and it waits for their links.
const PORTS_STARTED: &str = "Checking link status";

/// Makes the command of a pod.
pub type PodCommand<'a> = dyn Fn() -> Result<Command> + 'a;

/// One lab at a time, in this process and on this machine. Everything it makes is below one
/// directory, which goes with it.
pub struct Lab {
    dpdk: Result<Dpdk>,
    // Dropped before the pool of hugepages, which its cgroup is charged for.
    site: Site,
    hugepages: Option<Hugepages>,
    directory: TempDir,
    prefix: String,
    cpus: CpuPlan,
    _machine: MachineLock,
    _process: MutexGuard<'static, ()>,
}

/// The last CPU is the peer's, the others are the pod's; where they are too few for its queues, it
/// shares the peer's.
struct CpuPlan {
    pod: CpuSet,
    peer: u32,
}

impl CpuPlan {
    fn make(queues: usize) -> Result<CpuPlan> {
        let allowed = pod::own_status("Cpus_allowed_list")?.parse::<CpuSet>()?;
        let count = allowed.iter().count();
        if count < queues {
            return Err(Missing(format!("{queues} queues need as many CPUs")).into());
        }
        let peer = allowed.iter().next_back().ok_or("no CPU is allowed")?;
        let others: CpuSet = allowed.iter().filter(|cpu| *cpu != peer).collect();
        let pod = if count > queues { others } else { allowed };
        Ok(CpuPlan { pod, peer })
    }
}

impl Lab {
    /// Waits for its turn and takes what it needs of the machine. The error is a [`Missing`] where
    /// the machine can't do that.
    pub fn open(trial: &Trial) -> Result<Lab> {
        static ONE: Mutex<()> = Mutex::new(());
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        process::catch_interrupts();
        let in_process = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = MachineLock::take()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("podnet-lab-{}-{number}", std_process::id());
        let directory = TempDir::with_prefix("podnet-lab-")?;
        Ok(Lab {
            dpdk: Dpdk::find(),
            hugepages: match trial.memory {
                Memory::NoHuge => None,
                Memory::Present => Hugepages::present().ok(),
                Memory::Borrowed | Memory::Files => Some(Hugepages::borrow().map_err(Missing)?),
            },
            cpus: CpuPlan::make(trial.queues)?,
            site: Site::make(trial.place, directory.path(), &prefix)?,
            directory,
            prefix,
            _machine: machine,
            _process: in_process,
        })
    }

    /// Where the sockets of net1 and net2 are.
    pub fn sockets(&self) -> [PathBuf; 2] {
        ["net1.sock", "net2.sock"].map(|name| self.directory.path().join(name))
    }

    /// The CPUs of the pod; the peer polls on another one, where there is another.
    pub fn pod_cpus(&self) -> &CpuSet {
        &self.cpus.pod
    }

    /// The pod's root directory.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Writes the pod and returns the MACs of its two interfaces.
    pub fn write_pod(&self, trial: &Trial) -> Result<[Mac; 2]> {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/pods");
        let facts = pod::Facts {
            cpus: &self.cpus.pod,
            sockets: &self.sockets(),
            netdevs: trial.wiring.netdevs().is_some(),
            memif_role: trial.wiring.memif_role(),
            hugepages: self.hugepages.as_ref(),
            states_limit: trial.place != Place::Limited,
            foreign_pages: trial.memory == Memory::Files,
        };
        pod::write(&samples.join(trial.wiring.sample()), &self.root(), &facts)
    }

    /// `podnet eal`, which prints what [`Lab::forward`] runs the application with.
    pub fn eal(&self, trial: &Trial) -> Command {
        let mut command = Command::new(trial.podnet);
        command.args(self.options("eal", trial)).args(trial.eal).arg("--").args(trial.arguments);
        command
    }

    fn exec(&self, dpdk: &Dpdk, trial: &Trial, namespace: Option<&str>) -> Result<Command> {
        let lab = self.directory.path();
        let (podnet, program) = match trial.place {
            Place::Here | Place::Limited => (trial.podnet.into(), dpdk.program(trial.app).into()),
            // Theirs to read, wherever the tests are.
            Place::Unprivileged => (self.copy(trial.podnet)?, self.copy(dpdk.program(trial.app))?),
            Place::Suite(_) => (self.copy(trial.podnet)?, Dpdk::program_in_root(trial.app)),
        };
        let mut prefix = self.site.pod_prefix(lab);
        if let Some(namespace) = namespace {
            prefix.splice(0..0, ["ip", "netns", "exec", namespace].map(OsString::from));
        }
        let mut command = wrapped(&prefix, podnet);
        command.args(self.options("exec", trial)).arg(program).args(trial.eal);
        command.arg("--").args(trial.arguments);
        match trial.place {
            Place::Unprivileged => {
                command.env_remove("RUNTIME_DIRECTORY");
                command.env("XDG_RUNTIME_DIR", lab.join("absent"))
            }
            _ => command.env("RUNTIME_DIRECTORY", lab),
        };
        Ok(command)
    }

    fn copy(&self, program: &Path) -> Result<PathBuf> {
        let name = program.file_name().ok_or("a program without a name")?;
        let copy = self.directory.path().join(name);
        fs::copy(program, &copy).context(program.display())?;
        Ok(copy)
    }

    fn options(&self, verb: &str, trial: &Trial) -> Vec<String> {
        let root = self.root().display().to_string();
        // Where the kernel shows the pod's own cgroup or netdevs, podnet looks at those.
        let mut words = match (trial.place, trial.wiring.netdevs()) {
            (Place::Limited, _) | (_, Some(_)) => {
                vec!["--downward-api".into(), format!("{root}/etc/podnetinfo")]
            }
            _ => vec!["--root".into(), root],
        };
        words.extend([verb, "--app", trial.app.name(), "--file-prefix"].map(String::from));
        words.push(self.prefix.clone());
        if self.hugepages.is_none() {
            words.push("--no-huge".into());
        }
        if let Some(how) = trial.wiring.netdevs() {
            words.extend(["--netdevs".into(), how.into()]);
        }
        if trial.queues > 1 {
            words.extend(["--queues".into(), trial.queues.to_string()]);
            words.extend(["--workers".into(), trial.queues.to_string()]);
        }
        words.extend(trial.options.iter().map(|option| option.to_string()));
        words.push("--".into());
        words
    }

    /// Sends the packets through the pod, which [`Lab::write_pod`] has written.
    pub fn forward(&self, trial: &Trial, macs: [Mac; 2]) -> Result<Outcome> {
        let dpdk = self.dpdk()?;
        if trial.wiring.netdevs().is_none() {
            return self.forward_through(trial, macs, &|| self.exec(dpdk, trial, None));
        }
        let run = self.forward_over_netdevs(dpdk, trial, macs, &frames_to(macs))?;
        self.outcome(trial, macs, run)
    }

    /// Sends them through a pod with sockets that `pod` is the command of. It is called when the
    /// sockets that the peer makes are there.
    pub fn forward_through(
        &self,
        trial: &Trial,
        macs: [Mac; 2],
        pod: &PodCommand,
    ) -> Result<Outcome> {
        let run = self.forward_over_sockets(trial, pod, &frames_to(macs))?;
        self.outcome(trial, macs, run)
    }

    fn dpdk(&self) -> Result<&Dpdk> {
        self.dpdk.as_ref().map_err(|why| why.to_string().into())
    }

    fn outcome(&self, trial: &Trial, [net1, net2]: [Mac; 2], run: Run) -> Result<Outcome> {
        let expected = trial.expected(net1, net2)?;
        Ok(Outcome {
            report: frames::check(&run.frames.concat(), COUNT, &expected),
            by_queue: run.frames.iter().map(Vec::len).collect(),
            arguments: run.arguments,
            ports: run.ports,
            runtime_directory: run.runtime_directory,
            hugepages: self.hugepages.is_some(),
            usage: run.usage,
            status: run.status,
            logs: run.logs,
        })
    }

    fn forward_over_sockets(
        &self,
        trial: &Trial,
        pod: &PodCommand,
        frames: &[Vec<u8>],
    ) -> Result<Run> {
        for (queue, input) in self.captures("in", trial.queues).iter().enumerate() {
            let frames = frames.iter().skip(queue).step_by(trial.queues);
            pcap::write(input, frames.map(Vec::as_slice))?;
        }
        let (mut pod, mut peer) = self.start(trial, pod)?;
        let mut run = || {
            let ready = trial.app.ready();
            peer.connect(PATIENCE, || pod.has_said(ready) || pod.has_ended())?;
            pod.wait_for(ready, PATIENCE)?;
            // A link that stays down is for the check of the packets to tell.
            peer.connect(trial.patience, || false)?;
            let sent = || peer.forward(COUNT, trial.patience);
            let run = self.watch(trial, &mut pod, sent)?;
            peer.quit()?;
            Ok(run)
        };
        let result = run();
        let logs = format!("{}\n{}", pod.log(), peer.log());
        let ((), run) = result.map_err(|why: Error| format!("{why}\n{logs}"))?;
        let outputs = self.captures("out", trial.queues);
        let frames = outputs.iter().map(|path| pcap::read(path)).collect::<Result<_>>()?;
        Ok(Run { frames, logs, ..run })
    }

    fn forward_over_netdevs(
        &self,
        dpdk: &Dpdk,
        trial: &Trial,
        macs: [Mac; 2],
        frames: &[Vec<u8>],
    ) -> Result<Run> {
        if !process::is_root() {
            return Err(Missing("not root".into()).into());
        }
        let namespaces = Namespaces::make(&self.prefix, macs, trial.wiring)?;
        let mut wires = Wires::open(&namespaces)?;
        let mut command = self.exec(dpdk, trial, Some(&namespaces.pod))?;
        let log = self.directory.path().join("pod.log");
        let mut pod = Process::start("the pod", &mut command, log)?;
        let mut run = || {
            pod.wait_for(trial.app.ready(), PATIENCE)?;
            self.watch(trial, &mut pod, || wires.forward(frames, trial.patience))
        };
        let result = run();
        let logs = pod.log();
        let (came, run) = result.map_err(|why: Error| format!("{why}\n{logs}"))?;
        Ok(Run { frames: vec![came], logs, ..run })
    }

    /// What `podnet exec` says of a start without hugepage files while the application runs, and
    /// after it was killed.
    pub fn kill(&self, trial: &Trial) -> Result<[String; 2]> {
        let dpdk = self.dpdk.as_ref().map_err(|why| why.to_string())?;
        let log = self.directory.path().join("pod.log");
        let mut pod = Process::start("the pod", &mut self.exec(dpdk, trial, None)?, log)?;
        pod.wait_for(PORTS_STARTED, PATIENCE).map_err(|why| format!("{why}\n{}", pod.log()))?;
        let again = Trial { options: &["--dry-run", "--force"], eal: &["--in-memory"], ..*trial };
        let said = || -> Result<String> {
            let output = self.exec(dpdk, &again, None)?.output().context("podnet exec")?;
            Ok(String::from_utf8(output.stderr)?)
        };
        let running = said()?;
        drop(pod);
        Ok([running, said()?])
    }

    /// What is seen of the pod while `send` sends its packets; then the pod ends, before the
    /// peer, for virtio-user would see its backend go away.
    fn watch<T>(
        &self,
        trial: &Trial,
        pod: &mut Process,
        send: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Run)> {
        let arguments = pod.arguments()?;
        let directory = pod.variable("RUNTIME_DIRECTORY")?;
        let sent = send()?;
        let ports = self.ports(trial, directory.as_deref())?;
        let usage = self.site.cgroup().map(cgroup::Cgroup::usage).transpose()?;
        let status = pod.terminate(Duration::from_secs(10))?;
        let runtime_directory = directory.map(PathBuf::from);
        let (frames, logs) = (Vec::new(), String::new());
        Ok((sent, Run { frames, arguments, ports, runtime_directory, usage, status, logs }))
    }

    /// What `podnet ports` makes of the application while it runs.
    fn ports(&self, trial: &Trial, directory: Option<&str>) -> Result<Ports> {
        let mut command = Command::new(trial.podnet);
        command.args(self.options("ports", trial)).env_remove("RUNTIME_DIRECTORY");
        command.envs(directory.map(|directory| ("RUNTIME_DIRECTORY", directory)));
        let output = command.output().context("podnet ports")?;
        let [table, said] = [output.stdout, output.stderr].map(String::from_utf8);
        Ok(Ports { as_planned: output.status.success(), table: table?, said: said? })
    }

    fn start(&self, trial: &Trial, pod: &PodCommand) -> Result<(Process, Peer)> {
        let log = self.directory.path().join("pod.log");
        let pod = || Process::start("the pod", &mut pod()?, log);
        let peer = || Peer::start(self.dpdk()?, &self.setup(trial));
        if trial.wiring != Wiring::MemifServer {
            let peer = peer()?;
            return Ok((pod()?, peer));
        }
        // A memif client gives up at once when there is no socket, and a link to a server whose
        // port is not started yet can stay down for good.
        let mut pod = pod()?;
        pod.wait_for(PORTS_STARTED, PATIENCE).map_err(|why| format!("{why}\n{}", pod.log()))?;
        Ok((pod, peer()?))
    }

    fn setup(&self, trial: &Trial) -> Setup<'_> {
        Setup {
            devices: trial.wiring.peer_devices(&self.sockets(), trial.queues),
            inputs: self.captures("in", trial.queues),
            outputs: self.captures("out", trial.queues),
            directory: self.directory.path(),
            cpu: self.cpus.peer,
            hugepages: self.hugepages.is_some(),
            prefix: &self.prefix,
            command: self.site.peer_prefix(),
        }
    }

    /// A capture file for each queue.
    fn captures(&self, name: &str, queues: usize) -> Vec<PathBuf> {
        (0..queues).map(|queue| self.directory.path().join(format!("{name}{queue}.pcap"))).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(hugepages) = &self.hugepages {
            hugepages.remove_files(&self.prefix);
        }
        // Where podnet has DPDK make its files when nobody says where.
        for directory in ["/tmp/dpdk", "/run/dpdk", "/dev/shm/dpdk"].map(Path::new) {
            if fs::remove_dir_all(directory.join(&self.prefix)).is_ok() {
                // Only if nobody else has files there.
                let _ = fs::remove_dir(directory);
            }
        }
    }
}

/// What is seen of one run.
struct Run {
    /// What came out of each queue.
    frames: Vec<Vec<Vec<u8>>>,
    arguments: Vec<String>,
    ports: Ports,
    runtime_directory: Option<PathBuf>,
    usage: Option<cgroup::Usage>,
    status: ExitStatus,
    logs: String,
}

fn frames_to(macs: [Mac; 2]) -> Vec<Vec<u8>> {
    (0..COUNT).map(|number| frames::frame(number, macs[0])).collect()
}

/// Opens a lab, writes the pod and sends the packets through it.
pub fn forward(trial: &Trial) -> Result<Outcome> {
    let lab = Lab::open(trial)?;
    let macs = lab.write_pod(trial)?;
    lab.forward(trial, macs)
}
