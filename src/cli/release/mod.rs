//! Which DPDK a program was made for.

mod ask;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{DT_NEEDED, ELFMAG, FileHeader64};
use object::read::ReadCache;
use object::read::elf::ElfFile;
use podnet::eal::Release;

/// A DPDK release, and what told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub release: Release,
    pub source: String,
}

/// The release that `program` was linked with, else the one that is installed, else the newest
/// long-term one.
pub fn detect(program: Option<&Path>) -> Found {
    program.and_then(of_program).or_else(installed).unwrap_or_else(|| Found {
        release: Release::NEWEST_LTS,
        source: "the newest long-term release, for no DPDK was found".to_owned(),
    })
}

fn of_program(program: &Path) -> Option<Found> {
    linked(program).or_else(|| in_text(program)).or_else(|| told(program))
}

fn linked(program: &Path) -> Option<Found> {
    let library = needed_eal(program)?;
    let exact = library_directories().find_map(|dir| plugin_release(&dir.join(&library)));
    Some(Found {
        release: exact.or_else(|| release(library_number(&library)?, 0))?,
        source: format!("{}, which needs {library}", program.display()),
    })
}

fn in_text(program: &Path) -> Option<Found> {
    let source = format!("{}, which has the path of DPDK's plugins in it", program.display());
    Some(Found { release: plugin_release(program)?, source })
}

/// By running it, which is for programs only that have EAL in them.
fn told(program: &Path) -> Option<Found> {
    let source = format!("{} -v -h, which printed it", program.display());
    let release = has_eal(program).then(|| ask::ask(program))?.ok()??;
    Some(Found { release, source })
}

/// Whether an ELF program has EAL linked into it: the format that it prints its release with, and
/// the name of an option that nothing else has.
fn has_eal(program: &Path) -> bool {
    // Joined here, or podnet would have them too.
    let markers = [["RTE Version:", " '%s'"], ["base-virtaddr", "\0"]].map(|parts| parts.concat());
    let has = |marker: &String| {
        File::open(program).is_ok_and(|file| scan(file, |bytes| find(bytes, marker)).is_some())
    };
    let mut magic = [0; 4];
    let is_elf = File::open(program).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok());
    is_elf && magic == ELFMAG && markers.iter().all(has)
}

/// The newest `librte_eal.so.N` where libraries are.
fn installed() -> Option<Found> {
    let entries = library_directories().filter_map(|dir| dir.read_dir().ok()).flatten().flatten();
    let libraries = entries.filter_map(|entry| {
        let number = library_number(entry.file_name().to_str()?)?;
        Some((number, entry.path()))
    });
    let (number, path) = libraries.max_by_key(|(number, _)| *number)?;
    Some(Found {
        release: plugin_release(&path).or_else(|| release(number, 0))?,
        source: format!("{}, which is installed", path.display()),
    })
}

/// Where `ld.so` may find DPDK, in its order.
fn library_directories() -> impl Iterator<Item = PathBuf> {
    let first = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let first: Vec<_> = std::env::split_paths(&first).filter(|dir| dir.is_absolute()).collect();
    first.into_iter().chain(["/usr/local/lib", "/usr/lib"].into_iter().flat_map(|base| {
        let triplets = Path::new(base).read_dir().into_iter().flatten().flatten();
        let triplets = triplets.map(|entry| entry.path()).filter(|path| is_triplet(path));
        triplets.chain([format!("{base}64").into(), base.into()])
    }))
}

/// Whether it is a multiarch directory, such as `/usr/lib/x86_64-linux-gnu`.
fn is_triplet(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-"))
}

/// The number of `librte_eal.so.23` or `librte_eal.so.23.0`: DPDK's ABI version.
fn library_number(name: &str) -> Option<u32> {
    name.strip_prefix("librte_eal.so.")?.split('.').next()?.parse().ok()
}

/// The release of an ABI version, which names the year after that of its first release.
fn release(abi: u32, minor: u32) -> Option<Release> {
    /// Months of the releases that share an ABI, the first of which is the long-term one.
    const MONTHS: [u32; 3] = [11, 3, 7];
    const MONTHS_2021: [u32; 4] = [11, 2, 5, 8];
    let (year, months) = match abi {
        9 => (18, &MONTHS[..1]),
        20 => (19, &MONTHS[..1]),
        21 => (20, &MONTHS_2021[..]),
        22..=99 => (abi - 1, &MONTHS[..]),
        _ => return None,
    };
    let month = months.get(minor as usize)?;
    format!("{}.{month:02}", year + u32::from(minor > 0)).parse().ok()
}

