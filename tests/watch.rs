//! Waiting for networks and watching interfaces, while the test plays the kubelet.
#![allow(clippy::unwrap_used)] // A test is to panic.

mod kubelet;

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use kubelet::{Kubelet, annotations};
use podnet::{Error, Event, EventKind, Pod, Snapshot, Wait, Watch};
use tempfile::TempDir;

const ETH0: &str = r#"{"name":"cbr0","interface":"eth0","default":true}"#;
const NET1: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.1"]}"#;
const NET1_MOVED: &str = r#"{"name":"ran/a","interface":"net1","ips":["192.0.2.7"]}"#;
const NET2: &str = r#"{"name":"ran/b","interface":"net2"}"#;

/// Looking without being told happens every two seconds: what is quicker was told.
const TOLD: Duration = Duration::from_millis(1800);

/// Longer than anything takes.
const LONG: Duration = Duration::from_secs(30);

const SHORT: Duration = Duration::from_millis(300);

struct Cluster {
    root: TempDir,
    kubelet: Kubelet,
}

impl Cluster {
    /// A pod without a Downward API directory.
    fn new() -> Cluster {
        let root = tempfile::tempdir().unwrap();
        let kubelet = Kubelet::new(root.path().join("etc/podnetinfo"));
        Cluster { root, kubelet }
    }

    /// One that requests net1 and net2, with a status of these entries.
    fn with(entries: Option<&[&str]>) -> Cluster {
        let mut cluster = Cluster::new();
        cluster.write(entries);
        cluster
    }

    fn write(&mut self, entries: Option<&[&str]>) {
        self.kubelet.write(&annotations("ran/a, ran/b", entries));
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join("etc/podnetinfo")
    }

    fn pod(&self) -> Pod {
        Pod::builder().root(self.root.path()).build()
    }

    /// What a wait gives, and how long it took.
    fn wait(&self, wait: Wait) -> (podnet::Result<Snapshot>, Duration) {
        let start = Instant::now();
        (self.pod().wait(&wait), start.elapsed())
    }

    /// The error of a wait that ends at its timeout.
    #[track_caller]
    fn times_out(&self, wait: Wait) -> Error {
        let (result, took) = self.wait(wait.timeout(SHORT));
        assert!(took >= SHORT && took < SHORT + TOLD, "{took:?}");
        result.unwrap_err()
    }
}

fn poll(watch: &Watch, timeout: Duration) -> bool {
    let mut polled = libc::pollfd { fd: watch.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `polled` is one pollfd that lives through the call.
    #[allow(unsafe_code)]
    let ready = unsafe { libc::poll(&mut polled, 1, timeout.as_millis() as i32) };
    assert!(ready >= 0);
    ready > 0
}

/// The next event or error, by poll(2).
#[track_caller]
fn next(watch: &mut Watch) -> podnet::Result<Event> {
    let start = Instant::now();
    while start.elapsed() < LONG {
        if poll(watch, LONG) {
            if let Some(event) = watch.next_event() {
                return event;
            }
        }
    }
    panic!("no event");
}

/// The next event, which must not have waited for the timer: "added net1".
#[track_caller]
fn told(watch: &mut Watch) -> String {
    let start = Instant::now();
    let event = next(watch).unwrap();
    assert!(start.elapsed() < TOLD, "{:?}", start.elapsed());
    said(&event)
}

fn said(event: &Event) -> String {
    format!("{} {}", event.kind, event.interface.name.as_deref().unwrap_or("-"))
}

/// That nothing happens, though the timer fires meanwhile.
#[track_caller]
fn stays_quiet(watch: &mut Watch) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2300) {
        poll(watch, Duration::from_millis(100));
        let event = watch.next_event();
        assert!(event.is_none(), "{event:?}");
    }
}

fn names(watch: &Watch) -> Vec<&str> {
    watch.interfaces().iter().map(|one| one.name.as_deref().unwrap()).collect()
}

#[test]
fn waits_for_nothing_where_nothing_is_mounted() {
    let cluster = Cluster::new();
    for wait in [Wait::all_networks(), Wait::networks(["net1"])] {
        let (result, took) = cluster.wait(wait.timeout(LONG));
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::Missing { path, .. } if path == "/etc/podnetinfo"));
        assert_eq!(error.errno(), libc::ENOENT);
        assert!(error.to_string().contains("mount a downwardAPI volume"), "{error}");
        assert!(took < TOLD, "{took:?}");
    }
    let absent = Pod::builder().root("/no/such/directory").build();
    let error = absent.wait(&Wait::all_networks()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { errno: libc::ENOENT, .. }));
}

