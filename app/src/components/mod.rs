//! What the pages share.

mod copyable;
mod field;
mod frame;
mod live_badge;
mod typed;
mod zone_select;

pub use copyable::Copyable;
pub use field::{Field, Kind};
pub use frame::Frame;
pub use live_badge::LiveBadge;
pub use typed::Typed;
pub use zone_select::ZoneSelect;
