//! The Downward API directory: annotations, labels and hugepage files of one generation.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::parse::Parsed;
use crate::parse::downward::{self, Map};
use crate::parse::size::{HugepageFile, hugepage_file};
use crate::root::{Content, Root};
use crate::warning::Findings;

/// Where the network resources injector mounts it, and where hand-written pods do.
const DIRECTORIES: [&str; 2] = ["/etc/podnetinfo", "/etc/podinfo"];

const ANNOTATIONS: &str = "annotations";
const LABELS: &str = "labels";

/// What Multus attached; the other name is what it wrote before 4.0, beside or instead of it.
pub(crate) const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";
pub(crate) const NETWORKS_STATUS: &str = "k8s.v1.cni.cncf.io/networks-status";
/// What the pod asks for.
pub(crate) const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// OVN-Kubernetes' addresses.
pub(crate) const POD_NETWORKS: &str = "k8s.ovn.org/pod-networks";
/// KubeVirt's interfaces.
pub(crate) const NETWORK_INFO: &str = "kubevirt.io/network-info";
/// The userspace CNI's interfaces, and the directory of their sockets.
pub(crate) const CONFIGURATION_DATA: &str = "userspace/configuration-data";
pub(crate) const MAPPED_DIR: &str = "userspace/mapped-dir";

/// The annotations that may have a file of their own, which holds one as it is, without quotes.
const SINGLE: [&str; 7] = [
    NETWORK_STATUS,
    NETWORKS_STATUS,
    NETWORKS,
    POD_NETWORKS,
    NETWORK_INFO,
    CONFIGURATION_DATA,
    MAPPED_DIR,
];

/// An annotation's name without its prefix: what a file of its own is called.
pub(crate) fn short_name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

/// The kubelet may swap the generation while it is read, but hardly this often.
const ATTEMPTS: usize = 5;

/// The symlink that the kubelet replaces when it has written a new generation.
const GENERATION: &str = "..data";

/// Files by name; one that can't be read has its error.
type Files = BTreeMap<String, Result<Content>>;

/// The files of the Downward API, all from one generation of the kubelet's writing.
#[derive(Debug, Default)]
pub(crate) struct DownwardApi {
    directory: String,
    files: Files,
}

impl DownwardApi {
    /// Reads the directory; an absent one has no files.
    pub fn read(root: &Root, configured: Option<&str>) -> Result<DownwardApi> {
        let directory = directory(root, configured).to_owned();
        for _ in 0..ATTEMPTS {
            if let Some(files) = generation(root, &directory)? {
                return Ok(DownwardApi { directory, files });
            }
        }
        Err(Error::malformed(directory, GENERATION, "changes faster than it can be read"))
    }

    /// The path of a file of it, as the pod sees it.
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// Whether there is a file of annotations, or of one.
    pub fn has_annotations(&self) -> bool {
        self.files.contains_key(ANNOTATIONS)
            || SINGLE.iter().any(|key| self.files.contains_key(short_name(key)))
    }

    /// The annotations, decoded: those of the map file, and those that have a file of their own.
    pub fn annotations(&self, findings: &mut Findings) -> Map {
        let mut annotations = self.map(ANNOTATIONS, findings);
        for key in SINGLE {
            let Some(content) = self.files.get(short_name(key)) else { continue };
            // A missing annotation makes an empty file.
            let content = findings.take(content.clone()).filter(|content| !content.is_empty());
            if let Some(content) = content.filter(|_| !annotations.contains_key(key)) {
                annotations.insert(key.to_owned(), content.to_vec());
            }
        }
        annotations
    }

    /// What an annotation holds; what is wrong with it is a failure at its place. `None` where it
    /// is absent or empty.
    pub fn parse<T>(
        &self,
        annotations: &Map,
        key: &str,
        parse: fn(&[u8]) -> Parsed<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let value = annotations.get(key).filter(|value| !value.is_empty())?;
        let (parsed, problems) = parse(value);
        findings.fail_all(&self.annotation_path(key), &format!("{key}: "), problems);
        Some(parsed)
    }

    /// Where it is mounted, or would be.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The file that an annotation is read from.
    pub fn annotation_path(&self, key: &str) -> String {
        let single = short_name(key);
        let is_alone = !self.files.contains_key(ANNOTATIONS) && self.files.contains_key(single);
        self.path(if is_alone { single } else { ANNOTATIONS })
    }

    /// The labels of the pod.
    pub fn labels(&self, findings: &mut Findings) -> Map {
        self.map(LABELS, findings)
    }

    /// A map file, decoded; an absent one is an empty map.
    fn map(&self, name: &str, findings: &mut Findings) -> Map {
        let Some(file) = self.files.get(name) else { return Map::new() };
        let Some(content) = findings.take(file.clone()) else { return Map::new() };
        let (map, problems) = downward::parse(&content);
        findings.fail_all(&self.path(name), "", problems);
        map
    }

    /// The hugepage files: path, what the name says, and the number in it.
    pub fn hugepages(&self, findings: &mut Findings) -> Vec<(String, HugepageFile, u64)> {
        let mut numbers = Vec::new();
        for (name, content) in &self.files {
            let Some(file) = hugepage_file(name) else { continue };
            let number = content.clone().and_then(|content| self.number(name, &content));
            if let Some(number) = findings.take(number) {
                numbers.push((self.path(name), file, number));
            }
        }
        numbers
    }

    fn number(&self, name: &str, content: &[u8]) -> Result<u64> {
        let text = String::from_utf8_lossy(content);
        let digits = text.trim();
        digits.parse().map_err(|_| Error::unexpected(self.path(name), "a number", digits))
    }
}

/// Where the Downward API is mounted, or would be.
pub(crate) fn directory<'a>(root: &Root, configured: Option<&'a str>) -> &'a str {
    let usual = || DIRECTORIES.into_iter().find(|path| root.exists(path)).unwrap_or(DIRECTORIES[0]);
    configured.unwrap_or_else(usual).trim_end_matches('/')
}

/// Whether a new or written entry of this name in the directory makes it another one to read.
pub(crate) fn tells_of_change(name: &str) -> bool {
    name == GENERATION || is_ours(name)
}

/// Whether a file is one of the Downward API's that are read here.
fn is_ours(name: &str) -> bool {
    matches!(name, ANNOTATIONS | LABELS)
        || SINGLE.iter().any(|key| short_name(key) == name)
        || hugepage_file(name).is_some()
}

/// The files behind `..data`, or of a plain directory; `None` when they were swapped meanwhile.
fn generation(root: &Root, directory: &str) -> Result<Option<Files>> {
    let data = format!("{directory}/{GENERATION}");
    let generation = root.real_path(&data);
    let base = generation.as_deref().unwrap_or(directory);
    let mut files = Files::new();
    for name in root.list(base)?.iter() {
        if !is_ours(name) {
            continue;
        }
        match root.read(&format!("{base}/{name}")) {
            Ok(Some(content)) => files.insert(name.clone(), Ok(content)),
            Ok(None) if generation.is_some() => return Ok(None),
            Ok(None) => None,
            Err(error) => files.insert(name.clone(), Err(error)),
        };
    }
    let unchanged = root.real_path(&data) == generation;
    Ok(unchanged.then_some(files))
}
