//! Which server is believed: authorities, pinned keys, and what the server showed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::auth::{self, ClientCertificate};
use super::system::Trust;

/// The certificate that a server showed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Last moment at which it is valid, in seconds of the Unix epoch.
    pub valid_until: i64,
    /// SHA-256 of its public key (SPKI), base64: what a pin holds.
    pub key: String,
    /// Certificates that the server sent.
    pub chain: usize,
}

impl ServerCertificate {
    fn of(der: &[u8], chain: usize) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            valid_until: certificate.validity().not_after.timestamp(),
            key: STANDARD.encode(Sha256::digest(certificate.public_key().raw)),
            chain,
        })
    }
}

/// Where the verifier leaves what it saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Option<ServerCertificate>>>);

impl Seen {
    pub fn last(&self) -> Option<ServerCertificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// TLS for an address: the trust, and our own certificate if SAP asks for one.
///
/// # Errors
///
/// Which file is wrong, and how.
pub(super) fn client_config(
    url: &str,
    trust: &Trust,
    client: Option<&ClientCertificate>,
    seen: &Seen,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    if !url.starts_with("https:") {
        // Plain http to this machine: nothing is trusted, since nothing is verified.
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let authority: Arc<dyn ServerCertVerifier> = if trust.unverified {
        Arc::new(Anybody(Arc::clone(&provider)))
    } else if let Some(file) = &trust.ca_file {
        let builder = WebPkiServerVerifier::builder_with_provider(
            Arc::new(authorities(file)?),
            Arc::clone(&provider),
        );
        builder.build().map_err(|error| format!("CA file {}: {error}", file.display()))?
    } else {
        let machine = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
        Arc::new(machine.map_err(|error| {
            format!(
                "CFG-CA: this machine has no certificate authorities ({error}); install the \
                 package ca-certificates or set ca_file"
            )
        })?)
    };
    let pins = trust.pinned_keys.iter().map(|pin| plain_pin(pin).to_owned()).collect();
    let source = match &trust.ca_file {
        Some(file) => file.display().to_string(),
        None => "this machine".to_owned(),
    };
    let verifier = Arc::new(Verifier { authority, pins, source, seen: seen.clone() });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match client {
        Some(files) => builder.with_client_cert_resolver(auth::identity(files, &provider)?),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The authorities of a PEM file.
///
/// # Errors
///
/// `CFG-CA` if there is none, or one that is expired or no authority.
pub fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |reason: &dyn std::fmt::Display| format!("CFG-CA: {}: {reason}", file.display());
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&error))?;
    let now = UnixTime::now().as_secs();
    let mut store = RootCertStore::empty();
    for der in certificates {
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| wrong(&error))?;
        let until = certificate.validity().not_after.timestamp();
        if until < i64::try_from(now).unwrap_or(i64::MAX) {
            return Err(wrong(&format!(
                "certificate {} expired on {}",
                certificate.subject(),
                day(until)
            )));
        }
        if !certificate.is_ca() {
            return Err(wrong(&format!(
                "certificate {} is no authority; export the root from STRUST",
                certificate.subject()
            )));
        }
        store.add(der).map_err(|error| wrong(&error))?;
    }
    if store.is_empty() {
        return Err(wrong(&"there is no certificate in it"));
    }
    Ok(store)
}

/// Whether a text is a pin: 32 bytes as base64, with or without `sha256/` before it.
pub fn is_pin(text: &str) -> bool {
    STANDARD.decode(plain_pin(text)).is_ok_and(|bytes| bytes.len() == 32)
}

fn plain_pin(text: &str) -> &str {
    let plain = text.strip_prefix("sha256/").unwrap_or(text);
    // curl writes two strokes; one may also be the first letter of the pin itself.
    if plain.len() == 45 { plain.strip_prefix('/').unwrap_or(plain) } else { plain }
}

fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// An authority first, then the pins: a pin makes nothing good that the authority refuses.
#[derive(Debug)]
struct Verifier {
    authority: Arc<dyn ServerCertVerifier>,
    pins: Vec<String>,
    /// Where the authorities come from, for messages.
    source: String,
    seen: Seen,
}

impl Verifier {
    /// The authority's refusal in words that name the certificate.
    fn explained(&self, error: Error, shown: Option<&ServerCertificate>, host: &str) -> Error {
        let (Error::InvalidCertificate(reason), Some(shown)) = (&error, shown) else {
            return error;
        };
        let ServerCertificate { subject, issuer, .. } = shown;
        Error::General(match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("CFG-CA: certificate {subject} expired on {}", day(shown.valid_until))
            }
            CertificateError::UnknownIssuer => format!(
                "CFG-CA: certificate {subject} is signed by {issuer}, which {} does not know; \
                 export the root from STRUST into ca_file",
                self.source
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("CFG-CA: certificate {subject} is not for {host}")
            }
            other => format!("CFG-CA: certificate {subject}: {other}"),
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = ServerCertificate::of(end_entity, intermediates.len() + 1);
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&shown);
        let verified = self
            .authority
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| self.explained(error, shown.as_ref(), &server_name.to_str()))?;
        if !self.pins.is_empty() {
            let key = shown.map_or_else(|| "unknown".to_owned(), |shown| shown.key);
            if !self.pins.contains(&key) {
                return Err(Error::General(format!(
                    "TLS-PIN: server key {key} is not the pinned key {}; connection refused",
                    self.pins.join(" or ")
                )));
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authority.supported_verify_schemes()
    }
}

/// Believes every certificate, for a test system only; the handshake is still signed by its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_read_as_openssl_reads_it() {
        let pem = include_bytes!("../../tests/fixtures/tls/server.pem");
        let der = CertificateDer::from_pem_slice(pem).unwrap();

        let shown = ServerCertificate::of(&der, 1).unwrap();

        assert_eq!(shown.subject, "CN=sap.example.com, O=Carbide tests");
        assert_eq!(shown.valid_until, 4_949_061_526);
        assert_eq!(shown.key, "ZmcYUlnJk4DwVBxwX/dy/KsAtX9npLyk8CYaeg3LGgE=");
        assert!(ServerCertificate::of(b"no certificate", 1).is_none());
    }

    #[test]
    fn a_pin_is_32_bytes_in_base64() {
        let pin = STANDARD.encode([7; 32]);

        assert!(
            is_pin(&pin) && is_pin(&format!("sha256/{pin}")) && is_pin(&format!("sha256//{pin}"))
        );
        assert!(!is_pin("hunter2") && !is_pin(""));
    }
}
