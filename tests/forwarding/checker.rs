//! The checker itself: it must find every way in which a frame can be wrong.

use crate::lab::frames::{COUNT, Expected, Mac, Report, check, frame};
use crate::lab::pcap;

const IN: Mac = Mac([2, 0, 0, 0, 1, 1]);
const OUT: Mac = Mac([2, 0, 0, 0, 2, 2]);
const NEXT: Mac = Mac([2, 0xbb, 0, 0, 0, 2]);

fn expected() -> Expected {
    Expected { source: OUT, destination: NEXT, ttl: 63 }
}

/// What a router makes of the frame, done here by hand: RFC 1141's update of the checksum.
fn routed(sequence: u32) -> Vec<u8> {
    let mut frame = frame(sequence, IN);
    frame[..6].copy_from_slice(&NEXT.0);
    frame[6..12].copy_from_slice(&OUT.0);
    frame[22] -= 1;
    let sum = u32::from(u16::from_be_bytes([frame[24], frame[25]])) + 0x100;
    let sum = (sum & 0xffff) + (sum >> 16);
    frame[24..26].copy_from_slice(&(sum as u16).to_be_bytes());
    frame
}

fn all_but(sequence: u32, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Report {
    let mut frames: Vec<Vec<u8>> = (0..COUNT).filter(|n| *n != sequence).map(routed).collect();
    edit(&mut frames);
    check(&frames, COUNT, &expected())
}

fn with(edit: impl FnOnce(&mut Vec<u8>)) -> Report {
    let mut frame = routed(7);
    edit(&mut frame);
    all_but(7, |frames| frames.push(frame))
}

#[test]
fn all_frames_in_any_order_pass() {
    let report = all_but(7, |frames| frames.insert(0, routed(7)));
    assert!(report.passed(), "{report}");
    assert_eq!(report.to_string(), "100 of 100 packets forwarded");
}

#[test]
fn a_missing_frame_fails() {
    let report = all_but(7, |_| {});
    assert!(!report.passed());
    assert_eq!(report.to_string(), "99 of 100 packets forwarded");
}

#[test]
fn nothing_sent_is_no_success() {
    assert!(!check(&[], 0, &expected()).passed());
}

#[test]
fn each_fault_is_named() {
    type Edit = fn(&mut Vec<u8>);
    let cases: [(Edit, &str); 8] = [
        (|frame| *frame = frame_not_routed(), "packet 7: TTL 64, expected 63"),
        (|frame| frame[24] ^= 1, "sum of the IPv4 header"),
        (|frame| frame[11] ^= 1, "source 02:00:00:00:02:03, expected 02:00:00:00:02:02"),
        (|frame| frame[5] ^= 1, "destination 02:bb:00:00:00:03, expected 02:bb:00:00:00:02"),
        (|frame| frame[63] = 1, "bytes were changed"),
        (|frame| frame[48] = 1, "sequence below"),
        (|frame| frame.truncate(60), "a frame of 60 bytes that was not sent"),
        (|frame| frame.truncate(0), "a frame of 0 bytes that was not sent"),
    ];
    for (edit, text) in cases {
        let report = with(edit);
        assert!(!report.passed(), "{text}");
        assert_eq!((report.forwarded, report.wrong.len()), (99, 1), "{text}");
        assert!(report.wrong[0].contains(text), "{:?} lacks {text:?}", report.wrong[0]);
    }
}

fn frame_not_routed() -> Vec<u8> {
    frame(7, IN)
}

#[test]
fn a_frame_that_comes_twice_fails() {
    let report = all_but(7, |frames| frames.extend([routed(7), routed(7)]));
    assert_eq!(report.forwarded, 100);
    assert_eq!(report.wrong, ["packet 7: came twice"]);
    assert!(!report.passed());
}

#[test]
fn captures_are_read_as_written_and_in_network_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pcap");
    let frames = [frame(1, IN), routed(2)];
    pcap::write(&path, frames.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(pcap::read(&path).unwrap(), frames);

    let mut other = vec![0xa1, 0xb2, 0x3c, 0x4d];
    other.resize(24, 0);
    other.extend([0; 11].iter().chain(&[1, 0, 0, 0, 1, 0x2a]));
    std::fs::write(&path, &other).unwrap();
    assert_eq!(pcap::read(&path).unwrap(), [vec![0x2a]]);

    other.pop();
    std::fs::write(&path, &other).unwrap();
    assert!(pcap::read(&path).unwrap_err().to_string().contains("cut short"));
}
