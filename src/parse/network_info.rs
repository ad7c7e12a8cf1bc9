//! The annotation `kubevirt.io/network-info` of KubeVirt's virt-launcher: a JSON object with a
//! list `interfaces`. No specification: what KubeVirt writes.

use super::json::{self, Members};
use super::{Parsed, device_info};
use crate::snapshot::Device;

/// One interface of the virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkInfo {
    /// The network's name in the virtual machine's specification.
    pub network: String,
    /// The MAC address.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<u64>,
    /// `deviceInfo`, spelt so here.
    pub device_info: Option<Device>,
}

/// Reads the annotation.
pub fn parse(text: &[u8]) -> Parsed<Vec<NetworkInfo>> {
    let document = match json::document(text) {
        Ok(document) => document,
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    let list = match document.get("interfaces") {
        Some(serde_json::Value::Array(list)) => list.as_slice(),
        Some(other) => return (Vec::new(), vec![json::expected("interfaces", "a list", other)]),
        None if document.is_object() => &[],
        None => return (Vec::new(), vec![json::expected("the value", "an object", &document)]),
    };
    json::objects("interfaces", list, info)
}

fn info(members: &mut Members<'_>) -> NetworkInfo {
    let device = members.get("deviceInfo").map(|value| {
        let (device, mut problems) = device_info::parse(&members.place_of("deviceInfo"), value);
        members.problems.append(&mut problems);
        device
    });
    NetworkInfo {
        network: members.owned("network").unwrap_or_default(),
        mac: members.owned("mac"),
        mtu: members.unsigned("mtu"),
        device_info: device.flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubevirt_writes() {
        let (infos, problems) = parse(
            br#"{"interfaces":[{"network":"blue","mac":"02:00:00:00:00:01","mtu":1500,"deviceInfo":
                {"type":"pci","version":"1.0.0","pci":{"pci-address":"0000:04:02.5"}}},{"network":5}]}"#,
        );
        assert_eq!(infos[0].network, "blue");
        assert_eq!(infos[0].device_info.as_ref().unwrap().type_name(), "pci");
        assert_eq!(problems[0].place, "interfaces[1].network");
        assert_eq!(parse(b"{}"), (Vec::new(), Vec::new()));
        assert_eq!(parse(b"[]").1[0].place, "the value");
        assert_eq!(parse(br#"{"interfaces":{}}"#).1[0].place, "interfaces");
    }
}
