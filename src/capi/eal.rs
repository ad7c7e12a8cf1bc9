//! DPDK arguments.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::device::number;
use super::error::{Failure, guard, podnet_error};
use super::input::{SizedStruct, object, out, sized, text, texts};
use super::owned::{Kept, Owned, podnet_strings};
use super::pod::podnet;
use crate::eal::{App, EalArgs, IovaMode, Lcore, Netdevs, Port, Release, Smt};
use crate::pod::Pod;
use crate::warning::Warning;

/// Any other program: EAL arguments alone.
pub const PODNET_APP_NONE: u32 = 0;
/// DPDK's l3fwd.
pub const PODNET_APP_L3FWD: u32 = 1;
/// DPDK's l2fwd.
pub const PODNET_APP_L2FWD: u32 = 2;
/// DPDK's testpmd.
pub const PODNET_APP_TESTPMD: u32 = 3;

/// Both SMT siblings of a core may become lcores.
pub const PODNET_SMT_USE: u32 = 0;
/// One CPU of each core may become an lcore.
pub const PODNET_SMT_AVOID: u32 = 1;

/// What the ports need.
pub const PODNET_IOVA_DEFAULT: u32 = 0;
/// Virtual addresses.
pub const PODNET_IOVA_VA: u32 = 1;
/// Physical addresses.
pub const PODNET_IOVA_PA: u32 = 2;

/// Kernel netdevs are left out.
pub const PODNET_NETDEVS_SKIP: u32 = 0;
/// Kernel netdevs become ports by AF_XDP.
pub const PODNET_NETDEVS_AF_XDP: u32 = 1;
/// Kernel netdevs become ports by net_tap: tap devices are opened, packets of
/// any other are redirected.
pub const PODNET_NETDEVS_TAP: u32 = 2;

/// Run without hugepages.
pub const PODNET_EAL_NO_HUGE: u64 = 1;
/// Attach to the primary process with the same file prefix.
pub const PODNET_EAL_SECONDARY: u64 = 2;
/// podnet_eal_options.main_cpu counts.
pub const PODNET_EAL_MAIN_CPU: u64 = 4;

const FLAGS: u64 = PODNET_EAL_NO_HUGE | PODNET_EAL_SECONDARY | PODNET_EAL_MAIN_CPU;

/// Which arguments to make. Set size to sizeof(struct podnet_eal_options) and
/// everything that you don't need to zero.
#[repr(C)]
pub struct podnet_eal_options {
    /// sizeof(struct podnet_eal_options).
    pub size: usize,
    /// The first argument: the program's name; NULL is "podnet".
    pub program: *const c_char,
    /// The DPDK release of the program, such as "22.11"; what rte_version()
    /// returns will do. NULL is the newest long-term release.
    pub dpdk_version: *const c_char,
    /// Only the devices of these networks, each the name of an interface,
    /// "namespace/name" or "name"; NULL is every device of this container.
    pub networks: *const *const c_char,
    /// How many networks there are.
    pub networks_len: usize,
    /// More arguments: EAL's, then "--" and the program's own. An option among
    /// them replaces the one that would be made; devices add. NULL is none.
    pub args: *const *const c_char,
    /// How many args there are.
    pub args_len: usize,
    /// What sets DPDK's files apart; NULL is made from the pod's UID and the
    /// container's name.
    pub file_prefix: *const c_char,
    /// Memory in bytes; 0 is the container's limit, or 512 MiB without
    /// hugepages.
    pub memory: u64,
    /// PODNET_EAL_NO_HUGE, PODNET_EAL_SECONDARY and PODNET_EAL_MAIN_CPU, added.
    pub flags: u64,
    /// Whose arguments follow EAL's: one of PODNET_APP_.
    pub app: u32,
    /// Receive queues of each port, at most 1024; 0 is 1. l2fwd has one.
    pub queues: u32,
    /// Lcores that forward packets; 0 is what queues and the program need.
    pub workers: u32,
    /// The CPU of the main lcore, where flags has PODNET_EAL_MAIN_CPU.
    pub main_cpu: u32,
    /// One of PODNET_SMT_.
    pub smt: u32,
    /// One of PODNET_IOVA_.
    pub iova_mode: u32,
    /// What becomes of kernel netdevs but for the default interface's: one of
    /// PODNET_NETDEVS_.
    pub netdevs: u32,
    /// Zero.
    pub reserved: u32,
    /// Where l3fwd and testpmd send packets to: "NETWORK=MAC" each, the network as
    /// in networks. NULL is none.
    pub next_hops: *const *const c_char,
    /// How many next_hops there are.
    pub next_hops_len: usize,
    /// The file that l3fwd of 22.03 and later is told to read its IPv4 routes from;
    /// NULL is none.
    /// Write podnet_eal_args.routes_ipv4 to it before l3fwd starts.
    pub routes_ipv4: *const c_char,
    /// The same for IPv6. Set both or none.
    pub routes_ipv6: *const c_char,
}

