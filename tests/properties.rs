//! Properties of the formats: what is printed by the producer's rules comes back as it was.

#![allow(clippy::unwrap_used)] // A test is to panic.

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use podnet::Pod;
use podnet::parse::cpulist::CpuSet;
use podnet::parse::{cgroup, device_info, mountinfo, network_status, networks, pcidevice, size};
use podnet::parse::{downward, pci::PciAddress};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

/// Go's `strconv.Quote`. Which characters beyond ASCII it takes for printable depends on the
/// Unicode tables of its release, so `escape` decides.
fn quote(value: &[u8], escape: &mut dyn FnMut(char) -> bool) -> String {
    let mut quoted = String::from("\"");
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\x07' => quoted.push_str("\\a"),
                '\x08' => quoted.push_str("\\b"),
                '\x0c' => quoted.push_str("\\f"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\x0b' => quoted.push_str("\\v"),
                '\\' => quoted.push_str("\\\\"),
                '"' => quoted.push_str("\\\""),
                '\0'..='\x1f' | '\x7f' => write!(quoted, "\\x{:02x}", character as u32).unwrap(),
                ' '..='~' => quoted.push(character),
                _ if !escape(character) => quoted.push(character),
                '\u{80}'..='\u{ffff}' => write!(quoted, "\\u{:04x}", character as u32).unwrap(),
                _ => write!(quoted, "\\U{:08x}", character as u32).unwrap(),
            }
        }
        for byte in chunk.invalid() {
            write!(quoted, "\\x{byte:02x}").unwrap();
        }
    }
    quoted + "\""
}

/// Kubernetes' `FormatMap`: sorted, a line each, no newline at the end.
fn format_map(map: &BTreeMap<String, Vec<u8>>, escape: &mut dyn FnMut(char) -> bool) -> String {
    let lines: Vec<String> =
        map.iter().map(|(key, value)| format!("{key}={}", quote(value, escape))).collect();
    lines.join("\n")
}

const TROUBLESOME: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"=",
    b" ",
    b"\n",
    b"\r\n",
    b"\\n",
    b"\\\"",
    b"\x00",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    "\u{2028}\u{feff}\u{e0001}\u{10ffff}é😀".as_bytes(),
];

fn annotations() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let text = any::<String>().prop_map(String::into_bytes);
    let troublesome =
        vec(prop::sample::select(TROUBLESOME), 0..12).prop_map(|parts| parts.concat());
    let value = prop_oneof![vec(any::<u8>(), 0..60), text, troublesome];
    btree_map("[a-z0-9]([-a-z0-9._]{0,20}/)?[a-zA-Z0-9]{1,20}", value, 0..8)
}

/// A map made of random bytes: an eighth of them end a value, an eighth stand for something
/// troublesome, the rest for themselves. Far cheaper to make than [`annotations`].
fn map_of(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let values = bytes.split(|byte| byte % 8 == 7);
    let value = |part: &[u8]| -> Vec<u8> {
        let pieces = part.iter().map(|byte| match byte % 8 {
            6 => TROUBLESOME[usize::from(byte / 8) % TROUBLESOME.len()],
            _ => std::slice::from_ref(byte),
        });
        pieces.collect::<Vec<&[u8]>>().concat()
    };
    values.enumerate().map(|(index, part)| (format!("k{index}.io/a"), value(part))).collect()
}

