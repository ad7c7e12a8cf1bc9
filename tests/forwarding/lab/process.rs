//! Programs that never outlive the lab, and the lock that keeps labs apart.
#![allow(unsafe_code, reason = "signals, prctl and flock have no safe form in std")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Context, Result};

const POLL: Duration = Duration::from_millis(20);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Turns SIGINT and SIGTERM into an error of the wait they meet, so that everything is put back.
pub fn catch_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = note_interrupt as extern "C" fn(libc::c_int) as libc::sighandler_t;
        for signal in [libc::SIGINT, libc::SIGTERM] {
            // SAFETY: the handler only stores to an atomic, which is async-signal-safe.
            unsafe { libc::signal(signal, handler) };
        }
    });
}

/// Calls `ready` until it has a value, in at most `limit`. `None` when the time is over.
pub fn poll<T>(limit: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let end = Instant::now() + limit;
    loop {
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Err("interrupted".into());
        }
        if let Some(value) = ready()? {
            return Ok(Some(value));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        sleep(POLL);
    }
}

/// Held while a lab runs: labs share CPUs and the hugepage pool with those of other processes.
pub struct MachineLock(#[expect(dead_code, reason = "closing it is what unlocks")] File);

impl MachineLock {
    /// Who has the first lock is next to have the second: one who gives that back and wants it again
    /// stands behind those who wait.
    pub fn take() -> Result<MachineLock> {
        let _next = lock("/sys/kernel/mm")?;
        Ok(MachineLock(lock("/sys/kernel")?))
    }
}

/// Locks a directory that every Linux has; nothing is created, so nothing is left behind.
fn lock(path: &str) -> Result<File> {
    let file = File::open(path).context(path)?;
    // SAFETY: flock takes a descriptor, which `file` keeps open, and no memory.
    let attempt = || unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    poll(Duration::from_secs(900), || Ok((attempt() == 0).then_some(())))?
        .ok_or_else(|| format!("{path}: other forwarding tests hold its lock for 15 minutes"))?;
    Ok(file)
}

pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Moves this thread into a network namespace.
pub fn enter_network(namespace: RawFd) -> io::Result<()> {
    // SAFETY: setns takes no memory; a descriptor of something else is an error.
    match unsafe { libc::setns(namespace, libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `program` behind the words of `prefix`, run so that its output is in the log at once and not
/// when a buffer is full.
pub fn wrapped(prefix: &[OsString], program: impl AsRef<OsStr>) -> Command {
    let (stdbuf, line) = ("stdbuf".into(), "--output=L".into());
    let mut words = prefix.iter().chain([&stdbuf, &line]);
    let mut command = Command::new(words.next().unwrap_or(&stdbuf));
    command.args(words).arg(program);
    command
}

/// A running program; dropping it kills it.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with both its outputs in the file `log`.
    pub fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Process> {
        let output = File::create(&log).context(log.display())?;
        let errors = output.try_clone().context(log.display())?;
        command.stdin(Stdio::piped()).stdout(output).stderr(errors);
        let die_with_parent = || {
            // SAFETY: prctl is async-signal-safe and this form takes no pointer.
            match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        };
        // SAFETY: between fork and exec the closure only makes that one system call.
        unsafe { command.pre_exec(die_with_parent) };
        let child = command.spawn().context(name)?;
        Ok(Process { name, child, log })
    }

    /// Everything the program has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The argument vector as the kernel has it: what `exec` really passed.
    pub fn arguments(&self) -> Result<Vec<String>> {
        let path = format!("/proc/{}/cmdline", self.child.id());
        let bytes = fs::read(&path).context(&path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(text.split_terminator('\0').map(String::from).collect())
    }

    /// A variable of the program's environment.
    pub fn variable(&self, name: &str) -> Result<Option<String>> {
        let path = format!("/proc/{}/environ", self.child.id());
        let bytes = fs::read(&path).context(&path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        Ok(pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_string()))
    }

    /// Writes a line to the program's standard input.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or("standard input is closed")?;
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).context(self.name)
    }

    /// Whether the log has `text`.
    pub fn has_said(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    /// Whether the program is gone.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until the log has `text`. An error when it does not come or the program ends before.
    pub fn wait_for(&mut self, text: &str, limit: Duration) -> Result<()> {
        let found = poll(limit, || {
            let ended = self.child.try_wait().context(self.name)?;
            match (self.has_said(text), ended) {
                (true, _) => Ok(Some(())),
                (false, None) => Ok(None),
                (false, Some(status)) => {
                    Err(format!("{} ended with {status} before {text:?}", self.name).into())
                }
            }
        })?;
        let seconds = limit.as_secs();
        found.ok_or_else(|| format!("{}: no {text:?} in {seconds} s", self.name).into())
    }

    /// Waits for the program to end by itself.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        poll(limit, || self.child.try_wait().context(self.name))?
            .ok_or_else(|| format!("{}: did not end in {} s", self.name, limit.as_secs()).into())
    }

    /// Asks the program to end, as the kubelet does.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        let pid = libc::pid_t::try_from(self.child.id())?;
        if self.child.try_wait().context(self.name)?.is_none() {
            // SAFETY: kill takes no memory; the child is not reaped yet, so the id is its.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        self.wait(limit)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
