//! The hugepages of this container.

use serde::Serialize;

/// The hugepages of this container.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Hugepages {
    /// One entry per page size that any source names, smallest first.
    pub pages: Vec<PageSize>,
    /// What the Downward API says of each container of the pod.
    pub containers: Vec<ContainerHugepages>,
}

/// What this container may use of one page size. All sizes are bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PageSize {
    /// The size of a page.
    pub size: u64,
    /// The request in the pod's specification.
    pub request: Option<u64>,
    /// The least that any source states; `None` is *unknown*, never *unlimited*.
    pub limit: Option<u64>,
    /// What the cgroup has charged.
    pub used: Option<u64>,
    /// Where `limit` came from.
    pub limit_source: Option<LimitSource>,
    /// Where hugetlbfs of this size is mounted.
    pub mounts: Vec<String>,
    /// The pools of each NUMA node. They are the node's, not the container's.
    pub nodes: Vec<NodePages>,
}

/// Where a hugepage limit came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LimitSource {
    /// A `hugepages_<size>_limit_<container>` file.
    DownwardApi,
    /// The hugetlb controller, fault or reservation limit.
    Cgroup,
    /// A DRA memory driver; not read yet.
    Dra,
    /// The `size=` option of the mount.
    Mount,
}

/// The pages of one size on one NUMA node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodePages {
    /// The node's number.
    pub node: u32,
    /// Pages in its pool.
    pub total_pages: u64,
    /// Pages of it that are free.
    pub free_pages: u64,
}

/// What the Downward API says of one container and one page size, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerHugepages {
    /// The container.
    pub name: String,
    /// The size of a page.
    pub size: u64,
    /// Its request.
    pub request: Option<u64>,
    /// Its limit.
    pub limit: Option<u64>,
}

display_as_json!(LimitSource);
