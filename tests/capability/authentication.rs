//! How Carbide proves who it is, and whom it believes. Nothing that was refused is sent again, no
//! secret shows, and no certificate is believed that should not be.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carbide::sap::auth::{Access, ApiKey, ClientCertificate, Grant, Method, OAuth2};
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::{ODataClient, RequestId};
use carbide::sap::rfc::{Call, RfcClient};
use carbide::sap::system::{Proxy, SapSystem, Trust};
use carbide::secret::{Secret, SecretPlace};
use carbide::source::sap::{PLANNED_ORDERS, PRODUCT};

use crate::support::{credentials, system};
use crate::tls_server::{Asked, Authority, Identity, Said, Server, html, json, private};

const OK: &str = "{\"d\":{}}";

fn place(text: &str) -> SecretPlace {
    SecretPlace::fixed(Secret::new(text))
}

/// A place whose secret a test changes.
fn changing(first: &str) -> (Arc<Mutex<String>>, SecretPlace) {
    let held = Arc::new(Mutex::new(first.to_owned()));
    let (read, written) = (Arc::clone(&held), Arc::clone(&held));
    let place = SecretPlace::new("test", move || Ok(Secret::new(read.lock().unwrap().clone())))
        .with_store(move |secret| {
            *written.lock().unwrap() = secret.expose().to_owned();
            Ok(())
        });
    (held, place)
}

fn access(method: Method) -> Access {
    Access { user: "CARBIDE".to_owned(), method, api_key: None }
}

fn oauth(token_server: &Server, grant: Grant) -> Access {
    access(Method::OAuth2(Box::new(OAuth2 {
        token_url: format!("{}/token", token_server.url),
        client_id: "carbide".to_owned(),
        client_secret: Some(place("client-canary")),
        scope: "API_PRODUCT_SRV_0001".to_owned(),
        grant,
        secret_in_body: false,
        trust: Trust::default(),
        timeout: Duration::from_secs(5),
    })))
}

/// A token server that numbers its tokens and says that each lives for `seconds`.
async fn tokens(seconds: u64) -> Server {
    let given = AtomicUsize::new(0);
    Server::plain(move |_| {
        let number = given.fetch_add(1, Ordering::Relaxed) + 1;
        json(200, &format!(
            "{{\"access_token\":\"T{number}\",\"token_type\":\"Bearer\",\"expires_in\":{seconds}}}"
        ))
    })
    .await
}

/// An SAP that lets in whoever shows `Authorization: expected`.
fn lets_in(expected: &'static str) -> impl Fn(&Asked) -> Said {
    move |asked| {
        if asked.header("authorization") == expected { json(200, OK) } else { refused() }
    }
}

fn refused() -> Said {
    html(401).with("www-authenticate", "Bearer")
}

async fn ping(url: &str, access: &Access) -> Result<(), SapError> {
    ODataClient::new(&system(url), access)?.ping(PRODUCT).await
}

fn shown(server: &Server) -> Vec<String> {
    server.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect()
}

#[tokio::test]
async fn an_oauth_token_is_fetched_once_however_much_is_read_at_once() {
    let (tokens, sap) = (tokens(3600).await, Server::plain(lets_in("Bearer T1")).await);
    let access = oauth(&tokens, Grant::ClientCredentials);
    let odata = ODataClient::new(&system(&sap.url), &access).unwrap();
    let rfc = RfcClient::new(&system(&sap.url), &access).unwrap();

    let call = Call::new("RFCPING");
    let (one, two, three, _) = tokio::join!(
        odata.ping(PRODUCT),
        odata.ping(PRODUCT),
        odata.ping(PRODUCT),
        rfc.call(&call)
    );

    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1);
    // carbide:client-canary
    assert_eq!(asked[0].header("authorization"), "Basic Y2FyYmlkZTpjbGllbnQtY2FuYXJ5");
    assert_eq!(asked[0].body, "grant_type=client_credentials&scope=API_PRODUCT_SRV_0001");
    assert_eq!(sap.asked().len(), 4);
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_before_it_is_sent() {
    // A token that is dead on arrival is good for the request that it was fetched for.
    let tokens = tokens(0).await;
    let sap = Server::plain(|_| json(200, OK)).await;
    let access = oauth(&tokens, Grant::ClientCredentials);

    ping(&sap.url, &access).await.unwrap();
    ping(&sap.url, &access).await.unwrap();

    assert_eq!(shown(&sap), ["Bearer T1", "Bearer T2"]);
}

