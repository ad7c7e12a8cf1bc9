//! The token that virtual functions ask for whose physical function is on vfio-pci.

use super::devices::{Backend, Iova, Selected};
use super::{Options, Plan};
use crate::error::{Error, Result};
use crate::parse::pci::PciAddress;

/// EAL takes one token, and gives it to every device.
pub(super) fn add(options: &Options, devices: &[Selected<'_>], plan: &mut Plan) -> Result<()> {
    let by_vfio = |device: &Selected<'_>| match device.backend {
        Backend::Pci { address, iova } if iova != Iova::Either => Some(address),
        _ => None,
    };
    let is_port =
        |address: &PciAddress| devices.iter().filter_map(by_vfio).any(|own| own == *address);
    let mut tokens = options.facts.vf_tokens.iter().filter(|(address, _)| is_port(address));
    let Some((address, token)) = tokens.next() else { return Ok(()) };
    let subject = |address| format!("VF token of {address}");
    if !is_uuid(token) {
        return Err(Error::refused(
            subject(address),
            "VFIO_TOKEN in PCIDEVICE_*_INFO: expected a UUID",
        ));
    }
    if let Some((other, _)) = tokens.find(|(_, other)| !other.eq_ignore_ascii_case(token)) {
        let why = format!("not that of {address}, and DPDK takes one: start a program for each");
        return Err(Error::refused(subject(other), why));
    }
    let why = format!("the VF token of {address}, from VFIO_TOKEN in PCIDEVICE_*_INFO");
    plan.eal(&["--vfio-vf-token", token], why);
    Ok(())
}

fn is_uuid(text: &str) -> bool {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}
