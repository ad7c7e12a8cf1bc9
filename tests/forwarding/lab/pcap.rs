//! Capture files, the classic format: <https://wiki.wireshark.org/Development/LibpcapFileFormat>.

use std::fs;
use std::path::Path;

use super::{Context, Result};

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// Writes `frames`, one microsecond apart.
pub fn write<'a>(path: &Path, frames: impl Iterator<Item = &'a [u8]>) -> Result<()> {
    let mut file = Vec::new();
    let version = u32::from_le_bytes([2, 0, 4, 0]);
    for word in [MAGIC_MICROSECONDS, version, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (time, frame) in (0_u32..).zip(frames) {
        let length = frame.len() as u32;
        for word in [0, time, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    fs::write(path, file).context(path.display())
}

/// The frames of a capture file, in either byte order.
pub fn read(path: &Path) -> Result<Vec<Vec<u8>>> {
    let file = fs::read(path).context(path.display())?;
    let word = |at: usize, decode: fn([u8; 4]) -> u32| {
        file.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(decode)
    };
    let known = |magic| magic == Some(MAGIC_MICROSECONDS) || magic == Some(MAGIC_NANOSECONDS);
    let decode = [u32::from_le_bytes, u32::from_be_bytes]
        .into_iter()
        .find(|decode| known(word(0, *decode)))
        .ok_or_else(|| format!("{}: not a capture file", path.display()))?;

    let mut frames = Vec::new();
    let mut at = FILE_HEADER;
    while let Some(length) = word(at + 8, decode) {
        let start = at + RECORD_HEADER;
        at = start + length as usize;
        let frame = file.get(start..at).ok_or_else(|| format!("{}: cut short", path.display()))?;
        frames.push(frame.to_vec());
    }
    Ok(frames)
}
