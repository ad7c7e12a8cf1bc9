//! The hugepages.

use std::ffi::{c_char, c_int};

use super::error::podnet_error;
use super::owned::{Kept, Owned, answer, podnet_strings};
use super::pod::podnet;
use crate::pod::Pod;
use crate::snapshot::{ContainerHugepages, Hugepages, LimitSource, NodePages, PageSize};

/// A size or a number of bytes that no source gives: unknown, never unlimited.
pub const PODNET_NONE: u64 = u64::MAX;

/// No source states a limit.
pub const PODNET_LIMIT_NONE: u32 = 0;
/// A hugepages_<size>_limit_<container> file of the Downward API.
pub const PODNET_LIMIT_DOWNWARD_API: u32 = 1;
/// The hugetlb controller of the cgroup.
pub const PODNET_LIMIT_CGROUP: u32 = 2;
/// A memory driver of Dynamic Resource Allocation.
pub const PODNET_LIMIT_DRA: u32 = 3;
/// The size of the mount.
pub const PODNET_LIMIT_MOUNT: u32 = 4;

/// The pages of one size on one NUMA node. They are the node's, not the
/// container's.
#[repr(C)]
pub struct podnet_node_pages {
    /// The NUMA node's number.
    pub node: i64,
    /// Pages in its pool.
    pub total_pages: u64,
    /// Pages of it that are free.
    pub free_pages: u64,
    /// Zero.
    pub reserved: [u64; 4],
}

/// What this container may use of one page size, in bytes. PODNET_NONE is
/// unknown.
#[repr(C)]
pub struct podnet_page_size {
    /// The size of a page.
    pub size: u64,
    /// The request in the pod's specification.
    pub request: u64,
    /// The least limit that any source states.
    pub limit: u64,
    /// What the cgroup has charged.
    pub used: u64,
    /// Which source limit is from: one of PODNET_LIMIT_.
    pub limit_source: u32,
    /// Zero.
    pub zero: u32,
    /// Where hugetlbfs of this size is mounted.
    pub mounts: podnet_strings,
    /// The pool of each NUMA node; NULL when the kernel shows none.
    pub nodes: *const podnet_node_pages,
    /// How many nodes there are.
    pub nodes_len: usize,
    /// Zero.
    pub reserved: [u64; 4],
}

/// What the Downward API says of one container and one page size, in bytes.
/// PODNET_NONE is unknown.
#[repr(C)]
pub struct podnet_container_hugepages {
    /// The container.
    pub name: *const c_char,
    /// The size of a page.
    pub size: u64,
    /// Its request.
    pub request: u64,
    /// Its limit.
    pub limit: u64,
    /// Zero.
    pub reserved: [u64; 4],
}

/// The hugepages of this container.
#[repr(C)]
pub struct podnet_hugepages {
    /// Every page size that a source names, smallest first; NULL without any.
    pub pages: *const podnet_page_size,
    /// How many page sizes there are.
    pub pages_len: usize,
    /// Each container and page size that the Downward API names; NULL without
    /// any.
    pub containers: *const podnet_container_hugepages,
    /// How many of them there are.
    pub containers_len: usize,
}

const _: () = assert!(
    size_of::<podnet_node_pages>() == 56
        && size_of::<podnet_page_size>() == 104
        && size_of::<podnet_container_hugepages>() == 64
        && size_of::<podnet_hugepages>() == 32
);

/// The hugepages of this container.
///
/// Returns 0 and sets *ret, which podnet_hugepages_free() frees. Else returns
/// -EINVAL for a NULL argument, -EBADMSG for a malformed source, or why a source
/// can't be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_get_hugepages(
    pod: *const podnet,
    ret: *mut *mut podnet_hugepages,
    err: *mut podnet_error,
) -> c_int {
    // SAFETY: the arguments are as the header says.
    unsafe { answer(pod, ret, err, Pod::hugepages, view) }
}

/// Frees what podnet_get_hugepages() returned. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_hugepages_free(hugepages: *mut podnet_hugepages) {
    // SAFETY: it is NULL or from podnet_get_hugepages(), and not used afterwards.
    unsafe { Owned::take_back(hugepages) };
}

fn view(hugepages: &Hugepages, kept: &mut Kept) -> podnet_hugepages {
    let pages: Vec<_> = hugepages.pages.iter().map(|page| page_size(page, kept)).collect();
    let containers: Vec<_> =
        hugepages.containers.iter().map(|figures| container(figures, kept)).collect();
    podnet_hugepages {
        pages_len: pages.len(),
        pages: kept.list(pages),
        containers_len: containers.len(),
        containers: kept.list(containers),
    }
}

fn page_size(page: &PageSize, kept: &mut Kept) -> podnet_page_size {
    podnet_page_size {
        size: page.size,
        request: page.request.unwrap_or(PODNET_NONE),
        limit: page.limit.unwrap_or(PODNET_NONE),
        used: page.used.unwrap_or(PODNET_NONE),
        limit_source: match page.limit_source {
            None => PODNET_LIMIT_NONE,
            Some(LimitSource::DownwardApi) => PODNET_LIMIT_DOWNWARD_API,
            Some(LimitSource::Cgroup) => PODNET_LIMIT_CGROUP,
            Some(LimitSource::Dra) => PODNET_LIMIT_DRA,
            Some(LimitSource::Mount) => PODNET_LIMIT_MOUNT,
        },
        zero: 0,
        mounts: kept.strings(&page.mounts),
        nodes: kept.list(page.nodes.iter().map(node_pages).collect()),
        nodes_len: page.nodes.len(),
        reserved: [0; 4],
    }
}

fn node_pages(node: &NodePages) -> podnet_node_pages {
    podnet_node_pages {
        node: node.node.into(),
        total_pages: node.total_pages,
        free_pages: node.free_pages,
        reserved: [0; 4],
    }
}

fn container(figures: &ContainerHugepages, kept: &mut Kept) -> podnet_container_hugepages {
    podnet_container_hugepages {
        name: kept.text(&figures.name),
        size: figures.size,
        request: figures.request.unwrap_or(PODNET_NONE),
        limit: figures.limit.unwrap_or(PODNET_NONE),
        reserved: [0; 4],
    }
}
