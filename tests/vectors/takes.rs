//! What each release's parser takes, from its documentation and source and not from podnet's: a
//! vector that this refuses would not start.

use podnet::eal::{App, Release};

/// A release as a number, so that the tables are short.
type Since = u32;

fn number(release: Release) -> Since {
    u32::from(release.year) * 100 + u32::from(release.month)
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `--name`
    Flag,
    /// `--name VALUE`
    Separate,
    /// `--name=VALUE`
    Joined,
}
use Form::{Flag, Joined, Separate};

/// Options of EAL: the form, the first release, and whether it may be repeated.
const EAL: &[(&str, Form, Since, bool)] = &[
    ("--lcores", Separate, 0, false),
    ("-a", Separate, 2011, true),
    ("--vdev", Separate, 0, true),
    ("--no-pci", Flag, 0, false),
    ("-m", Separate, 0, false),
    ("--socket-mem", Separate, 0, false),
    ("--socket-limit", Separate, 1808, false),
    ("--in-memory", Flag, 1808, false),
    ("--single-file-segments", Flag, 1805, false),
    ("--no-huge", Flag, 0, false),
    ("--huge-dir", Separate, 0, false),
    ("--pagesz-mem", Separate, 2607, false),
    ("--iova-mode", Joined, 1811, false),
    ("--file-prefix", Separate, 0, false),
    ("--vfio-vf-token", Separate, 2008, false),
    ("--proc-type", Joined, 0, false),
    ("--huge-unlink", Flag, 0, false),
    ("--legacy-mem", Flag, 1805, false),
    ("-b", Separate, 2011, true),
];

/// Pairs that a release refuses, with the releases that do; some only misbehave.
const CONFLICTS: &[(&str, &str, Since, Since)] = &[
    ("-m", "--socket-mem", 0, 9999),
    ("--no-huge", "--socket-mem", 0, 9999),
    ("--no-huge", "--in-memory", 0, 2507),
    ("--no-huge", "--single-file-segments", 2511, 9999),
    ("--no-huge", "--huge-dir", 0, 9999),
    ("--in-memory", "--huge-dir", 0, 9999),
    ("--in-memory", "--proc-type", 0, 9999),
    ("-a", "-b", 0, 9999),
    ("--huge-unlink", "--single-file-segments", 0, 9999),
    ("--huge-unlink", "--no-huge", 0, 9999),
    ("--huge-unlink", "--in-memory", 2511, 9999),
    ("--legacy-mem", "--in-memory", 0, 9999),
    ("--legacy-mem", "--socket-limit", 2511, 9999),
];

const L3FWD: &[(&str, Form, Since, bool)] = &[
    ("-p", Separate, 0, false),
    ("-P", Flag, 0, false),
    ("--config", Joined, 0, false),
    ("--parse-ptype", Flag, 0, false),
    ("--relax-rx-offload", Flag, 2311, false),
    ("--disable-rss", Flag, 2311, false),
    ("--eth-dest", Joined, 0, true),
    ("--rule_ipv4", Joined, 2203, false),
    ("--rule_ipv6", Joined, 2203, false),
];

const L2FWD: &[(&str, Form, Since, bool)] =
    &[("-p", Separate, 0, false), ("-q", Separate, 0, false), ("-P", Flag, 2111, false)];

const TESTPMD: &[(&str, Form, Since, bool)] = &[
    ("--nb-cores", Joined, 0, false),
    ("--rxq", Joined, 0, false),
    ("--txq", Joined, 0, false),
    ("--stats-period", Joined, 0, false),
    ("--total-num-mbufs", Joined, 0, false),
    ("--eth-peer", Joined, 0, true),
    ("--forward-mode", Joined, 0, false),
];

/// Keys of each driver's device arguments, with the first release.
const KEYS: &[(&str, &[(&str, Since)])] = &[
    ("net_virtio_user", &[("path", 0), ("mac", 0), ("cq", 0), ("queues", 0), ("server", 0)]),
    ("net_memif", &[("id", 0), ("role", 0), ("socket", 0), ("mac", 0), ("socket-abstract", 2011)]),
    (
        "net_af_xdp",
        &[
            ("iface", 0),
            ("queue_count", 1908),
            ("use_cni", 2303),
            ("use_pinned_map", 2407),
            ("dp_path", 2407),
        ],
    ),
    ("net_tap", &[("iface", 0), ("remote", 0), ("mac", 0)]),
];

type Options<'a> = Vec<(&'a str, &'a str)>;

/// The options of one half of a vector, each in a form that the release takes.
fn read<'a>(
    table: &[(&'static str, Form, Since, bool)],
    words: &'a [String],
    release: Release,
) -> Result<Options<'a>, String> {
    let mut found: Options = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value)),
            _ => (word.as_str(), None),
        };
        let known = table.iter().find(|(known, ..)| *known == name);
        let (_, form, since, repeats) = known.ok_or_else(|| format!("{word}: unknown option"))?;
        if number(release) < *since {
            return Err(format!("{word}: {release} does not have it"));
        }
        if !repeats && found.iter().any(|(other, _)| *other == name) {
            return Err(format!("{word}: occurs twice"));
        }
        let value = match (form, joined) {
            (Flag, None) => "",
            (Joined, Some(value)) => value,
            (Separate, None) => rest.next().ok_or_else(|| format!("{word}: no value"))?,
            _ => return Err(format!("{word}: the wrong form")),
        };
        if *form != Flag && (value.is_empty() || value.starts_with('-')) {
            return Err(format!("{word}: the value {value:?}"));
        }
        found.push((name, value));
    }
    Ok(found)
}

