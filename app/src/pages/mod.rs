//! The pages that everybody can open.

mod booked;
mod guest;
#[cfg(feature = "provider")]
mod landing;
mod problem;
#[cfg(feature = "provider")]
mod sign_in;
#[cfg(feature = "provider")]
mod sign_up;

pub use booked::Booked;
pub use guest::GuestPage;
#[cfg(feature = "ssr")]
pub use guest::shared;
#[cfg(feature = "provider")]
pub use landing::Landing;
pub use problem::{NotFound, ProblemPage};
#[cfg(feature = "provider")]
pub use sign_in::SignIn;
#[cfg(feature = "provider")]
pub use sign_up::SignUp;
