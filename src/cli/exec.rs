//! `podnet exec`: checks, then becomes the program.

use std::fs;
use std::path::Path;

use podnet::eal::{EalArgs, MAX_SOCKET_PATH, PortDevice};
use podnet::snapshot::{DeviceDetail, MemifRole, VhostMode};
use podnet::{Error, Pod, Snapshot, Wait};

use super::args::{ExecArgs, Global};
use super::checks::Checks;
use super::checks::{devices, privileges, user_devices};
use super::eal::{self, Planner};
use super::program::{Program, cannot_run};
use super::runtime::RuntimeDirectory;
use super::socket::{self, Alias};
use super::system::{self, Sigpipe};
use super::text::reason;
use super::{Failure, Outcome, say, warn, warn_of};

pub fn run(global: &Global, args: &ExecArgs) -> Outcome {
    let program = Program::choose(args)?;
    let pod = global.pod();
    wait_for_networks(&pod, args)?;
    let mut snapshot = pod.snapshot()?;
    let runtime = RuntimeDirectory::choose();
    let aliases = shorten(&mut snapshot, &runtime.path);
    let planner = Planner::new(&pod, &args.plan, Some(&program.path));
    let checks = Checks { args, aliases: &aliases, program: &program.path, runtime: &runtime.path };
    let (made, words) = prepare(&snapshot, &planner, &checks, &program)?;
    if args.start.dry_run {
        return eal::print_line(&words);
    }
    make_way(&user_devices::all_devices(&made, &words), &aliases)?;
    eal::write_routes(&made)?;
    if args.start.raise_limits {
        privileges::raise().unwrap_or_else(warn);
    }
    become_program(&program.path, &words, &runtime)
}

/// The kubelet may start us before it has written what networks there are.
fn wait_for_networks(pod: &Pod, args: &ExecArgs) -> Outcome {
    let Some(limit) = args.start.wait_networks else { return Ok(()) };
    match pod.wait(&Wait::networks(&args.plan.network).timeout(limit)) {
        Ok(_) => Ok(()),
        // Devices may be told by the environment alone: the checks know whether there are any.
        Err(error) if args.start.force || matches!(error, Error::Missing { .. }) => {
            warn(error.to_string());
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives sockets whose paths are too long for an address a short one.
pub fn shorten(snapshot: &mut Snapshot, base: &Path) -> Vec<Alias> {
    let mut aliases = Vec::new();
    let devices = snapshot.interfaces.iter_mut().filter_map(|one| one.device.as_mut());
    for device in devices {
        let (path, ours) = match &mut device.detail {
            DeviceDetail::VhostUser(one) => (&mut one.path, one.mode == Some(VhostMode::Server)),
            DeviceDetail::Memif(one) => (&mut one.path, one.role == Some(MemifRole::Master)),
            _ => continue,
        };
        if let Some(path) =
            path.as_mut().filter(|path| path.starts_with('/') && path.len() > MAX_SOCKET_PATH)
        {
            let alias = Alias::new(base, Path::new(path), ours);
            *path = alias.short.to_string_lossy().into_owned();
            aliases.push(alias);
        }
    }
    aliases
}

/// The arguments of what will work, and the whole command line; or why not to start.
fn prepare(
    snapshot: &Snapshot,
    planner: &Planner,
    checks: &Checks,
    program: &Program,
) -> Result<(EalArgs, Vec<String>), Failure> {
    let mut made = planner.plan(snapshot)?;
    snapshot.warnings.iter().chain(&made.warnings).for_each(warn_of);
    let line = |made: &EalArgs| made.command_line(snapshot, &program.name, &program.args);
    let mut words = line(&made)?;
    checks.wait_for_sockets(&made, &words);
    let lost = checks.run(snapshot, &made, &words)?;
    if !lost.is_empty() {
        // DPDK would skip them and number the later ports anew; arguments that name ports would
        // then name others.
        let mut fewer = snapshot.clone();
        lost.iter().for_each(|device| devices::remove(device, &mut fewer));
        made = planner.plan(&fewer)?;
        words = line(&made)?;
    }
    planner.explain(&made.explain(snapshot, &program.args)?);
    Ok((made, words))
}

/// What must be so when the program opens its sockets: neither driver removes an old one.
fn make_way(devices: &[PortDevice], aliases: &[Alias]) -> Outcome {
    for alias in aliases {
        alias.make().map_err(|error| {
            let long = alias.long.display();
            let why = format!("longer than the {} bytes of an address", MAX_SOCKET_PATH);
            Failure::failed(format!("{long}: {why}, and can't be linked to: {}", reason(&error)))
        })?;
    }
    let sockets = devices.iter().filter_map(devices::socket_of);
    for path in sockets.filter(|socket| socket.ours).map(|socket| socket.path) {
        if socket::own_state(path) == socket::State::Stale {
            fs::remove_file(path)
                .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
            say(format!("{}: removed, a socket that nobody listened on", path.display()));
        }
    }
    Ok(())
}

fn become_program(program: &Path, words: &[String], runtime: &RuntimeDirectory) -> Outcome {
    if !runtime.usable {
        warn(format!(
            "{}: can't be written, and DPDK keeps its runtime files there: mount an emptyDir \
             volume and name it in the variable RUNTIME_DIRECTORY",
            runtime.path.display()
        ));
    }
    // A vhost-user backend that goes away would end the program.
    let has_virtio_user = words.iter().any(|word| word.contains("virtio_user"));
    system::set_sigpipe(if has_virtio_user { Sigpipe::Ignore } else { Sigpipe::Default });
    let error = system::exec(program, words, runtime.variable());
    system::set_sigpipe(Sigpipe::Default);
    Err(cannot_run(&program.to_string_lossy(), &error))
}
