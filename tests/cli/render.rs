//! `render`: what templates can ask for, what they can't print, and the templates of the samples.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Pod, Run, pci, pod, podnet, run, status};

fn two_functions() -> Pod {
    let two = pci("net2", "0000:3b:02.2").replace("192.0.2.5", "198.51.100.6/25");
    pod(&status(&[pci("net1", "0000:3b:02.1"), two]))
}

/// What a template on standard input gives.
fn render_with(pod: &Pod, template: &str, options: &str) -> Run {
    let mut command = pod.command(&format!("render - --dpdk 22.11 --no-huge {options}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(template.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run {
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
        code: status.code(),
    }
}

fn render(pod: &Pod, template: &str) -> Run {
    render_with(pod, template, "")
}

#[test]
fn a_template_sees_the_snapshot_and_the_plan() {
    let pod = two_functions();
    for (template, expected) in [
        ("{{ interfaces|length }} {{ schema }}\n", "3 podnet/v1\n"),
        ("{{ interface('ran/net2-net').ips[0]|address }}", "198.51.100.6"),
        ("{{ (interfaces|named('net2')).ips[0]|netmask }}", "255.255.255.128"),
        ("{{ (eal.ports|named('net2-net')).id }} {{ eal.portMask }}", "1 0x3"),
        ("{{ get('net1.pci') }} {{ get('cpus.count') }}", "0000:3b:02.1 1"),
        (
            "{% for p in eal.ports %}\n  {{ p.name }}\n{% endfor %}\nend\n",
            "  0000:3b:02.1\n  0000:3b:02.2\nend\n",
        ),
        ("{{ eal.args|option('-m') }}/{{ eal.dpdk }}/{{ true }}", "512/22.11/true"),
        ("{{ eal.lcores|length }} {{ [1, 'a'] }} {{ eal.workers|cpu_array }}", "1 [1,\"a\"] []"),
        ("{{ pod.labels.app|default('none') }} <{{ 'a&b' }}>", "none <a&b>"),
        ("{{ interfaces[0].device|default('host', true) }}", "host"),
    ] {
        assert_eq!(render(&pod, template).ends(0).out, expected, "{template}");
    }
    let one = render_with(&pod, "{{ eal.ports|length }} {{ eal.main }}", "--network net2").ends(0);
    assert!(one.out.starts_with("1 "), "{one:?}");
}

#[test]
fn what_is_missing_is_an_error_that_says_where() {
    let pod = two_functions();
    let file = pod.file("t/app.conf.j2", "ok\n{% include 'part.j2' %}\n");
    pod.file("t/part.j2", "\n\n  mac {{ interface('net1').macc }}\n");
    let run = pod.run(&format!("render --no-huge {}", file.display())).ends(1);
    assert_eq!(run.out, "");
    run.says("part.j2:3: {{ interface('net1').macc }}: ").says("podnet show --json");
    for (template, code, text) in [
        ("{{ nope }}", 1, "standard input:1: {{ nope }}: "),
        (
            "\n{{ interfaces[0].device }}",
            1,
            "standard input:2: {{ interfaces[0].device }}: the value is null",
        ),
        ("{{ interfaces[0].device.pci.address }}", 1, "standard input:1: "),
        ("{{ interface('net9').mac }}", 1, "no interface or network \"net9\""),
        ("{{ cpus.allowed|cpu_nth(9) }}", 1, "resources.limits.cpu"),
        ("{{ fail('one port too few') }}", 1, ":1: one port too few"),
        ("{% if eal.none %}{% endif %}", 1, "eal.none"),
        ("{{ get('net1.colour') }}", 2, "expected"),
        ("{{ get('net1.gateway') }}", 1, "no source gives it"),
        ("{{ x", 2, "unexpected end of input"),
        ("{{ 1|nope }}", 2, "filter nope is unknown"),
        ("{% include 'x' %}", 2, "standard input has no directory"),
    ] {
        let run = render(&pod, template).ends(code);
        assert_eq!(run.out, "", "{template}");
        run.says(text);
    }
    pod.run("render absent.j2")
        .ends(1)
        .says("podnet: absent.j2: cannot be read as a template: no such file");
    pod.run("render").ends(2);
}

#[test]
fn an_ambiguous_network_is_wrong_usage() {
    let second = pci("net2", "0000:3b:02.2").replace("net2-net", "net1-net");
    let pod = pod(&status(&[pci("net1", "0000:3b:02.1"), second]));
    render(&pod, "{{ interface('net1-net').mac }}").ends(2).says("net1, net2");
    render(&pod, "{{ (interfaces|named('net1-net')).mac }}").ends(2);
    render(&pod, "{{ get('net1-net.pci') }}").ends(2).says("net1, net2");
}

/// A pod without what the plan needs still fills the templates that need no plan.
#[test]
fn a_plan_that_fails_matters_only_to_those_who_use_it() {
    let pod = two_functions();
    let without = |template| render_with(&pod, template, "--network net9");
    assert_eq!(without("{{ interface('net1').mac }}").ends(0).out, "02:00:00:00:01:01");
    without("{{ eal.main }}").ends(1).says("standard input:1: {{ eal.main }}: ").says("net9");
    render_with(&pod, "{{ eal.main }}", "--queues 0").ends(2).says("queues");
    let warnings = |template| render_with(&pod, template, "--app l3fwd --queues 1").ends(0).err;
    assert_eq!(warnings("{{ schema }}").matches("cpu").count(), 0);
}

#[test]
fn a_value_of_the_pod_adds_no_line() {
    let hostile =
        r#"[{"name":"a\nevil","interface":"net1","ips":["192.0.2.5\u2028x","\u001b[31m"]}]"#;
    let pod = pod(hostile);
    for template in [
        "x {{ interfaces[0].network }}",
        "{{ 'x' ~ interfaces[0].network }}",
        "{{ interfaces[0].network|upper }}",
        "{{ [interfaces[0].network]|join(',') }}",
        "{{ [interfaces[0].network]|join(','|safe) }}",
        "{{ [interfaces[0].network, 'x'|safe]|join(',') }}",
        "{{ interfaces[0].network|replace('x', 'y'|safe) }}",
        "{{ '%s'|format(interfaces[0].network) }}",
        "{{ '%s'|safe|format(interfaces[0].network) }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(interfaces[0].network) }}",
        "{% set x %}{{ interfaces[0].network }}{% endset %}{{ x }}",
        "{% filter upper %}{{ interfaces[0].network }}{% endfilter %}",
        "{{ interfaces[0].ips[0] }}",
        "{{ interfaces[0].ips[1] }}",
    ] {
        let run = render(&pod, template).ends(1);
        assert_eq!(run.out, "", "{template}");
        run.says("control character").says("standard input:1: ");
    }
    for template in ["{{ interfaces[0].network|word }}", "{{ interfaces[0].ips[0]|address }}"] {
        render(&pod, template).ends(1);
    }
    let quoted = render(&pod, "k: {{ interfaces[0].network|yaml }}\n").ends(0).out;
    assert_eq!(quoted, "k: \"a\\nevil\"\n");
    assert_eq!(yaml(&quoted)["k"].as_str(), Some("a\nevil"));
    assert_eq!(render(&pod, "{{ interfaces[0].network|safe }}").ends(0).out, "a\nevil");
    // What the template has itself is no value.
    let own = "{% macro m() %}\na\nb\n{% endmacro %}\n{{ m() }}{% set x %}c\nd{% endset %}{{ x }}";
    assert_eq!(render(&pod, own).ends(0).out, "a\nb\nc\nd");
}

#[test]
fn includes_stay_in_the_directory_of_the_template() {
    let pod = two_functions();
    pod.file("secret.j2", "secret");
    pod.file("t/sub/part.j2", "part");
    // As a ConfigMap is mounted.
    pod.file("t/..data/real.j2", "real");
    symlink("..data/real.j2", pod.path().join("t/linked.j2")).unwrap();
    symlink("../secret.j2", pod.path().join("t/out.j2")).unwrap();
    let include = |name: &str| {
        let file = pod.file("t/main.j2", format!("{{% include '{name}' %}}"));
        pod.run(&format!("render {}", file.display()))
    };
    assert_eq!(include("sub/part.j2").ends(0).out, "part");
    assert_eq!(include("linked.j2").ends(0).out, "real");
    let absolute = pod.path().join("secret.j2").display().to_string();
    for name in ["../secret.j2", "sub/../../secret.j2", "out.j2", &absolute] {
        let run = include(name).ends(2);
        assert_eq!(run.out, "");
        run.says("main.j2:1: ").says("not in the directory of the template");
    }
    include("absent.j2").ends(2).says("absent.j2");
    pod.file("t/loop.j2", "{% include 'loop.j2' %}");
    include("loop.j2").ends(1);
}

#[test]
fn a_template_ends() {
    let pod = two_functions();
    let many = "{% for i in range(99999) %}\n{% for i in range(99999) %}{% endfor %}{% endfor %}";
    let calls = "\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    for (template, text) in [
        (many, "standard input:2: {% for i in range(99999) %}: the template takes more than"),
        (calls, "standard input:2: {{ m() }}: recursion limit exceeded"),
        ("{% for i in range(1000000000) %}{% endfor %}", "range has too many elements"),
        ("{{ 'x' * 100000000000 }}", "repeated string is too large"),
    ] {
        let run = render(&pod, template).ends(1);
        assert_eq!(run.out, "", "{template}");
        run.says(text);
    }
}

