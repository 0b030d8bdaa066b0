//! The browser's `Intl`: offsets of zones, the zone of the person who looks, and the zones there are.
//!
//! Called by reflection, because a zone that the browser does not know throws where it is constructed.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, Date, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

const DAY: i64 = 86_400;

/// A formatter with the offsets it gave at UTC midnights.
struct Zone {
    /// `format` of an `Intl.DateTimeFormat`, bound; `None`: a zone unknown to this browser.
    format: Option<Function>,
    midnights: HashMap<i64, i32>,
}

thread_local! {
    static ZONES: RefCell<HashMap<String, Zone>> = RefCell::new(HashMap::new());
}

/// How many seconds clocks in `zone` are ahead of UTC.
///
/// Asking `Intl` takes microseconds, a month has thousands of slots: the offset is asked at the UTC
/// midnights around, and in between only when these differ (no zone changes twice in a day).
pub fn offset_seconds(timestamp: i64, zone: &str) -> i32 {
    ZONES.with_borrow_mut(|zones| {
        if !zones.contains_key(zone) {
            zones.insert(zone.to_owned(), Zone { format: formatter(zone), midnights: HashMap::new() });
        }
        let Some(Zone { format: Some(format), midnights }) = zones.get_mut(zone) else { return 0 };
        let day = timestamp.div_euclid(DAY);
        let mut midnight = |day: i64| *midnights.entry(day).or_insert_with(|| ask(format, day * DAY));
        let (before, after) = (midnight(day), midnight(day + 1));
        if before == after { before } else { ask(format, timestamp) }
    })
}

fn intl(name: &str) -> Option<JsValue> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    Reflect::get(&intl, &name.into()).ok()
}

/// A new `Intl.DateTimeFormat` for English with these options.
fn date_time_format(options: &[(&str, &str)]) -> Option<JsValue> {
    let constructor: Function = intl("DateTimeFormat")?.dyn_into().ok()?;
    let given = Object::new();
    for (name, value) in options {
        Reflect::set(&given, &(*name).into(), &(*value).into()).ok()?;
    }
    Reflect::construct(&constructor, &Array::of2(&"en-US".into(), &given)).ok()
}

fn formatter(zone: &str) -> Option<Function> {
    let format = date_time_format(&[("timeZone", zone), ("timeZoneName", "longOffset")])?;
    Reflect::get(&format, &"format".into()).ok()?.dyn_into().ok()
}

fn ask(format: &Function, timestamp: i64) -> i32 {
    let date = Date::new(&(timestamp as f64 * 1000.0).into());
    let text = format.call1(&JsValue::UNDEFINED, &date).ok().and_then(|text| text.as_string()).unwrap_or_default();
    parse_offset(&text)
}

/// Of `11/23/2026, GMT+05:45`; plain `GMT` is 0.
fn parse_offset(text: &str) -> i32 {
    let Some((_, offset)) = text.rsplit_once("GMT") else { return 0 };
    let (sign, digits) = match offset.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, offset.trim_start_matches(['-', '\u{2212}'])),
    };
    let mut parts = digits.split(':').map(|part| part.parse::<i32>().unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    sign * (next() * 3600 + next() * 60 + next())
}

/// The zone of the person who looks.
pub fn own_zone() -> Option<String> {
    let format = date_time_format(&[])?;
    let options: Function = Reflect::get(&format, &"resolvedOptions".into()).ok()?.dyn_into().ok()?;
    let options = options.call0(&format).ok()?;
    Some(todays_name(Reflect::get(&options, &"timeZone".into()).ok()?.as_string()?))
}

/// Names that some browsers still give, and what the cities are called today (tzdata's `backward`).
const RENAMED: [(&str, &str); 19] = [
    ("Africa/Asmera", "Africa/Asmara"),
    ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("America/Catamarca", "America/Argentina/Catamarca"),
    ("America/Coral_Harbour", "America/Atikokan"),
    ("America/Cordoba", "America/Argentina/Cordoba"),
    ("America/Godthab", "America/Nuuk"),
    ("America/Indianapolis", "America/Indiana/Indianapolis"),
    ("America/Jujuy", "America/Argentina/Jujuy"),
    ("America/Louisville", "America/Kentucky/Louisville"),
    ("America/Mendoza", "America/Argentina/Mendoza"),
    ("Asia/Calcutta", "Asia/Kolkata"),
    ("Asia/Katmandu", "Asia/Kathmandu"),
    ("Asia/Rangoon", "Asia/Yangon"),
    ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
    ("Atlantic/Faeroe", "Atlantic/Faroe"),
    ("Europe/Kiev", "Europe/Kyiv"),
    ("Pacific/Enderbury", "Pacific/Kanton"),
    ("Pacific/Ponape", "Pacific/Pohnpei"),
    ("Pacific/Truk", "Pacific/Chuuk"),
];

/// The name that a person would look for, where this browser can tell the time by it.
fn todays_name(zone: String) -> String {
    let renamed = RENAMED.iter().find(|(old, _)| *old == zone);
    renamed.filter(|(_, new)| formatter(new).is_some()).map_or(zone, |(_, new)| (*new).to_owned())
}

/// Every zone this browser knows; empty in old ones.
pub fn known_zones() -> Vec<String> {
    let ask = || -> Option<Vec<String>> {
        let supported: Function = intl("supportedValuesOf")?.dyn_into().ok()?;
        let zones: Array = supported.call1(&JsValue::UNDEFINED, &"timeZone".into()).ok()?.dyn_into().ok()?;
        Some(zones.iter().filter_map(|zone| zone.as_string()).map(todays_name).collect())
    };
    ask().unwrap_or_default()
}