#[test]
fn tells_no_status_from_some_missing() {
    let cluster = Cluster::with(None);
    for wait in [Wait::all_networks(), Wait::networks(["ran/a"])] {
        let error = cluster.times_out(wait);
        assert!(matches!(error, Error::NoStatus { waited: SHORT, .. }), "{error:?}");
        assert_eq!((error.errno(), error.path()), (libc::ENODATA, "/etc/podnetinfo/annotations"));
        assert!(error.to_string().contains("not written within 300ms"), "{error}");
    }
    let cluster = Cluster::with(Some(&[ETH0, NET2]));
    for wait in [Wait::all_networks(), Wait::networks(["net2", "ran/a"])] {
        let error = cluster.times_out(wait);
        let Error::NetworksMissing { networks, .. } = &error else { panic!("{error:?}") };
        assert_eq!(networks, &["ran/a"]);
        assert_eq!(error.errno(), libc::ETIMEDOUT);
        assert!(error.to_string().contains("within 300ms for ran/a: "), "{error}");
    }
    // Neither a status nor a request.
    let mut cluster = Cluster::new();
    cluster.kubelet.write("a=\"b\"\n");
    assert!(matches!(cluster.times_out(Wait::all_networks()), Error::NoStatus { .. }));
}

#[test]
fn finds_networks_by_what_requests_and_people_call_them() {
    let old = r#"{"name":"old","interface":"net3"}"#;
    let twice = r#"{"name":"ran/b","interface":"net4"}"#;
    let cluster = Cluster::with(Some(&[ETH0, NET2, old, twice]));
    let once =
        |names: &[&str]| cluster.wait(Wait::networks(names.to_vec()).timeout(Duration::ZERO)).0;
    for names in [
        &["net2"][..],
        &["ran/b"],
        &["b"],
        &["ran/b@net2", "b"],
        &["any/old"],
        &["cbr0", "eth0"],
        &["net2", "b", "b"],
    ] {
        assert_eq!(once(names).unwrap().interfaces.len(), 4, "{names:?}");
    }
    for (names, missing) in [
        (&["other/b"][..], &["other/b"][..]),
        (&["ran/b@net9", "net2"], &["ran/b@net9"]),
        (&["b", "b", "b"], &["b"]),
        (&["net", "ran/a", "eth0"], &["net", "ran/a"]),
    ] {
        let error = once(names).unwrap_err();
        assert!(matches!(&error, Error::NetworksMissing { networks, .. } if networks == missing));
    }
    for name in ["", "a/b/c", "/", "a@b/c"] {
        let (result, took) = cluster.wait(Wait::networks([name]).timeout(LONG));
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }) && took < TOLD, "{name:?}: {error:?}");
    }
    // No name at all is every requested network.
    assert!(once(&[]).is_err());
}

#[test]
fn a_wait_is_told_of_the_status() {
    let mut cluster = Cluster::with(None);
    let pod = cluster.pod();
    let start = Instant::now();
    let waiting = thread::spawn(move || pod.wait(&Wait::all_networks().timeout(LONG)));
    thread::sleep(Duration::from_millis(100));
    cluster.write(Some(&[ETH0]));
    thread::sleep(Duration::from_millis(100));
    assert!(!waiting.is_finished());
    cluster.write(Some(&[NET2, ETH0, NET1]));
    let snapshot = waiting.join().unwrap().unwrap();
    assert!(start.elapsed() < TOLD, "{:?}", start.elapsed());
    assert_eq!((snapshot.interfaces.len(), snapshot.pending_networks.len()), (3, 0));
}

/// The status is written at every moment of a wait's beginning: one that falls between looking
/// and being told of changes must not be lost.
#[test]
fn no_moment_is_lost_as_a_wait_begins() {
    for delay in 0..200 {
        let mut cluster = Cluster::with(None);
        let pod = cluster.pod();
        let waiting = thread::spawn(move || {
            let start = Instant::now();
            pod.wait(&Wait::all_networks().timeout(LONG)).map(|_| start.elapsed())
        });
        thread::sleep(Duration::from_micros(delay * 5));
        cluster.write(Some(&[NET1, NET2]));
        let took = waiting.join().unwrap().unwrap();
        assert!(took < TOLD, "{took:?}");
    }
}

