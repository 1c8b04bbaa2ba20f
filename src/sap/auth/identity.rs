//! Our own certificate for the TLS handshake, read again when its files change.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::ClientCertificate;
use crate::secret::others_can_read;

/// A certificate that is renewed by replacing its files.
#[derive(Debug)]
struct Identity {
    files: ClientCertificate,
    provider: Arc<CryptoProvider>,
    read: Mutex<(Option<SystemTime>, Arc<CertifiedKey>)>,
}

/// The identity for a TLS client.
///
/// # Errors
///
/// Which file is wrong, and how.
pub(in crate::sap) fn identity(
    files: &ClientCertificate,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ResolvesClientCert>, String> {
    let key = certified_key(files, provider)?;
    let read = Mutex::new((changed(files), Arc::new(key)));
    Ok(Arc::new(Identity { files: files.clone(), provider: Arc::clone(provider), read }))
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = changed(&self.files);
        if now != read.0 {
            match certified_key(&self.files, &self.provider) {
                Ok(key) => *read = (now, Arc::new(key)),
                // One file of two may be replaced already: the next handshake looks again.
                Err(reason) => tracing::warn!(reason, "the client certificate stays the old one"),
            }
        }
        Some(Arc::clone(&read.1))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// When the newer of the two files was written.
fn changed(files: &ClientCertificate) -> Option<SystemTime> {
    let written = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    written(&files.certificate_file).max(written(&files.key_file))
}

fn certified_key(
    files: &ClientCertificate,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, String> {
    let wrong = |path: &Path, reason: &dyn std::fmt::Display| {
        format!("client certificate: {}: {reason}", path.display())
    };
    let key_file = &files.key_file;
    if let Some(mode) = others_can_read(key_file).map_err(|error| wrong(key_file, &error))? {
        let path = key_file.display();
        return Err(format!(
            "CFG-MODE: {path} is readable by other users (mode {mode:o}); chmod 600 {path}"
        ));
    }
    let file = &files.certificate_file;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(file, &error))?;
    if chain.is_empty() {
        return Err(wrong(file, &"there is no certificate in it"));
    }
    // The reason of a key that cannot be read is not repeated: it could hold a part of it.
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|_| wrong(key_file, &"there is no private key in it that can be read"))?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|error| wrong(key_file, &format!("the key does not fit: {error}")))
}
