//! The pages that everybody can open.

mod booked;
mod guest;
#[cfg(feature = "provider")]
mod landing;
mod problem;
mod session;
#[cfg(feature = "provider")]
mod sign_in;
#[cfg(feature = "provider")]
mod sign_up;

pub use booked::Booked;
pub use guest::GuestPage;
#[cfg(feature = "provider")]
pub use guest::choice::encoded;
#[cfg(feature = "ssr")]
pub use guest::shared;
#[cfg(feature = "provider")]
pub use landing::Landing;
pub use problem::{NotFound, ProblemPage};
pub use session::{SignOut, Viewer, current_viewer};
#[cfg(feature = "provider")]
pub use sign_in::SignIn;
#[cfg(feature = "provider")]
pub use sign_up::SignUp;
