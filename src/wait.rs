//! Waiting until the networks of the pod are there.

use std::time::{Duration, Instant};

use crate::downward_api::NETWORK_STATUS;
use crate::error::{Error, Result, one_line};
use crate::interfaces::Progress;
use crate::notify::Notifier;
use crate::parse::networks::{self, NetworkRequest};
use crate::pod::{Pod, View};
use crate::snapshot::{Snapshot, State};
use crate::warning::Findings;

/// What to wait for, and how long. Default: every requested network, for 60 seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    networks: Vec<String>,
    timeout: Duration,
}

impl Wait {
    /// Every network that the annotation `k8s.v1.cni.cncf.io/networks` requests; without a
    /// request, any network-status at all.
    pub fn all_networks() -> Wait {
        Wait { networks: Vec::new(), timeout: Duration::from_secs(60) }
    }

    /// These networks, whatever else was requested. Each is the name of an interface, or, as in
    /// a request, `namespace/name` or `name`, with or without `@interface`; an equal one twice
    /// stands for two attachments. An empty list is [`Wait::all_networks`].
    pub fn networks(names: impl IntoIterator<Item = impl Into<String>>) -> Wait {
        Wait { networks: names.into_iter().map(Into::into).collect(), ..Wait::all_networks() }
    }

    /// How long at most. Zero looks once; [`Duration::MAX`] has no end.
    pub fn timeout(mut self, timeout: Duration) -> Wait {
        self.timeout = timeout;
        self
    }

    /// The names, as a request has them.
    fn wanted(&self) -> Result<Vec<NetworkRequest>> {
        let mut wanted = Vec::new();
        for name in &self.networks {
            let read = networks::parse_short("", name);
            wanted.push(read.map_err(|problem| Error::invalid("network", problem.why))?);
        }
        Ok(wanted)
    }
}

impl Default for Wait {
    fn default() -> Wait {
        Wait::all_networks()
    }
}

impl Pod {
    /// Waits until the networks have their status, and gives back the snapshot that has it.
    ///
    /// The kubelet starts the first container before it has written network-status, so a program
    /// that needs its attachments waits first. It is told of changes by inotify and looks every
    /// two seconds besides. Signals don't end the wait; [`Pod::watch`] has a descriptor for
    /// programs that have more to wait for.
    ///
    /// # Errors
    /// - [`Error::Missing`] at once: there are no annotations, for the Downward API is not
    ///   mounted where podnet looks.
    /// - [`Error::NoStatus`] after the timeout: nothing was said of any network.
    /// - [`Error::NetworksMissing`] after the timeout: these have no entry.
    /// - [`Error::Malformed`] after the timeout: what is there can't be understood. A file that is
    ///   just being written passes.
    /// - [`Error::Unreadable`] at once: a file may not be read, or the root is no directory.
    /// - [`Error::Invalid`] at once: a name that no network has.
    pub fn wait(&self, wait: &Wait) -> Result<Snapshot> {
        let wanted = wait.wanted()?;
        let start = Instant::now();
        let mut notifier = Notifier::new()?;
        loop {
            let result = self.look(&mut notifier, &wanted, wait.timeout);
            let lasting =
                matches!(result, Ok(_) | Err(Error::Missing { .. } | Error::Unreadable { .. }));
            let mut left = wait.timeout.saturating_sub(start.elapsed());
            if lasting || left.is_zero() {
                return result;
            }
            while !left.is_zero() {
                notifier.wait(Some(left))?;
                if notifier.drain() {
                    break;
                }
                left = wait.timeout.saturating_sub(start.elapsed());
            }
        }
    }

    /// The snapshot, if the networks are there.
    fn look(
        &self,
        notifier: &mut Notifier,
        wanted: &[NetworkRequest],
        waited: Duration,
    ) -> Result<Snapshot> {
        // First armed, then read: a change in between is noticed.
        let view = View::open(&self.config)?;
        notifier.arm(view.downward_api_host_path().as_deref());
        let mut findings = Findings::default();
        let downward = view.downward_api(&mut findings);
        let progress = Progress::read(&view.root, &downward, wanted, &mut findings);
        let read = findings.into_result(());
        // A request that can't be understood may be for a network that is not there.
        let all = progress.state == State::Complete && read.is_ok();
        let there = if wanted.is_empty() { all } else { progress.missing.is_empty() };
        if there {
            return Ok(view.snapshot_of(&downward, Findings::default()));
        }
        read?;
        let path = one_line(downward.annotation_path(NETWORK_STATUS));
        if progress.state == State::NoAnnotations {
            return Err(Error::Missing {
                path: one_line(downward.directory().to_owned()),
                what: "the pod's annotations".to_owned(),
                hint: "mount a downwardAPI volume with metadata.annotations there".to_owned(),
            });
        }
        if !progress.has_status {
            return Err(Error::NoStatus { path, waited });
        }
        let networks =
            progress.missing.iter().map(|network| one_line(network.to_string())).collect();
        Err(Error::NetworksMissing { path, networks, waited })
    }
}
