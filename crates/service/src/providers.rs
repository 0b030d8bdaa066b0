//! Providers: sign up, profile, search.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::live::Profile;
use domain::provider::{NewProvider, ProviderChanges};
use domain::{Email, FieldError, Handle, NewOffering, Offering, Page, Problem, Provider, PublicProvider, id};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::change::{change, create};
use crate::idempotency::{Claim, Repeatable};
use crate::paging::PageRequest;
use crate::password::rules::{self, Owner};
use crate::snapshot::{self, Snapshot};
use crate::undisturbed::undisturbed;
use crate::{Actor, Error, Services, handles, ids, password, store, tokens};

/// A new provider with their first API token, shown once.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedUp {
    pub provider: Provider,
    pub token: String,
}

/// Makes a provider with one offering, "Appointment", and no availability.
/// Faults of `handle` or `email` already in use come as `invalid` with code `taken`; for those of `password` see
/// [`rules::check`].
pub async fn sign_up(s: &Services, new: NewProvider, repeat: Option<Repeatable>) -> Result<SignedUp, Error> {
    let now = s.clock.now();
    let owner = Owner { email: &new.email, handle: &new.handle, display_name: &new.display_name };
    if let Err(weak) = rules::check("password", &new.password, &owner) {
        let mut faults = in_use_already(&s.pool, &new.handle, &new.email, handles::kept_since(now)).await?;
        faults.push(weak);
        return Err(faults.into());
    }
    let password_hash = password::hash(new.password).await?;
    let public = PublicProvider {
        provider_id: ids::new_id(now),
        handle: new.handle,
        display_name: new.display_name,
        bio: String::new(),
        time_zone: new.time_zone,
    };
    let provider = Provider { public, email: new.email, created_at: now };
    let provider_id = provider.public.provider_id;

    // There is no provider yet to keep the key apart from others' by: the e-mail does.
    let scope = format!("providers {}", provider.email);
    let claim = repeat.as_ref().map(|repeat| Claim::new(repeat, Claim::NOBODY, &scope));
    let (provider, password_hash) = (&provider, &password_hash);
    create(s, provider_id, claim.as_ref(), move |mut tx| async move {
        let (now, handle) = (tx.now(), &provider.public.handle);
        let faults = in_use_already(tx.db(), handle, &provider.email, handles::kept_since(now)).await?;
        if !faults.is_empty() {
            return Err(faults.into());
        }
        store::providers::insert(&mut tx, provider, password_hash).await.map_err(in_use)?;
        handles::taken(tx.db(), provider_id, handle, now).await?;
        let offering = Offering { offering_id: ids::new_id(now), version: 1, details: NewOffering::first() };
        store::offerings::insert(&mut tx, &offering).await?;
        let token = tokens::issue(tx.db(), provider_id, "First token", now).await?.token;
        Ok(tx.done(SignedUp { provider: provider.clone(), token }))
    })
    .await
}

pub async fn me(s: &Services, actor: &Actor) -> Result<Provider, Error> {
    let provider_id = actor.provider()?;
    store::providers::get(&s.pool, provider_id).await?.ok_or(Problem::NotFound.into())
}

/// Bumps the calendar's version: guests see the profile. A change of zone moves nothing: each series
/// has its own zone; only new ones default to it.
pub async fn update_me(s: &Services, actor: &Actor, changes: ProviderChanges) -> Result<Provider, Error> {
    let provider_id = actor.provider()?;
    let changes = &changes;
    change(s, provider_id, None, move |mut tx| async move {
        let now = tx.now();
        let before = store::providers::get(tx.db(), provider_id).await?.ok_or(Problem::NotFound)?.public.handle;
        let updated = store::providers::update(&mut tx, changes).await.map_err(in_use)?;
        let provider = updated.ok_or(Problem::NotFound)?;
        if provider.public.handle != before {
            handles::taken(tx.db(), provider_id, &provider.public.handle, now).await?;
            handles::given_up(tx.db(), provider_id, &before, &provider.public.handle, now).await?;
        }
        Ok(tx.done(provider))
    })
    .await
}

