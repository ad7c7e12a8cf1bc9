//! Asks a program which DPDK it was made with.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use podnet::eal::Release;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpgid,
};

/// How long a program has to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// More than EAL's help is long.
const MOST: usize = 64 << 10;

/// How long until we look again whether the program has ended.
const PIECE: Duration = Duration::from_millis(20);

/// What EAL prints before its help, and the end of its help, which is all that 25.11 and later
/// print.
const FORMS: [(&str, char); 2] = [("RTE Version: '", '\''), ("doc.dpdk.org/guides-", '/')];

/// Options in the help of releases that don't print the end of a release's build.
const OPTIONS: [(&str, &str); 2] = [("--pagesz-mem", "26.07"), ("--remap-lcore-ids", "25.11")];

/// The release that `PROGRAM -v -h` tells: EAL ends after its help, and has touched no hugepages
/// by then. Neither the program nor what it started is running afterwards.
pub fn ask(program: &Path) -> io::Result<Option<Release>> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(PIECE))?;
    // Without a slash it would be looked for in PATH.
    let mut command = Command::new(Path::new(".").join(program));
    command.args(["-v", "-h"]).stdin(Stdio::null()).process_group(0);
    command.stdout(OwnedFd::from(theirs.try_clone()?)).stderr(OwnedFd::from(theirs));
    let child = command.spawn()?;
    // It has their end, whose last owner is to be the program.
    drop(command);
    let said = listen(ours, &child);
    end(child)?;
    Ok(release_in(&String::from_utf8_lossy(&said)))
}

/// What the program prints, until it ends or has had its share.
fn listen(mut from: UnixStream, child: &Child) -> Vec<u8> {
    let start = Instant::now();
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while start.elapsed() < LIMIT && said.len() < MOST {
        // Before the read: what it wrote until its end is still read.
        let ended = has_ended(child);
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => said.extend_from_slice(&piece[..length]),
            Err(error) if is_early(&error) && !ended => {}
            Err(_) => break,
        }
    }
    said
}

fn is_early(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Leaves it to be waited for: until then its process group can be nobody else's.
fn has_ended(child: &Child) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
}

fn end(mut child: Child) -> io::Result<()> {
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::KILL)?;
    child.wait()?;
    // The first process of a container is the parent of those that lost theirs.
    while let Ok(Some(_)) = waitpgid(group, WaitOptions::empty()) {}
    Ok(())
}

fn release_in(said: &str) -> Option<Release> {
    let printed = FORMS.iter().find_map(|(before, end)| {
        let (text, _) = said.split_once(before)?.1.split_once(*end)?;
        // `DPDK 22.11.11`, whose first word a build may change.
        text.split_whitespace().last()?.parse().ok()
    });
    let by_option = || {
        let (_, release) = OPTIONS.iter().find(|(option, _)| said.contains(option))?;
        release.parse().ok()
    };
    printed.or_else(by_option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_each_release_prints() {
        let expected = [
            ("EAL: Detected 2 lcore(s)\nEAL: RTE Version: 'DPDK 20.11.10'\n\nUsage: ", "20.11"),
            ("EAL: RTE Version: 'DPDK 24.11.4'\n", "24.11"),
            ("EAL: RTE Version: 'Vendor DPDK 23.11.0-rc2'\n", "23.11"),
            (" --socket-mem\n\thttps://doc.dpdk.org/guides-25.11/linux_gsg/\n", "25.11"),
            (" -R, --remap-lcore-ids      Remap\n", "25.11"),
            (" -R, --remap-lcore-ids      Remap\n --pagesz-mem\n", "26.07"),
        ];
        for (said, release) in expected {
            assert_eq!(release_in(said), Some(release.parse().unwrap()), "{said}");
        }
        for said in ["", "Usage: app", "RTE Version: 'DPDK 22.11", "RTE Version: 'new'", "guides-"]
        {
            assert_eq!(release_in(said), None, "{said}");
        }
    }
}
