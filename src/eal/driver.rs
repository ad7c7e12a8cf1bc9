//! The kernel drivers below which DPDK can use a PCI device.

/// How a kernel driver lets DPDK use its PCI device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelDriver {
    /// vfio-pci: by the device's IOMMU group.
    Vfio,
    /// The device stays with its driver and keeps its netdev, as mlx5_core's do.
    Bifurcated,
    /// By its registers, with physical addresses and no IOMMU.
    Uio,
}

const DRIVERS: [(&str, KernelDriver); 6] = [
    ("vfio-pci", KernelDriver::Vfio),
    ("mlx5_core", KernelDriver::Bifurcated),
    ("mlx4_core", KernelDriver::Bifurcated),
    ("mana", KernelDriver::Bifurcated),
    ("igb_uio", KernelDriver::Uio),
    ("uio_pci_generic", KernelDriver::Uio),
];

impl KernelDriver {
    /// By the driver's name; `None` for one that keeps its device to itself.
    pub fn named(name: &str) -> Option<KernelDriver> {
        DRIVERS.iter().find(|(known, _)| *known == name).map(|(_, driver)| *driver)
    }
}
