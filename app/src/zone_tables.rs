//! The offsets of zones, as the server knows them: a browser's own zone database is older or newer.
//!
//! Those of the zones on a page come with its data. All others are in a file of a few kilobytes that is kept for ever, and
//! loaded when somebody turns to another zone.

#[cfg(feature = "ssr")]
pub use server::lines;

#[cfg(feature = "ssr")]
mod server {
    use domain::TimeRange;
    use domain::zones::Zones;

    /// [`Zones::lines`] for the data of a page.
    pub fn lines<'a>(zones: impl IntoIterator<Item = &'a str>, within: Option<TimeRange>) -> String {
        Zones::in_use().lines(zones, within)
    }
}

/// Takes what a page's data brings, before anything of it is shown.
pub fn learn(lines: &str) {
    #[cfg(feature = "hydrate")]
    browser::learn(lines);
    #[cfg(not(feature = "hydrate"))]
    let _ = lines;
}

#[cfg(feature = "hydrate")]
pub use browser::{listed, load, offset_seconds, own_zone, renew, todays_name, turn};

/// How often what was learnt has been replaced; what was computed before is not to be shown.
#[cfg(not(feature = "hydrate"))]
pub fn turn() -> u32 {
    0
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::RefCell;

    use domain::offsets::Offsets;
    use leptos::prelude::{document, window};
    use leptos::task::spawn_local;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    /// Where the page says which edition its rules are of.
    const EDITION: &str = "data-zones";

    #[derive(Default)]
    struct Known {
        tables: Vec<(String, Offsets)>,
        /// As `domain::zones::Zones::table` writes it; empty until it is loaded.
        file: String,
        turn: u32,
    }

    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
        static TURN: RefCell<u32> = RefCell::default();
    }

    pub fn learn(lines: &str) {
        KNOWN.with_borrow_mut(|known| {
            for line in lines.lines() {
                let Some((zone, offsets)) = line.split_once(' ') else { continue };
                known.tables.retain(|(other, _)| other != zone);
                known.tables.extend(Offsets::read(offsets).map(|offsets| (zone.to_owned(), offsets)));
            }
        });
    }

    pub fn turn() -> u32 {
        KNOWN.with_borrow(|known| known.turn)
    }

    /// How many seconds clocks in `zone` are ahead of UTC. A zone that is not known is taken for UTC.
    pub fn offset_seconds(timestamp: i64, zone: &str) -> i64 {
        KNOWN.with_borrow_mut(|known| {
            let place = known.tables.iter().position(|(known, _)| known == zone).or_else(|| {
                let offsets = Offsets::read(find(&known.file, zone)?.1)?;
                known.tables.push((zone.to_owned(), offsets));
                Some(known.tables.len() - 1)
            });
            place.map_or(0, |place| known.tables[place].1.at(timestamp))
        })
    }

    fn names(file: &str) -> impl Iterator<Item = (&str, &str)> {
        let lines = file.lines().filter_map(|line| line.split_once(' '));
        lines.flat_map(|(names, offsets)| names.split(',').map(move |name| (name, offsets)))
    }

    /// Today's name of a zone, and its offsets.
    fn find<'a>(file: &'a str, zone: &str) -> Option<(&'a str, &'a str)> {
        names(file).find_map(|(name, offsets)| {
            let name = name.trim_start_matches('-');
            let (name, today) = name.split_once('=').unwrap_or((name, name));
            (name == zone).then_some((today, offsets))
        })
    }

    /// The zones to choose from; none until the file is loaded.
    pub fn listed() -> Vec<String> {
        KNOWN.with_borrow(|known| {
            let listed = names(&known.file).map(|(name, _)| name).filter(|name| !name.starts_with('-'));
            listed.map(str::to_owned).collect()
        })
    }

    /// Loads the file, unless it is there.
    pub async fn load() {
        let edition = || document().document_element()?.get_attribute(EDITION);
        if KNOWN.with_borrow(|known| known.file.is_empty())
            && let Some(wanted) = edition()
            && let Some(file) = fetch(&wanted).await
            // What was renewed meanwhile is newer.
            && edition() == Some(wanted)
        {
            KNOWN.with_borrow_mut(|known| known.file = file);
        }
    }

    async fn fetch(edition: &str) -> Option<String> {
        let response = JsFuture::from(window().fetch_with_str(&format!("/zones/{edition}.txt"))).await.ok()?;
        let response: web_sys::Response = response.unchecked_into();
        if !response.ok() {
            return None;
        }
        JsFuture::from(response.text().ok()?).await.ok()?.as_string()
    }

    /// What a person would call `zone`, once its offsets are known; `None`: they cannot be.
    pub async fn todays_name(zone: String) -> Option<String> {
        if KNOWN.with_borrow(|known| known.tables.iter().any(|(known, _)| *known == zone)) {
            return Some(zone);
        }
        load().await;
        KNOWN.with_borrow(|known| find(&known.file, &zone).map(|(today, _)| today.to_owned()))
    }

    /// The server says which edition is in use. When it is another, all is read anew, and `then` called.
    pub fn renew(edition: String, then: impl FnOnce() + 'static) {
        let Some(page) = document().document_element() else { return };
        if edition.is_empty() || page.get_attribute(EDITION).is_none_or(|known| known == edition) {
            return;
        }
        // The last one told of, of several on their way.
        let turn = TURN.with_borrow_mut(|turn| {
            *turn += 1;
            *turn
        });
        spawn_local(async move {
            // Without the file the old offsets are better than none, and the next message tries again.
            if let Some(file) = fetch(&edition).await
                && TURN.with_borrow(|last| *last == turn)
            {
                let _ = page.set_attribute(EDITION, &edition);
                KNOWN.with_borrow_mut(|known| {
                    *known = Known { tables: Vec::new(), file, turn: known.turn + 1 };
                });
                then();
            }
        });
    }

    /// The zone of the person who looks, as this browser calls it.
    pub fn own_zone() -> Option<String> {
        let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
        js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone")).ok()?.as_string()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn each_zone_shown_has_a_line() {
        let within =
            domain::TimeRange::new("2026-10-01T00:00:00Z".parse().unwrap(), "2026-11-01T00:00:00Z".parse().unwrap());
        assert_eq!(
            lines(["UTC", "Europe/Paris", "UTC", "Mars/Olympus"], within.ok()),
            "Europe/Paris 7200 1792890000 3600\nUTC 0"
        );
    }
}