#[tokio::test]
async fn a_token_that_sap_revoked_is_renewed_once_and_the_request_is_sent_once_more() {
    let (tokens, sap) = (tokens(3600).await, Server::plain(lets_in("Bearer T2")).await);

    ping(&sap.url, &oauth(&tokens, Grant::ClientCredentials)).await.unwrap();

    assert_eq!(shown(&sap), ["Bearer T1", "Bearer T2"]);
}

#[tokio::test]
async fn many_requests_whose_token_was_revoked_fetch_one_new_token() {
    let (tokens, sap) = (tokens(3600).await, Server::plain(lets_in("Bearer T2")).await);
    let access = oauth(&tokens, Grant::ClientCredentials);
    let client = ODataClient::new(&system(&sap.url), &access).unwrap();

    let pings = (0..8).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.ping(PRODUCT).await })
    });
    for ping in pings.collect::<Vec<_>>() {
        ping.await.unwrap().unwrap();
    }

    assert_eq!(tokens.asked().len(), 2);
    assert!(sap.asked().len() <= 16, "twice each at most");
}

#[tokio::test]
async fn a_write_in_whose_middle_the_token_expires_is_done_once() {
    let tokens = tokens(3600).await;
    let created = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&created);
    let sap = Server::plain(move |asked| {
        let is_write = asked.line.starts_with("POST");
        if is_write && asked.header("authorization") == "Bearer T1" {
            return refused();
        }
        if is_write {
            count.fetch_add(1, Ordering::Relaxed);
            return json(201, "{\"d\":{\"PlannedOrder\":\"995\"}}");
        }
        json(200, OK).with("x-csrf-token", "C")
    })
    .await;
    let client =
        ODataClient::new(&system(&sap.url), oauth(&tokens, Grant::ClientCredentials)).unwrap();

    let fields = serde_json::Map::new();
    let row = client.create(PLANNED_ORDERS, "A_PlannedOrder", &fields, &request()).await.unwrap();

    assert_eq!(row.text("PlannedOrder"), "995");
    assert_eq!(created.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_write_is_not_sent_again_if_somebody_says_401_without_asking_who_it_is() {
    let tokens = tokens(3600).await;
    let sap = Server::plain(|asked| {
        if asked.line.starts_with("POST") {
            html(401)
        } else {
            json(200, OK).with("x-csrf-token", "C")
        }
    })
    .await;
    let client =
        ODataClient::new(&system(&sap.url), oauth(&tokens, Grant::ClientCredentials)).unwrap();

    let fields = serde_json::Map::new();
    client.create(PLANNED_ORDERS, "A_PlannedOrder", &fields, &request()).await.unwrap_err();

    let posts = sap.asked().iter().filter(|asked| asked.line.starts_with("POST")).count();
    assert_eq!(posts, 1);
}

fn request() -> RequestId {
    RequestId { id: "0".repeat(32), first_sent: jiff::Timestamp::UNIX_EPOCH }
}

#[tokio::test]
async fn a_sap_that_refuses_every_token_is_asked_twice_and_not_again() {
    let (tokens, sap) = (tokens(3600).await, Server::plain(|_| refused()).await);

    let error = ping(&sap.url, &oauth(&tokens, Grant::ClientCredentials)).await.unwrap_err();

    assert!(matches!(error, SapError::LogonRefused { .. }), "{error}");
    assert_eq!(shown(&sap), ["Bearer T1", "Bearer T2"]);
    assert_eq!(tokens.asked().len(), 2);
}

#[tokio::test]
async fn a_token_endpoint_that_answers_with_a_page_stops_everything_before_sap() {
    let tokens = Server::plain(|_| html(200)).await;
    let sap = Server::plain(|_| json(200, OK)).await;

    let error = ping(&sap.url, &oauth(&tokens, Grant::ClientCredentials)).await.unwrap_err();

    assert!(error.to_string().starts_with("AUTH-TOKEN"), "{error}");
    assert!(error.to_string().contains("text/html and status 200"), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(sap.asked().is_empty());
}

#[tokio::test]
async fn a_token_endpoint_that_refuses_is_quoted_without_the_secret_it_repeats() {
    let tokens = Server::plain(|_| {
        json(401, "{\"error\":\"invalid_client\",\"error_description\":\"client-canary is wrong\"}")
    })
    .await;

    let error =
        ping("http://127.0.0.1:1", &oauth(&tokens, Grant::ClientCredentials)).await.unwrap_err();

    assert!(error.to_string().contains("status 401: invalid_client: *** is wrong"), "{error}");
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn odd_answers_of_token_endpoints_are_read_or_refused_in_words() {
    let sap = Server::plain(lets_in("Bearer T")).await;
    for (status, body, reason) in [
        (200, r#"{"access_token":"T","expires_in":3599.5}"#, ""),
        (200, r#"{"access_token":"T","expires_in":null,"token_type":"bEARER"}"#, ""),
        (200, r#"{"access_token":"","expires_in":60}"#, "there is no token in it"),
        (200, r#"{"access_token":"T","token_type":"mac"}"#, "no bearer tokens"),
        (500, r#"{"access_token":"T"}"#, "status 500"),
        (502, r#"{"error":{"code":"X1"}}"#, r#"{"code":"X1"}"#),
        (200, "[]", "instead of JSON"),
        (200, r#"{"access_token":"#, "instead of JSON"),
    ] {
        let tokens = Server::plain(move |_| json(status, body)).await;

        let result = ping(&sap.url, &oauth(&tokens, Grant::ClientCredentials)).await;

        match result {
            Ok(()) => assert_eq!(reason, "", "{body}"),
            Err(error) => {
                let text = error.to_string();
                assert!(!reason.is_empty() && text.contains(reason), "{body}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_stored_and_used_next() {
    let given = AtomicUsize::new(0);
    let tokens = Server::plain(move |_| {
        let number = given.fetch_add(1, Ordering::Relaxed) + 1;
        json(200, &format!(
            "{{\"access_token\":\"T{number}\",\"expires_in\":\"0\",\"refresh_token\":\"R{number}\"}}"
        ))
    })
    .await;
    let sap = Server::plain(|_| json(200, OK)).await;
    let (held, place) = changing("R0");
    let access = oauth(&tokens, Grant::Refresh(place));

    ping(&sap.url, &access).await.unwrap();
    ping(&sap.url, &access).await.unwrap();

    let sent: Vec<String> = tokens.asked().into_iter().map(|asked| asked.body).collect();
    assert!(sent[0].starts_with("grant_type=refresh_token&refresh_token=R0"), "{sent:?}");
    assert!(sent[1].starts_with("grant_type=refresh_token&refresh_token=R1"), "{sent:?}");
    assert_eq!(*held.lock().unwrap(), "R2");
}

#[tokio::test]
async fn a_refresh_token_that_another_process_used_up_is_read_again() {
    let (held, place) = changing("R0");
    let other = Arc::clone(&held);
    let tokens = Server::plain(move |asked| {
        if asked.body.contains("refresh_token=R1") {
            return json(200, "{\"access_token\":\"T\",\"expires_in\":60}");
        }
        *other.lock().unwrap() = "R1".to_owned();
        json(400, "{\"error\":\"invalid_grant\"}")
    })
    .await;
    let sap = Server::plain(lets_in("Bearer T")).await;

    ping(&sap.url, &oauth(&tokens, Grant::Refresh(place))).await.unwrap();

    assert_eq!(tokens.asked().len(), 2);
}

#[tokio::test]
async fn an_api_key_stands_beside_the_password() {
    let sap = Server::plain(|asked| {
        let both =
            asked.header("apikey") == "key-canary" && !asked.header("authorization").is_empty();
        if both { json(200, OK) } else { refused() }
    })
    .await;
    let mut access = Access::from(&credentials("p"));
    access.api_key = Some(ApiKey { header: "APIKey".to_owned(), key: place("key-canary") });

    ping(&sap.url, &access).await.unwrap();

    access.method = Method::ApiKey;
    let error = ping(&sap.url, &access).await.unwrap_err();
    assert!(!format!("{error} {error:?} {access:?}").contains("canary"));
}

#[tokio::test]
async fn a_new_api_key_counts_although_the_password_stays() {
    let sap =
        Server::plain(
            |asked| {
                if asked.header("apikey") == "new" { json(200, OK) } else { refused() }
            },
        )
        .await;
    let (held, key) = changing("old");
    let mut access = Access::from(&credentials("p"));
    access.api_key = Some(ApiKey { header: "APIKey".to_owned(), key });
    let client = ODataClient::new(&system(&sap.url), access).unwrap();
    client.ping(PRODUCT).await.unwrap_err();

    "new".clone_into(&mut held.lock().unwrap());

    client.ping(PRODUCT).await.unwrap();
    assert_eq!(sap.asked().len(), 2, "once each");
}

#[tokio::test]
async fn a_new_password_counts_without_a_restart_and_the_old_one_is_sent_once() {
    // CARBIDE:new
    let sap = Server::plain(lets_in("Basic Q0FSQklERTpuZXc=")).await;
    let (held, password) = changing("old");
    let client = ODataClient::new(&system(&sap.url), access(Method::Basic { password })).unwrap();

    let before = client.ping(PRODUCT).await;
    "new".clone_into(&mut held.lock().unwrap());
    let after = client.ping(PRODUCT).await;

    assert!(matches!(before, Err(SapError::LogonRefused { .. })));
    after.unwrap();
    assert_eq!(sap.asked().len(), 2, "once each");
}

#[tokio::test]
async fn the_same_password_is_not_sent_again_after_a_401() {
    let sap = Server::plain(|_| refused()).await;
    let client = ODataClient::new(&system(&sap.url), &credentials("wrong")).unwrap();

    for _ in 0..3 {
        client.ping(PRODUCT).await.unwrap_err();
    }

    assert_eq!(sap.asked().len(), 1);
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let mut access = Access::from(&credentials("password-canary"));
    access.api_key = Some(ApiKey { header: "APIKey".to_owned(), key: place("key-canary") });
    let proxy = Proxy::At {
        url: "http://proxy:8080".to_owned(),
        no_proxy: String::new(),
        credentials: Some(("user".to_owned(), place("proxy-canary"))),
    };
    let system = SapSystem { proxy, ..system("https://localhost") };

    let printed = format!("{access:?} {system:?} {:?}", credentials("password-canary"));

    assert!(!printed.contains("canary"), "{printed}");
}

#[tokio::test]
async fn a_proxy_is_used_with_its_own_password_and_gets_none_of_saps() {
    let proxy = Server::plain(|_| json(502, "{}")).await;
    let authority = Authority::new("Plant CA");
    let folder = tempfile::tempdir().unwrap();
    let mut behind = trusting(&folder, &authority, "https://sap.invalid");
    behind.proxy = Proxy::At {
        url: proxy.url.clone(),
        no_proxy: "other.invalid".to_owned(),
        credentials: Some(("me".to_owned(), place("pw"))),
    };

    let client = ODataClient::new(&behind, &credentials("sap-canary")).unwrap();
    client.csrf_token(PRODUCT).await.unwrap_err();

    let asked = proxy.asked();
    assert!(asked[0].line.starts_with("CONNECT"), "{asked:?}");
    assert_eq!(asked[0].header("proxy-authorization"), "Basic bWU6cHc=");
    assert!(asked.iter().all(|asked| asked.header("authorization").is_empty()));
}

/// A system that believes one authority only.
pub fn trusting(folder: &tempfile::TempDir, authority: &Authority, url: &str) -> SapSystem {
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let trust = Trust { ca_file: Some(ca_file), ..Trust::default() };
    SapSystem { trust, ..system(url) }
}

pub async fn sap_with(identity: &Identity) -> Server {
    Server::tls(identity, None, |_| json(200, OK)).await
}

pub async fn tls_error(system: &SapSystem) -> SapError {
    let client = ODataClient::new(system, &credentials("p")).unwrap();
    client.clock_offset(PRODUCT).await.unwrap_err()
}

#[tokio::test]
async fn a_server_of_the_configured_authority_is_believed_and_described() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let sap = sap_with(&authority.issue("localhost", 2090)).await;
    let client =
        ODataClient::new(&trusting(&folder, &authority, &sap.url), &credentials("p")).unwrap();

    client.ping(PRODUCT).await.unwrap();

    let seen = client.server_certificate().unwrap();
    assert!(seen.subject.contains("localhost") && seen.issuer.contains("Plant CA"), "{seen:?}");
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused_before_the_password_leaves() {
    let (ours, theirs) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    let folder = tempfile::tempdir().unwrap();
    let sap = sap_with(&theirs.issue("localhost", 2090)).await;

    let error = tls_error(&trusting(&folder, &ours, &sap.url)).await;
    let of_this_machine = tls_error(&system(&sap.url)).await;

    assert!(
        error.to_string().contains("CFG-CA: certificate CN=localhost is signed by CN=Other CA")
    );
    assert!(
        of_this_machine.to_string().contains("this machine does not know"),
        "{of_this_machine}"
    );
    assert!(sap.asked().is_empty());
}

#[tokio::test]
async fn config_15_an_expired_server_certificate_is_refused_with_its_name_and_day() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let sap = sap_with(&authority.issue("localhost", 2020)).await;

    let error = tls_error(&trusting(&folder, &authority, &sap.url)).await;

    assert!(
        error.to_string().contains("CFG-CA: certificate CN=localhost expired on 2020-12-31"),
        "{error}"
    );
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let sap = sap_with(&authority.issue("sap.example.com", 2090)).await;

    let error = tls_error(&trusting(&folder, &authority, &sap.url)).await;

    assert!(error.to_string().contains("is not for localhost"), "{error}");
}

#[tokio::test]
async fn config_16_a_server_key_that_is_not_the_pinned_one_is_refused() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let key = rcgen::KeyPair::generate().unwrap();
    let sap = sap_with(&authority.issue_for("localhost", 2090, &key)).await;
    let mut pinned = trusting(&folder, &authority, &sap.url);
    let other = "A".repeat(43) + "=";
    pinned.trust.pinned_keys = vec![other.clone()];

    let error = tls_error(&pinned).await;

    let text = error.to_string();
    assert!(matches!(error, SapError::NotTrusted { .. }), "{text}");
    assert!(text.contains("TLS-PIN: server key "), "{text}");
    assert!(text.contains(&format!("is not the pinned key {other}; connection refused")), "{text}");
    assert!(sap.asked().is_empty());

    // The same key in a new certificate is still the pinned key.
    let shown = text.split("server key ").nth(1).unwrap().split(' ').next().unwrap();
    let renewed = sap_with(&authority.issue_for("localhost", 2080, &key)).await;
    let mut pinned = trusting(&folder, &authority, &renewed.url);
    pinned.trust.pinned_keys = vec![other, format!("sha256/{shown}")];
    ODataClient::new(&pinned, &credentials("p")).unwrap().ping(PRODUCT).await.unwrap();
}

#[tokio::test]
async fn a_pin_makes_nothing_good_that_the_authority_refuses() {
    let (ours, theirs) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    let folder = tempfile::tempdir().unwrap();
    let identity = theirs.issue("localhost", 2090);
    let sap = sap_with(&identity).await;
    let believing = ODataClient::new(&trusting(&folder, &theirs, &sap.url), &credentials("p"));
    let believing = believing.unwrap();
    believing.ping(PRODUCT).await.unwrap();
    let mut pinned = trusting(&folder, &ours, &sap.url);
    pinned.trust.pinned_keys = vec![believing.server_certificate().unwrap().key];

    assert!(tls_error(&pinned).await.to_string().contains("CFG-CA"));
}

#[tokio::test]
async fn an_unverified_test_system_still_has_to_show_the_pinned_key() {
    let authority = Authority::new("Nobody");
    let sap = sap_with(&authority.issue("elsewhere", 2020)).await;
    let mut test = system(&sap.url);
    test.trust.unverified = true;

    ODataClient::new(&test, &credentials("p")).unwrap().ping(PRODUCT).await.unwrap();

    test.trust.pinned_keys = vec!["A".repeat(43) + "="];
    assert!(tls_error(&test).await.to_string().contains("TLS-PIN"));
}

fn certificate(folder: &Path, identity: &Identity) -> ClientCertificate {
    ClientCertificate {
        certificate_file: private(folder, "client.pem", &identity.certificate),
        key_file: private(folder, "client.key", &identity.key),
    }
}

#[tokio::test]
async fn a_client_certificate_proves_who_asks_and_sends_no_password() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let server = authority.issue("localhost", 2090);
    let sap = Server::tls(&server, Some(&authority), |_| json(200, OK)).await;
    let system = trusting(&folder, &authority, &sap.url);
    let ours = certificate(folder.path(), &authority.issue("carbide", 2090));

    let client = ODataClient::new(&system, access(Method::ClientCertificate(ours))).unwrap();
    client.ping(PRODUCT).await.unwrap();

    assert_eq!(shown(&sap), [""]);
    let without = ODataClient::new(&system, &credentials("p")).unwrap();
    without.clock_offset(PRODUCT).await.unwrap_err();
    assert_eq!(sap.asked().len(), 1);
}

#[tokio::test]
async fn a_client_certificate_that_was_replaced_counts_at_the_next_connection() {
    let (ours, theirs) = (Authority::new("Plant CA"), Authority::new("Other CA"));
    let folder = tempfile::tempdir().unwrap();
    let sap = Server::tls(&ours.issue("localhost", 2090), Some(&ours), |_| json(200, OK)).await;
    let system = trusting(&folder, &ours, &sap.url);
    let files = certificate(folder.path(), &theirs.issue("carbide", 2090));
    let client = ODataClient::new(&system, access(Method::ClientCertificate(files))).unwrap();
    client.clock_offset(PRODUCT).await.unwrap_err();

    let renewed = certificate(folder.path(), &ours.issue("carbide", 2090));
    // A file system may keep whole seconds only.
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    let key = std::fs::File::options().append(true).open(renewed.key_file).unwrap();
    key.set_modified(later).unwrap();

    client.clock_offset(PRODUCT).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_private_key_that_others_can_read_or_that_is_none_is_refused_without_its_text() {
    use std::os::unix::fs::PermissionsExt;
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let system = trusting(&folder, &authority, "https://localhost");
    let ours = certificate(folder.path(), &authority.issue("carbide", 2090));
    let refusal = || {
        let access = access(Method::ClientCertificate(ours.clone()));
        ODataClient::new(&system, &access).err().unwrap().to_string()
    };

    std::fs::set_permissions(&ours.key_file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refusal().contains("CFG-MODE"));

    private(folder.path(), "client.key", "key-canary");
    std::fs::set_permissions(&ours.key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refusal().contains("there is no private key in it"), "{}", refusal());
    assert!(!refusal().contains("canary"));
}

#[tokio::test]
async fn what_the_manifest_does_not_list_is_refused_before_it_is_sent() {
    let sap = Server::plain(|_| json(200, OK)).await;
    let client = ODataClient::new(&system(&sap.url), &credentials("p")).unwrap();
    let rfc = RfcClient::new(&system(&sap.url), &credentials("p")).unwrap();

    let read = client.may_read(PRODUCT, "A_ProductSecret", None).await.unwrap_err();
    let call = rfc.call(&Call::new("RFC_READ_TABLE")).await.unwrap_err();

    for error in [&read, &call] {
        assert!(matches!(error, SapError::OutsideManifest { .. }), "{error}");
        assert_eq!(error.outcome(), Outcome::Refused);
    }
    assert!(sap.asked().is_empty());
}
