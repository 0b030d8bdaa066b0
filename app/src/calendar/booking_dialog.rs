//! The dialog that shows who comes at a time of the calendar.

use leptos::prelude::*;

use super::week_layout::WeekData;
use crate::dashboard::ui::Modal;
use crate::dashboard::{BookingDetails, CancelForm};
use crate::server_functions::own_bookings::CancelOwnBooking;
use domain::dashboard::ShownBooking;

#[derive(Clone, Copy)]
pub struct BookingDialogue {
    pub open: RwSignal<bool>,
    pub shown: RwSignal<Vec<ShownBooking>>,
    pub cancel: ServerAction<CancelOwnBooking>,
}

impl BookingDialogue {
    pub fn new() -> Self {
        Self { open: RwSignal::new(false), shown: RwSignal::new(Vec::new()), cancel: ServerAction::new() }
    }

    /// Shows these bookings, which share their time.
    pub fn show(self, data: &WeekData, at: usize, together: usize) {
        self.cancel.clear();
        self.shown.set(data.bookings[at..at + together].to_vec());
        self.open.set(true);
    }
}

#[component]
pub fn BookingDialog(dialogue: BookingDialogue) -> AnyView {
    let BookingDialogue { open, shown, cancel } = dialogue;
    let title = Signal::derive(move || {
        shown.with(|shown| match shown.as_slice() {
            [one] => one.booking.guest.name.clone(),
            many => format!("{} guests", many.len()),
        })
    });
    let several = Memo::new(move |_| shown.with(|shown| shown.len() > 1));
    let all = move || {
        let one = |booked: ShownBooking| {
            let id = booked.booking.booking_id;
            let name = several.get().then(|| view! { <h3>{booked.booking.guest.name.clone()}</h3> });
            view! { <section class="booked-guest">{name}<BookingDetails booked/><CancelForm id cancel/></section> }
        };
        shown.get().into_iter().map(one).collect_view()
    };
    view! { <Modal open id="booking-dialog" title>{all}</Modal> }.into_any()
}
