//! Availability: what the public may know of it, and the provider's own entries.

use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::{AvailabilityEntry, NewAvailability, Page};
use service::availability::{self, AnswerBody, ExplainQuery, NewEntry, OpeningsQuery};
use service::paging::PageRequest;

use super::ApiProblem;
use super::answer::{Created, IfNoneMatch, conditional, is_match};
use super::extract::{AsProvider, JsonForm, NoQuery, PathId, ProviderPath, Query};
use super::from_to;
use super::large::{self, Reader, sent_as_it_is};
use super::replies::{Deleted, Explanation, Openings};
use super::requests::AvailabilityRequest;
use crate::state::AppState;

/// When a provider can be booked
///
/// `windows` is open time less closed and taken time; `slots` are the starts that can be booked now.
/// Keep the `ETag` and send it as `If-None-Match`: while nothing changed the answer is an empty 304.
#[utoipa::path(
    get, path = "/availability/{id}", tag = "Availability",
    params(
        ("id" = String, Path, description = "The provider's id or handle.", example = "ada"),
        ("from" = Option<String>, Query, description = "A date in `time_zone`, or an instant; default today.", example = "2026-11-23"),
        ("to" = Option<String>, Query, description = "As `from`, exclusive; default 7 days after it, at most 366 days.", example = "2026-11-30"),
        ("offering" = Option<String>, Query, description = "Id or slug; default the first active one.", example = "appointment"),
        ("duration_minutes" = Option<u32>, Query, description = "One of the offering's lengths; default the shortest.", example = 30),
        ("time_zone" = Option<String>, Query, description = "IANA name, to read dates in; default the provider's.", example = "Europe/London"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (status = 200, body = Openings, headers(("ETag" = String, description = "Of the calendar's version and the question."))),
        (status = 304, description = "What `If-None-Match` names is still right."),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn openings(
    State(state): State<AppState>,
    ProviderPath(provider): ProviderPath,
    query: Query,
    asked: IfNoneMatch,
    reader: Reader,
) -> Result<Response, ApiProblem> {
    let read = || {
        let [from, to, offering, duration_minutes, time_zone] =
            query.only(["from", "to", "offering", "duration_minutes", "time_zone"])?;
        Ok(OpeningsQuery { from, to, offering, duration_minutes, time_zone })
    };
    let charged = Mutex::new(None);
    let charge = |starts| {
        let standing = state.limits.charge(reader.address, starts)?;
        *charged.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        Ok(())
    };
    let answer = availability::openings(&state.services, &provider, query.words(), read, charge).await?;
    let mut response = match answer.body {
        AnswerBody::Ready(body) => conditional(&asked, &answer.etag, body),
        AnswerBody::Large(answer_body) => {
            let is_sent = !reader.only_head && !is_match(&asked, &answer.etag);
            let body = if is_sent {
                charge(answer_body.starts())?;
                let place = state.large.enter(reader.address).await?;
                state.large.body(*answer_body, place, reader.takes_gzip)
            } else {
                large::nothing()
            };
            sent_as_it_is(conditional(&asked, &answer.etag, body), reader.takes_gzip)
        }
    };
    if let Some(standing) = charged.into_inner().unwrap_or_else(PoisonError::into_inner) {
        response.extensions_mut().insert(standing);
    }
    Ok(response)
}

/// Why a time can or cannot be booked
#[utoipa::path(
    get, path = "/availability/{provider}/explain", tag = "Availability",
    params(
        ("provider" = String, Path, description = "Id or handle.", example = "ada"),
        ("start" = String, Query, description = "An instant.", example = "2026-11-23T09:00:00Z"),
        ("offering" = Option<String>, Query, description = "Id or slug; default the first active one.", example = "appointment"),
        ("duration_minutes" = Option<u32>, Query, description = "Default the offering's shortest.", example = 30),
    ),
    responses(
        (status = 200, body = Explanation),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn explain(
    State(state): State<AppState>,
    ProviderPath(provider): ProviderPath,
    query: Query,
) -> Result<Json<Explanation>, ApiProblem> {
    let [start, offering, duration_minutes] = query.only(["start", "offering", "duration_minutes"])?;
    let query = ExplainQuery { start, offering, duration_minutes };
    Ok(Json(availability::explain(&state.services, &provider, query).await?.into()))
}

/// Own entries
///
/// In order of creation. With `from` and `to` those that have an occurrence between them.
#[utoipa::path(
    get, path = "/availability", tag = "Availability", security(("provider_token" = [])),
    params(
        ("from" = Option<String>, Query, description = "A date in the provider's zone, or an instant.", example = "2026-11-23"),
        ("to" = Option<String>, Query, description = "As `from`, exclusive; at most 366 days after it.", example = "2026-11-30"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Default 50.", example = 50),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses((status = 200, body = Page<AvailabilityEntry>), (status = 422, description = "invalid")),
)]
pub async fn list(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    query: Query,
) -> Result<Json<Page<AvailabilityEntry>>, ApiProblem> {
    let [from, to, limit, cursor] = query.only(["from", "to", "limit", "cursor"])?;
    let page = PageRequest::parse(limit.as_deref(), cursor)?;
    let within = from_to::read(&state.services, &actor, from.as_deref(), to.as_deref()).await?.closed()?;
    Ok(Json(availability::list(&state.services, &actor, within, page).await?))
}

/// One of the own entries
#[utoipa::path(
    get, path = "/availability/entries/{availability_id}", tag = "Availability", security(("provider_token" = [])),
    params(("availability_id" = Uuid, Path)),
    responses(
        (status = 200, body = AvailabilityEntry),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn get(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(availability_id): PathId,
    _: NoQuery,
) -> Result<Json<AvailabilityEntry>, ApiProblem> {
    Ok(Json(availability::get(&state.services, &actor, availability_id).await?))
}

/// Open or close time
///
/// Open entries may not overlap one another; a closed entry overrides what it covers.
#[utoipa::path(
    post, path = "/availability", tag = "Availability", security(("provider_token" = [])),
    request_body = AvailabilityRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again.")),
    responses(
        (status = 201, body = AvailabilityEntry, headers(("Location" = String, description = "The entry."))),
        (status = 409, description = "availability-overlap"),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid, idempotency-mismatch"),
    ),
)]
pub async fn create(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    _: NoQuery,
    JsonForm { form, repeat }: JsonForm,
) -> Result<Created<AvailabilityEntry>, ApiProblem> {
    let new = NewEntry::by_clock(|home| NewAvailability::parse(form, home));
    let body = availability::create(&state.services, &actor, new, repeat).await?;
    Ok(Created { location: format!("/api/v1/availability/entries/{}", body.availability_id), body })
}

/// Replace an entry
///
/// Send `version` to be told (409) when somebody else changed it meanwhile. A series is replaced as a
/// whole: `scope` can only be `all`.
#[utoipa::path(
    put, path = "/availability/{id}", tag = "Availability", security(("provider_token" = [])),
    params(
        ("id" = Uuid, Path, description = "The `availability_id`."),
        ("scope" = Option<String>, Query, description = "`all`, the default.", example = "all"),
    ),
    request_body = AvailabilityRequest,
    responses(
        (status = 200, body = AvailabilityEntry),
        (status = 404, description = "not-found"),
        (status = 409, description = "availability-overlap, version-conflict"),
        (status = 413, description = "too-large"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn replace(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(availability_id): PathId,
    query: Query,
    JsonForm { form, .. }: JsonForm,
) -> Result<Json<AvailabilityEntry>, ApiProblem> {
    the_whole_entry(query)?;
    let new = NewEntry::by_clock(|home| NewAvailability::parse(form, home));
    Ok(Json(availability::replace(&state.services, &actor, availability_id, new).await?))
}

/// Delete an entry
///
/// Bookings are kept; the answer names those that no longer lie in open time.
#[utoipa::path(
    delete, path = "/availability/{id}", tag = "Availability", security(("provider_token" = [])),
    params(
        ("id" = Uuid, Path, description = "The `availability_id`."),
        ("scope" = Option<String>, Query, description = "`all`, the default.", example = "all"),
    ),
    responses(
        (status = 200, body = Deleted),
        (status = 404, description = "not-found"),
        (status = 422, description = "invalid"),
    ),
)]
pub async fn delete(
    State(state): State<AppState>,
    AsProvider(actor): AsProvider,
    PathId(availability_id): PathId,
    query: Query,
) -> Result<Json<Deleted>, ApiProblem> {
    the_whole_entry(query)?;
    Ok(Json(availability::delete(&state.services, &actor, availability_id).await?.into()))
}

/// To ignore a narrower `scope` would change more than was asked for.
fn the_whole_entry(query: Query) -> Result<(), ApiProblem> {
    let [scope] = query.only(["scope"])?;
    match scope.as_deref() {
        None | Some("all") => Ok(()),
        Some(_) => Err(ApiProblem::invalid("scope", "invalid", "Only “all” is possible: a series changes as a whole.")),
    }
}
