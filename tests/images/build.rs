//! Images without a registry: a base by debootstrap, and what buildah makes of it with the
//! Dockerfiles of samples/.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

const HINT: &str = "run scripts/images, which installs debootstrap, buildah, runc and crun";

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that is kept between runs.
fn kept() -> PathBuf {
    top().join("target/images")
}

/// Standard output of a command that must succeed.
#[track_caller]
pub fn said(command: &mut Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|why| panic!("{shown}: {why}: {HINT}"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}: {}\n{out}\n{err}", output.status);
    out.trim_end().to_owned()
}

fn buildah() -> Command {
    let mut command = Command::new("buildah");
    command.arg("--root").arg(kept().join("storage"));
    command.arg("--runroot").arg(kept().join("run"));
    command.args(["--storage-driver", "vfs"]).env("BUILDAH_ISOLATION", "chroot");
    command
}

/// A built image, unpacked.
#[derive(Debug)]
pub struct Image {
    pub name: String,
    /// Its files.
    pub rootfs: PathBuf,
    config: Value,
}

impl Image {
    /// The words of `Entrypoint`, `Cmd` or `Env`.
    pub fn words(&self, key: &str) -> Vec<String> {
        let words = self.config[key].as_array().into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `User`, which has to be two numbers where it is not root.
    pub fn user(&self) -> (u32, u32) {
        let user = self.config["User"].as_str().filter(|user| !user.is_empty()).unwrap_or("0:0");
        let numbers = user
            .split_once(':')
            .and_then(|(user, group)| Some((user.parse().ok()?, group.parse().ok()?)));
        numbers.unwrap_or_else(|| panic!("{}: USER {user:?}: not UID:GID", self.name))
    }

    /// In bytes, on a disk.
    pub fn size(&self) -> u64 {
        let out = said(Command::new("du").args(["-s", "-x", "-B1"]).arg(&self.rootfs));
        out.split_whitespace().next().unwrap().parse().unwrap()
    }
}

/// The base, of the release that this machine has.
pub fn base() -> &'static Image {
    static BASE: OnceLock<Image> = OnceLock::new();
    BASE.get_or_init(|| {
        // What earlier runs have unpacked, and the images that theirs have taken the place of.
        let _ = buildah().args(["rm", "--all"]).output();
        let _ = buildah().args(["rmi", "--prune"]).output();
        let (codename, mirror) = release();
        let key = format!("{codename} {mirror}, nothing kept");
        if key != built_from("base") {
            debootstrap(&codename, &mirror);
            let mut build = buildah();
            build
                .args(["build", "-q", "-t", "localhost/base", "--label"])
                .arg(format!("key={key}"));
            build.arg("-f").arg(top().join("tests/images/base.Dockerfile"));
            said(build.arg(kept().join("base")));
            fs::remove_dir_all(kept().join("base")).unwrap();
        }
        open("base")
    })
}

/// The machine's own release and mirror.
fn release() -> (String, String) {
    let os = fs::read_to_string("/etc/os-release").unwrap();
    let codename = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap();
    let mut targets = Command::new("apt-get");
    targets.args(["indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]);
    let targets = said(targets.args(["Component: main", "Origin: Debian", "Label: Debian"]));
    let mirror = targets.lines().find_map(|line| line.strip_prefix(codename)?.strip_prefix(' '));
    let mirror = mirror.unwrap_or_else(|| panic!("apt's sources: no Debian {codename} main"));
    (codename.to_owned(), mirror.to_owned())
}

fn debootstrap(codename: &str, mirror: &str) {
    let directory = kept().join("base");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", codename]).arg(&directory).arg(mirror);
    said(&mut command);
    // As the images of registries have it: nothing downloaded is kept, no package waits for a disk.
    let options = [
        ("dpkg/dpkg.cfg.d/image", "force-unsafe-io\npath-exclude=/usr/share/doc/*\n"),
        (
            "apt/apt.conf.d/image",
            "APT::Keep-Downloaded-Packages \"0\";\nDir::Cache::pkgcache \"\";\nDir::Cache::srcpkgcache \"\";\n",
        ),
    ];
    for (file, text) in options {
        fs::write(directory.join("etc").join(file), text).unwrap();
    }
    said(Command::new("chroot").arg(&directory).args(["apt-get", "clean"]));
    for rest in ["var/lib/apt/lists", "usr/share/doc"] {
        said(Command::new("find").arg(directory.join(rest)).args(["-type", "f", "-delete"]));
    }
}

/// The toolchain's image; the toolchain itself is mounted when it is used.
fn rust() {
    let dockerfile = top().join("tests/images/rust.Dockerfile");
    base();
    let key = format!("{} {}", built_from("base"), fs::read_to_string(&dockerfile).unwrap());
    let key = number(&key);
    if key != built_from("rust") {
        let mut build = buildah();
        build.args(["build", "-q", "-t", "localhost/rust", "--label", &format!("key={key}")]);
        build.args(["--build-arg", "BASE=localhost/base"]).arg("-f").arg(dockerfile);
        said(build.arg(top().join("tests/images")));
    }
}

/// What `cargo build` needs of this machine: the toolchain, the crates of the lock files, cargo-c.
fn toolchain(build: &mut Command) {
    let cargo = kept().join("cargo");
    let vendor = cargo.join("vendor");
    let mut fetch = Command::new(env!("CARGO"));
    fetch.current_dir(top()).args(["vendor", "-q", "--locked", "--versioned-dirs"]);
    said(fetch.args(["-s", "samples/rust_app/Cargo.toml"]).arg(&vendor));
    let config = "[source.crates-io]\nreplace-with = \"vendored\"\n\
                  [source.vendored]\ndirectory = \"/usr/local/cargo/vendor\"\n";
    fs::write(cargo.join("config.toml"), config).unwrap();
    said(Command::new(top().join("scripts/tools")).arg("cargo-c"));
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]));
    assert!(sysroot != "/usr", "rustc: of the distribution: install Rust with https://rustup.rs");
    let tools = top().join("target/tools");
    for volume in [
        format!("{sysroot}:/usr/local/rust:ro"),
        format!("{}:/usr/local/cargo", cargo.display()),
        format!("{}:/src/target/tools:ro", tools.display()),
    ] {
        build.args(["--volume", &volume]);
    }
}

