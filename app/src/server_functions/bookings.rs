//! What the guest's pages ask of the server.

#![allow(clippy::too_many_arguments, reason = "a form without JavaScript sends its fields one by one")]

#[cfg(feature = "ssr")]
use domain::Form;
use domain::live::LiveState;
use domain::{Booking, Instant, PublicProvider};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::form_flash::Flash;
use crate::json_codec::{Packed, Text};

#[cfg(feature = "ssr")]
use super::back_to;
#[cfg(feature = "ssr")]
use crate::address::{encoded, manage_path, query};
#[cfg(feature = "ssr")]
use crate::context::{Allowed, Guard, Guarded, Making, cookie, network, services};
#[cfg(feature = "ssr")]
use crate::shown::{Shown, Telling, midnight};
#[cfg(feature = "ssr")]
use crate::zone_cookie::{CHOSEN, ZONE_COOKIE};
#[cfg(feature = "ssr")]
use crate::zone_tables;

/// All that a guest page needs; what is chosen on it asks for nothing more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuestData {
    pub state: LiveState,
    pub now: Instant,
    /// The zone to show times in until the browser says its own.
    pub zone: String,
    /// That one was chosen by the guest before: the browser's own does not matter.
    pub zone_is_chosen: bool,
    /// A zone in the address that does not exist.
    pub refused_zone: Option<String>,
    /// Makes a form that is sent twice one booking. Empty on a page that many get: there the browser makes it.
    pub form_key: String,
    pub flash: Flash,
    /// The offsets of the zones that the page may show first.
    pub zones: String,
}

/// [`GuestData`].
#[server(prefix = "/rpc", endpoint = "guest_page", output = Text)]
pub async fn guest_page(handle: String, #[server(default)] zone: String) -> Result<Packed, ApiError> {
    let services = services();
    let provider_id = service::providers::resolve(&services, &handle).await?;
    let snapshot = service::snapshot::current(&services, provider_id).await?;
    let offerings: Vec<_> = snapshot.calendar.offerings.iter().filter(|offering| offering.active).cloned().collect();
    let now = services.clock.now();
    let farthest = offerings.iter().map(|offering| offering.horizon_days).max().unwrap_or_default();
    // A day more on both sides than can be booked: the page stays open while time goes on.
    let day = chrono::TimeDelta::days(1);
    let shown = domain::TimeRange::new(now - day, now + day * (farthest as i32 + 2))
        .map_err(|_| service::Error::Internal("a horizon beyond the calendar".into()))?;
    let openings = snapshot.openings().clipped(shown);
    let known = |zone: String| zone.parse::<domain::TimeZone>().ok().map(String::from);
    let told = cookie(ZONE_COOKIE).unwrap_or_default();
    let chosen = told.strip_prefix(CHOSEN);
    let own = known(chosen.unwrap_or(&told).replace("%2F", "/").replace("%2B", "+"));
    let profile = domain::live::Profile { provider: snapshot.provider.clone(), offerings };
    let zone_is_chosen = chosen.is_some() && own.is_some();
    let home = own.unwrap_or_else(|| profile.provider.time_zone.name().to_owned());
    let midnight = midnight(&known(zone.clone()).unwrap_or_else(|| home.clone()), now);
    let until = snapshot.unchanged_until(now).into_iter().chain(midnight).min();
    Telling::tell(Shown { version: snapshot.version, until });
    Ok(Packed::of(&GuestData {
        zones: zone_tables::lines([&*home, &*zone], None),
        zone_is_chosen,
        zone: home,
        refused_zone: (!zone.is_empty() && known(zone.clone()).is_none()).then_some(zone),
        state: snapshot.live_state(profile, openings),
        now,
        form_key: if Telling::is_wanted() { String::new() } else { crate::form_key::new() },
        flash: Flash::kept(),
    }))
}

/// Books, and leads to the booking's page.
#[server(prefix = "/rpc", endpoint = "book", output = Text)]
pub async fn book(
    provider: String,
    #[server(default)] offering_id: String,
    #[server(default)] offering: String,
    #[server(default)] start: String,
    #[server(default)] duration_minutes: String,
    #[server(default)] time_zone: String,
    #[server(default)] form_key: String,
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] phone: String,
    #[server(default)] notes: String,
) -> Result<(), ApiError> {
    let fields = [
        ("provider", &*provider),
        ("offering_id", &offering_id),
        ("start", &start),
        ("duration_minutes", &duration_minutes),
        ("guest.name", &name),
        ("guest.email", &email),
        ("guest.phone", &phone),
        ("guest.notes", &notes),
        ("guest.time_zone", &time_zone),
    ];
    let page = format!("/{}", encoded(&provider));
    let outcome = async {
        let new = domain::NewBooking::parse(Form::entered(fields)).map_err(domain::Problem::from)?;
        Guard::check(Guarded::Booking)?;
        // Whoever is signed in: on a public page everybody is a guest.
        let actor = service::Actor::Anonymous;
        let repeat = repeatable(&form_key, &fields);
        let permit = match (Allowed::take(Making::Booking), &repeat) {
            (Ok(permit), _) => permit,
            (Err(refusal), None) => return Err(refusal),
            (Err(refusal), Some(repeat)) => {
                return service::bookings::booked_before(&services(), &actor, &new, repeat).await?.ok_or(refusal);
            }
        };
        let booked = service::bookings::book(&services(), &actor, new, repeat).await?;
        permit.used_if(!booked.is_repeated);
        Ok(booked)
    };
    match outcome.await {
        Ok(booked) => {
            Flash::forget(&page);
            leptos_axum::redirect(&format!("/bookings/{}?key={}", booked.booking.booking_id, booked.manage_token));
            Ok(())
        }
        Err(ApiError(problem)) => {
            let query = query([
                ("offering", &*offering),
                ("duration", &duration_minutes),
                ("start", &start),
                ("tz", &time_zone),
            ]);
            let typed = [("start", &*start), ("name", &name), ("email", &email), ("phone", &phone), ("notes", &notes)];
            back_to(&format!("{page}{query}#details"), Flash::new(typed, problem.clone()));
            Err(ApiError(problem))
        }
    }
}

