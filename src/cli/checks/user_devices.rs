//! Devices of the user's own arguments, as far as podnet knows what they need.

use std::fs;
use std::os::unix::fs::FileTypeExt;

use podnet::eal::{EalArgs, Port, PortDevice};

use crate::cli::words;

/// What net_memif connects to unless told otherwise.
const MEMIF_SOCKET: &str = "/run/memif.sock";

/// One of them.
#[derive(Debug)]
pub struct UserDevice {
    /// The argument, up to its keys and to what the checks name it by themselves.
    pub label: String,
    /// `None` for one that nothing is known of.
    pub device: Option<PortDevice>,
    /// Whether it is one of net_af_packet, which wants what AF_XDP does of its netdev, but fewer
    /// capabilities.
    pub is_packet_socket: bool,
}

/// Those of every port: the planned ones, then the user's.
pub fn all_devices(made: &EalArgs, words: &[String]) -> Vec<PortDevice> {
    let planned = made.ports.iter().map(|port| port.device.clone());
    let users = user_devices(words, &made.ports).into_iter().filter_map(|one| one.device);
    planned.chain(users).collect()
}

/// Those of a command line that are not among the `planned`.
pub fn user_devices(words: &[String], planned: &[Port]) -> Vec<UserDevice> {
    let users = |names: &[&str]| {
        let mut values = words::values(words, names);
        values.retain(|value| !planned.iter().any(|port| port.devarg == *value));
        values
    };
    let allowed = users(&["-a", "--allow"]).into_iter().map(|value| {
        let (name, _) = keys_of(value);
        let (label, device) = ("-a".to_owned(), on_bus(name));
        UserDevice { label, device, is_packet_socket: false }
    });
    let virtual_ones = users(&["--vdev"]).into_iter().map(|value| {
        let (name, keys) = keys_of(value);
        let (label, device) = (format!("--vdev {name}:"), virtual_one(name, keys));
        UserDevice { label, device, is_packet_socket: driver(name).starts_with("af_packet") }
    });
    allowed.chain(virtual_ones).collect()
}

fn keys_of(value: &str) -> (&str, &str) {
    value.split_once(',').unwrap_or((value, ""))
}

fn on_bus(name: &str) -> Option<PortDevice> {
    if let Some(name) = name.strip_prefix("auxiliary:") {
        return Some(PortDevice::Auxiliary { name: name.to_owned() });
    }
    let address = name.trim_start_matches("pci:").parse().ok()?;
    Some(PortDevice::Pci { address })
}

/// The name of a virtual device, which begins with that of its driver.
fn driver(name: &str) -> &str {
    name.trim_start_matches("net_").trim_start_matches("eth_")
}

fn virtual_one(name: &str, keys: &str) -> Option<PortDevice> {
    let key = |wanted: &str| {
        let mut pairs = keys.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == wanted).then(|| value.to_owned()))
    };
    let is = |wanted| driver(name).starts_with(wanted);
    if is("virtio_user") {
        let path = key("path")?;
        let is_node = fs::metadata(&path).is_ok_and(|found| found.file_type().is_char_device());
        let server = key("server").is_some_and(|value| value == "1");
        return Some(match is_node {
            true => PortDevice::VhostVdpa { path },
            false => PortDevice::VhostUser { path, server },
        });
    }
    if is("memif") {
        let role = key("role").unwrap_or_default();
        let server = ["server", "master"].contains(&role.as_str());
        let path = key("socket").unwrap_or_else(|| MEMIF_SOCKET.to_owned());
        let is_file = key("socket-abstract").is_some_and(|value| value == "no");
        let path = if is_file { path } else { format!("@{path}") };
        return Some(PortDevice::Memif { path, server });
    }
    if is("af_packet") || is("af_xdp") {
        let netdev = key("iface")?;
        // Where they are by default depends on the release.
        let of_plugin = |flag| match key(flag).as_deref() {
            Some("1") => key("dp_path").map(Some),
            _ => Some(None),
        };
        let (socket, map) = (of_plugin("use_cni")?, of_plugin("use_pinned_map")?);
        return Some(PortDevice::AfXdp { netdev, socket, map });
    }
    is("tap").then(|| PortDevice::Tap { netdev: key("remote").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_devices_are_made_of() {
        let shown = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            let users = user_devices(&words, &[]);
            assert_eq!(users.len(), 1, "{text}");
            serde_json::to_string(&users[0].device).unwrap()
        };
        for (text, device) in [
            ("app -a 0000:3b:02.1,k=v", r#"{"type":"pci","address":"0000:3b:02.1"}"#),
            ("app --allow=pci:0000:3b:02.1", r#"{"type":"pci","address":"0000:3b:02.1"}"#),
            ("app -a auxiliary:mlx5_core.sf.4", r#"{"type":"auxiliary","name":"mlx5_core.sf.4"}"#),
            (
                "app --vdev virtio_user0,path=/s,server=1",
                r#"{"type":"vhost-user","path":"/s","server":true}"#,
            ),
            (
                "app --vdev net_virtio_user0,path=/dev/null",
                r#"{"type":"vhost-vdpa","path":"/dev/null"}"#,
            ),
            (
                "app --vdev=net_memif0",
                r#"{"type":"memif","path":"@/run/memif.sock","server":false}"#,
            ),
            (
                "app --vdev net_memif0,role=master,socket=/m,socket-abstract=no",
                r#"{"type":"memif","path":"/m","server":true}"#,
            ),
            (
                "app --vdev eth_af_packet0,iface=net1",
                r#"{"type":"af-xdp","netdev":"net1","socket":null,"map":null}"#,
            ),
            (
                "app --vdev net_af_xdp0,iface=net1,use_cni=1,dp_path=/s",
                r#"{"type":"af-xdp","netdev":"net1","socket":"/s","map":null}"#,
            ),
            (
                "app --vdev net_af_xdp0,iface=net1,use_pinned_map=1,dp_path=/m",
                r#"{"type":"af-xdp","netdev":"net1","socket":null,"map":"/m"}"#,
            ),
            ("app --vdev net_af_xdp0,iface=net1,use_cni=1", "null"),
            ("app --vdev net_tap0,remote=net1", r#"{"type":"tap","netdev":"net1"}"#),
            ("app --vdev net_null0 -- -a 0000:3b:02.1", "null"),
            ("app -a something", "null"),
        ] {
            assert_eq!(shown(text), device, "{text}");
        }
    }
}
