//! What every handler can ask for.

use std::ops::Deref;
use std::sync::Arc;

use leptos::config::LeptosOptions;
use service::Services;
use tokio_util::sync::CancellationToken;

use crate::allowance::Allowance;
use crate::config::Config;
use crate::line::Line;
use crate::pages::guest::Kept;
use crate::pages::rendering::Rendering;
use crate::rate_limit::Limits;
use crate::rest::LargeAnswers;
use crate::zones::Tables;

/// What one address may make.
#[derive(Clone)]
pub struct Allowances {
    pub bookings: Arc<Allowance>,
    pub sign_ups: Arc<Allowance>,
}

/// Shared, not copied: every layer and every handler of every request has a clone of its own.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

pub struct Shared {
    pub services: Services,
    pub config: Config,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
    pub limits: Arc<Limits>,
    pub rendering: Rendering,
    /// Server functions, apart from pages: some of them wait long, to look at a password say.
    pub calling: Rendering,
    /// Pages that many guests get.
    pub kept: Kept,
    /// Guests for whom no page can be made yet.
    pub line: Line,
    pub large: LargeAnswers,
    pub zone_tables: Tables,
    pub allowances: Allowances,
    pub leptos: LeptosOptions,
}

impl AppState {
    pub fn new(services: Services, config: Config, shutdown: CancellationToken) -> Self {
        let leptos = crate::assets::leptos_options(config.addr);
        let limits = Arc::new(Limits::new(config.rate_limit));
        let (rendering, calling) = (Rendering::new(config.pages_at_once), Rendering::new(config.pages_at_once));
        let (kept, line) = (Kept::default(), Line::default());
        let large = LargeAnswers::new(config.rate_limit);
        let allowances = Allowances {
            bookings: Allowance::new(&config.bookings_per_address),
            sign_ups: Allowance::new(&config.sign_ups_per_address),
        };
        Self(Arc::new(Shared {
            services,
            config,
            shutdown,
            limits,
            allowances,
            rendering,
            calling,
            kept,
            line,
            large,
            zone_tables: Tables::default(),
            leptos,
        }))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
