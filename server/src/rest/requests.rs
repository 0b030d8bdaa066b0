//! What requests look like, for the OpenAPI document. They are read by the forms of `domain`, which
//! tell all faults at once; the tests send every example of this page to them.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Approval, Effect};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "handle": "ada", "display_name": "Ada Lovelace", "email": "ada@example.com",
    "password": "correct horse battery", "time_zone": "Europe/London",
}))]
pub struct SignUpRequest {
    /// The public page's address: `a-z 0-9 -`, and not a reserved word.
    #[schema(min_length = 3, max_length = 30, pattern = "^[a-z0-9-]+$")]
    pub handle: String,
    #[schema(max_length = 80)]
    pub display_name: String,
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    #[schema(format = "password", min_length = 10, max_length = 200)]
    pub password: String,
    /// IANA name.
    pub time_zone: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse battery", "name": "Website"}))]
pub struct TokenRequest {
    #[schema(format = "email")]
    pub email: String,
    #[schema(format = "password")]
    pub password: String,
    /// What the token is for.
    #[schema(max_length = 80)]
    pub name: Option<String>,
}

/// Whatever is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Ada Lovelace, tutor", "bio": "Analytical engines, by appointment."}))]
pub struct ProfileRequest {
    #[schema(min_length = 3, max_length = 30, pattern = "^[a-z0-9-]+$")]
    pub handle: Option<String>,
    #[schema(max_length = 80)]
    pub display_name: Option<String>,
    #[schema(max_length = 1000)]
    pub bio: Option<String>,
    /// IANA name. Moves nothing: each series keeps its own zone, new ones default to this one.
    pub time_zone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "First visit", "durations_minutes": [30, 60], "buffer_after_minutes": 10}))]
pub struct OfferingRequest {
    #[schema(max_length = 80)]
    pub title: String,
    /// The lengths a guest may choose, 1 to 10 of them.
    #[schema(min_items = 1, max_items = 10)]
    pub durations_minutes: Vec<u32>,
    /// Names it in URLs, unique within the provider; made of the title when left out.
    #[schema(max_length = 60, pattern = "^[a-z0-9-]+$")]
    pub slug: Option<String>,
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    #[schema(max_length = 300)]
    pub location: Option<String>,
    /// From one start to the next, counted from the start of the availability.
    #[schema(minimum = 5, maximum = 1440, default = 15)]
    pub step_minutes: Option<u32>,
    #[schema(maximum = 1440, default = 0)]
    pub buffer_before_minutes: Option<u32>,
    #[schema(maximum = 1440, default = 0)]
    pub buffer_after_minutes: Option<u32>,
    /// How long before its start a time can last be booked.
    #[schema(maximum = 525_600, default = 0)]
    pub min_notice_minutes: Option<u32>,
    /// How far ahead a start may lie.
    #[schema(minimum = 1, maximum = 366, default = 60)]
    pub horizon_days: Option<u32>,
    /// At most so many appointments on one local day of the provider, however many seats each has; `null`: no limit.
    #[schema(minimum = 1, maximum = 1000)]
    pub daily_limit: Option<u32>,
    /// Seats in one appointment.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    pub capacity: Option<u32>,
    /// Of one appointment's seats, as many as one guest may have, known by their e-mail.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    pub seats_per_guest: Option<u32>,
    #[schema(value_type = Option<Approval>, inline, default = "automatic")]
    pub approval: Option<Approval>,
    #[schema(default = true)]
    pub active: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "effect": "open",
    "pattern": {
        "kind": "recurring", "start_time": "09:00", "end_time": "17:00", "starts_on": "2026-01-05",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "time_zone": "Europe/London",
    },
}))]
pub struct AvailabilityRequest {
    pub effect: Effect,
    #[schema(inline)]
    pub pattern: PatternRequest,
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// For a replacement: the version the entry is thought to have. Another one gives `version-conflict`.
    pub version: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PatternRequest {
    /// One stretch of time, at most 366 days.
    #[schema(title = "one_off")]
    OneOff { start: DateTime<Utc>, end: DateTime<Utc> },
    /// The same wall-clock hours on every date of the recurrence.
    #[schema(title = "recurring")]
    Recurring {
        /// `HH:MM`.
        #[schema(example = "09:00")]
        start_time: String,
        /// `HH:MM`, `24:00` allowed; at or before `start_time` it is the next day's.
        #[schema(example = "17:00")]
        end_time: String,
        /// The first date that may have an occurrence.
        starts_on: NaiveDate,
        /// An RFC 5545 RRULE: `FREQ=WEEKLY` with INTERVAL, BYDAY, WKST, and COUNT or UNTIL.
        #[schema(example = "FREQ=WEEKLY;BYDAY=MO,WE")]
        recurrence: String,
        /// IANA name; default the provider's.
        time_zone: Option<String>,
        /// Dates left out.
        exceptions: Option<Vec<ExceptionRequest>>,
    },
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRequest {
    pub date: NaiveDate,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "provider": "ada", "start": "2026-11-23T09:00:00Z", "duration_minutes": 30,
    "guest": {"name": "Grace Hopper", "email": "grace@example.com", "time_zone": "America/New_York"},
}))]
pub struct BookingRequest {
    /// The provider's id or handle.
    pub provider: String,
    /// Default: the provider's first active offering.
    pub offering_id: Option<Uuid>,
    pub start: DateTime<Utc>,
    #[schema(minimum = 1, maximum = 1440)]
    pub duration_minutes: u32,
    #[schema(inline)]
    pub guest: GuestRequest,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuestRequest {
    #[schema(max_length = 120)]
    pub name: String,
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    #[schema(max_length = 40)]
    pub phone: Option<String>,
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
    /// IANA name, for the times in messages to the guest.
    pub time_zone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "I have caught a cold."}))]
pub struct CancelRequest {
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}