/// By id or handle. Answered from memory where the snapshot is.
pub async fn profile(s: &Services, provider: &str) -> Result<Profile, Error> {
    Ok(snapshot_of(s, provider).await?.profile())
}

/// The provider's id, by id or handle; `not-found`. Cached: it is on the path of every public read.
pub async fn resolve(s: &Services, provider: &str) -> Result<Uuid, Error> {
    Ok(snapshot_of(s, provider).await?.provider.provider_id)
}

/// Where a page of a provider stands.
pub struct Found {
    pub provider_id: Uuid,
    /// The newest version of their calendar that this node knows.
    pub version: i64,
    /// What they are called now, where the name asked for is one that they gave up, or is written in capitals.
    pub moved_to: Option<Handle>,
}

/// As [`resolve`].
pub async fn find(s: &Services, provider: &str) -> Result<Found, Error> {
    let snapshot = snapshot_of(s, provider).await?;
    let now = &snapshot.provider;
    let moved = now.handle != provider && Handle::in_address(provider).is_some();
    let moved_to = moved.then(|| now.handle.clone());
    Ok(Found { provider_id: now.provider_id, version: snapshot.version, moved_to })
}

/// The snapshot of a provider by id or handle, a former one that is still kept for them too. No handle has the form of
/// an id: it is too short.
pub(crate) async fn snapshot_of(s: &Services, provider: &str) -> Result<Arc<Snapshot>, Error> {
    if let Some(provider_id) = id::read(provider) {
        return snapshot::current(s, provider_id).await;
    }
    // Nobody has such a handle: nothing to ask the database.
    let handle = Handle::in_address(provider).ok_or(Problem::NotFound)?;
    if let Some(provider_id) = s.snapshots.by_handle(&handle) {
        match snapshot::current(s, provider_id).await {
            Ok(snapshot) if snapshot.provider.handle == handle => return Ok(snapshot),
            // The handle is another's by now, or a former one, or nobody's.
            Ok(_) | Err(Error::Problem(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let (db, wanted, since) = (s.pool.clone(), handle.clone(), handles::kept_since(s.clock.now()));
    let found = undisturbed(async move { Ok(store::providers::by_handle(&db, &wanted, since).await?) });
    // Boxed as `snapshot::current` does it.
    let found = Box::pin(found).await?;
    let provider_id = found.ok_or(Problem::NotFound)?;
    s.snapshots.remember_handle(handle, provider_id);
    snapshot::current(s, provider_id).await
}

/// Providers whose handle or name contains `search`, in order of handle.
pub async fn search(s: &Services, search: &str, page: PageRequest) -> Result<Page<PublicProvider>, Error> {
    let after: Option<String> = page.after()?;
    let found = store::providers::search(&s.pool, search.trim(), after.as_deref(), page.rows()).await?;
    Ok(page.page(found, |provider| provider.handle.clone()))
}

async fn in_use_already(
    db: impl PgExecutor<'_>,
    handle: &Handle,
    email: &Email,
    kept_since: DateTime<Utc>,
) -> Result<Vec<FieldError>, Error> {
    let (handle, email) = store::providers::taken(db, handle, email, kept_since).await?;
    Ok([handle.then(handle_taken), email.then(email_taken)].into_iter().flatten().collect())
}

pub(crate) fn handle_taken() -> FieldError {
    FieldError::new("handle", "taken", "This handle is in use. Choose another.")
}

fn email_taken() -> FieldError {
    FieldError::new("email", "taken", "There is an account with this e-mail. Sign in instead.")
}

/// What the constraints say when another was faster.
fn in_use(cause: sqlx::Error) -> Error {
    let error = Error::from(cause);
    match error.constraint() {
        Some("provider_handle_unique") => vec![handle_taken()].into(),
        Some("provider_email_unique") => vec![email_taken()].into(),
        _ => error,
    }
}