// SAFETY: pointers and numbers only, without padding.
unsafe impl SizedStruct for podnet_eal_options {}

/// One DPDK port.
#[repr(C)]
pub struct podnet_port {
    /// The port's number, if every port before it comes up.
    pub id: u32,
    /// Zero.
    pub zero: u32,
    /// The NUMA node of the device, or -1.
    pub numa_node: i64,
    /// The pod's interface, or NULL for a device that belongs to none.
    pub interface_name: *const c_char,
    /// The network of the interface, or NULL.
    pub network: *const c_char,
    /// The value of -a or --vdev.
    pub devarg: *const c_char,
    /// The name that DPDK gives the port, for rte_eth_dev_get_port_by_name().
    pub name: *const c_char,
    /// The MAC address, or NULL.
    pub mac: *const c_char,
    /// The addresses of the interface.
    pub ips: podnet_strings,
    /// Zero.
    pub reserved: [u64; 4],
}

/// One lcore.
#[repr(C)]
pub struct podnet_lcore {
    /// Its number.
    pub id: u32,
    /// The CPU that it runs on.
    pub cpu: u32,
    /// Zero.
    pub reserved: [u64; 4],
}

/// Something to know about an answer.
#[repr(C)]
pub struct podnet_warning {
    /// What kind of thing it is, such as "device-skipped": docs/warnings.md has
    /// all.
    pub code: *const c_char,
    /// The file, variable, device or option that it is about.
    pub path: *const c_char,
    /// One line for people: what, why, and the next step.
    pub text: *const c_char,
    /// Zero.
    pub reserved: [u64; 4],
}

/// Arguments for DPDK, and what they stand for.
///
/// rte_eal_init() and getopt() may reorder argv and change its strings, and EAL
/// keeps pointers to them: free this after rte_eal_cleanup().
#[repr(C)]
pub struct podnet_eal_args {
    /// How many elements argv has before the NULL at its end.
    pub argc: c_int,
    /// How many of them come before the "--": the program's name and EAL's
    /// arguments.
    pub eal_argc: c_int,
    /// The program's name, EAL's arguments, "--", the program's arguments, NULL.
    pub argv: *mut *mut c_char,
    /// The ports in the order of their numbers; NULL without any.
    pub ports: *const podnet_port,
    /// How many ports there are.
    pub ports_len: usize,
    /// The lcores in the order of their numbers. The first is the main lcore.
    pub lcores: *const podnet_lcore,
    /// How many lcores there are.
    pub lcores_len: usize,
    /// What the arguments leave out, and what may keep them from working; NULL
    /// without any.
    pub warnings: *const podnet_warning,
    /// How many warnings there are.
    pub warnings_len: usize,
    /// What has to be in the file podnet_eal_options.routes_ipv4; NULL where none
    /// was asked for.
    pub routes_ipv4: *const c_char,
    /// The same for IPv6.
    pub routes_ipv6: *const c_char,
}

const _: () = assert!(
    size_of::<podnet_eal_options>() == 144
        && size_of::<podnet_port>() == 104
        && size_of::<podnet_lcore>() == 40
        && size_of::<podnet_warning>() == 56
        && size_of::<podnet_eal_args>() == 80
);

