//! The start page: what Eventide is, for whom, and where to begin.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

const STRENGTHS: [(&str, &str); 3] = [
    (
        "Never twice",
        "Two guests can click the same time in the same second: one gets it, the other is shown the nearest free \
         ones. The database itself refuses the rest.",
    ),
    (
        "Always fresh",
        "Every open page follows by itself. A time that goes disappears under your eyes, one that is freed comes \
         back. Nobody fills in a form for nothing.",
    ),
    (
        "Everyone's clock",
        "You say Mondays at nine and mean it, summer and winter. Guests read it in their own time zone, and both \
         of you are there at the same moment.",
    ),
];

const PEOPLE: [&str; 6] = ["Doctors", "Tutors", "Studios", "Salons", "Consultants", "Office hours"];

#[component]
pub fn Landing() -> AnyView {
    let strengths = STRENGTHS.map(|(title, words)| view! { <li><h3>{title}</h3><p>{words}</p></li> });
    let people = PEOPLE.map(|name| view! { <li>{name}</li> });
    view! {
        <Title text=""/>
        <Meta name="description" content="Say when you can be booked. Guests choose a time, and every page sees it at once."/>
        <section class="hero">
            <div class="hero-words">
                <h1>"Say when." <br/> "They choose. " <br/> <em>"Everyone sees it."</em></h1>
                <p class="lead">
                    "Eventide is a booking page for people whose time is asked for. Open your hours once; guests \
                     find a free time in their own zone and book it in a minute."
                </p>
                <p class="actions">
                    <a class="button primary large" href="/sign-up">"Open your page"</a>
                    <a class="button large" href="/demo">"See the demo"</a>
                </p>
            </div>
            <Picture/>
        </section>
        <section class="for-whom" aria-labelledby="for-whom">
            <h2 id="for-whom">"Made for"</h2>
            <ul>{people.collect_view()}</ul>
        </section>
        <section class="strengths" aria-labelledby="strengths">
            <h2 id="strengths">"What you can rely on"</h2>
            <ul>{strengths.collect_view()}</ul>
        </section>
        <section class="builders" aria-labelledby="builders">
            <h2 id="builders">"And for those who build"</h2>
            <p>
                "Everything here is also a REST interface with a live socket: hours, free times, bookings. Documented \
                 with examples that are run as tests."
            </p>
            <p class="actions"><a class="button" href="/api/docs" rel="external">"Read the API docs"</a></p>
        </section>
    }
    .into_any()
}

const TIMES: [(&str, &str); 9] = [
    ("09:00", ""),
    ("09:30", "gone"),
    ("10:00", ""),
    ("11:30", "chosen"),
    ("13:00", ""),
    ("14:15", "gone"),
    ("15:00", ""),
    ("16:30", ""),
    ("17:00", "gone"),
];

/// A guest page in small, under an evening sky. Only to look at.
#[component]
fn Picture() -> AnyView {
    let times = TIMES.map(|(time, state)| view! { <li data-state=state>{time}</li> });
    view! {
        <div class="picture" aria-hidden="true">
            <div class="picture-sun"></div>
            <div class="picture-card">
                <p class="picture-title"><span class="live-dot"></span>"Thursday 26 November"</p>
                <ul>{times.collect_view()}</ul>
                <p class="picture-button">"Book 11:30"</p>
            </div>
        </div>
    }
    .into_any()
}
