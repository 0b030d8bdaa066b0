//! Where elements are on the screen. Only a browser can say; on the server nothing is anywhere.

use leptos::web_sys::Element;

/// In CSS pixels, from the top left of what is seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Area {
    pub top: f64,
    pub left: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    #[cfg(feature = "hydrate")]
    pub fn of(element: &Element) -> Self {
        let rect = element.get_bounding_client_rect();
        Self { top: rect.top(), left: rect.left(), width: rect.width(), height: rect.height() }
    }

    #[cfg(not(feature = "hydrate"))]
    pub fn of(_: &Element) -> Self {
        Self::default()
    }

    pub fn bottom(self) -> f64 {
        self.top + self.height
    }

    pub fn right(self) -> f64 {
        self.left + self.width
    }
}
