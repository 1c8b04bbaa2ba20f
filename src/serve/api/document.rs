//! The document of the interface, out of the handlers. What all of them share is said once, here.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi as Tree, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi};

use super::{
    carbon, change_set, event, explain, finding, job, logon, overview, plan, readings, report,
    table,
};
use crate::serve::guard::{COOKIE, CSRF};
use crate::serve::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Carbide",
        description = "Footprints, carbon-aware plans and carbon postings of a plant, with a way back. \
                       Each change needs the token of the session in x-csrf-token. Amounts are decimal \
                       texts.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        logon::who,
        logon::log_on,
        logon::log_off,
        logon::ways,
        overview::overview,
        table::table,
        table::export,
        report::report,
        plan::make,
        plan::show,
        carbon::simulate,
        carbon::post,
        carbon::ask,
        carbon::approve,
        carbon::post_request,
        explain::explain,
        change_set::show,
        change_set::undo,
        finding::show,
        finding::decide_it,
        finding::decide_about_all,
        readings::right,
        job::list,
        job::show,
        job::stop,
        job::collect,
        job::reload,
        event::events,
    ),
    components(schemas(Problem)),
    modifiers(&Shared)
)]
struct Document;

/// The document.
pub fn document() -> Tree {
    Document::openapi()
}

const PROBLEM: &str = "#/components/schemas/Problem";

/// Names of the security schemes.
const SESSION: &str = "session";
const TOKEN: &str = "token";

/// Paths that somebody without a session may ask.
const OPEN: &[&str] = &["/api/v1/session/ways"];

struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Tree) {
        let components = document.components.get_or_insert_with(Components::new);
        let cookie = ApiKeyValue::with_description(COOKIE, "set by POST /api/v1/session");
        let header = ApiKeyValue::with_description(CSRF, "the csrf of the session");
        for (name, key) in [(SESSION, ApiKey::Cookie(cookie)), (TOKEN, ApiKey::Header(header))] {
            components.add_security_scheme(name, SecurityScheme::ApiKey(key));
        }
        for (path, item) in &mut document.paths.paths {
            let named = path.contains('{');
            let is_logon = path == "/api/v1/session";
            let reads = item.get.iter_mut().map(|operation| (operation, false));
            let changes = item.post.iter_mut().chain(item.delete.iter_mut());
            for (operation, is_change) in reads.chain(changes.map(|operation| (operation, true))) {
                problems_have_their_kind(operation);
                if named {
                    refuses(operation, "422", "the path makes no sense");
                }
                let logs_on = is_logon && operation.request_body.is_some();
                if OPEN.contains(&path.as_str()) || logs_on {
                    continue;
                }
                let none: [String; 0] = [];
                let mut needs = SecurityRequirement::new(SESSION, none.clone());
                if is_change {
                    refuses(operation, "403", "the token of the session or a role is missing");
                    refuses(operation, "429", "too many changes at once");
                    needs = needs.add(TOKEN, none);
                }
                operation.security = Some(vec![needs]);
            }
        }
    }
}

/// A problem is no plain JSON (RFC 9457).
fn problems_have_their_kind(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let is_problem = |content: &RefOr<Content>| {
            matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(to)), .. })
                if to.ref_location == PROBLEM)
        };
        if response.content.get("application/json").is_some_and(is_problem)
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert("application/problem+json".to_owned(), content);
        }
    }
}

fn refuses(operation: &mut Operation, status: &str, why: &str) {
    let responses = &mut operation.responses.responses;
    responses.entry(status.to_owned()).or_insert_with(|| {
        let mut response = Response::new(why);
        let content = Content::new(Some(RefOr::Ref(Ref::new(PROBLEM))));
        response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
        RefOr::T(response)
    });
}
