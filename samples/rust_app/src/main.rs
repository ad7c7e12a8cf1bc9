//! Prints what this pod was given, and the device of one of its networks: `rust_app [NETWORK]`.
//!
//! Exit status: 0 done, 1 no such device, 2 wrong usage.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use podnet::snapshot::{Device, DeviceDetail, Interface, Interfaces};
use podnet::{Hugepages, Pod};

/// What stands for a number that no source gives.
fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

fn name_of(nic: &Interface) -> &str {
    nic.name.as_deref().unwrap_or("-")
}

fn print_hugepages(hugepages: &Hugepages) {
    for page in &hugepages.pages {
        println!("hugepages of {} bytes: limit {}", page.size, known(page.limit));
    }
}

/// A network is asked for as namespace/name, as name, or by the interface.
fn answers_to(nic: &Interface, asked: &str) -> bool {
    let bare = nic.network.rsplit_once('/').map(|(_, name)| name);
    name_of(nic) == asked || nic.network == asked || bare == Some(asked)
}

fn who_is_there(all: &Interfaces) -> String {
    let label = |nic: &Interface| format!("{} ({})", name_of(nic), nic.network);
    let mut text = all.interfaces.iter().map(label).collect::<Vec<_>>().join(", ");
    if !all.pending_networks.is_empty() {
        text += "; not attached yet: ";
        text += &all.pending_networks.join(", ");
    }
    text
}

fn find<'a>(all: &'a Interfaces, asked: &str) -> Result<&'a Interface, String> {
    let found: Vec<_> = all.interfaces.iter().filter(|nic| answers_to(nic, asked)).collect();
    let why = match found[..] {
        [nic] => return Ok(nic),
        [] => "no such network",
        _ => "several interfaces, name one",
    };
    Err(format!("{asked}: {why}: the pod has {}", who_is_there(all)))
}

/// What a program opens: a PCI address, a socket, a character device or a netdev.
fn address_of(device: &Device) -> Option<String> {
    match &device.detail {
        DeviceDetail::Pci(pci) => Some(pci.address.to_string()),
        DeviceDetail::Vdpa(vdpa) => vdpa.path.clone().or_else(|| vdpa.parent_device.clone()),
        DeviceDetail::VhostUser(socket) => socket.path.clone(),
        DeviceDetail::Memif(socket) => socket.path.clone(),
        DeviceDetail::AfXdp(device) => Some(device.netdev.clone()),
        DeviceDetail::Subfunction(device) => Some(device.name.clone()),
        _ => None,
    }
}

fn print_device(all: &Interfaces, asked: &str) -> Result<(), String> {
    let nic = find(all, asked)?;
    let Some(address) = nic.device.as_ref().and_then(address_of) else {
        return Err(format!("{asked}: no device behind it: it is of kind {}", nic.kind));
    };
    if nic.own == Some(false) {
        return Err(format!("{asked}: {address} was given to another container"));
    }
    let node = known(nic.hardware.as_ref().and_then(|hardware| hardware.numa_node));
    println!("device of {}: {address}, NUMA node {node}", name_of(nic));
    Ok(())
}

fn run(asked: Option<&str>) -> Result<(), Box<dyn Error>> {
    // PODNET_ROOT is a directory that stands for a whole pod, to try this outside of one.
    let pod = Pod::builder().root_from_environment().build();
    println!("cpus {}", pod.cpu_info()?.allowed);
    print_hugepages(&pod.hugepages()?);
    let all = pod.interfaces()?;
    for nic in &all.interfaces {
        println!("interface {} ({}): {}", name_of(nic), nic.network, nic.kind);
    }
    if let Some(asked) = asked {
        print_device(&all, asked)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    if arguments.len() > 1 || arguments.iter().any(|argument| argument.starts_with('-')) {
        eprintln!("usage: rust_app [NETWORK]");
        return ExitCode::from(2);
    }
    match run(arguments.first().map(String::as_str)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust_app: {error}");
            ExitCode::FAILURE
        }
    }
}
