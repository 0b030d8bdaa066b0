//! Appointment types.

use domain::{NewOffering, Offering, Problem};
use uuid::Uuid;

use crate::db::Connection;
use crate::idempotency::{Claim, Repeatable};
use crate::retry::Attempts;
use crate::{Actor, Error, Services, changes, ids, providers, store};

/// Of one provider: a guest's page lists all that are active.
const MOST_OFFERINGS: usize = 100;

/// The active ones of a provider (id or handle), in order of creation; for the provider themselves all.
pub async fn list(s: &Services, actor: &Actor, provider: &str) -> Result<Vec<Offering>, Error> {
    let provider_id = providers::resolve(s, provider).await?;
    if *actor == Actor::Provider(provider_id) {
        return Ok(store::offerings::list(&s.pool, provider_id).await?);
    }
    Ok(crate::snapshot::current(s, provider_id).await?.profile().offerings)
}

pub async fn create(
    s: &Services,
    actor: &Actor,
    new: NewOffering,
    repeat: Option<Repeatable>,
) -> Result<Offering, Error> {
    let provider_id = actor.provider()?;
    let mut attempts = Attempts::default();
    loop {
        match try_create(s, provider_id, &new, repeat.as_ref()).await {
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

async fn try_create(
    s: &Services,
    provider_id: Uuid,
    new: &NewOffering,
    repeat: Option<&Repeatable>,
) -> Result<Offering, Error> {
    let now = s.clock.now();
    let mut tx = s.pool.begin().await?;
    let claim = repeat.map(|repeat| Claim::new(repeat, provider_id, "offerings"));
    if let Some(claim) = &claim
        && let Some(before) = claim.begin(&mut tx, now).await?
    {
        return Ok(before);
    }
    let version = lock(&mut tx, provider_id).await?;
    if store::offerings::list(&mut *tx, provider_id).await?.len() >= MOST_OFFERINGS {
        let message = format!("There are {MOST_OFFERINGS} offerings, as many as can be. Delete one first.");
        return Err(Problem::field("title", "too_many", message).into());
    }
    let offering = Offering { offering_id: ids::new_id(now), details: new.clone() };
    store::offerings::insert(&mut *tx, provider_id, &offering, now).await.map_err(slug_taken)?;
    changes::log_profile(&mut tx, provider_id, version, now).await?;
    if let Some(claim) = &claim {
        claim.keep(&mut tx, &offering).await?;
    }
    tx.commit().await?;
    s.committed(provider_id, version);
    Ok(offering)
}

pub async fn get(s: &Services, actor: &Actor, offering_id: Uuid) -> Result<Offering, Error> {
    let provider_id = actor.provider()?;
    store::offerings::get(&s.pool, provider_id, offering_id).await?.ok_or(Problem::NotFound.into())
}

pub async fn replace(s: &Services, actor: &Actor, offering_id: Uuid, new: NewOffering) -> Result<Offering, Error> {
    let provider_id = actor.provider()?;
    let offering = Offering { offering_id, details: new };
    let mut attempts = Attempts::default();
    loop {
        match try_replace(s, provider_id, &offering).await {
            Ok(()) => return Ok(offering),
            Err(error) if attempts.again(&error).await => {}
            Err(error) => return Err(error),
        }
    }
}

async fn try_replace(s: &Services, provider_id: Uuid, offering: &Offering) -> Result<(), Error> {
    let mut tx = s.pool.begin().await?;
    let version = lock(&mut tx, provider_id).await?;
    if !store::offerings::replace(&mut *tx, provider_id, offering).await.map_err(slug_taken)? {
        return Err(Problem::NotFound.into());
    }
    changes::log_profile(&mut tx, provider_id, version, s.clock.now()).await?;
    tx.commit().await?;
    s.committed(provider_id, version);
    Ok(())
}

/// Bookings of it stand; it is no longer offered.
pub async fn delete(s: &Services, actor: &Actor, offering_id: Uuid) -> Result<(), Error> {
    let provider_id = actor.provider()?;
    let mut attempts = Attempts::default();
    loop {
        match try_delete(s, provider_id, offering_id).await {
            Err(error) if attempts.again(&error).await => {}
            done => return done,
        }
    }
}

async fn try_delete(s: &Services, provider_id: Uuid, offering_id: Uuid) -> Result<(), Error> {
    let now = s.clock.now();
    let mut tx = s.pool.begin().await?;
    let version = lock(&mut tx, provider_id).await?;
    if !store::offerings::delete(&mut *tx, provider_id, offering_id, now).await? {
        return Err(Problem::NotFound.into());
    }
    changes::log_profile(&mut tx, provider_id, version, now).await?;
    tx.commit().await?;
    s.committed(provider_id, version);
    Ok(())
}

async fn lock(db: &mut Connection, provider_id: Uuid) -> Result<i64, Error> {
    store::calendar::bump(db, provider_id).await?.ok_or(Problem::NotFound.into())
}

fn slug_taken(cause: sqlx::Error) -> Error {
    let error = Error::from(cause);
    match error.constraint() {
        Some("offering_slug_unique") => {
            Problem::field("slug", "taken", "Another of your offerings has this name in its address.").into()
        }
        _ => error,
    }
}
