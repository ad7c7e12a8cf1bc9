//! The SR-IOV network device plugin's variables, `PCIDEVICE_*`.
//!
//! A resource `intel.com/mlx-vdpa` becomes `PCIDEVICE_INTEL_COM_MLX-VDPA`, a
//! comma list of device identifiers, and since v3.6.0 also `..._INFO`, a JSON
//! object by identifier. A resource may itself end in `_info`, so the two are
//! told apart by value, never by name.

use super::json::{self, Members};
use super::pci::PciAddress;
use super::{Parsed, Problem};

/// What every variable of the device plugin begins with.
pub const PREFIX: &str = "PCIDEVICE_";

/// A device identifier of the device plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DeviceId {
    /// A PCI function.
    Pci(PciAddress),
    /// A subfunction on the auxiliary bus, such as `mlx5_core.sf.8`.
    Auxiliary(String),
}

/// What a `PCIDEVICE_*` variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variable {
    /// The list: the container's devices.
    Devices(Vec<DeviceId>),
    /// The `_INFO`: which devices it tells more about. What it tells, sysfs tells better: the
    /// plugin leaves nodes out, and Kata does not translate them.
    Info(Vec<String>),
}

/// Reads the value of a `PCIDEVICE_*` variable.
pub fn parse(value: &[u8]) -> Parsed<Variable> {
    let Ok(text) = std::str::from_utf8(value) else {
        return (Variable::Devices(Vec::new()), vec![Problem::new("the value", "not UTF-8")]);
    };
    if text.trim_start().starts_with('{') { info(text) } else { devices(text) }
}

/// The VF tokens in the value of an `_INFO`, by device: `VFIO_TOKEN` of what the plugin's
/// administrator adds (additionalInfo). Whether each is a UUID is not looked at.
pub fn vf_tokens(value: &[u8]) -> Vec<(PciAddress, String)> {
    let Ok(document) = json::document(value) else { return Vec::new() };
    let devices = document.as_object().into_iter().flatten();
    let token = |info: &serde_json::Value| {
        let extra = info.get("extra").or_else(|| info.get("extraInfo"))?;
        Some(extra.get("VFIO_TOKEN")?.as_str()?.to_owned())
    };
    devices.filter_map(|(device, info)| Some((device.parse().ok()?, token(info)?))).collect()
}

fn devices(text: &str) -> Parsed<Variable> {
    let mut devices = Vec::new();
    let mut problems = Vec::new();
    for identifier in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match device_id(identifier) {
            Some(device) => devices.push(device),
            None => problems.push(Problem::new(
                format!("{identifier:?}"),
                "neither a PCI address nor a device of the auxiliary bus",
            )),
        }
    }
    (Variable::Devices(devices), problems)
}

/// Three chunks, the last a number, are a device of the auxiliary bus.
fn device_id(text: &str) -> Option<DeviceId> {
    if let Ok(address) = text.parse() {
        return Some(DeviceId::Pci(address));
    }
    let mut chunks = text.split('.');
    let (driver, kind, number) = (chunks.next()?, chunks.next()?, chunks.next()?);
    let word = |chunk: &str| {
        !chunk.is_empty() && chunk.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let auxiliary = chunks.next().is_none()
        && word(driver)
        && word(kind)
        && number.bytes().all(|b| b.is_ascii_digit())
        && number.parse::<u32>().is_ok();
    auxiliary.then(|| DeviceId::Auxiliary(text.to_owned()))
}

fn info(text: &str) -> Parsed<Variable> {
    let document = match json::document(text.as_bytes()) {
        Ok(document) => document,
        Err(problem) => return (Variable::Info(Vec::new()), vec![problem]),
    };
    let mut identifiers = Vec::new();
    let mut problems = Vec::new();
    for (identifier, value) in document.as_object().into_iter().flatten() {
        match Members::of(&format!("{identifier:?}"), value) {
            Ok(_) => identifiers.push(identifier.clone()),
            Err(problem) => problems.push(problem),
        }
    }
    (Variable::Info(identifiers), problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_list_from_the_info_by_value() {
        let (list, problems) = parse(b"0000:3b:02.6,mlx5_core.sf.8");
        let pci = DeviceId::Pci("0000:3b:02.6".parse().unwrap());
        let sf = DeviceId::Auxiliary("mlx5_core.sf.8".into());
        assert_eq!((list, problems), (Variable::Devices(vec![pci, sf]), vec![]));

        let (info, problems) = parse(
            br#"{"0000:3b:02.6":{"generic":{"deviceID":"0000:3b:02.6"},
                "vfio":{"dev-mount":"/dev/vfio/169","mount":"/dev/vfio/vfio"},"uio":{}}}"#,
        );
        assert_eq!(problems, []);
        assert_eq!(info, Variable::Info(vec!["0000:3b:02.6".into()]));
    }

    #[test]
    fn finds_vf_tokens_where_there_are_some() {
        let info = br#"{"0000:8b:01.5":{"extra":{"VFIO_TOKEN":"one"},"generic":{}},"x":{"extra":
            {"VFIO_TOKEN":"no device"}},"0000:8b:01.6":{"extraInfo":{"VFIO_TOKEN":"two"}},
            "0000:8b:01.7":{"extra":{"VFIO_TOKEN":7}},"0000:8b:02.0":5}"#;
        let device = |text: &str| text.parse().unwrap();
        let expected =
            vec![(device("0000:8b:01.5"), "one".into()), (device("0000:8b:01.6"), "two".into())];
        assert_eq!(vf_tokens(info), expected);
        assert_eq!(vf_tokens(b"0000:8b:01.5"), []);
        assert_eq!(vf_tokens(b"{\"0000"), []);
    }

    #[test]
    fn an_empty_list_is_no_problem() {
        assert_eq!(parse(b""), (Variable::Devices(Vec::new()), Vec::new()));
    }

    #[test]
    fn names_what_it_does_not_know() {
        for text in ["mlx5_core.eth.sf.8", "mlx5_core.sf.-1", "x", "a,b.sf.1"] {
            assert_eq!(parse(text.as_bytes()).1.len(), 1, "{text}");
        }
        assert_eq!(parse(b"{\"a\":").1[0].place, "line 1 column 5");
        assert_eq!(parse(b"{\"a\":5}").1[0].place, "\"a\"");
        assert_eq!(parse(b"\xff").1[0].why, "not UTF-8");
    }
}