/// The DT_NEEDED entry of an ELF program that is DPDK's EAL.
fn needed_eal(program: &Path) -> Option<String> {
    let cache = ReadCache::new(File::open(program).ok()?);
    let elf = ElfFile::<FileHeader64<Endianness>, _>::parse(&cache).ok()?;
    let table = elf.elf_dynamic_table().ok()?;
    let needed = table.iter().filter(|entry| entry.tag == DT_NEEDED);
    let names = needed.filter_map(|entry| std::str::from_utf8(table.string(entry).ok()?).ok());
    names.filter(|name| library_number(name).is_some()).map(str::to_owned).next()
}

/// What DPDK leaves in every program or library that has its EAL:
/// `DPDK_PLUGIN_PATH=/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0`.
fn plugin_release(file: &Path) -> Option<Release> {
    let path = find_string(File::open(file).ok()?, b"DPDK_PLUGIN_PATH=")?;
    let (abi, minor) = path.rsplit_once("pmds-")?.1.split_once('.')?;
    release(abi.parse().ok()?, minor.parse().ok()?)
}

/// The rest of the first C string that begins with `marker`.
fn find_string(file: impl Read, marker: &[u8]) -> Option<String> {
    scan(file, |bytes| string_after(bytes, marker))
}

fn string_after(bytes: &[u8], marker: &[u8]) -> Option<String> {
    let rest = &bytes[find(bytes, marker)? + marker.len()..];
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

/// What `look` finds in a file that is read in pieces: a static program is larger than many a
/// pod's memory to spare.
fn scan<T>(mut file: impl Read, look: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    /// More than a marker and any path.
    const KEEP: usize = 8192;
    let mut window = Vec::new();
    loop {
        let added = file.by_ref().take(1 << 20).read_to_end(&mut window).ok()?;
        if let Some(found) = look(&window) {
            return Some(found);
        }
        if added == 0 {
            return None;
        }
        window.drain(..window.len().saturating_sub(KEEP));
    }
}

/// Where `marker` first is.
fn find(bytes: &[u8], marker: impl AsRef<[u8]>) -> Option<usize> {
    let marker = marker.as_ref();
    let first = *marker.first()?;
    let mut from = 0;
    while let Some(offset) = bytes[from..].iter().position(|byte| *byte == first) {
        from += offset;
        if bytes[from..].starts_with(marker) {
            return Some(from);
        }
        from += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_release_of_an_abi() {
        let expected = [
            (9, 0, "18.11"),
            (20, 0, "19.11"),
            (21, 0, "20.11"),
            (21, 3, "21.08"),
            (23, 0, "22.11"),
            (24, 1, "24.03"),
            (26, 0, "25.11"),
            (26, 2, "26.07"),
        ];
        for (abi, minor, name) in expected {
            assert_eq!(release(abi, minor), Some(name.parse().unwrap()), "{abi}.{minor}");
        }
        for (abi, minor) in [(0, 0), (10, 0), (20, 1), (26, 3), (100, 0), (u32::MAX, u32::MAX)] {
            assert_eq!(release(abi, minor), None, "{abi}.{minor}");
        }
    }

    #[test]
    fn finds_a_string_across_pieces() {
        for before in [0, 1, (1 << 20) - 10, (1 << 20) + 1, 3 << 20] {
            let mut bytes = vec![b'D'; before];
            bytes.extend(b"DPDK_PLUGIN_PATH=/usr/lib/dpdk/pmds-23.0\0rest");
            assert_eq!(
                find_string(&bytes[..], b"DPDK_PLUGIN_PATH=").as_deref(),
                Some("/usr/lib/dpdk/pmds-23.0"),
                "{before}"
            );
        }
        assert_eq!(find_string(&b"DPDK_PLUGIN_PATH=never ends"[..], b"DPDK_PLUGIN_PATH="), None);
        assert_eq!(find_string(&b""[..], b"DPDK_PLUGIN_PATH="), None);
    }

    #[test]
    fn reads_no_release_from_what_is_no_dpdk() {
        let this = std::env::current_exe().unwrap();
        assert_eq!(needed_eal(&this), None);
        assert!(!has_eal(&this));
        let file = tempfile::NamedTempFile::new().unwrap();
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", &[0x7f; 4096]] {
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(of_program(file.path()), None);
        }
    }
}
