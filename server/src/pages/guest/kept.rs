//! Pages that many ask for: made once for each question and version, kept while they are right, bounded in memory.

use std::sync::Arc;

use app::shared::Question;
use app::shown::Shown;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::zones::Zones;
use http::HeaderValue;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::compression::Coding;

/// Bytes of pages, packed and not.
const MOST_BYTES: u64 = 64 << 20;
/// About how many that is; the cache sizes itself by it.
const USUAL_PAGES: usize = 1024;
/// The browser takes the time at which a page was made for the present, until it knows better.
const OLDEST: TimeDelta = TimeDelta::seconds(60);

pub type Key = (Uuid, Question);

/// A page as it is sent.
pub struct Page {
    version: i64,
    /// [`Zones::id`] of the rules that its times are by.
    zones: u64,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Weak, because it is the same however the page is packed.
    pub etag: HeaderValue,
    pub policy: HeaderValue,
    plain: Bytes,
    /// Packed when somebody first asks for it so.
    brotli: OnceCell<Option<Bytes>>,
    gzip: OnceCell<Option<Bytes>>,
}

impl Page {
    pub fn new(now: DateTime<Utc>, zones: u64, shown: Shown, policy: HeaderValue, plain: Bytes) -> Option<Self> {
        let oldest = now + OLDEST;
        // Of all its bytes, because a browser that is told 304 goes on with those it has: their scripts must be the ones
        // that the policy of this page allows, and their time no older than this page's.
        let etag = format!("W/\"{}-{}\"", shown.version, hex::encode(&Sha256::digest(&plain)[..12]));
        Some(Self {
            version: shown.version,
            zones,
            since: now,
            until: shown.until.map_or(oldest, |until| until.min(oldest)),
            etag: HeaderValue::try_from(etag).ok()?,
            policy,
            plain,
            brotli: OnceCell::new(),
            gzip: OnceCell::new(),
        })
    }

    fn is_right(&self, version: i64, now: DateTime<Utc>) -> bool {
        self.version >= version && self.zones == Zones::in_use().id() && self.since <= now && now < self.until
    }

    /// Packed as asked, or else how it is.
    pub async fn packed(&self, coding: Coding) -> (Bytes, Coding) {
        let slot = match coding {
            Coding::Brotli => &self.brotli,
            Coding::Gzip => &self.gzip,
            Coding::Identity => return (self.plain.clone(), coding),
        };
        match slot.get_or_init(|| coding.pack(self.plain.clone())).await {
            Some(packed) => (packed.clone(), coding),
            None => (self.plain.clone(), Coding::Identity),
        }
    }
}

/// Weighs pages by what they take in memory, packed ones included.
#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Page>> for ByBytes {
    fn weight(&self, (_, question): &Key, page: &Arc<Page>) -> u64 {
        (page.plain.len() * 3 / 2 + question.weight() + size_of::<Page>()) as u64
    }
}

pub struct Kept(Cache<Key, Arc<Page>, ByBytes>);

impl Default for Kept {
    fn default() -> Self {
        // Few shards: what is heavier than a shard's part is not kept.
        let options = OptionsBuilder::new()
            .shards(8)
            .estimated_items_capacity(USUAL_PAGES)
            .weight_capacity(MOST_BYTES)
            .build()
            .expect("both capacities are given");
        Self(Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }
}

impl Kept {
    /// Of this version or a later one, and right at `now`.
    pub fn get(&self, key: &Key, version: i64, now: DateTime<Utc>) -> Option<Arc<Page>> {
        self.0.get(key).filter(|page| page.is_right(version, now))
    }

    /// As [`Kept::get`]; made where it is not there, once for all who wait for it.
    pub async fn get_or_make<F: Future<Output = Option<Page>>>(
        &self,
        key: &Key,
        version: i64,
        now: impl Fn() -> DateTime<Utc>,
        make: impl Fn() -> F,
    ) -> Option<Arc<Page>> {
        loop {
            let place = match self.0.get_value_or_guard_async(key).await {
                Ok(page) if page.is_right(version, now()) => return Some(page),
                Ok(stale) => {
                    self.0.remove_if(key, |page| Arc::ptr_eq(page, &stale));
                    continue;
                }
                Err(place) => place,
            };
            let page = Arc::new(make().await?);
            let _ = place.insert(page.clone());
            // The calendar may have moved on while it was made; who asked before that gets it all the same.
            if page.version >= version {
                return Some(page);
            }
        }
    }
}
