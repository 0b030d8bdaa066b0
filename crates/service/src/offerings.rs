//! Appointment types.

use domain::form::OfferingChange;
use domain::problem::Current;
use domain::{NewOffering, Offering, Problem};
use uuid::Uuid;

use crate::change::change;
use crate::idempotency::{Claim, Repeatable};
use crate::{Actor, Error, Services, ids, providers, store};

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
    let claim = repeat.as_ref().map(|repeat| Claim::new(repeat, provider_id, "offerings"));
    let new = &new;
    change(s, provider_id, claim.as_ref(), move |mut tx| async move {
        let others = store::offerings::list(tx.db(), provider_id).await?;
        if others.len() >= MOST_OFFERINGS {
            let message = format!("There are {MOST_OFFERINGS} offerings, as many as can be. Delete one first.");
            return Err(Problem::field("title", "too_many", message).into());
        }
        let details = NewOffering { slug: new.slug.clone().beside(&slugs(&others, None)), ..new.clone() };
        let offering = Offering { offering_id: ids::new_id(tx.now()), version: 1, details };
        store::offerings::insert(&mut tx, &offering).await.map_err(slug_taken)?;
        Ok(tx.done(offering))
    })
    .await
}

pub async fn get(s: &Services, actor: &Actor, offering_id: Uuid) -> Result<Offering, Error> {
    let provider_id = actor.provider()?;
    store::offerings::get(&s.pool, provider_id, offering_id).await?.ok_or(Problem::NotFound.into())
}

/// `version-conflict` when `new.version` is given and not the current one.
pub async fn replace(s: &Services, actor: &Actor, offering_id: Uuid, new: OfferingChange) -> Result<Offering, Error> {
    let provider_id = actor.provider()?;
    let new = &new;
    change(s, provider_id, None, move |mut tx| async move {
        let before = store::offerings::get(tx.db(), provider_id, offering_id).await?.ok_or(Problem::NotFound)?;
        if new.version.is_some_and(|version| version != before.version) {
            return Err(Problem::VersionConflict { current: Box::new(Current::Offering(before)) }.into());
        }
        let mut details = new.details.clone();
        if details.slug.is_made() {
            let all = store::offerings::list(tx.db(), provider_id).await?;
            details.slug = details.slug.beside(&slugs(&all, Some(offering_id)));
        }
        let version = store::offerings::replace(&mut tx, offering_id, &details).await.map_err(slug_taken)?;
        Ok(tx.done(Offering { offering_id, version: version.ok_or(Problem::NotFound)?, details }))
    })
    .await
}

/// Offers it, or no longer. Whatever else of it changes at the same time stays changed.
pub async fn set_active(s: &Services, actor: &Actor, offering_id: Uuid, active: bool) -> Result<(), Error> {
    change(s, actor.provider()?, None, move |mut tx| async move {
        let is_there = store::offerings::set_active(&mut tx, offering_id, active).await?;
        if is_there { Ok(tx.done(())) } else { Err(Problem::NotFound.into()) }
    })
    .await
}

/// Bookings of it stand; it is no longer offered.
pub async fn delete(s: &Services, actor: &Actor, offering_id: Uuid) -> Result<(), Error> {
    change(s, actor.provider()?, None, move |mut tx| async move {
        let was_there = store::offerings::delete(&mut tx, offering_id).await?;
        if was_there { Ok(tx.done(())) } else { Err(Problem::NotFound.into()) }
    })
    .await
}

/// Of all but this one.
fn slugs(all: &[Offering], but: Option<Uuid>) -> Vec<&str> {
    all.iter().filter(|other| Some(other.offering_id) != but).map(|other| &*other.details.slug).collect()
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
