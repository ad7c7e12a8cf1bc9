//! Command-line options as `getopt_long` reads them, so that a user's option
//! can take the place of the builder's.

use crate::parse::cpulist::CpuSet;
use crate::parse::lcores;

/// Options that mean the same thing, or can't stand beside each other.
struct Group {
    names: &'static [&'static str],
    takes_value: bool,
    /// What of the builder's an option of this group drops.
    replaces: Replaces,
}

enum Replaces {
    /// The builder's options of the same group.
    Own,
    /// Those of the same group, and these, which DPDK refuses or misreads beside it.
    Also(&'static [&'static str]),
    /// Nothing: a list that options add to.
    Nothing,
    /// Only these: a list that stands against them.
    Only(&'static [&'static str]),
}

const fn value(names: &'static [&'static str]) -> Group {
    Group { names, takes_value: true, replaces: Replaces::Own }
}

const fn flag(names: &'static [&'static str]) -> Group {
    Group { names, takes_value: false, replaces: Replaces::Own }
}

const fn list(names: &'static [&'static str]) -> Group {
    Group { names, takes_value: true, replaces: Replaces::Nothing }
}

impl Group {
    /// The same group, whose options also drop `others`.
    const fn also(self, others: &'static [&'static str]) -> Group {
        Group { replaces: Replaces::Also(others), ..self }
    }

    /// The same group, whose options drop `others` alone.
    const fn only(self, others: &'static [&'static str]) -> Group {
        Group { replaces: Replaces::Only(others), ..self }
    }
}

const MEMORY: &[&str] = &["-m", "--memory-size", "--socket-mem", "--numa-mem"];
const LIMIT: &[&str] = &["--socket-limit", "--numa-limit"];

/// EAL's options. Those that are missing here neither take a separate value nor replace anything.
const EAL: &[Group] = &[
    value(&["-l", "--lcores", "-c", "--coremask"]),
    flag(&["-R", "--remap-lcore-ids"]).also(&["--lcores"]),
    value(&["--main-lcore", "--master-lcore"]),
    value(MEMORY).also(LIMIT),
    value(LIMIT),
    flag(&["--no-huge"]).also(&[
        "-m",
        "--socket-limit",
        "--in-memory",
        "--huge-dir",
        "--single-file-segments",
        "--pagesz-mem",
    ]),
    flag(&["--legacy-mem"]).also(&["--in-memory", "--socket-limit"]),
    flag(&["--huge-unlink"]).also(&["--in-memory"]),
    value(&["--proc-type"]).also(&["--in-memory"]),
    value(&["--huge-dir"]).also(&["--in-memory"]),
    flag(&["--in-memory"]).also(&["--huge-dir"]),
    flag(&["--single-file-segments"]),
    value(&["--iova-mode"]),
    value(&["--file-prefix"]),
    value(&["--pagesz-mem"]),
    value(&["-a", "--allow"]).only(&["--no-pci"]),
    flag(&["--no-pci"]).also(&["-a"]),
    list(&["--vdev"]),
    list(&["-b", "--block"]),
    list(&["-d"]),
    list(&["--log-level"]),
    value(&["-n"]),
    value(&["-r"]),
    value(&["-s"]),
    value(&["--base-virtaddr"]),
    value(&["--syslog"]),
    value(&["--vfio-intr"]),
    value(&["--vfio-vf-token"]),
];

/// What the builder makes for applications.
const APP: &[Group] = &[
    value(&["-p"]),
    value(&["-q"]),
    flag(&["-P"]),
    value(&["--config"]),
    flag(&["--parse-ptype"]),
    flag(&["--relax-rx-offload"]),
    flag(&["--disable-rss"]),
    list(&["--eth-dest"]),
    list(&["--eth-peer"]),
    value(&["--forward-mode"]),
    value(&["--rule_ipv4"]),
    value(&["--rule_ipv6"]),
    value(&["--nb-cores"]),
    value(&["--rxq"]),
    value(&["--txq"]),
    value(&["--stats-period"]),
    value(&["--total-num-mbufs"]),
    flag(&["-i", "--interactive"]),
];

