//! Starts DPDK's l3fwd on everything that this pod was given.
//!
//! `podnet exec --app l3fwd` does the same, and checks the devices before.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use podnet::Pod;
use podnet::eal::{App, EalArgs};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(program) = args.next() else {
        eprintln!("usage: l3fwd_launcher PROGRAM [EAL ARGS] [-- L3FWD ARGS]");
        return ExitCode::from(2);
    };
    let Err(error) = launch(&program, &args.collect::<Vec<_>>());
    eprintln!("l3fwd_launcher: {error}");
    ExitCode::FAILURE
}

/// Becomes `program`: returns only when that fails.
fn launch(
    program: &str,
    own: &[String],
) -> Result<std::convert::Infallible, Box<dyn std::error::Error>> {
    // A directory in PODNET_ROOT stands for a whole pod, to try this outside of one.
    let pod = Pod::builder().root_from_environment().build();
    let snapshot = pod.snapshot()?;
    let args = EalArgs::builder(&snapshot).facts(pod.eal_facts()).app(App::L3fwd).build()?;
    for warning in snapshot.warnings.iter().chain(&args.warnings) {
        eprintln!("l3fwd_launcher: {}", warning.text);
    }
    for port in &args.ports {
        let interface = port.interface.as_deref().unwrap_or("no interface");
        eprintln!("l3fwd_launcher: port {} is {} ({interface})", port.id, port.name);
    }
    let argv = args.argv(program, own);
    Err(Command::new(program).args(&argv[1..]).exec().into())
}
