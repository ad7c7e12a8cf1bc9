//! Network namespaces of the pod and of its peer, and what is between them.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::thread;

use super::frames::Mac;
use super::trial::{Missing, Wiring};
use super::{Context, Result};

pub const INTERFACES: [&str; 2] = ["net1", "net2"];

/// The pod's namespace, with net1 and net2, and the peer's, with the other ends where those are
/// netdevs. They go with their devices.
pub struct Namespaces {
    pub pod: String,
    peer: String,
    /// Of these two the one that packets are sent and counted in.
    wires: String,
}

impl Namespaces {
    /// With the pod's ends at `macs`. [`Missing`] where this machine can't have them, or what the
    /// ports of `wiring` need.
    pub fn make(name: &str, macs: [Mac; 2], wiring: Wiring) -> Result<Namespaces> {
        let (pod, peer) = (name.to_string(), format!("{name}-peer"));
        // The other end of a tap device is the program that opens it.
        let wires = if wiring == Wiring::Tap { pod.clone() } else { peer.clone() };
        let made = Namespaces { pod, peer, wires };
        for namespace in [&made.pod, &made.peer] {
            ip(&format!("netns add {namespace}")).map_err(Missing)?;
            // Else the kernel sends frames of its own.
            let quiet = "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true";
            run(Command::new("ip").args(["netns", "exec", namespace, "sh", "-c", quiet]))?;
        }
        made.can(wiring).map_err(Missing)?;
        for (interface, mac) in INTERFACES.into_iter().zip(macs) {
            made.add(wiring, interface, mac)?;
        }
        Ok(made)
    }

    fn add(&self, wiring: Wiring, interface: &str, mac: Mac) -> Result<()> {
        let Namespaces { pod, peer, .. } = self;
        if wiring == Wiring::Tap {
            let tap = format!("-n {pod} tuntap add {interface} mode tap multi_queue");
            ip(&tap).map_err(Missing)?;
            return Ok(ip(&format!("-n {pod} link set {interface} address {mac} up"))?);
        }
        ip(&format!(
            "-n {pod} link add {interface} address {mac} type veth \
             peer name {interface} netns {peer}"
        ))
        .map_err(Missing)?;
        for namespace in [pod, peer] {
            ip(&format!("-n {namespace} link set {interface} up"))?;
        }
        Ok(())
    }

    fn can(&self, wiring: Wiring) -> std::result::Result<(), String> {
        match wiring {
            Wiring::AfXdp => return super::wires::has_af_xdp(),
            Wiring::TapRedirect => {}
            _ => return Ok(()),
        }
        // What net_tap makes for its key `remote`.
        let tc = |words: &str| {
            run(Command::new("tc").args(["-n", &self.pod]).args(words.split(' ')))
                .map_err(|why| format!("net_tap can't redirect here: {why}"))
        };
        tc("qdisc add dev lo root handle 1: multiq")?;
        tc("qdisc add dev lo ingress")?;
        tc("filter add dev lo parent ffff: flower skip_hw action drop")
    }

    /// Calls `make` where the packets are, which what it opens stays in.
    pub fn at_wires<T: Send>(&self, make: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let path = format!("/run/netns/{}", self.wires);
        let file = File::open(&path).context(&path)?;
        let enter = || {
            super::process::enter_network(file.as_raw_fd()).context(&path)?;
            make()
        };
        // Of its own, for the change is the thread's.
        thread::scope(|scope| scope.spawn(enter).join())
            .map_err(|_| format!("{path}: the thread in it panicked"))?
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for namespace in [&self.pod, &self.peer] {
            let _ = ip(&format!("netns del {namespace}"));
        }
    }
}

fn ip(words: &str) -> std::result::Result<(), String> {
    run(Command::new("ip").args(words.split_whitespace()))
}

fn run(command: &mut Command) -> std::result::Result<(), String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|why| format!("{command:?}: {why}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let why = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?}: {}", why.trim()))
        }
    }
}
