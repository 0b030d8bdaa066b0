//! `GET /zones/{edition}.txt`: the offsets of all zones, by which browsers tell times in those that are not on their page.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::zones::Zones;
use http::header::{self, HeaderMap, HeaderValue};
use tokio::sync::Mutex;

use crate::assets::FOR_EVER;
use crate::compression::{self, Coding};
use crate::state::AppState;

/// The table of the rules in use, packed.
struct Table {
    id: u64,
    name: String,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

/// Made when somebody first asks for it.
#[derive(Default)]
pub struct Tables {
    made: ArcSwapOption<Table>,
    making: Mutex<()>,
}

impl Tables {
    async fn in_use(&self) -> Arc<Table> {
        let made = || self.made.load_full().filter(|made| made.id == Zones::in_use().id());
        if let Some(made) = made() {
            return made;
        }
        let _making = self.making.lock().await;
        if let Some(made) = made() {
            return made;
        }
        let (id, name, plain) = {
            let zones = Zones::in_use();
            (zones.id(), format!("{}.txt", zones.edition()), Bytes::copy_from_slice(zones.table().as_bytes()))
        };
        let gzip = Coding::Gzip.pack(plain.clone()).await;
        let brotli = compression::smallest(plain.clone()).await;
        let table = Arc::new(Table { id, name, plain, gzip, brotli });
        self.made.store(Some(table.clone()));
        table
    }
}

pub async fn table(State(state): State<AppState>, Path(asked): Path<String>, headers: HeaderMap) -> Response {
    let table = state.zone_tables.in_use().await;
    let coding = Coding::of(&headers);
    let packed = match coding {
        Coding::Brotli => table.brotli.clone(),
        Coding::Gzip => table.gzip.clone(),
        Coding::Identity => None,
    };
    let coding = if packed.is_some() { coding } else { Coding::Identity };
    let mut response = packed.unwrap_or_else(|| table.plain.clone()).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // Another edition's address gets today's rules, which are right, but not for ever.
    let cache = if asked == table.name { FOR_EVER } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.extend(coding.name().map(|name| (header::CONTENT_ENCODING, name)));
    response
}