/// The image of `samples/NAME`, built unless what it is made of is as it was.
pub fn sample(name: &str) -> Image {
    let path = top().join("samples").join(name).join("Dockerfile");
    let dockerfile = fs::read_to_string(&path).unwrap();
    base();
    let mut key = format!("{} {}", built_from("base"), number(&dockerfile));
    if dockerfile.contains("ARG PODNET") {
        podnet();
        key += &built_from("podnet");
    }
    for input in inputs(&dockerfile) {
        key += &number(&contents(&top().join(input)));
    }
    let key = number(&key);
    if key != built_from(name) {
        build(name, &path, &dockerfile, &key);
    }
    open(name)
}

fn build(name: &str, path: &Path, dockerfile: &str, key: &str) {
    let mut build = buildah();
    build.args(["build", "-t", &format!("localhost/{name}"), "--label", &format!("key={key}")]);
    build.args(["--build-arg", "BASE=localhost/base"]);
    if dockerfile.contains("ARG PODNET") {
        build.args(["--build-arg", "PODNET=localhost/podnet"]);
    }
    if dockerfile.contains("ARG RUST") {
        rust();
        build.args(["--build-arg", "RUST=localhost/rust"]);
        toolchain(&mut build);
    }
    said(build.arg("-f").arg(path).arg(top()));
}

/// The image that the others take podnet from.
pub fn podnet() -> &'static Image {
    static PODNET: OnceLock<Image> = OnceLock::new();
    PODNET.get_or_init(|| sample("podnet"))
}

/// What a Dockerfile copies out of this directory.
fn inputs(dockerfile: &str) -> Vec<&str> {
    let copies = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
    let copies = copies.filter(|words| !words.starts_with("--from="));
    copies
        .flat_map(|words| {
            let mut words: Vec<&str> = words.split_whitespace().collect();
            words.pop();
            words
        })
        .collect()
}

/// Names and bytes of all files below `path`, in order.
fn contents(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(path) else {
        return vec![(path.to_owned(), fs::read(path).unwrap_or_default())];
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| contents(path)).collect()
}

fn number(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn inspect(name: &str) -> Option<Value> {
    let mut command = buildah();
    command.args(["inspect", "--type", "image", &format!("localhost/{name}")]);
    let output = command.output().unwrap_or_else(|why| panic!("buildah: {why}: {HINT}"));
    serde_json::from_slice(&output.stdout).ok()
}

/// The key of the image that is there, empty without one.
fn built_from(name: &str) -> String {
    let image = inspect(name).unwrap_or_default();
    image["OCIv1"]["config"]["Labels"]["key"].as_str().unwrap_or_default().to_owned()
}

/// Unpacks an image into a container of buildah's.
fn open(name: &str) -> Image {
    let image = inspect(name).unwrap_or_else(|| panic!("localhost/{name}: not built"));
    let container = format!("test-{name}");
    let _ = buildah().args(["rm", &container]).output();
    let from = format!("localhost/{name}");
    said(buildah().args(["from", "-q", "--pull-never", "--name", &container, &from]));
    let rootfs = PathBuf::from(said(buildah().args(["mount", &container])));
    Image { name: name.to_owned(), rootfs, config: image["OCIv1"]["config"].clone() }
}