/// Arguments for DPDK: EAL's, and those of l3fwd, l2fwd or testpmd. options may
/// be NULL: EAL's arguments for every device of this container.
///
/// Returns 0 and sets *ret, which podnet_eal_args_free() frees. Else returns
/// -EINVAL for a NULL argument, an option that can't be met, and a name, path or
/// address in the pod's data that could add an argument; -E2BIG for a member
/// that this library does not know; -ENOENT when the CPUs are unknown; or why the
/// root is no directory to read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_eal_args_new(
    pod: *const podnet,
    options: *const podnet_eal_options,
    ret: *mut *mut podnet_eal_args,
    err: *mut podnet_error,
) -> c_int {
    guard(err, || {
        let ret = out(ret)?;
        // SAFETY: `pod` is NULL or from podnet_open().
        let pod = &unsafe { object("pod", pod) }?.pod;
        // SAFETY: `options` is NULL or as the header says.
        let options = unsafe { Options::read(options) }?;
        let args = options.build(pod)?;
        args.check(&options.args)?;
        let argv = args.argv(&options.program, &options.args);
        let argc = c_int::try_from(argv.len())
            .map_err(|_| Failure::new(libc::E2BIG, "options: args: too many"))?;
        // SAFETY: `ret` points to a pointer of the caller's.
        unsafe { ret.write(Owned::give(|kept| view(&args, &argv, argc, kept))) };
        Ok(())
    })
}

/// Frees what podnet_eal_args_new() returned, whatever became of argv. NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_eal_args_free(args: *mut podnet_eal_args) {
    // SAFETY: it is NULL or from podnet_eal_args_new(), and not used afterwards.
    unsafe { Owned::take_back(args) };
}

/// `podnet_eal_options`, checked.
struct Options {
    program: String,
    release: Option<Release>,
    networks: Vec<String>,
    args: Vec<String>,
    file_prefix: Option<String>,
    memory: Option<u64>,
    flags: u64,
    app: App,
    queues: Option<u32>,
    workers: Option<u32>,
    main_cpu: Option<u32>,
    smt: Smt,
    iova_mode: Option<IovaMode>,
    netdevs: Option<Netdevs>,
    next_hops: Vec<(String, String)>,
    routes: Option<(String, String)>,
}

impl Options {
    /// # Safety
    /// `options` is NULL or a `podnet_eal_options` as the header says.
    unsafe fn read(options: *const podnet_eal_options) -> Result<Options, Failure> {
        // SAFETY: as the caller promises.
        let given = unsafe { sized("options", options) }?;
        // SAFETY: the strings and lists of `given` are as the header says, here and below.
        let string = |what, pointer| unsafe { text(what, pointer) };
        // SAFETY: see above.
        let list = |what, items, len| unsafe { texts(what, items, len) };
        if given.flags & !FLAGS != 0 {
            return Err(Failure::invalid("options: flags", "an unknown flag is set"));
        }
        if given.reserved != 0 {
            return Err(Failure::invalid("options: reserved", "expected zero"));
        }
        let release = string("options: dpdk_version", given.dpdk_version)?;
        Ok(Options {
            program: string("options: program", given.program)?.unwrap_or("podnet").to_owned(),
            release: release.map(str::parse).transpose()?,
            networks: list("options: networks", given.networks, given.networks_len)?,
            args: list("options: args", given.args, given.args_len)?,
            file_prefix: string("options: file_prefix", given.file_prefix)?.map(str::to_owned),
            memory: (given.memory != 0).then_some(given.memory),
            flags: given.flags,
            app: choose("options: app", given.app, &APPS)?,
            queues: (given.queues != 0).then_some(given.queues),
            workers: (given.workers != 0).then_some(given.workers),
            main_cpu: (given.flags & PODNET_EAL_MAIN_CPU != 0).then_some(given.main_cpu),
            smt: choose("options: smt", given.smt, &SMTS)?,
            iova_mode: choose("options: iova_mode", given.iova_mode, &IOVA_MODES)?,
            netdevs: choose("options: netdevs", given.netdevs, &NETDEVS)?,
            next_hops: next_hops(&list(
                "options: next_hops",
                given.next_hops,
                given.next_hops_len,
            )?)?,
            routes: match (
                string("options: routes_ipv4", given.routes_ipv4)?,
                string("options: routes_ipv6", given.routes_ipv6)?,
            ) {
                (Some(ipv4), Some(ipv6)) => Some((ipv4.to_owned(), ipv6.to_owned())),
                (None, None) => None,
                _ => return Err(Failure::invalid("options: routes", "set both files or none")),
            },
        })
    }