/// The same form with the same content is the same request, sent again; a mended one is another.
#[cfg(feature = "ssr")]
fn repeatable(form_key: &str, fields: &[(&str, &str)]) -> Option<service::idempotency::Repeatable> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for text in fields.iter().flat_map(|(name, value)| [name, value]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let body_hash: [u8; 32] = hash.finalize().into();
    let digest: String = body_hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    if form_key.is_empty() {
        return None;
    }
    let key = service::IdempotencyKey::parse(&format!("form-{form_key}-{digest}")).ok()?;
    // The page's own key is a secret of the guest's. One that somebody made up need not be.
    let network = if service::idempotency::looks_random(form_key) { None } else { Some(network()?) };
    Some(service::idempotency::Repeatable { key, body_hash, network })
}

/// A booking as its guest sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedData {
    pub booking: Booking,
    pub provider: PublicProvider,
    /// Of what was booked, to book it again; `None` when it is no longer offered.
    pub slug: Option<domain::Slug>,
    pub now: Instant,
    /// What is to be followed, so that the page hears of what the provider does.
    pub live: LiveState,
    /// The whole address of this page, to be kept.
    pub manage_url: String,
    pub flash: Flash,
    /// The offsets of the guest's zone and the provider's around the booking.
    pub zones: String,
}

/// [`BookedData`].
#[server(prefix = "/rpc", endpoint = "booking_page", output = Text)]
pub async fn booking_page(id: String, key: String) -> Result<Packed, ApiError> {
    let services = services();
    let booking_id = id.parse().map_err(|_| ApiError::from(domain::Problem::NotFound))?;
    let actor = service::Actor::Guest { manage_token: key.clone() };
    let provider_id = service::bookings::get(&services, &actor, booking_id).await?.provider_id;
    let snapshot = service::snapshot::current(&services, provider_id).await?;
    // After the version is known: what the page shows is of that version or later.
    let booking = service::bookings::get(&services, &actor, booking_id).await?;
    let mut profile = snapshot.profile();
    let offerings = std::mem::take(&mut profile.offerings);
    let slug = offerings.into_iter().find(|offering| offering.offering_id == booking.offering_id);
    let slug = slug.map(|offering| offering.details.slug);
    let year = chrono::TimeDelta::days(370);
    let around = domain::TimeRange::new(booking.start - year, booking.end + year).ok();
    let own = booking.guest.time_zone.as_ref().map(|zone| zone.name());
    let zones = zone_tables::lines([profile.provider.time_zone.name()].into_iter().chain(own), around);
    Ok(Packed::of(&BookedData {
        zones,
        manage_url: format!("{}{}", crate::context::site().base_url, manage_path(&id, &key)),
        provider: profile.provider.clone(),
        live: snapshot.live_state(profile, domain::Openings::default()),
        now: services.clock.now(),
        flash: Flash::kept(),
        booking,
        slug,
    }))
}

#[server(prefix = "/rpc", endpoint = "cancel_booking", output = Text)]
pub async fn cancel_booking(id: String, key: String, #[server(default)] reason: String) -> Result<(), ApiError> {
    let outcome = async {
        let form = Form::entered([("reason", &*reason)]);
        let parsed = domain::form::parse_reason(form).map_err(service::Error::from)?;
        let booking_id = id.parse().map_err(|_| service::Error::from(domain::Problem::NotFound))?;
        let actor = service::Actor::Guest { manage_token: key.clone() };
        service::bookings::cancel(&services(), &actor, booking_id, parsed).await
    };
    let page = manage_path(&id, &key);
    match outcome.await {
        Ok(_) => {
            if crate::context::is_plain_form() {
                leptos_axum::redirect(&page);
            }
            Ok(())
        }
        Err(error) => {
            let error = ApiError::from(error);
            back_to(&page, Flash::new([("reason", &reason)], error.0.clone()));
            Err(error)
        }
    }
}
