//! How much of everything one provider, and one guest of theirs, may have.

/// Settings of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// API tokens of one provider.
    pub tokens: u32,
    /// Availability entries of one provider: each change looks at all of them under the calendar's lock. Decades of
    /// one-off hours fit.
    pub entries: u32,
    /// `None`: guests are not limited.
    pub guest: Option<GuestLimits>,
}

/// What one guest, known by their e-mail, may have at one provider.
#[derive(Clone, Copy, Debug)]
pub struct GuestLimits {
    /// Bookings that stand and have not begun.
    pub upcoming: u32,
    /// Bookings made within an hour, cancelled ones too.
    pub an_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tokens: 50, entries: 20_000, guest: None }
    }
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self { upcoming: 20, an_hour: 10 }
    }
}
