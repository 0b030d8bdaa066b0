//! Reading requests: who asks, ids in paths, queries, JSON bodies. Every refusal is a problem.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use domain::{FieldError, Form, Handle, Problem, id};
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{HeaderName, Method, Uri};
use serde::de::DeserializeOwned;
use service::Actor;
use service::idempotency::{IdempotencyKey, Repeatable, looks_random};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{ApiProblem, json};
use crate::body;
use crate::client_address::ClientAddress;
use crate::state::AppState;

/// Who asks, by `Authorization: Bearer`; nobody without the header. Cookies are not looked at, so
/// that no other site can make a browser act here.
pub struct Authed(pub Actor);

impl FromRequestParts<AppState> for Authed {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiProblem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(Actor::Anonymous));
        }
        let token = bearer(&parts.headers).ok_or(Problem::Unauthenticated)?;
        Ok(Self(service::auth::by_bearer(&state.services, token).await?))
    }
}

/// The one well-formed Bearer token of a request (RFC 6750, 2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let plain = token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    (scheme.eq_ignore_ascii_case("bearer") && plain && (1..=512).contains(&token.len())).then_some(token)
}

/// A provider by token; anybody else is refused before the rest of the request is looked at.
pub struct AsProvider(pub Actor);

impl FromRequestParts<AppState> for AsProvider {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiProblem> {
        let Authed(actor) = Authed::from_request_parts(parts, state).await?;
        actor.provider()?;
        Ok(Self(actor))
    }
}

/// The one id in a path.
pub struct PathId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let text: String = segment(parts, state).await?;
        id::read(&text).map(Self).ok_or_else(|| ApiProblem::malformed("The id in the path is not a UUID."))
    }
}

/// A provider's id or handle in a path.
pub struct ProviderPath(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ProviderPath {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let name: String = segment(parts, state).await?;
        let possible = id::is_id(&name) || Handle::in_address(&name).is_some();
        if possible { Ok(Self(name)) } else { Err(Problem::NotFound.into()) }
    }
}

async fn segment<T: DeserializeOwned + Send, S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<T, ApiProblem> {
    let unreadable = |_| ApiProblem::malformed("The path cannot be read.");
    Path::<T>::from_request_parts(parts, state).await.map(|Path(value)| value).map_err(unreadable)
}

/// The query; [`Query::only`] takes it apart.
pub struct Query(Uri);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.clone()))
    }
}

impl Query {
    /// As it was sent.
    pub fn words(&self) -> &str {
        self.0.query().unwrap_or_default()
    }

    /// The values of these names, `None` where missing; any other name is a fault, and so is a value that is empty.
    /// Only a search for nothing finds all.
    pub fn only<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], service::Error> {
        let malformed = |detail| service::Error::from(Problem::Malformed { detail });
        let mut values = [const { None }; N];
        let mut unknown: Vec<FieldError> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(self.words().as_bytes()) {
            // Undecodable bytes come as U+FFFD; nothing that we are asked for holds either.
            if name.chars().chain(value.chars()).any(|c| c == '\u{fffd}' || c.is_control()) {
                return Err(malformed("The query holds bytes that are not text.".to_owned()));
            }
            let known = names.iter().position(|known| *known == name);
            let again = match known {
                Some(index) => values[index].replace(value.into_owned()).is_some(),
                None => unknown.iter().any(|fault| fault.field == name),
            };
            if again {
                return Err(malformed(format!("The query has {name} more than once.")));
            }
            if known.is_none() {
                let message = format!("There is no query parameter “{name}”.");
                unknown.push(FieldError::new(&name, "unknown_field", message));
            }
        }
        if !unknown.is_empty() {
            return Err(unknown.into());
        }
        for (name, value) in names.iter().zip(&mut values) {
            if value.as_ref().is_some_and(String::is_empty) {
                match *name {
                    "search" => *value = None,
                    name => return Err(malformed(format!("{name} is empty: give it a value, or leave it out."))),
                }
            }
        }
        Ok(values)
    }
}