/// An option of a command line, with its value's word if it has one.
pub(super) struct Argument<'a> {
    pub words: &'a [String],
    /// For a user's, the builder's options that it took the place of; `None` for the builder's own.
    pub replaces: Option<Vec<&'a [String]>>,
}

/// EAL arguments: `own` without what `user` replaces, then `user`.
pub(super) fn merge_eal<'a>(own: &'a [String], user: &'a [String]) -> Vec<Argument<'a>> {
    merge(EAL, own, user)
}

/// The same for the application's arguments.
pub(super) fn merge_app<'a>(own: &'a [String], user: &'a [String]) -> Vec<Argument<'a>> {
    merge(APP, own, user)
}

/// The option of a user's that chooses lcores, and their numbers where those are plain to see.
pub(super) fn lcores(user: &[String]) -> Option<(&str, Option<CpuSet>)> {
    let is_cores = |group: &Group| group.names.contains(&"--lcores");
    let chosen = words(EAL, user).filter(|(group, _)| group.is_some_and(is_cores));
    let (_, words) = chosen.last()?;
    let option = words.first()?.as_str();
    let value = match (words.get(1), option.split_once('='), option.starts_with("--")) {
        (Some(value), _, _) => value.as_str(),
        (None, Some((_, value)), _) => value,
        (None, None, true) => "",
        (None, None, false) => option.get(2..).unwrap_or_default(),
    };
    let is_mask = option.starts_with("--coremask") || option.starts_with("-c");
    Some((option, if is_mask { lcores::mask(value) } else { lcores::ids(value) }))
}

fn merge<'a>(table: &'static [Group], own: &'a [String], user: &'a [String]) -> Vec<Argument<'a>> {
    let given: Vec<_> = words(table, user).collect();
    let mut replaced: Vec<Vec<&[String]>> = vec![Vec::new(); given.len()];
    let mut merged = Vec::new();
    for (group, words) in words(table, own) {
        let takes_place = |user: &Option<&'static Group>| {
            user.zip(group).is_some_and(|(user, group)| replaces(user, group))
        };
        match given.iter().position(|(user, _)| takes_place(user)) {
            Some(by) => replaced[by].push(words),
            None => merged.push(Argument { words, replaces: None }),
        }
    }
    let users = given.into_iter().zip(replaced);
    merged.extend(users.map(|((_, words), replaced)| Argument { words, replaces: Some(replaced) }));
    merged
}

fn replaces(user: &Group, own: &Group) -> bool {
    let same = || std::ptr::eq(user.names, own.names);
    let listed = |names: &[&str]| names.iter().any(|name| own.names.contains(name));
    match &user.replaces {
        Replaces::Own => same(),
        Replaces::Also(others) => same() || listed(others),
        Replaces::Nothing => false,
        Replaces::Only(others) => listed(others),
    }
}

/// Each option with its value's word, if it has one, and its group, if that is known.
fn words<'a>(
    table: &'static [Group],
    arguments: &'a [String],
) -> impl Iterator<Item = (Option<&'static Group>, &'a [String])> {
    let mut rest = arguments;
    std::iter::from_fn(move || {
        let (group, length) = option(table, rest.first()?);
        let (taken, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        Some((group, taken))
    })
}

/// The group of an argument, and how many words the option is long.
fn option(table: &'static [Group], argument: &str) -> (Option<&'static Group>, usize) {
    let is_long = argument.starts_with("--");
    let (name, has_value) = match argument.split_once('=') {
        Some((name, _)) if is_long => (name, true),
        _ if is_long => (argument, false),
        _ => match argument.char_indices().nth(2) {
            Some((end, _)) => (&argument[..end], true),
            None => (argument, false),
        },
    };
    let group = table.iter().find(|group| group.names.contains(&name));
    let separate = group.is_some_and(|group| group.takes_value) && !has_value;
    (group, if separate { 2 } else { 1 })
}