#[test]
fn no_moment_is_lost_as_a_watch_begins() {
    for delay in 0..200 {
        let mut cluster = Cluster::with(None);
        let pod = cluster.pod();
        let watching = thread::spawn(move || {
            let mut watch = pod.watch().unwrap();
            // Either there from the beginning, or an event.
            if watch.interfaces().is_empty() {
                assert_eq!(told(&mut watch), "added net1");
            }
            assert!(watch.next_event().is_none());
        });
        thread::sleep(Duration::from_micros(delay * 5));
        cluster.write(Some(&[NET1]));
        watching.join().unwrap();
    }
}

/// As with a subPath mount's file or in a Kata guest, nothing happens in the directory.
#[test]
fn a_wait_looks_where_it_is_not_told() {
    let cluster = Cluster::new();
    fs::create_dir_all(cluster.directory()).unwrap();
    let elsewhere = cluster.root.path().join("file");
    fs::write(&elsewhere, annotations("a", None)).unwrap();
    symlink("/file", cluster.directory().join("annotations")).unwrap();
    let pod = cluster.pod();
    let waiting = thread::spawn(move || pod.wait(&Wait::all_networks().timeout(LONG)));
    thread::sleep(SHORT);
    fs::write(&elsewhere, annotations("a", Some(&[NET1]))).unwrap();
    let start = Instant::now();
    assert_eq!(waiting.join().unwrap().unwrap().interfaces.len(), 1);
    assert!(start.elapsed() < TOLD * 2, "{:?}", start.elapsed());
}

#[test]
fn what_is_malformed_may_become_good_and_is_named_if_not() {
    let mut cluster = Cluster::new();
    let half = "k8s.v1.cni.cncf.io/networks=\"ran/a\"\nk8s.v1.cni.cncf.io/network-status=\"[{";
    cluster.kubelet.write(half);
    for wait in [Wait::all_networks(), Wait::networks(["ran/a"])] {
        let error = cluster.times_out(wait);
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    }
    let pod = cluster.pod();
    let waiting = thread::spawn(move || pod.wait(&Wait::networks(["a"]).timeout(LONG)));
    thread::sleep(Duration::from_millis(50));
    // What is wrong with another entry costs only those who wait for all.
    let all = ["{\"name\":7}", NET1];
    cluster.write(Some(&all));
    let snapshot = waiting.join().unwrap().unwrap();
    assert!(snapshot.warnings.iter().any(|warning| warning.code.is_failure()));
    assert!(matches!(cluster.times_out(Wait::all_networks()), Error::Malformed { .. }));
}

#[test]
fn a_request_that_cannot_be_read_is_not_met() {
    let mut cluster = Cluster::new();
    cluster.kubelet.write(&annotations("a/b/c", Some(&[NET1])));
    assert!(matches!(cluster.times_out(Wait::all_networks()), Error::Malformed { .. }));
    assert!(cluster.wait(Wait::networks(["net1"])).0.is_ok());
}

#[test]
fn a_watch_tells_what_becomes_of_the_interfaces() {
    let mut cluster = Cluster::with(None);
    let mut watch = cluster.pod().watch().unwrap();
    assert!(watch.interfaces().is_empty() && watch.next_event().is_none());

    cluster.write(Some(&[ETH0, NET1]));
    assert_eq!([told(&mut watch), told(&mut watch)], ["added eth0", "added net1"]);

    // As the dynamic networks controller: appended, and all in another order.
    cluster.write(Some(&[NET2, NET1, ETH0]));
    assert_eq!(told(&mut watch), "added net2");
    cluster.write(Some(&[ETH0, NET2, NET1]));
    stays_quiet(&mut watch);
    assert_eq!(names(&watch), ["eth0", "net2", "net1"]);

    cluster.write(Some(&[ETH0, NET1_MOVED, NET2]));
    let event = next(&mut watch).unwrap();
    assert_eq!((event.kind, &*event.interface.ips[0]), (EventKind::Changed, "192.0.2.7"));
    assert_eq!(event.before.unwrap().ips, ["192.0.2.1"]);

    cluster.write(Some(&[ETH0, NET2]));
    let event = next(&mut watch).unwrap();
    assert_eq!((event.kind, event.before), (EventKind::Removed, None));
    assert_eq!(event.interface.ips, ["192.0.2.7"]);
    cluster.write(None);
    assert_eq!([told(&mut watch), told(&mut watch)], ["removed eth0", "removed net2"]);
    assert!(watch.interfaces().is_empty() && watch.next_event().is_none());
}

