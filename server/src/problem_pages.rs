//! `/problems`: what each type of problem means, for whoever follows the `type` of an error.

use std::fmt::Write;

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use domain::Problem;
use domain::problem::{PROBLEM_TYPES, ProblemType};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};

pub async fn index() -> Response {
    let mut items = String::new();
    for kind in &PROBLEM_TYPES {
        let ProblemType { slug, status, title, .. } = kind;
        let _ = write!(items, "<li><a href=\"/problems/{slug}\">{title}</a> <code>{status} {slug}</code></li>");
    }
    let body =
        format!("<h1>Problems</h1><p>What Eventide’s API answers when it cannot do as asked.</p><ul>{items}</ul>");
    page(StatusCode::OK, "Problems", &body)
}

pub async fn show(Path(slug): Path<String>) -> Response {
    match PROBLEM_TYPES.iter().find(|kind| kind.slug == slug) {
        Some(kind) => page(StatusCode::OK, kind.title, &explained(kind)),
        None => {
            let body = "<h1>No such problem</h1><p>There is no problem of this name.</p>";
            page(StatusCode::NOT_FOUND, "No such problem", body)
        }
    }
}

fn explained(kind: &ProblemType) -> String {
    let ProblemType { slug, status, title, explanation } = kind;
    let mut body = format!(
        "<h1>{title}</h1><p>{explanation}</p>\
         <dl><dt>Type</dt><dd><code>/problems/{slug}</code></dd><dt>Status</dt><dd><code>{status}</code></dd>"
    );
    for (name, about) in members(slug) {
        let _ = write!(body, "<dt>Member <code>{name}</code></dt><dd>{about}</dd>");
    }
    body + "</dl>"
}

/// A page that tells of this very problem.
pub fn told(problem: &Problem) -> String {
    let ProblemType { title, explanation, .. } = problem.problem_type();
    html(title, &format!("<h1>{title}</h1><p>{explanation}</p>"))
}

/// The members a type has beside `type`, `title`, `status` and `detail`.
fn members(slug: &str) -> &'static [(&'static str, &'static str)] {
    match slug {
        "slot-taken" => &[("alternatives", "Free times as <code>{start, end}</code>, nearest first.")],
        "availability-overlap" => &[
            ("conflicts", "The entries in the way, as <code>{availability_id, start, end}</code>."),
            ("suggestions", "Stretches free of others, as <code>{start, end}</code>."),
        ],
        "version-conflict" => &[("current", "The entry or the offering as it is now.")],
        "invalid-transition" => &[("booking_status", "What the booking is now.")],
        "invalid" => &[("errors", "Every fault, as <code>{field, code, message}</code>.")],
        "not-bookable" => &[("reasons", "Every reason, as <code>{code, detail}</code>.")],
        "internal" => &[("request_id", "The request, as it is named in the log.")],
        _ => &[],
    }
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    (status, Html(html(title, body))).into_response()
}

fn html(title: &str, body: &str) -> String {
    let foot = "<footer><nav aria-label=\"More\"><a href=\"/problems\">All problems</a> \
                <a href=\"/api/docs\">API documentation</a></nav></footer>";
    document("", title, body, foot)
}

/// A page that needs nothing else to work. Every text on these pages is our own: nothing to escape.
pub fn document(head: &str, title: &str, body: &str, foot: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} – Eventide</title>\
         <link rel=\"stylesheet\" href=\"/problems/style.css\">{head}</head><body>\
         <header><a href=\"/\">Eventide</a></header><main>{body}</main>{foot}</body></html>"
    )
}

/// In the house's colours (`style/tokens.css`); a page of its own, because it is shown when nothing else works too.
const STYLE: &str = "\
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; background: light-dark(#faf6ef, #14132a); color: light-dark(#272143, #f3eefb); }
body { max-width: 42rem; margin: 0 auto; padding: 0.75rem 1.25rem 3rem; }
header a { display: inline-flex; align-items: center; min-height: 2.75rem; color: inherit; font-weight: 600; font-size: 1.3rem; text-decoration: none; }
header a, h1 { font-family: 'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, 'Noto Serif', 'Liberation Serif', serif; }
h1 { margin-top: 2rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance; }
a { color: light-dark(#4a3a8f, #f5b87f); }
a:focus-visible { outline: 3px solid light-dark(#7a3fb0, #ffd9ae); outline-offset: 2px; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
dt { margin-top: 1rem; font-weight: 600; }
dd { margin: 0; }
ul { padding-left: 1.25rem; }
.place { margin: 1.5rem 0; padding: 1.25rem; border-radius: 0.75rem; background: light-dark(#fff, #1f1d3d); text-align: center; }
.place strong { display: block; font-size: 4rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
footer { margin-top: 3rem; }
footer a { margin-right: 1rem; }
";

pub async fn style() -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")], STYLE)
}
