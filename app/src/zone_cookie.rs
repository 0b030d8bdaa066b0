//! The zone in which a guest reads times, remembered by the browser.

/// The cookie in which the browser tells its zone, so that the next page is right from the start; with
/// [`CHOSEN`] before it, the zone that the guest wants to see.
pub const ZONE_COOKIE: &str = "eventide_tz";
pub const CHOSEN: char = '*';
