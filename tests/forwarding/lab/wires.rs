//! The other end of kernel netdevs: packet sockets, one to send from and one to count on.
#![allow(unsafe_code, reason = "packet sockets have no safe form in std")]

use std::ffi::CString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd};
use std::thread::sleep;
use std::time::Duration;

use super::netns::{INTERFACES, Namespaces};
use super::process::poll;
use super::{Context, Result};

/// Every protocol, in network order.
const ALL: u16 = (libc::ETH_P_ALL as u16).to_be();
const LONGEST: usize = 2048;

pub struct Wires {
    to_pod: File,
    from_pod: File,
}

impl Wires {
    pub fn open(namespaces: &Namespaces) -> Result<Wires> {
        let [to_pod, from_pod] = INTERFACES;
        namespaces.at_wires(|| Ok(Wires { to_pod: socket(to_pod)?, from_pod: socket(from_pod)? }))
    }

    /// Sends the frames into net1 and takes what comes out of net2, until as many came or the time
    /// is over.
    pub fn forward(&mut self, frames: &[Vec<u8>], limit: Duration) -> Result<Vec<Vec<u8>>> {
        for frame in frames {
            self.to_pod.write_all(frame).context("net1")?;
        }
        let mut came = Vec::new();
        poll(limit, || {
            self.drain(&mut came)?;
            Ok((came.len() >= frames.len()).then_some(()))
        })?;
        // One too many would be wrong, too.
        sleep(Duration::from_millis(100));
        self.drain(&mut came)?;
        Ok(came)
    }

    fn drain(&mut self, came: &mut Vec<Vec<u8>>) -> Result<()> {
        let mut frame = [0; LONGEST];
        loop {
            match self.from_pod.read(&mut frame) {
                Ok(length) => came.push(frame[..length].to_vec()),
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why).context("net2"),
            }
        }
    }
}

/// A packet socket on `interface` that gets what arrives there and not what is sent.
fn socket(interface: &str) -> Result<File> {
    let file = open(libc::AF_PACKET, i32::from(ALL)).context("a packet socket")?;
    let yes: libc::c_int = 1;
    let name = CString::new(interface)?;
    // SAFETY: the pointers are to live values of the lengths that are passed along; the address is
    // plain data, for which zero is a value.
    let done = unsafe {
        let mut address: libc::sockaddr_ll = zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = ALL;
        address.sll_ifindex = libc::if_nametoindex(name.as_ptr()).try_into()?;
        libc::setsockopt(
            file.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_IGNORE_OUTGOING,
            (&raw const yes).cast(),
            size_of::<libc::c_int>() as u32,
        ) == 0
            && libc::bind(
                file.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            ) == 0
    };
    match done {
        true => Ok(file),
        false => Err(std::io::Error::last_os_error()).context(interface),
    }
}

fn open(family: libc::c_int, protocol: libc::c_int) -> std::io::Result<File> {
    let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no memory.
    match unsafe { libc::socket(family, kind, protocol) } {
        -1 => Err(std::io::Error::last_os_error()),
        // SAFETY: the descriptor was just made and is nobody else's.
        descriptor => Ok(unsafe { File::from_raw_fd(descriptor) }),
    }
}

/// Whether this kernel has AF_XDP sockets.
pub fn has_af_xdp() -> std::result::Result<(), String> {
    open(libc::AF_XDP, 0).map(drop).map_err(|why| format!("no AF_XDP sockets: {why}"))
}