#[test]
fn what_is_there_already_is_no_event() {
    let mut cluster = Cluster::with(Some(&[ETH0, NET1]));
    let mut watch = cluster.pod().watch().unwrap();
    assert_eq!(names(&watch), ["eth0", "net1"]);
    stays_quiet(&mut watch);
    // Rewritten, but the same to us.
    cluster.kubelet.write(&format!("a=\"b\"\n{}", annotations("ran/a", Some(&[ETH0, NET1]))));
    stays_quiet(&mut watch);
}

/// Changes of one network's attachments are told apart although they share their name.
#[test]
fn interfaces_without_a_name_are_told_apart() {
    let entry = |ip: &str| format!(r#"{{"name":"ran/a","ips":["{ip}"]}}"#);
    let [one, two, three] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(entry);
    let mut cluster = Cluster::with(Some(&[&one, &two]));
    let mut watch = cluster.pod().watch().unwrap();
    cluster.write(Some(&[&two, &three]));
    let event = next(&mut watch).unwrap();
    assert_eq!((event.kind, &*event.interface.ips[0]), (EventKind::Changed, "192.0.2.3"));
    assert_eq!(event.before.unwrap().ips, ["192.0.2.1"]);
    cluster.write(Some(&[&two]));
    assert_eq!(next(&mut watch).unwrap().interface.ips, ["192.0.2.3"]);
    // Another network on the same interface is another attachment.
    cluster.write(Some(&[&two, NET1]));
    assert_eq!(told(&mut watch), "added net1");
    cluster.write(Some(&[&two, &NET1.replace("ran/a", "ran/c")]));
    assert_eq!([told(&mut watch), told(&mut watch)], ["removed net1", "added net1"]);
    assert!(watch.next_event().is_none());
}

#[test]
fn the_descriptor_is_readable_until_all_was_taken() {
    let mut cluster = Cluster::with(None);
    let mut watch = cluster.pod().watch().unwrap();
    assert!(!poll(&watch, Duration::ZERO));
    cluster.write(Some(&[ETH0, NET1, NET2]));
    for _ in 0..3 {
        assert!(poll(&watch, Duration::from_millis(100)));
        assert!(watch.next_event().is_some());
    }
    assert!(!poll(&watch, Duration::from_millis(100)));
    assert!(watch.next_event().is_none());
}

#[test]
fn a_watch_iterates() {
    let mut cluster = Cluster::with(None);
    let watch = cluster.pod().watch().unwrap();
    cluster.write(Some(&[ETH0, NET1, NET2]));
    let events: Vec<Event> = watch.take(3).map(Result::unwrap).collect();
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        ["added eth0", "added net1", "added net2"]
    );
    let json = serde_json::to_value(&events[1]).unwrap();
    assert_eq!((&json["event"], &json["interface"]["name"]), (&"added".into(), &"net1".into()));
    assert!(json.as_object().unwrap()["before"].is_null());
}

#[test]
fn malformed_content_is_told_once_and_costs_nothing_known() {
    let mut cluster = Cluster::new();
    cluster.write(Some(&["7"]));
    let mut watch = cluster.pod().watch().unwrap();
    assert!(matches!(next(&mut watch), Err(Error::Malformed { .. })));
    stays_quiet(&mut watch);
    cluster.write(Some(&[ETH0, NET1]));
    assert_eq!([told(&mut watch), told(&mut watch)], ["added eth0", "added net1"]);
    cluster.write(Some(&[ETH0, NET1, "7"]));
    assert!(matches!(next(&mut watch), Err(Error::Malformed { .. })));
    stays_quiet(&mut watch);
    cluster.write(Some(&[ETH0, NET1_MOVED]));
    assert_eq!(told(&mut watch), "changed net1");
    fs::remove_dir_all(cluster.root.path()).unwrap();
    assert!(matches!(next(&mut watch), Err(Error::Unreadable { errno: libc::ENOENT, .. })));
}