/// For routes that take no query.
pub struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        let [] = Query(parts.uri.clone()).only([])?;
        Ok(Self)
    }
}

/// A JSON object as a form, with what makes a POST repeatable.
pub struct JsonForm {
    pub form: Form,
    /// Where an `Idempotency-Key` came with a POST.
    pub repeat: Option<Repeatable>,
}

impl<S: Sync> FromRequest<S> for JsonForm {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(&parts.headers, body).await?;
        if !is_json(&parts.headers) {
            return Err(ApiProblem::malformed("Send JSON, with Content-Type: application/json."));
        }
        let repeat = if parts.method == Method::POST { repeatable(&parts, &bytes)? } else { None };
        Ok(Self { form: form(&bytes)?, repeat })
    }
}

/// As [`JsonForm`], where sending nothing at all is the same as `{}`.
pub struct OptionalJsonForm(pub Form);

impl<S: Sync> FromRequest<S> for OptionalJsonForm {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(&parts.headers, body).await?;
        if bytes.is_empty() {
            return Ok(Self(Form::default()));
        }
        if !is_json(&parts.headers) {
            return Err(ApiProblem::malformed("Send JSON, with Content-Type: application/json."));
        }
        Ok(Self(form(&bytes)?))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn form(bytes: &[u8]) -> Result<Form, ApiProblem> {
    let value = json::read(bytes)
        .map_err(|why| ApiProblem::malformed(format!("The body is not JSON that can be read: {why}.")))?;
    Ok(Form::from_json(value)?)
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

fn repeatable(parts: &Parts, body: &[u8]) -> Result<Option<Repeatable>, ApiProblem> {
    let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(ApiProblem::malformed("There is more than one Idempotency-Key."));
    }
    let key = IdempotencyKey::parse(key.to_str().unwrap_or_default())?;
    let address = parts.extensions.get().copied().unwrap_or(ClientAddress::UNKNOWN);
    let network = (!looks_random(key.as_str())).then(|| address.network());
    // The key is in the digest because bodies hold passwords: a digest of the body alone could be
    // used to try passwords against a copy of the database.
    let mut digest = Sha256::new();
    for part in [key.as_str().as_bytes(), parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    Ok(Some(Repeatable { key, body_hash: digest.finalize().into(), network }))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn only_one_well_formed_bearer_token_counts() {
        let with = |values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (header::AUTHORIZATION, http::HeaderValue::from_static(value))).collect()
        };
        assert_eq!(bearer(&with(&["bearer abc_1"])), Some("abc_1"));
        assert_eq!(bearer(&with(&["Bearer a\"b"])), None);
        assert_eq!(bearer(&with(&["Basic abc"])), None);
        assert_eq!(bearer(&with(&["Bearer"])), None);
        assert_eq!(bearer(&with(&["Bearer a", "Bearer b"])), None);
    }

    #[test]
    fn a_query_is_read_by_name() {
        let only = |query: &str| Query(format!("/?{query}").parse().unwrap()).only(["from", "to"]);
        let [from, to] = only("from=2026-01-01").unwrap();
        assert_eq!((from.as_deref(), to.as_deref()), (Some("2026-01-01"), None));
        let [search] = Query("/?search=".parse().unwrap()).only(["search"]).unwrap();
        assert_eq!(search, None);
        let refused = |query: &str| ApiProblem::from(only(query).unwrap_err()).into_response().status().as_u16();
        for query in [
            "from=",
            "from=2026-01-01&to=",
            "to",
            "from=1&from=2",
            "from=&from=1",
            "bogus=1&bogus=2",
            "bogus=1&to=%00",
            "to=%ff",
        ] {
            assert_eq!(refused(query), 400, "{query}");
        }
        assert_eq!(refused("from=1&bogus=2"), 422);
    }
}
