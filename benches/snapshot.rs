//! What a snapshot costs as a pod grows: time per interface should stay level from 1 to 10,000.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use podnet::Pod;
use podnet::parse::{downward, network_status};

const COUNTS: [usize; 5] = [1, 10, 100, 1_000, 10_000];

/// A network-status of `count` virtual functions, and the variable that lists them. Without
/// device-info no rule settles them, so all rules run over all.
fn pod_data(count: usize, with_device_info: bool) -> (String, String) {
    let mut status = String::from("[");
    let mut variable = String::from("PCIDEVICE_BENCH_IO_VFS=");
    for index in 0..count {
        let comma = if index == 0 { "" } else { "," };
        let address = format!(
            "{:04x}:{:02x}:{:02x}.{}",
            index >> 16,
            index >> 8 & 255,
            index >> 3 & 31,
            index & 7
        );
        let _ = write!(
            status,
            r#"{comma}{{"name": "bench/net{index}", "interface": "net{index}",
                "ips": ["192.0.2.{}"], "mac": "02:00:00:{:02x}:{:02x}:{:02x}", "mtu": 1500, "dns": {{}}"#,
            index % 250 + 1,
            index >> 16,
            index >> 8 & 255,
            index & 255,
        );
        if with_device_info {
            let _ = write!(
                status,
                r#", "device-info": {{"type": "pci", "version": "1.1.0", "pci": {{"pci-address": "{address}"}}}}"#
            );
        }
        status.push('}');
        let _ = write!(variable, "{comma}{address}");
    }
    status.push(']');
    (status, variable)
}

fn annotations(status: &str) -> String {
    let escaped = status.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("k8s.v1.cni.cncf.io/network-status=\"{escaped}\"")
}

fn write_root(root: &Path, status: &str, variable: &str) {
    fs::create_dir_all(root.join("etc/podnetinfo")).unwrap();
    fs::create_dir_all(root.join("proc/self")).unwrap();
    fs::write(root.join("etc/podnetinfo/annotations"), annotations(status)).unwrap();
    fs::write(root.join("proc/self/environ"), format!("{variable}\0")).unwrap();
    fs::write(root.join("proc/self/status"), "Cpus_allowed_list:\t2-5\n").unwrap();
}

fn snapshots(criterion: &mut Criterion) {
    for (name, with_device_info) in [("device-info", true), ("unmatched", false)] {
        let mut group = criterion.benchmark_group(format!("snapshot/{name}"));
        group.sample_size(10);
        for count in COUNTS {
            let root = tempfile::tempdir().unwrap();
            let (status, variable) = pod_data(count, with_device_info);
            write_root(root.path(), &status, &variable);
            let pod = Pod::builder().root(root.path()).build();
            assert_eq!(pod.snapshot().unwrap().interfaces.len(), count);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| black_box(pod.snapshot().unwrap()));
            });
        }
        group.finish();
    }
}

fn parsers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for count in COUNTS {
        let (status, _) = pod_data(count, true);
        let file = annotations(&status);
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(BenchmarkId::new("downward", count), |bencher| {
            bencher.iter(|| downward::parse(black_box(file.as_bytes())));
        });
        group.bench_function(BenchmarkId::new("network-status", count), |bencher| {
            bencher.iter(|| network_status::parse(black_box(status.as_bytes())));
        });
    }
    group.finish();
}

criterion_group!(benches, snapshots, parsers);
criterion_main!(benches);
