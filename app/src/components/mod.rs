//! What the pages share.

mod copyable;
mod field;
mod frame;
mod isolated;
mod live_badge;
mod site_title;
mod text_area;
mod typed;
mod zone_select;

pub use copyable::Copyable;
pub use field::{Field, Kind};
pub use frame::Frame;
pub use isolated::{isolated, line};
pub use live_badge::LiveBadge;
pub use site_title::SiteTitle;
pub use text_area::TextArea;
pub use typed::Typed;
pub use zone_select::ZoneSelect;
