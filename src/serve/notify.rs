//! What systemd wants to hear, if it listens.

use std::net::SocketAddr;

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd does not listen");
    }
}

/// Requests are answered.
pub(super) fn ready(address: &SocketAddr) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving at {address}"))]);
}

/// The settings are being loaded again. systemd wants to know since when, to tell this reload from an
/// earlier one.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(since) => tell(&[NotifyState::Reloading, since]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// No new request is taken.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("what is on its way to SAP arrives")]);
}

/// Everything that has to move does.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}
