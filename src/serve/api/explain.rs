//! What a number rests on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::named::Named;
use crate::cycle::{self, Explanation, PostingRun};
use crate::period::PostingPeriod;
use crate::said;
use crate::serve::guard::Person;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::store::{Kind, Store};

/// What a number rests on: a carbon posting by change set, document or evidence key, or a product by
/// its material, or a confirmed production order, down to readings, rules and factor rows.
#[utoipa::path(get, path = "/api/v1/explain/{what}", params(("what" = String, Path)), responses(
    (status = 200, body = Object), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 503, body = Problem)))]
pub async fn explain(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(what): Named<String>,
) -> Result<Json<Value>, Problem> {
    let explained = tokio::task::spawn_blocking(move || explained(&plant, &what));
    Ok(Json(explained.await.map_err(|error| Problem::internal(error.to_string()))??))
}

/// The document of what is explained, with its kind in front.
fn explained(plant: &Plant, what: &str) -> Result<Value, Problem> {
    let config = plant.config();
    let journal = plant.journal();
    let posted = journal.carbon.iter().rev().find(|set| {
        // The number alone, or with company code and year as tables show it.
        let number = set.number.as_ref().map(ToString::to_string).unwrap_or_default();
        let is_number = number == what || number.split(' ').next() == Some(what);
        set.change_set_id.as_str().eq_ignore_ascii_case(what) || (is_number && !what.is_empty())
    });
    let is_key = what.len() >= 8 && what.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = posted.map(|set| set.plan_hash.as_str()).or(is_key.then_some(what));
    if let Some(key) = key {
        let store = Store::open(&config.path(&config.settings.post.directory))?;
        let (key, _, run): (_, _, PostingRun) = store.get(Kind::PostingRun, key)?;
        let number = posted.and_then(|set| set.number.as_ref()).map(ToString::to_string);
        return Ok(json!({ "kind": "posting", "evidence": key, "document": number, "run": run }));
    }
    let view = plant.view()?;
    let book = config.factors.book.rows();
    let mut confirmed = view.facts.orders.confirmations.iter();
    if let Some(confirmation) = confirmed.find(|confirmed| confirmed.order.as_str() == what) {
        let store = Store::open(&config.path(&config.settings.post.directory))?;
        let config = cycle::with_decisions(&config, &store)?;
        let ran = confirmation.execution.start.to_zoned(config.zone.clone());
        let period = Some(PostingPeriod::of(ran.date()));
        let judged = cycle::judge(&view.facts, &config, period, Timestamp::now())?;
        let found = cycle::order_footprint(&confirmation.order, &view.facts, &judged, &config)?;
        let given =
            Explanation { facts: &view.facts, facts_key: &view.facts_key, judged: &judged, book };
        return Ok(of_kind("order", what, given.order(&found)));
    }
    let products: Vec<_> =
        view.products.iter().filter(|product| product.material.as_str() == what).collect();
    if products.is_empty() {
        return Err(Problem::not_found(said!(
            "explain.unknown",
            "'{what}' is no document, no evidence, no confirmed order and no finished product",
            what = what
        )));
    }
    let given =
        Explanation { facts: &view.facts, facts_key: &view.facts_key, judged: &view.judged, book };
    Ok(of_kind("product", what, given.products(&products, &config)?))
}

/// A document that says first what it is about.
fn of_kind(kind: &str, what: &str, document: Value) -> Value {
    let mut all = Map::new();
    all.insert("kind".to_owned(), kind.into());
    all.insert("name".to_owned(), what.into());
    if let Value::Object(members) = document {
        all.extend(members);
    }
    Value::Object(all)
}
