//! The key that makes a form which is sent twice one booking.

/// 128 random bits as 32 hexadecimal digits: nobody else has such a key, or can guess it.
#[cfg(feature = "hydrate")]
pub fn new() -> String {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
        fn fill(bytes: &mut [u8]);
    }

    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// As in the browser, for who has no scripts.
#[cfg(not(feature = "hydrate"))]
pub fn new() -> String {
    #[cfg(feature = "ssr")]
    return uuid::Uuid::new_v4().simple().to_string();
    #[cfg(not(feature = "ssr"))]
    String::new()
}
