//! An appointment type: what a guest can book, and by which rules.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Slug;

/// Whether a booking is confirmed at once or waits for the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Approval {
    Automatic,
    Manual,
}

/// The longest appointment, in minutes.
pub const MAX_DURATION_MINUTES: u32 = 1440;

/// Says each field once: as a provider sets it, and as a whole offering is read. Serde's own way to read one struct
/// within another (`flatten`) would be a large part of what a guest's browser loads.
macro_rules! fields_of_an_offering {
    ($($(#[$about:meta])* $name:ident: $type:ty,)*) => {
        /// The fields a provider sets; all minutes and days are whole and not negative.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct NewOffering {
            $($(#[$about])* pub $name: $type,)*
        }

        #[derive(Deserialize)]
        struct Flat {
            offering_id: Uuid,
            // An answer that was kept before offerings had versions has none.
            #[serde(default = "first_version")]
            version: i64,
            $($name: $type,)*
        }

        impl From<Flat> for Offering {
            fn from(flat: Flat) -> Self {
                let details = NewOffering { $($name: flat.$name,)* };
                Self { offering_id: flat.offering_id, version: flat.version, details }
            }
        }
    };
}

fn first_version() -> i64 {
    1
}

fields_of_an_offering! {
    /// The part of a URL that names it, unique within the provider: 1 to 60 of `a-z 0-9 -`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    slug: Slug,
    title: String,
    description: String,
    location: String,
    /// The lengths a guest may choose: 1 to 10 of them, 5 to 1440 minutes, ascending.
    durations_minutes: Vec<u32>,
    /// From one start to the next, counted from the start of the availability entry: 5 to 1440.
    step_minutes: u32,
    /// Kept free before and after, 0 to 1440.
    buffer_before_minutes: u32,
    buffer_after_minutes: u32,
    /// How long before its start a time can last be booked, 0 to 525600.
    min_notice_minutes: u32,
    /// How far ahead a start may lie, in days of 24 hours from now, 1 to 366.
    horizon_days: u32,
    /// At most so many appointments of this offering on one local day of the provider, however many seats each has.
    daily_limit: Option<u32>,
    /// Seats in one appointment, 1 to 1000.
    capacity: u32,
    /// Of one appointment's seats, as many as one guest may have, 1 to 1000.
    seats_per_guest: u32,
    approval: Approval,
    active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Flat")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Offering {
    pub offering_id: Uuid,
    /// 1, and one more with each change.
    pub version: i64,
    #[serde(flatten)]
    pub details: NewOffering,
}

impl NewOffering {
    /// What a new provider starts with.
    pub fn first() -> Self {
        Self {
            slug: Slug::first(),
            title: "Appointment".into(),
            description: String::new(),
            location: String::new(),
            durations_minutes: vec![30, 60],
            step_minutes: 15,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            min_notice_minutes: 0,
            horizon_days: 60,
            daily_limit: None,
            capacity: 1,
            seats_per_guest: 1,
            approval: Approval::Automatic,
            active: true,
        }
    }
}

impl std::ops::Deref for Offering {
    type Target = NewOffering;

    fn deref(&self) -> &NewOffering {
        &self.details
    }
}
