//! The userspace CNI's own data: the annotation `userspace/configuration-data` and the files
//! `configData-*.json`, one element each.
//!
//! Values are from the container's point of view. The format is that of userspace-cni's
//! pkg/types; `ipResult` is a result of the CNI specification.

use serde_json::Value;

use super::Parsed;
use super::device_info::{MEMIF_MODES, MEMIF_ROLES, VHOST_MODES};
use super::json::{self, Members};
use crate::snapshot::{DeviceDetail, MemifDevice, MemifMode, VhostUserDevice};

/// One interface of the userspace CNI.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserspaceInterface {
    /// The interface's name.
    pub interface: String,
    /// The name of the CNI configuration; not that of the network's definition.
    pub name: String,
    /// The socket; its path is the `socketfile`, still without its directory.
    pub device: Option<DeviceDetail>,
    /// Addresses with their prefix.
    pub ips: Vec<String>,
}

/// Reads the annotation, a list, or a file, one element alone.
pub fn parse(text: &[u8]) -> Parsed<Vec<UserspaceInterface>> {
    let document = match json::document(text) {
        Ok(document) => document,
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    let list = match &document {
        Value::Array(list) => list.as_slice(),
        element => std::slice::from_ref(element),
    };
    let (interfaces, problems) = json::objects("", list, interface);
    (interfaces.into_iter().flatten().collect(), problems)
}

fn interface(element: &mut Members<'_>) -> Option<UserspaceInterface> {
    let Some(interface) = element.owned("ifName") else {
        element.problem("ifName", "missing: it says which interface this is");
        return None;
    };
    Some(UserspaceInterface {
        interface,
        name: element.owned("name").unwrap_or_default(),
        device: element.object("config", device),
        ips: element.object("ipResult", addresses),
    })
}

/// `memif` and `vhost` are both always there; `iftype` says which counts.
fn device(config: &mut Members<'_>) -> Option<DeviceDetail> {
    let device = match config.string("iftype")? {
        "vhostuser" => config.object("vhost", |vhost| {
            DeviceDetail::VhostUser(VhostUserDevice {
                mode: vhost.word("mode", VHOST_MODES),
                path: vhost.owned("socketfile"),
            })
        }),
        "memif" => config.object("memif", |memif| {
            DeviceDetail::Memif(MemifDevice {
                role: memif.word("role", MEMIF_ROLES),
                mode: memif.word("mode", MEMIF_MODES).or(Some(MemifMode::Ethernet)),
                path: memif.owned("socketfile"),
            })
        }),
        other => DeviceDetail::Unknown(other.to_owned()),
    };
    Some(device)
}

/// The addresses of a CNI result: `ips[].address` since 0.3.0, `ip4.ip` and `ip6.ip` before.
fn addresses(result: &mut Members<'_>) -> Vec<String> {
    let families = ["ip4", "ip6"].map(|family| result.object(family, |ip| ip.owned("ip")));
    let listed = result.objects("ips", |ip| ip.owned("address"));
    families.into_iter().chain(listed).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{MemifRole, VhostMode};

    #[test]
    fn reads_both_types_and_every_cni_version() {
        let (interfaces, problems) = parse(
            br#"[{"containerId":"6e1f","ifName":"net1","name":"sample","config":{"engine":"ovs-dpdk",
                "iftype":"vhostuser","memif":{},"vhost":{"mode":"server","socketfile":"6e1f-net1"}},
                "ipResult":{"ips":[{"address":"192.0.2.5/24"}]}},
                {"ifName":"net2","config":{"iftype":"memif","memif":{"role":"slave",
                "socketfile":"m.sock"},"vhost":{}},"ipResult":{"ip4":{"ip":"192.0.2.6/24"}}}]"#,
        );
        assert_eq!(problems, []);
        assert_eq!(
            interfaces[0].device,
            Some(DeviceDetail::VhostUser(VhostUserDevice {
                mode: Some(VhostMode::Server),
                path: Some("6e1f-net1".into())
            }))
        );
        assert_eq!(
            interfaces[1].device,
            Some(DeviceDetail::Memif(MemifDevice {
                role: Some(MemifRole::Slave),
                mode: Some(MemifMode::Ethernet),
                path: Some("m.sock".into())
            }))
        );
        assert_eq!(
            [&interfaces[0].ips[0], &interfaces[1].ips[0]],
            ["192.0.2.5/24", "192.0.2.6/24"]
        );
    }

    #[test]
    fn keeps_an_interface_of_another_type() {
        let (interfaces, problems) = parse(br#"{"ifName":"net1","config":{"iftype":"tap"}}"#);
        let tap = Some(DeviceDetail::Unknown("tap".into()));
        assert_eq!((interfaces.len(), &interfaces[0].device, problems), (1, &tap, vec![]));
        assert_eq!(parse(br#"[{"config":{}}]"#).1[0].place, "[0].ifName");
    }

    #[test]
    fn names_addresses_that_are_none() {
        let (interfaces, problems) = parse(
            br#"[{"ifName":"net1","ipResult":{"ip4":{"ip":4},"ip6":{"ip":"2001:db8::6/64"},
                "ips":[{"address":5},{"address":"192.0.2.5/24"},"192.0.2.6/24"]}},
                {"ifName":"net2","ipResult":{"ips":"192.0.2.7/24"}}]"#,
        );
        assert_eq!(interfaces[0].ips, ["2001:db8::6/64", "192.0.2.5/24"]);
        let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        let expected =
            ["ip4.ip", "ips[0].address", "ips[2]"].map(|at| format!("[0].ipResult.{at}"));
        assert_eq!(places[..3], expected);
        assert_eq!(places[3..], ["[1].ipResult.ips"]);
    }
}