fn all<'a>(options: &'a Options<'a>, name: &'a str) -> impl Iterator<Item = &'a str> {
    options.iter().filter(move |(other, _)| *other == name).map(|(_, value)| *value)
}

/// Why `release` would refuse, or misread, the vector of `app`.
pub fn check(
    eal: &[String],
    app_words: &[String],
    app: App,
    release: Release,
) -> Result<(), String> {
    let options = read(EAL, eal, release)?;
    let has = |name: &str| options.iter().any(|(other, _)| *other == name);
    for (one, other, first, last) in CONFLICTS {
        if has(one) && has(other) && (*first..=*last).contains(&number(release)) {
            return Err(format!("{one} with {other}"));
        }
    }
    if has("--no-huge") && all(&options, "--iova-mode").any(|mode| mode == "pa") {
        return Err("--no-huge with --iova-mode=pa".to_owned());
    }
    if has("--no-huge") && !has("-m") {
        return Err("64 MB without hugepages".to_owned());
    }
    let lcores = lcores(all(&options, "--lcores").next().ok_or("no --lcores")?)?;
    for name in ["-m", "--socket-mem", "--socket-limit"] {
        all(&options, name).try_for_each(memory)?;
    }
    let pci = all(&options, "-a").filter(|device| !device.starts_with("auxiliary:")).count();
    if (pci == 0) != has("--no-pci") {
        return Err(format!("{pci} PCI devices and --no-pci: {}", has("--no-pci")));
    }
    if number(release) < 2108 && all(&options, "-a").count() > pci {
        return Err("the auxiliary bus is not there yet".to_owned());
    }
    let mut names = Vec::new();
    for device in all(&options, "--vdev") {
        names.push(virtual_device(device, release)?);
    }
    names.sort_unstable();
    names.dedup();
    if names.len() != all(&options, "--vdev").count() {
        return Err("two virtual devices of one name".to_owned());
    }
    let is_socket =
        |device: &str| device.contains("path=") && !device.contains("path=/dev/vhost-vdpa");
    let sockets = all(&options, "--vdev").filter(|one| one.starts_with("net_virtio_user"));
    let segments = has("--single-file-segments") || has("--no-huge") || has("--proc-type");
    if sockets.filter(|one| is_socket(one)).count() > 0 && !segments {
        return Err("vhost-user on hugepages without --single-file-segments".to_owned());
    }
    // net_af_xdp has no promiscuous mode then, and l2fwd and l3fwd end.
    let by_plugin =
        |device: &str| device.contains(",use_cni=") || device.contains(",use_pinned_map=");
    if app_words.iter().any(|word| word == "-P") && all(&options, "--vdev").any(by_plugin) {
        return Err("-P with use_cni or use_pinned_map".to_owned());
    }
    let ports = all(&options, "-a").count() + all(&options, "--vdev").count();
    application(app_words, app, release, lcores, ports)
}

/// `0@4,1@6`: identifiers from 0, without a gap. Their number.
fn lcores(value: &str) -> Result<usize, String> {
    for (expected, pair) in value.split(',').enumerate() {
        let parts = pair.split_once('@').and_then(|(id, cpu)| Some((id, cpu.parse::<u32>().ok()?)));
        if parts.is_none_or(|(id, _)| id != expected.to_string()) {
            return Err(format!("--lcores {value}"));
        }
    }
    Ok(value.split(',').count())
}

fn memory(value: &str) -> Result<(), String> {
    let amounts: Option<Vec<u64>> = value.split(',').map(|one| one.parse().ok()).collect();
    let some = amounts.is_some_and(|amounts| amounts.iter().any(|amount| *amount > 0));
    some.then_some(()).ok_or_else(|| format!("memory {value:?}"))
}