    fn build(&self, pod: &Pod) -> Result<EalArgs, Failure> {
        let snapshot = pod.snapshot()?;
        let mut builder = EalArgs::builder(&snapshot)
            .app(self.app)
            .networks(&self.networks)
            .smt(self.smt)
            .no_huge(self.flags & PODNET_EAL_NO_HUGE != 0)
            .secondary(self.flags & PODNET_EAL_SECONDARY != 0)
            .facts(pod.eal_facts())
            .memory(self.memory)
            .queues(self.queues)
            .workers(self.workers)
            .main_cpu(self.main_cpu)
            .iova_mode(self.iova_mode)
            .netdevs(self.netdevs);
        if let Some(release) = self.release {
            builder = builder.dpdk(release);
        }
        if let Some(prefix) = &self.file_prefix {
            builder = builder.file_prefix(prefix);
        }
        for (network, mac) in &self.next_hops {
            builder = builder.next_hop(network, mac);
        }
        if let Some((ipv4, ipv6)) = &self.routes {
            builder = builder.routes(ipv4, ipv6);
        }
        Ok(builder.build()?)
    }
}

fn next_hops(texts: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| {
        let pair = text.split_once('=');
        pair.map(|(network, mac)| (network.to_owned(), mac.to_owned()))
            .ok_or_else(|| Failure::invalid("options: next_hops", "expected NETWORK=MAC"))
    };
    texts.iter().map(pair).collect()
}

const APPS: [(u32, App); 4] = [
    (PODNET_APP_NONE, App::None),
    (PODNET_APP_L3FWD, App::L3fwd),
    (PODNET_APP_L2FWD, App::L2fwd),
    (PODNET_APP_TESTPMD, App::Testpmd),
];

const SMTS: [(u32, Smt); 2] = [(PODNET_SMT_USE, Smt::Use), (PODNET_SMT_AVOID, Smt::Avoid)];

const IOVA_MODES: [(u32, Option<IovaMode>); 3] = [
    (PODNET_IOVA_DEFAULT, None),
    (PODNET_IOVA_VA, Some(IovaMode::Va)),
    (PODNET_IOVA_PA, Some(IovaMode::Pa)),
];

const NETDEVS: [(u32, Option<Netdevs>); 3] = [
    (PODNET_NETDEVS_SKIP, None),
    (PODNET_NETDEVS_AF_XDP, Some(Netdevs::AfXdp)),
    (PODNET_NETDEVS_TAP, Some(Netdevs::Tap)),
];

/// What a number from C means.
fn choose<T: Copy>(what: &str, number: u32, meanings: &[(u32, T)]) -> Result<T, Failure> {
    meanings
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Failure::invalid(what, &format!("{number} is none of the constants")))
}

fn view(args: &EalArgs, argv: &[String], argc: c_int, kept: &mut Kept) -> podnet_eal_args {
    let separator = argv.iter().skip(1).position(|word| word == "--");
    let eal_argc = separator.map_or(argv.len(), |at| at + 1);
    let mut words: Vec<*mut c_char> = argv.iter().map(|word| kept.text(word)).collect();
    words.push(ptr::null_mut());
    let ports: Vec<_> = args.ports.iter().map(|one| port(one, kept)).collect();
    let lcores: Vec<_> = args.lcores.iter().map(lcore).collect();
    let warnings: Vec<_> = args.warnings.iter().map(|one| warning(one, kept)).collect();
    podnet_eal_args {
        argc,
        eal_argc: c_int::try_from(eal_argc).unwrap_or(argc),
        argv: kept.list(words),
        ports_len: ports.len(),
        ports: kept.list(ports),
        lcores_len: lcores.len(),
        lcores: kept.list(lcores),
        warnings_len: warnings.len(),
        warnings: kept.list(warnings),
        routes_ipv4: kept.optional(args.routes.as_ref().map(|routes| &routes.ipv4.text)),
        routes_ipv6: kept.optional(args.routes.as_ref().map(|routes| &routes.ipv6.text)),
    }
}

fn port(port: &Port, kept: &mut Kept) -> podnet_port {
    podnet_port {
        id: port.id,
        zero: 0,
        numa_node: number(port.numa_node),
        interface_name: kept.optional(port.interface.as_ref()),
        network: kept.optional(port.network.as_ref()),
        devarg: kept.text(&port.devarg),
        name: kept.text(&port.name),
        mac: kept.optional(port.mac.as_ref()),
        ips: kept.strings(&port.ips),
        reserved: [0; 4],
    }
}

fn lcore(lcore: &Lcore) -> podnet_lcore {
    podnet_lcore { id: lcore.id, cpu: lcore.cpu, reserved: [0; 4] }
}

fn warning(warning: &Warning, kept: &mut Kept) -> podnet_warning {
    podnet_warning {
        code: kept.text(&warning.code.to_string()),
        path: kept.text(&warning.path),
        text: kept.text(&warning.text),
        reserved: [0; 4],
    }
}