/// Without the kubelet's symlinks: other runtimes, tests, files of one annotation.
#[test]
fn plain_files_are_watched() {
    let cluster = Cluster::new();
    let directory = cluster.directory();
    fs::create_dir_all(&directory).unwrap();
    let mut watch = cluster.pod().watch().unwrap();
    fs::write(directory.join("annotations"), annotations("a", Some(&[ETH0]))).unwrap();
    assert_eq!(told(&mut watch), "added eth0");
    fs::write(directory.join("new"), annotations("a", Some(&[ETH0, NET1]))).unwrap();
    fs::rename(directory.join("new"), directory.join("annotations")).unwrap();
    assert_eq!(told(&mut watch), "added net1");
    fs::remove_file(directory.join("annotations")).unwrap();
    assert_eq!([told(&mut watch), told(&mut watch)], ["removed eth0", "removed net1"]);
    fs::write(directory.join("network-status"), format!("[{NET2}]")).unwrap();
    assert_eq!(told(&mut watch), "added net2");
}

#[test]
fn a_directory_that_appears_later_is_watched() {
    let mut cluster = Cluster::new();
    let mut watch = cluster.pod().watch().unwrap();
    cluster.write(Some(&[ETH0]));
    assert_eq!(said(&next(&mut watch).unwrap()), "added eth0");
    cluster.write(Some(&[ETH0, NET1]));
    assert_eq!(told(&mut watch), "added net1");
    // Another directory in its place, as a new mount is.
    fs::rename(cluster.directory(), cluster.root.path().join("old")).unwrap();
    assert_eq!([told(&mut watch), told(&mut watch)], ["removed eth0", "removed net1"]);
    let mut cluster = Cluster { kubelet: Kubelet::new(cluster.directory()), ..cluster };
    cluster.write(Some(&[NET2]));
    assert_eq!(said(&next(&mut watch).unwrap()), "added net2");
    cluster.write(Some(&[NET2, NET1]));
    assert_eq!(told(&mut watch), "added net1");
}

#[test]
fn symlinks_to_the_directory_stay_inside_the_root() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    // Outside of the root there is no such directory.
    symlink("/podnet-test-info", root.path().join("etc/podinfo")).unwrap();
    let mut kubelet = Kubelet::new(root.path().join("podnet-test-info"));
    kubelet.write(&annotations("a", None));
    for directory in [None, Some("/etc/podinfo/"), Some("/podnet-test-info")] {
        let mut builder = Pod::builder().root(root.path());
        if let Some(directory) = directory {
            builder = builder.downward_api(directory);
        }
        let mut watch = builder.build().watch().unwrap();
        kubelet.write(&annotations("a", Some(&[NET1])));
        assert_eq!(told(&mut watch), "added net1");
        kubelet.write(&annotations("a", None));
        assert_eq!(told(&mut watch), "removed net1");
    }
}

/// The way of a pod: the root is `/`.
#[test]
fn the_running_system_is_watched() {
    let directory = tempfile::tempdir().unwrap();
    let mut kubelet = Kubelet::new(directory.path());
    kubelet.write(&annotations("a", Some(&[ETH0])));
    let pod = Pod::builder().downward_api(directory.path()).build();
    let mut watch = pod.watch().unwrap();
    assert!(matches!(
        pod.wait(&Wait::all_networks().timeout(Duration::ZERO)),
        Err(Error::NetworksMissing { .. })
    ));
    kubelet.write(&annotations("a", Some(&[ETH0, NET1])));
    assert_eq!(told(&mut watch), "added net1");
    assert_eq!(pod.wait(&Wait::all_networks()).unwrap().interfaces.len(), 2);
}

#[test]
fn a_watch_needs_a_root_and_can_go_to_another_thread() {
    fn goes<T: Send + Sync + 'static>(_: &T) {}
    let error = Pod::builder().root(Path::new("/no/such/directory")).build().watch().unwrap_err();
    assert_eq!(error.errno(), libc::ENOENT);
    goes(&Cluster::new().pod().watch().unwrap());
}
