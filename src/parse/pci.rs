//! PCI addresses: `dddd:bb:dd.f`, as in `/sys/bus/pci/devices`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The address of a PCI function. It orders as DPDK orders its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    /// The segment; VMD makes ones past 16 bits.
    pub domain: u32,
    /// The bus.
    pub bus: u8,
    /// The device on the bus, below 32.
    pub device: u8,
    /// The function of the device, below 8.
    pub function: u8,
}

/// The text is no PCI address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a PCI address like 0000:3b:02.1")]
pub struct NotPciAddress;

impl FromStr for PciAddress {
    type Err = NotPciAddress;

    fn from_str(text: &str) -> Result<PciAddress, NotPciAddress> {
        let (rest, function) = text.split_once('.').ok_or(NotPciAddress)?;
        let mut parts = rest.split(':');
        let (Some(domain), Some(bus), Some(device), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotPciAddress);
        };
        let address = PciAddress {
            domain: hex(domain, 4..=8)?,
            bus: hex(bus, 2..=2)? as u8,
            device: hex(device, 2..=2)? as u8,
            function: hex(function, 1..=1)? as u8,
        };
        let in_range = address.device < 32 && address.function < 8;
        in_range.then_some(address).ok_or(NotPciAddress)
    }
}

/// Hexadecimal digits alone (no sign, which `from_str_radix` would take), as many as `digits`.
fn hex(text: &str, digits: std::ops::RangeInclusive<usize>) -> Result<u32, NotPciAddress> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !plain {
        return Err(NotPciAddress);
    }
    u32::from_str_radix(text, 16).map_err(|_| NotPciAddress)
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PciAddress { domain, bus, device, function } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

impl Serialize for PciAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sysfs_names_and_prints_them_back() {
        for text in ["0000:3b:02.1", "10000:e1:00.0", "ffff:ff:1f.7"] {
            assert_eq!(text.parse::<PciAddress>().unwrap().to_string(), text);
        }
        assert_eq!("0000:3B:02.A".parse::<PciAddress>(), Err(NotPciAddress));
        assert_eq!("0000:3B:02.1".parse::<PciAddress>().unwrap().to_string(), "0000:3b:02.1");
    }

    #[test]
    fn refuses_what_is_no_address() {
        // The first is a sample of the Device Information Spec itself.
        for text in
            ["0000:02:01:6", "", "3b:02.1", "0000:3b:20.0", "0000:3b:02.8", "0000:+b:02.1", "a.b"]
        {
            assert_eq!(text.parse::<PciAddress>(), Err(NotPciAddress), "{text}");
        }
    }

    #[test]
    fn orders_by_number() {
        let mut all: Vec<PciAddress> =
            ["10000:00:00.0", "0000:81:00.0", "0000:09:00.1", "0000:09:00.0"]
                .map(|text| text.parse().unwrap())
                .to_vec();
        all.sort();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["0000:09:00.0", "0000:09:00.1", "0000:81:00.0", "10000:00:00.0"]);
    }
}
