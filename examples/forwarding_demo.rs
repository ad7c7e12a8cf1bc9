//! A pod whose packets are forwarded: what `scripts/demo` runs.
//!
//! It writes the pod of `samples/pods/vhost-user-client` with this machine's CPUs and real sockets,
//! starts testpmd as the virtual switch behind them, lets `podnet exec` start l3fwd in the pod, sends
//! 100 packets, and checks each that comes out. Without DPDK it shows the pod and the arguments only.

#[path = "../tests/forwarding/lab/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod lab;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use lab::{App, Lab, Memory, Place, Result, Trial, Wiring};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("forwarding_demo: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every packet came through.
fn run() -> Result<bool> {
    let podnet = env::args_os().nth(1).map(PathBuf::from).ok_or("usage: forwarding_demo PODNET")?;
    let trial = Trial {
        podnet: &podnet,
        wiring: Wiring::VhostUserClient,
        app: App::L3fwd,
        memory: Memory::Present,
        place: Place::Here,
        queues: 1,
        options: &[],
        eal: &[],
        arguments: App::L3fwd.arguments(),
        patience: Duration::from_secs(20),
    };
    let lab = Lab::open(&trial)?;
    let macs = lab.write_pod(&trial)?;

    println!("The pod, as `podnet show` sees it:\n");
    show(Command::new(&podnet).arg("--root").arg(lab.root()).arg("show"))?;
    println!("\nThe arguments that `podnet exec --app l3fwd` starts l3fwd with:\n");
    show(&mut lab.eal(&trial))?;
    println!();

    let outcome = lab.forward(&trial, macs)?;
    println!("{}", outcome.report);
    Ok(outcome.report.passed())
}

fn show(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|why| format!("{command:?}: {why}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}