#[test]
fn the_quoting_of_this_test_is_gos() {
    // What Go 1.19 printed for these bytes.
    let vectors: &[(&[u8], &str)] = &[
        (b"\n\t\"\\", r#""\n\t\"\\""#),
        (b"\x07\x08\x0c\x0d\x0b\x00\x01\x1f\x7f", r#""\a\b\f\r\v\x00\x01\x1f\x7f""#),
        (b"\xff\xfe\x80a", r#""\xff\xfe\x80a""#),
        (b"\xc2\xad\xef\xbb\xbf\xe2\x80\xa8", r#""\u00ad\ufeff\u2028""#),
        (b"\xf3\xa0\x80\x81\xf4\x8f\xbf\xbf", r#""\U000e0001\U0010ffff""#),
    ];
    for (bytes, expected) in vectors {
        assert_eq!(quote(bytes, &mut |_| true), *expected);
    }
    assert_eq!(quote("é😀\u{fffd}".as_bytes(), &mut |_| false), "\"é😀\u{fffd}\"");
}

#[test]
fn a_line_of_a_megabyte_does_not_hide_the_next() {
    let mut value: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    value.extend_from_slice(b"the end");
    let map = BTreeMap::from([("a".to_owned(), value), ("b".to_owned(), b"1".to_vec())]);
    let text = format_map(&map, &mut |_| true);
    let root = tree::root(&[("etc/podnetinfo/annotations", &text)]);
    let found = Pod::builder().root(root.path()).build().annotations().unwrap().values;
    assert!(found == map, "{} annotations came back", found.len());
}

/// The numbers of a list as the kernel prints it, without the parser under test.
fn expand(list: &str) -> BTreeSet<u32> {
    let ends = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        first.parse::<u32>().unwrap()..=last.parse::<u32>().unwrap()
    };
    list.split(',').filter(|part| !part.is_empty()).flat_map(ends).collect()
}

/// Prints and reads a map, with one character beyond ASCII after the other escaped or not.
fn comes_back(map: &BTreeMap<String, Vec<u8>>, escapes: &[bool]) -> Result<(), TestCaseError> {
    let mut next = escapes.iter().cycle();
    let text = format_map(map, &mut |_| *next.next().unwrap());
    prop_assert_eq!(text.lines().count(), map.len());
    let (found, problems) = downward::parse(text.as_bytes());
    prop_assert_eq!(problems, vec![]);
    prop_assert_eq!(&found, map);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn a_hundred_thousand_maps_come_back(bytes in vec(any::<u8>(), 0..48), escape: bool) {
        comes_back(&map_of(&bytes), &[escape, true, !escape])?;
    }
}

proptest! {
    #[test]
    fn annotations_come_back_as_they_were(map in annotations(), escapes in vec(any::<bool>(), 1..9)) {
        comes_back(&map, &escapes)?;
    }

    #[test]
    fn a_broken_line_costs_no_other(map in annotations(), at in any::<prop::sample::Index>()) {
        let text = format_map(&map, &mut |_| true);
        let mut lines: Vec<&str> = text.lines().collect();
        let at = at.index(lines.len() + 1);
        lines.insert(at, "broken.example/cut=\"no end");
        let (found, problems) = downward::parse(lines.join("\n").as_bytes());
        prop_assert_eq!(found, map);
        prop_assert_eq!(problems.len(), 1);
        prop_assert_eq!(&problems[0].place, &format!("line {}", at + 1));
    }

    #[test]
    fn cpu_lists_come_back(ids in btree_set(0u32..300, 0..80)) {
        let set: CpuSet = ids.iter().copied().collect();
        let text = set.to_string();
        prop_assert_eq!(expand(&text), ids.clone());
        let again: CpuSet = text.parse().unwrap();
        prop_assert_eq!(again.iter().collect::<BTreeSet<u32>>(), ids.clone());
        prop_assert_eq!(again.len(), ids.len());
        // The kernel joins neighbours: no part begins where the one before could have gone on.
        let joined = text.split(',').zip(text.split(',').skip(1)).all(|(left, right)| {
            expand(left).last().unwrap() + 1 < *expand(right).first().unwrap()
        });
        prop_assert!(joined, "{}", text);
    }

    #[test]
    fn pci_addresses_come_back(domain in 0u32..0x20000, bus: u8, device in 0u8..32, function in 0u8..8) {
        let text = format!("{domain:04x}:{bus:02x}:{device:02x}.{function}");
        let address: PciAddress = text.parse().unwrap();
        prop_assert_eq!(address.to_string(), text.clone());
        prop_assert_eq!(text.to_uppercase().parse::<PciAddress>(), Ok(address));
    }

    /// No bytes make a parser panic, and what is not understood is named or absent.
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..200), text in any::<String>()) {
        for bytes in [&bytes[..], text.as_bytes()] {
            let (map, problems) = downward::parse(bytes);
            let lines = bytes.split(|byte| *byte == b'\n').count();
            prop_assert!(map.len() + problems.len() <= 2 * lines);
            network_status::parse(bytes);
            networks::parse(bytes);
            pcidevice::parse(bytes);
            let lossy = String::from_utf8_lossy(bytes);
            mountinfo::parse(&lossy);
            size::parse(&lossy);
            size::hugepage_file(&format!("hugepages_{lossy}"));
            prop_assert!(cgroup::parse(&lossy).len() <= lossy.lines().count());
        }
    }

    /// Every shape of JSON in place of every member: entries stay entries.
    #[test]
    fn json_of_any_shape_is_read(
        values in vec((prop::sample::select(KEYS), json()), 0..6),
        kind in prop::sample::select(vec!["pci", "vdpa", "vhost-user", "memif", "x"]),
    ) {
        let mut entry = serde_json::Map::new();
        entry.insert("type".into(), kind.into());
        entry.extend(values.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let entry = serde_json::Value::Object(entry);
        let (device, problems) = device_info::parse("here", &entry);
        prop_assert!(device.is_some() || !problems.is_empty());
        prop_assert!(problems.iter().all(|problem| problem.place.starts_with("here")));

        let text = serde_json::to_vec(&vec![entry.clone(), entry]).unwrap();
        prop_assert_eq!(network_status::parse(&text).0.len(), 2);
        networks::parse(&text);
    }
}

const KEYS: &[&str] = &[
    "name",
    "interface",
    "ips",
    "mac",
    "mtu",
    "default",
    "dns",
    "gateway",
    "device-info",
    "type",
    "version",
    "pci",
    "vdpa",
    "vhost-user",
    "memif",
    "pci-address",
    "path",
    "mode",
    "role",
    "nameservers",
    "namespace",
];

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::sample::select(vec!["", "0000:3b:02.1", "0000:02:01:6", "client", "punt", "<nil>"])
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            vec((prop::sample::select(KEYS), inner), 0..4).prop_map(|members| {
                let members = members.into_iter().map(|(key, value)| (key.to_owned(), value));
                serde_json::Value::Object(members.collect())
            }),
        ]
    })
}
