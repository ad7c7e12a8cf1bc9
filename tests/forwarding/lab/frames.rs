//! The frames that are sent through the pod, and the check of those that come out.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Not more than a ring of 256 holds with two descriptors for each, so that no frame is lost to a
/// burst.
pub const COUNT: u32 = 100;

const MARK: &[u8] = b"podnet";
pub const SENDER: Mac = Mac([0x02, 0xaa, 0, 0, 0, 1]);
const SOURCE: [u8; 4] = [198, 18, 0, 10];
/// l3fwd's built-in routes send 198.18.1.0/24 to port 1, the second interface.
const DESTINATION: [u8; 4] = [198, 18, 1, 20];

const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;
const PAYLOAD: usize = 22;
const LENGTH: usize = ETHERNET + IP + UDP + PAYLOAD;
const TTL: usize = ETHERNET + 8;
const CHECKSUM: usize = ETHERNET + 10;
const MARK_AT: usize = ETHERNET + IP + UDP;
const SEQUENCE_AT: usize = MARK_AT + MARK.len();

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl FromStr for Mac {
    type Err = String;

    fn from_str(text: &str) -> Result<Mac, String> {
        let bytes: Option<Vec<u8>> =
            text.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Mac)
            .ok_or_else(|| format!("{text:?} is no Ethernet address"))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// How a frame must look when it comes out.
#[derive(Debug, Clone)]
pub struct Expected {
    pub source: Mac,
    pub destination: Mac,
    pub ttl: u8,
}

/// An IPv4/UDP frame to `destination` that carries `sequence`.
pub fn frame(sequence: u32, destination: Mac) -> Vec<u8> {
    build(sequence, SENDER, destination, 64)
}

fn build(sequence: u32, source: Mac, destination: Mac, ttl: u8) -> Vec<u8> {
    let mut frame = Vec::with_capacity(LENGTH);
    frame.extend(destination.0);
    frame.extend(source.0);
    frame.extend([0x08, 0x00]);
    let [high, low] = ((IP + UDP + PAYLOAD) as u16).to_be_bytes();
    let [_, _, id_high, id_low] = sequence.to_be_bytes();
    frame.extend([0x45, 0, high, low, id_high, id_low, 0, 0, ttl, 17, 0, 0]);
    frame.extend(SOURCE);
    frame.extend(DESTINATION);
    let checksum = !ones_complement_sum(&frame[ETHERNET..]);
    frame[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    let [high, low] = ((UDP + PAYLOAD) as u16).to_be_bytes();
    frame.extend([0, 9, 0, 9, high, low, 0, 0]);
    frame.extend(MARK);
    frame.extend(sequence.to_be_bytes());
    frame.resize(LENGTH, 0);
    frame
}

fn ones_complement_sum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |b| u32::from(*b)))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    ((folded & 0xffff) + (folded >> 16)) as u16
}

/// What came out, against what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub sent: u32,
    /// Different sequence numbers among the frames that are right in every byte.
    pub forwarded: u32,
    /// One line for each frame that should not be there or is not as it should be.
    pub wrong: Vec<String>,
}

impl Report {
    /// Every frame came out once, and nothing else did.
    pub fn passed(&self) -> bool {
        self.sent > 0 && self.forwarded == self.sent && self.wrong.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} packets forwarded", self.forwarded, self.sent)?;
        if let Some(first) = self.wrong.first() {
            write!(f, ", {} wrong, the first: {first}", self.wrong.len())?;
        }
        Ok(())
    }
}

/// Checks the frames that came out.
pub fn check(frames: &[Vec<u8>], sent: u32, expected: &Expected) -> Report {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for frame in frames {
        match verify(frame, sent, expected) {
            Ok(sequence) if seen.insert(sequence) => {}
            Ok(sequence) => wrong.push(format!("packet {sequence}: came twice")),
            Err(why) => wrong.push(why),
        }
    }
    Report { sent, forwarded: seen.len() as u32, wrong }
}

/// The sequence number of a frame that is as expected.
fn verify(frame: &[u8], sent: u32, expected: &Expected) -> Result<u32, String> {
    let ours = frame.get(MARK_AT..SEQUENCE_AT) == Some(MARK) && frame.len() == LENGTH;
    let sequence = match frame.get(SEQUENCE_AT..SEQUENCE_AT + 4) {
        Some(&[a, b, c, d]) if ours => u32::from_be_bytes([a, b, c, d]),
        _ => return Err(format!("a frame of {} bytes that was not sent", frame.len())),
    };
    let mac = |at: usize| Mac([0, 1, 2, 3, 4, 5].map(|i| frame[at + i]));
    let sum = ones_complement_sum(&frame[ETHERNET..ETHERNET + IP]);
    let facts = [
        ("sequence below", u32::min(sequence, sent - 1).to_string(), sequence.to_string()),
        ("TTL", expected.ttl.to_string(), frame[TTL].to_string()),
        ("sum of the IPv4 header", "0xffff".to_string(), format!("{sum:#x}")),
        ("source", expected.source.to_string(), mac(6).to_string()),
        ("destination", expected.destination.to_string(), mac(0).to_string()),
    ];
    for (what, wanted, found) in facts {
        if wanted != found {
            return Err(format!("packet {sequence}: {what} {found}, expected {wanted}"));
        }
    }
    if frame != build(sequence, expected.source, expected.destination, expected.ttl) {
        return Err(format!("packet {sequence}: bytes were changed on the way"));
    }
    Ok(sequence)
}
