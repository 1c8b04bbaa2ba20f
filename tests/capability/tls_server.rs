//! Servers that say what a test tells them to, with certificates made for the test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::valid_until(name, 2090)
    }

    /// An authority whose last year is `year`.
    pub fn valid_until(name: &str, year: i32) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `host`, valid to the end of `year`.
    pub fn issue(&self, host: &str, year: i32) -> Identity {
        self.issue_for(host, year, &KeyPair::generate().unwrap())
    }

    /// A certificate for `host` that is valid for some days more.
    pub fn issue_for_days(&self, host: &str, days: i64) -> Identity {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let last = today + jiff::Span::new().days(days);
        let (month, day) = (last.month().unsigned_abs(), last.day().unsigned_abs());
        self.signed(host, (last.year().into(), month, day), &KeyPair::generate().unwrap())
    }

    /// A certificate for `host` and a key that is there already.
    pub fn issue_for(&self, host: &str, year: i32, key: &KeyPair) -> Identity {
        self.signed(host, (year, 12, 31), key)
    }

    fn signed(&self, host: &str, last: (i32, u8, u8), key: &KeyPair) -> Identity {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last.0, last.1, last.2);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// Writes a file that only its owner can read.
pub fn private(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// Status, content type, further headers, body.
pub struct Said(u16, &'static str, Vec<(&'static str, String)>, String);

pub fn json(status: u16, body: &str) -> Said {
    Said(status, "application/json", Vec::new(), body.to_owned())
}

pub fn html(status: u16) -> Said {
    Said(status, "text/html", Vec::new(), "<html><form>Log on</form></html>".to_owned())
}

impl Said {
    pub fn of_kind(mut self, content_type: &'static str) -> Self {
        self.1 = content_type;
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.2.push((name, value.to_owned()));
        self
    }
}

/// A server that answers as it is told and remembers what it was asked.
pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Without TLS.
    pub async fn plain(says: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, app) = app(says);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    /// With TLS as `localhost`; `clients` signed the certificates that callers must show.
    pub async fn tls(
        identity: &Identity,
        clients: Option<&Authority>,
        says: impl Fn(&Asked) -> Said + Send + Sync + 'static,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
        let chain: Vec<_> = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let builder = rustls::ServerConfig::builder();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots));
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = builder.with_single_cert(chain, key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (asked, app) = app(says);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move { axum::serve(TlsListener { listener, acceptor }, app).await });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn app(
    says: impl Fn(&Asked) -> Said + Send + Sync + 'static,
) -> (Arc<Mutex<Vec<Asked>>>, axum::Router) {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (log, says) = (Arc::clone(&asked), Arc::new(says));
    let app = axum::Router::new().fallback(
        move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let asked = Asked {
                line: format!("{method} {uri}"),
                headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            log.lock().unwrap().push(asked.clone());
            let Said(status, content_type, headers, body) = says(&asked);
            let mut response =
                Response::builder().status(status).header("content-type", content_type);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            let response = response.body(Body::from(body)).unwrap();
            async move { response }
        },
    );
    (asked, app)
}

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            // A caller that does not believe us hangs up; the next one may.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
