//! Harmless questions about a service, for the doctor.

use std::time::Instant;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Method;
use reqwest::header::ACCEPT;

use super::super::error::SapError;
use super::super::tls::ServerCertificate;
use super::{Filter, ODataClient, Service, Version, failure, retry};

/// How far the clock of SAP is from ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockOffset {
    /// SAP's clock minus ours, in seconds.
    pub seconds: f64,
    /// How much of it may be the way there and back, and the whole seconds of HTTP.
    pub uncertainty_seconds: f64,
}

impl ODataClient {
    /// The `$metadata` document of a service, as SAP has it now.
    ///
    /// # Errors
    ///
    /// [`SapError`] that says what is missing.
    pub async fn metadata_document(&self, service: Service) -> Result<String, SapError> {
        let path = format!("{}/$metadata", service.path);
        let url = self.session.url(&path)?;
        let name = format!("GET {path}");
        let request = self.session.request(Method::GET, url).header(ACCEPT, "application/xml");
        let _permit = self.permit().await;
        let answer = self.session.send(request).await?;
        let answer = failure::checked(&self.session, &name, answer, false)?;
        if !answer.content_type().contains("xml") {
            return Err(SapError::NotSapAnswer {
                system: self.session.system.id.clone(),
                request: name,
                content_type: answer.content_type().to_owned(),
                wanted: "XML",
                status: answer.status.as_u16(),
                write: false,
            });
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Whether this user may read an entity set, or what `Set/Navigation` brings along: asks for one
    /// row and no count. Returns how many rows came.
    ///
    /// # Errors
    ///
    /// [`SapError`] that says what is missing.
    pub async fn may_read(
        &self,
        service: Service,
        set: &str,
        filter: Option<&Filter>,
    ) -> Result<usize, SapError> {
        let (set, navigation) = set.split_once('/').unwrap_or((set, ""));
        let mut path = format!("{}/{set}?$top=1", service.path);
        if !navigation.is_empty() {
            path.push_str("&$expand=");
            path.push_str(navigation);
        }
        if service.version == Version::V2 {
            path.push_str("&$format=json");
        }
        if let Some(filter) = filter {
            path.push_str("&$filter=");
            path.push_str(&filter.encoded(service.version));
        }
        let url = self.session.url(&path)?;
        let _permit = self.permit().await;
        retry::page(&self.session, service, set, &url).await.map(|page| page.rows.len())
    }

    /// Fetches a CSRF token of a service anew.
    ///
    /// # Errors
    ///
    /// [`SapError`], also if the service hands out none.
    pub async fn csrf_token(&self, service: Service) -> Result<(), SapError> {
        self.tokens.lock().await.remove(service.path);
        self.token(service, None).await.map(drop)
    }

    /// The offset of SAP's clock by the `Date` of one answer; `None` if it has no date.
    ///
    /// # Errors
    ///
    /// [`SapError`] if there is no answer. A refusal is one: it has a date too.
    pub async fn clock_offset(&self, service: Service) -> Result<Option<ClockOffset>, SapError> {
        let url = self.session.url(&format!("{}/", service.path))?;
        let (began, asked) = (Instant::now(), Timestamp::now());
        let answer = self.session.send(self.session.request(Method::GET, url)).await?;
        let way = began.elapsed().as_secs_f64();
        let date = answer.header("date").and_then(|text| rfc2822::parse(text).ok());
        Ok(date.map(|date| {
            let theirs = date.timestamp().as_second() as f64 + 0.5;
            let ours = asked.as_millisecond() as f64 / 1000.0 + way / 2.0;
            ClockOffset { seconds: theirs - ours, uncertainty_seconds: 0.5 + way / 2.0 }
        }))
    }

    /// The certificate that SAP showed at the last handshake; `None` without TLS.
    pub fn server_certificate(&self) -> Option<ServerCertificate> {
        self.session.server_certificate()
    }
}