#[test]
fn writes_the_whole_file_or_nothing() {
    let pod = two_functions();
    let out = pod.path().join("out/app.conf");
    let into = |template: &str, path: &Path| {
        render_with(&pod, template, &format!("-o {}", path.display()))
    };
    into("x", &out).ends(1).says("app.conf: cannot be written: no such file");
    fs::create_dir(out.parent().unwrap()).unwrap();
    assert_eq!(into("{{ schema }}\n", &out).ends(0).out, "");
    assert_eq!(fs::read_to_string(&out).unwrap(), "podnet/v1\n");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o644);
    into("new {{ nope }}", &out).ends(1);
    assert_eq!(fs::read_to_string(&out).unwrap(), "podnet/v1\n");
    into("new", &out).ends(0);
    assert_eq!(fs::read_to_string(&out).unwrap(), "new");
    let link = pod.path().join("out/link");
    symlink("/dev/stdout", &link).unwrap();
    for path in [link.as_path(), out.parent().unwrap()] {
        into("x", path).ends(1).says("something else than a file");
    }
    assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 2, "a file was left behind");
}

fn yaml(text: &str) -> Yaml {
    let mut documents =
        YamlLoader::load_from_str(text).unwrap_or_else(|why| panic!("{why}:\n{text}"));
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

/// A template of the samples, a pod to fill it with, and the options.
const SAMPLES: [(&str, &str, &str); 8] = [
    ("vpp-startup.conf", "sr-iov", ""),
    ("vpp-startup.conf", "memif", ""),
    ("vpp-startup.conf", "mlx5", ""),
    ("trex_cfg.yaml", "sr-iov", ""),
    ("gnb-du.yml", "sr-iov", "--network fronthaul"),
    ("seastar-httpd.options", "sr-iov", "--network midhaul"),
    ("seastar-httpd.options", "sr-iov", "--network fronthaul"),
    ("seastar-httpd.options", "vhost-user-client", ""),
];

fn crate_path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn render_sample(template: &str, pod: &str, options: &str) -> Run {
    let mut command = podnet();
    command.arg("--root").arg(crate_path("samples/pods").join(pod));
    command.arg("render").arg(crate_path("samples/templates").join(format!("{template}.j2")));
    command.args(["--dpdk", "22.11"]).args(options.split_whitespace());
    run(&mut command)
}

/// `tests/templates/TEMPLATE/POD[-NETWORK]` is what comes out.
#[test]
fn the_templates_of_the_samples_give_what_is_kept_for_them() {
    let bless = std::env::var_os("PODNET_BLESS").is_some();
    let mut used: Vec<String> = Vec::new();
    for (template, pod, options) in SAMPLES {
        let made = render_sample(template, pod, options).ends(0).out;
        let kept = crate_path("tests/templates")
            .join(template)
            .join(format!("{pod}{}", options.replace("--network ", "-")));
        if bless {
            fs::create_dir_all(kept.parent().unwrap()).unwrap();
            fs::write(&kept, &made).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        assert!(
            made == expected,
            "{}:\n{made}\nIf this is right: PODNET_BLESS=1 cargo test --test cli",
            kept.display()
        );
        used.push(format!("{template}.j2"));
    }
    for entry in fs::read_dir(crate_path("samples/templates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || used.contains(&name), "{name} is filled by no test");
    }
}

#[test]
fn the_gnb_configuration_is_yaml_with_the_pod_in_it() {
    let made = yaml(&render_sample("gnb-du.yml", "sr-iov", "--network fronthaul").ends(0).out);
    let cell = &made["ru_ofh"]["cells"][0];
    assert_eq!(cell["network_interface"].as_str(), Some("0000:3b:02.1"));
    assert_eq!(cell["du_mac_addr"].as_str(), Some("02:11:22:33:44:55"));
    let eal = made["hal"]["eal_args"].as_str().unwrap();
    assert!(eal.starts_with("--lcores (0-1)@(2-3,10-11) -a 0000:3b:02.1 "), "{eal}");
    assert_eq!(eal.matches("--lcores").count(), 1);
    assert!(!eal.contains("0000:3b:0a.3"), "{eal}");
    let affinities = &made["expert_execution"]["affinities"];
    assert_eq!(affinities["ru_timing_cpu"].as_str(), Some("3"));
    render_sample("gnb-du.yml", "memif", "").ends(1).says("\"fronthaul\"");
}

#[test]
fn the_trex_configuration_is_yaml_with_the_pod_in_it() {
    let made = yaml(&render_sample("trex_cfg.yaml", "sr-iov", "").ends(0).out);
    let made = &made[0];
    assert_eq!((made["version"].as_i64(), made["port_limit"].as_i64()), (Some(2), Some(2)));
    assert_eq!(made["interfaces"][1].as_str(), Some("0000:3b:0a.3"));
    assert_eq!(made["port_info"][0]["dest_mac"].as_str(), Some("02:11:22:33:44:66"));
    let pair = &made["platform"]["dual_if"][0];
    let threads: Vec<_> =
        pair["threads"].as_vec().unwrap().iter().map(|one| one.as_i64()).collect();
    assert_eq!((pair["socket"].as_i64(), threads), (Some(0), vec![Some(10), Some(11)]));
    assert_eq!(made["platform"]["master_thread_id"].as_i64(), Some(2));
    render_sample("trex_cfg.yaml", "sr-iov", "--network midhaul").ends(1).says("has 1");
    render_sample("trex_cfg.yaml", "memif", "").ends(1).says("has 0");
}

/// The sections of a VPP configuration: `name { ... }`, and words at the end of a line.
fn sections(text: &str) -> Vec<(String, Vec<String>)> {
    let mut path: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.strip_suffix('{'), line) {
            (Some(name), _) => path.push(name.trim()),
            (None, "}") => assert!(path.pop().is_some(), "a brace too many:\n{text}"),
            (None, line) => {
                found.push((path.join("/"), line.split(' ').map(str::to_owned).collect()))
            }
        }
    }
    assert!(path.is_empty(), "{path:?} is not closed:\n{text}");
    found
}

#[test]
fn the_vpp_configuration_has_balanced_sections() {
    let has = |text: &str, section: &str, line: &str| {
        sections(text).iter().any(|(path, words)| path == section && words.join(" ") == line)
    };
    let made = render_sample("vpp-startup.conf", "sr-iov", "").ends(0).out;
    for (section, line) in [
        ("cpu", "main-core 2"),
        ("cpu", "corelist-workers 3,10-11"),
        ("dpdk", "uio-driver vfio-pci"),
        ("dpdk", "socket-mem 1024"),
        ("buffers", "page-size 1G"),
        ("dpdk/dev 0000:3b:02.1", "name net1"),
        ("dpdk/dev 0000:3b:0a.3", "name net2"),
    ] {
        assert!(has(&made, section, line), "no {section}: {line} in {:#?}", sections(&made));
    }
    assert!(!has(&made, "dpdk", "no-pci"));
    let made = render_sample("vpp-startup.conf", "memif", "").ends(0).out;
    assert!(has(&made, "dpdk", "no-pci") && !made.contains("dev default"), "{made}");
    assert!(has(&made, "buffers", "page-size 2M"), "{made}");
    for pod in ["vhost-user-client", "vhost-user-server", "lab-guaranteed"] {
        render_sample("vpp-startup.conf", pod, "").ends(1).says(" VPP's packet buffers are not");
    }
    // One page of 1 GiB leaves none for the buffers.
    render_sample("vpp-startup.conf", "vdpa", "").ends(1).says("resources.limits.hugepages");
    render_sample("vpp-startup.conf", "sr-iov", "--no-huge").ends(1).says("VPP needs hugepages");
}

#[test]
fn the_seastar_options_are_words() {
    let made = render_sample("seastar-httpd.options", "sr-iov", "--network midhaul").ends(0).out;
    let words: Vec<_> = made.split_whitespace().collect();
    let value = |name: &str| words.iter().position(|word| *word == name).map(|at| words[at + 1]);
    assert_eq!(value("--cpuset"), Some("2-3,10-11"));
    assert_eq!(value("--host-ipv4-addr"), Some("192.0.2.5"));
    assert_eq!(value("--netmask-ipv4-addr"), Some("255.255.255.0"));
    assert_eq!(value("--dhcp"), Some("0"));
    let made = render_sample("seastar-httpd.options", "sr-iov", "--network fronthaul").ends(0).out;
    assert!(made.contains("--dhcp 1\n") && !made.contains("ipv4"), "{made}");
}

/// Hostile text in every place that the templates print.
#[test]
fn the_templates_of_the_samples_refuse_hostile_values() {
    let evil = [
        pci("net1", "0000:3b:02.1").replace("192.0.2.5", "192.0.2.5 --evil"),
        pci("net1 } evil {", "0000:3b:02.1"),
        pci("net1", "0000:3b:02.1").replace("02:00:00:00:01:01", "x\\n- evil: true"),
    ];
    for first in evil {
        let fronthaul = pci("net2", "0000:3b:02.2").replace("net2-net", "fronthaul");
        let pod = pod(&status(&[first, fronthaul]));
        for template in ["vpp-startup.conf", "trex_cfg.yaml", "gnb-du.yml", "seastar-httpd.options"]
        {
            let file = crate_path("samples/templates").join(format!("{template}.j2"));
            let run = pod.run(&format!("render --dpdk 22.11 {}", file.display()));
            let lines =
                run.out.lines().any(|line| line.trim_start_matches(['-', ' ']).starts_with("evil"));
            assert!(
                !lines && !run.out.contains("--evil") && !run.out.contains("} evil"),
                "{run:#?}"
            );
        }
    }
}
