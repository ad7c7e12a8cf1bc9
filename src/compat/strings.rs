//! Strings that the caller of the drop-in frees with `free()`.

use std::ffi::c_char;
use std::ptr;

use super::types::InterfaceData;
use crate::capi::text::malloc;

/// Makes strings, and notes what went wrong on the way.
#[derive(Default)]
pub(super) struct Strings {
    pub out_of_memory: bool,
    /// A list had more strings than its array holds.
    pub cut: bool,
}

impl Strings {
    /// NULL for an empty string.
    pub fn text(&mut self, text: &str) -> *mut c_char {
        if text.is_empty() {
            return ptr::null_mut();
        }
        malloc(text).unwrap_or_else(|| {
            self.out_of_memory = true;
            ptr::null_mut()
        })
    }

    pub fn optional(&mut self, text: Option<&str>) -> *mut c_char {
        self.text(text.unwrap_or_default())
    }

    /// As many as fit. The list ends at the first NULL, so empty strings are left out.
    pub fn list<const N: usize>(&mut self, texts: &[String]) -> [*mut c_char; N] {
        let mut list = [ptr::null_mut(); N];
        let texts: Vec<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
        for (slot, text) in list.iter_mut().zip(&texts) {
            *slot = self.text(text);
        }
        self.cut |= texts.len() > N;
        list
    }
}

/// Frees a string and forgets it.
///
/// # Safety
/// `string` is NULL or from malloc().
pub(super) unsafe fn free(string: &mut *mut c_char) {
    // SAFETY: as the caller promises.
    unsafe { libc::free(string.cast()) };
    *string = ptr::null_mut();
}

impl InterfaceData {
    /// Every string in it.
    pub(super) fn strings(&mut self) -> impl Iterator<Item = &mut *mut c_char> {
        let status = &mut self.NetworkStatus;
        let dns = &mut status.DNS;
        let device = &mut status.DeviceInfo;
        let (pci, vdpa) = (&mut device.Pci, &mut device.Vdpa);
        let single = [
            &mut status.Name,
            &mut status.Interface,
            &mut status.Mac,
            &mut dns.Domain,
            &mut device.Version,
            &mut pci.PciAddress,
            &mut pci.Vhostnet,
            &mut pci.RdmaDevice,
            &mut pci.PfPciAddress,
            &mut vdpa.ParentDevice,
            &mut vdpa.Driver,
            &mut vdpa.Path,
            &mut vdpa.PciAddress,
            &mut vdpa.PfPciAddress,
            &mut device.VhostUser.Path,
            &mut device.Memif.Path,
        ];
        let dns_lists = dns.Nameservers.iter_mut().chain(&mut dns.Search).chain(&mut dns.Options);
        single.into_iter().chain(&mut status.IPs).chain(dns_lists)
    }
}
