//! A browser without scripts: follows addresses, keeps cookies, fills in the forms that pages have.

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, REFERER, SET_COOKIE};
use scraper::{ElementRef, Html, Selector};

use super::api::Api;

pub struct Visitor<'a> {
    api: &'a Api,
    /// By name and path.
    cookies: BTreeMap<(String, String), String>,
}

pub struct Page {
    pub address: String,
    pub status: u16,
    pub text: String,
    pub html: Html,
}

impl<'a> Visitor<'a> {
    pub fn new(api: &'a Api) -> Self {
        Self { api, cookies: BTreeMap::new() }
    }

    /// The page at an address of this server, after all redirects.
    pub async fn open(&mut self, address: &str) -> Page {
        let request = self.api.http.get(self.whole(address));
        self.send(request, address).await
    }

    /// Sends the form of `page` that goes to `action`, with what is hidden in it.
    pub async fn submit(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let form = Selector::parse(&format!("form[action=\"{action}\"]")).unwrap();
        let form = page.html.select(&form).next().unwrap_or_else(|| panic!("{} has no form {action}", page.address));
        let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let fields: Vec<(String, String)> = hidden(form).into_iter().chain(typed).collect();
        let request = self.api.http.post(self.whole(action)).header(REFERER, self.whole(&page.address));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(serde_urlencoded::to_string(fields).unwrap()), action).await
    }

    fn whole(&self, address: &str) -> String {
        format!("{}{}", self.api.base, address)
    }

    async fn send(&mut self, request: reqwest::RequestBuilder, address: &str) -> Page {
        let mut address = address.to_owned();
        let mut request = request;
        for _ in 0..5 {
            let path = address.split(['?', '#']).next().unwrap();
            let kept = self.cookies.iter().filter(|((_, of), _)| path.starts_with(of.as_str()));
            let cookies: Vec<String> = kept.map(|((name, _), value)| format!("{name}={value}")).collect();
            let request_now = request.header(ACCEPT, "text/html,*/*;q=0.8").header("sec-fetch-site", "same-origin");
            let response = request_now.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for cookie in response.headers().get_all(SET_COOKIE) {
                self.keep(cookie.to_str().unwrap());
            }
            let status = response.status().as_u16();
            let Some(next) = response.headers().get(LOCATION).filter(|_| (300..400).contains(&status)) else {
                let text = response.text().await.unwrap();
                return Page { address, status, html: Html::parse_document(&text), text };
            };
            address = next.to_str().unwrap().to_owned();
            assert!(address.starts_with('/') && !address.starts_with("//"), "leads away: {address}");
            request = self.api.http.get(self.whole(&address));
        }
        panic!("{address} leads on and on");
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, rest) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let attribute = |wanted: &str| rest.split(';').find_map(|part| part.trim().strip_prefix(wanted));
        let key = (name.to_owned(), attribute("Path=").unwrap_or("/").to_owned());
        match value {
            "" => drop(self.cookies.remove(&key)),
            value => drop(self.cookies.insert(key, value.to_owned())),
        }
    }
}

fn hidden(form: ElementRef<'_>) -> Vec<(String, String)> {
    let inputs = Selector::parse("input[type=hidden]").unwrap();
    let value = |input: ElementRef<'_>, name| input.attr(name).unwrap_or_default().to_owned();
    form.select(&inputs).map(|input| (value(input, "name"), value(input, "value"))).collect()
}