fn virtual_device(device: &str, release: Release) -> Result<&str, String> {
    let mut words = device.split(',');
    let name = words.next().unwrap_or_default();
    let driver = KEYS.iter().find(|(driver, _)| name.starts_with(driver));
    let (driver, keys) = driver.ok_or_else(|| format!("{name}: no driver"))?;
    let mut given: Options = Vec::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{device}: {word}"))?;
        let known = keys.iter().find(|(known, _)| *known == key);
        let since = known.ok_or_else(|| format!("{device}: no key {key}"))?.1;
        let again = given.iter().any(|(other, _)| *other == key);
        if number(release) < since || again || value.is_empty() {
            return Err(format!("{device}: {key} of {release}"));
        }
        given.push((key, value));
    }
    let value = |name: &str| given.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let queues = value("queues").and_then(|queues| queues.parse::<u32>().ok());
    let broken = match *driver {
        "net_virtio_user" => {
            value("cq") != Some("1")
                || number(release) < 2303 && queues.is_none_or(|pairs| pairs > 8)
        }
        "net_memif" => {
            let is_file = value("socket").is_some_and(|socket| socket.starts_with('/'));
            is_file != (value("socket-abstract") == Some("no"))
                || !matches!(value("role"), Some("server" | "client"))
        }
        "net_af_xdp" => {
            let plugin = [value("use_cni"), value("use_pinned_map")].iter().flatten().count();
            plugin > 1 || value("dp_path").is_some() && plugin == 0
        }
        _ => value("iface").is_none_or(|name| name.len() > 15) || value("iface") == value("remote"),
    };
    let broken = broken || name.len() > 63;
    (!broken).then_some(name).ok_or_else(|| format!("{device}: of {release}"))
}

fn application(
    words: &[String],
    app: App,
    release: Release,
    lcores: usize,
    ports: usize,
) -> Result<(), String> {
    let table = match app {
        App::L3fwd => L3FWD,
        App::L2fwd => L2FWD,
        App::Testpmd => TESTPMD,
        _ => &[],
    };
    let options = read(table, words, release)?;
    let value = |name| all(&options, name).next();
    if let Some(mask) = value("-p") {
        let bits = mask.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        if bits.is_none_or(|bits| bits != (1_u64 << ports) - 1) {
            return Err(format!("-p {mask} of {ports} ports"));
        }
    }
    if value("-q").is_some_and(|ports| !matches!(ports.parse(), Ok(1..16))) {
        return Err("-q: at most 15 ports on an lcore".to_owned());
    }
    if let Some(cores) = value("--nb-cores") {
        if cores.parse() != Ok(lcores - 1) {
            return Err(format!("--nb-cores={cores} of {lcores} lcores"));
        }
    }
    let triples = value("--config").unwrap_or_default();
    for triple in triples.split_inclusive(')').map(|one| one.trim_matches([',', '(', ')'])) {
        let numbers: Vec<usize> = triple.split(',').filter_map(|one| one.parse().ok()).collect();
        let fits = matches!(numbers[..], [port, _, lcore] if port < ports && lcore < lcores);
        if !fits {
            return Err(format!("--config: {triple:?} of {ports} ports and {lcores} lcores"));
        }
    }
    Ok(())
}

/// The check sees what it is there for.
#[test]
fn vectors_that_a_release_refuses_are_found() {
    let good = "--lcores 0@1 --socket-mem 64 --in-memory --single-file-segments --no-pci --vdev \
                net_virtio_user_net1,path=/s,queues=1,cq=1";
    let check = |eal: &str, release: &str| {
        let words: Vec<String> = eal.split_whitespace().map(str::to_owned).collect();
        check(&words, &[], App::None, release.parse().unwrap())
    };
    check(good, "20.11").unwrap();
    let bad = [
        ("--in-memory", "--in-mem", "25.11"),
        ("--in-memory", "--in-memory --in-memory", "25.11"),
        ("--in-memory", "--huge-unlink", "25.11"),
        ("--in-memory", "--pagesz-mem 1G:0", "25.11"),
        ("--in-memory", "--no-huge", "24.11"),
        ("--in-memory", "-m 64", "24.11"),
        ("--socket-mem 64 --in-memory --single-file-segments", "--no-huge --iova-mode=pa", "24.11"),
        ("--single-file-segments", "", "24.11"),
        ("--no-pci", "", "24.11"),
        ("--no-pci", "--no-pci -a 0000:01:00.0", "24.11"),
        ("--no-pci", "-a=0000:01:00.0", "24.11"),
        ("0@1", "1@1", "24.11"),
        ("--socket-mem 64", "--socket-mem 64,", "24.11"),
        ("queues=1", "queues=9", "22.11"),
        (",cq=1", "", "26.07"),
        ("cq=1", "cq=1,cq=1", "26.07"),
        ("cq=1", "cq=1,colour=1", "26.07"),
        ("net_virtio_user_net1,path=/s,queues=1,cq=1", "net_af_xdp_a,iface=a,use_cni=1", "22.11"),
        (
            "net_virtio_user_net1,path=/s,queues=1,cq=1",
            "net_memif_a,role=client,socket=/s",
            "22.11",
        ),
    ];
    for (from, to, release) in bad {
        assert!(good.contains(from), "{from}");
        check(&good.replace(from, to), release).expect_err(to);
    }
    for (plugin, promiscuous) in [("use_cni=1", false), ("use_pinned_map=1", false), ("", true)] {
        let eal = format!("--lcores 0@1 --no-pci --vdev net_af_xdp_a,iface=a,{plugin}");
        let [eal, app] = [eal.trim_end_matches(','), "-p 0x1 -P"]
            .map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let checked = super::takes::check(&eal, &app, App::L3fwd, "24.11".parse().unwrap());
        assert_eq!(checked.is_ok(), promiscuous, "{plugin}: {checked:?}");
    }
}
