//! The other end of the pod's interfaces: a testpmd that sends a capture file into the first one
//! and writes what comes out of the second to another.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::dpdk::Dpdk;
use super::hugepages::PEER_MIB;
use super::process::{Process, poll, wrapped};
use super::{PATIENCE, Result};

/// testpmd's ports, in the order of its devices; it forwards between 0 and 1, and 2 and 3.
const FROM_POD: &str = "2";
const TO_CAPTURE: &str = "3";
const PORTS: usize = 4;
const PROMPT: &str = "testpmd>";
const ANSWER: Duration = Duration::from_secs(5);

pub struct Peer {
    process: Process,
}

/// What the peer needs to know.
pub struct Setup<'a> {
    /// Devices at the other end of net1 and net2.
    pub devices: [String; 2],
    /// A capture file to send into each queue of net1.
    pub inputs: Vec<PathBuf>,
    /// A capture file for what comes out of each queue of net2.
    pub outputs: Vec<PathBuf>,
    pub directory: &'a Path,
    pub cpu: u32,
    pub hugepages: bool,
    pub prefix: &'a str,
    /// What goes in front of the command.
    pub command: Vec<OsString>,
}

/// A port with a file for each of its queues.
fn capture(name: &str, key: &str, files: &[PathBuf]) -> String {
    let files: String = files.iter().map(|file| format!(",{key}={}", file.display())).collect();
    format!("--vdev={name}{files}")
}

impl Peer {
    pub fn start(dpdk: &Dpdk, setup: &Setup) -> Result<Peer> {
        let [net1, net2] = &setup.devices;
        let (cpu, queues) = (setup.cpu, setup.inputs.len());
        let memory = if setup.hugepages { "--in-memory" } else { "--no-huge" };
        let mut command = wrapped(&setup.command, &dpdk.testpmd);
        command
            .env("RUNTIME_DIRECTORY", setup.directory)
            .args(["--lcores", &format!("0@{cpu},1@{cpu}"), "-m", &PEER_MIB.to_string(), memory])
            .args([
                "--no-pci",
                "--no-telemetry",
                "--file-prefix",
                &format!("{}-peer", setup.prefix),
            ])
            .arg(capture("net_pcap0", "rx_pcap", &setup.inputs))
            .arg(format!("--vdev={net1}"))
            .arg(format!("--vdev={net2}"))
            .arg(capture("net_pcap1", "tx_pcap", &setup.outputs))
            // Few buffers, for little memory; the first packets count, so none may be flushed.
            .args([
                "--",
                "-i",
                "--nb-cores=1",
                "--total-num-mbufs=16384",
                "--no-flush-rx",
                "--disable-link-check",
            ])
            .args([format!("--rxq={queues}"), format!("--txq={queues}")]);
        let mut process =
            Process::start("the peer", &mut command, setup.directory.join("peer.log"))?;
        process.wait_for(PROMPT, PATIENCE)?;
        Ok(Peer { process })
    }

    /// Waits until every link is up, or `enough`. A memif client looks for its server when it is
    /// asked for the link, so asking is also what connects it.
    pub fn connect(&mut self, limit: Duration, mut enough: impl FnMut() -> bool) -> Result<()> {
        let all_up = |answer: &str| answer.matches(" up ").count() == PORTS;
        self.ask_until("show port summary all", limit, |answer| all_up(answer) || enough())
    }

    /// Sends the capture file and waits until `count` frames came back, in at most `limit`.
    pub fn forward(&mut self, count: u32, limit: Duration) -> Result<()> {
        // Long enough for a pod that is not given the CPU for a while.
        for line in ["set fwd io retry", "set burst tx delay 100 retry 10000", "start"] {
            self.ask(line)?;
        }
        let done = |answer: &str| {
            let mut words = answer.split_whitespace().skip_while(|word| *word != "TX-packets:");
            words.nth(1).and_then(|number| number.parse().ok()) >= Some(count)
        };
        self.ask_until(&format!("show port stats {TO_CAPTURE}"), limit, done)?;
        self.ask(&format!("show port stats {FROM_POD}"))?;
        // Forwarding must have stopped before the pod ends: a memif port that is in use when its
        // other end goes away crashes.
        self.ask("stop").map(drop)
    }

    /// Repeats a command until its answer is as wanted or the time is over.
    fn ask_until(
        &mut self,
        line: &str,
        limit: Duration,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Result<()> {
        poll(limit, || Ok(wanted(&self.ask(line)?).then_some(()))).map(drop)
    }

    /// Gives a command and waits for its whole answer, so that no two answers mix. The prompt is
    /// written letter by letter, and lost where vhost's thread logs a line in it: then the answer
    /// is what came in a while.
    fn ask(&mut self, line: &str) -> Result<String> {
        let start = self.process.log().len();
        self.process.say(line)?;
        let since = |log: String| log.get(start..).unwrap_or_default().to_owned();
        let answer = poll(ANSWER, || {
            let answer = since(self.process.log());
            Ok(answer.contains(PROMPT).then_some(answer))
        })?;
        Ok(answer.unwrap_or_else(|| since(self.process.log())))
    }

    /// Ends the peer, which completes the capture file.
    pub fn quit(&mut self) -> Result<()> {
        self.process.say("quit")?;
        let status = self.process.wait(Duration::from_secs(10))?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("the peer ended with {status}").into()),
        }
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}
