//! The examples of docs/api.md, run in order as they are written there.
//!
//! Each ```http block is a request; the line `# 201 name=/json/pointer …` under it says which status
//! the answer has and which of its members later blocks use as `{{name}}`.

use serde_json::Value;
use sqlx::PgPool;

use super::api::Api;

const PAGE: &str = include_str!("../../../docs/api.md");

struct Example {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    kept: Vec<(String, String)>,
}

fn examples() -> Vec<Example> {
    PAGE.split("```http\n").skip(1).map(|rest| read(rest.split("```").next().unwrap())).collect()
}

fn read(block: &str) -> Example {
    let (request, expected) = block.rsplit_once("\n# ").expect("a block ends with what is expected");
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').expect("a method and a path");
    let headers =
        lines.map(|line| line.split_once(": ").expect("a header")).map(|(name, value)| (name.into(), value.into()));
    let mut words = expected.split_whitespace();
    Example {
        method: method.into(),
        path: path.into(),
        headers: headers.collect(),
        body: body.into(),
        status: words.next().unwrap().parse().unwrap(),
        kept: words
            .map(|word| word.split_once('=').expect("name=/pointer"))
            .map(|(n, p)| (n.into(), p.into()))
            .collect(),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_examples_of_the_page_do_what_it_says(pool: PgPool) {
    let api = Api::start(pool).await;
    let mut known: Vec<(String, String)> = Vec::new();
    let examples = examples();
    assert!(examples.len() >= 12);
    for example in examples {
        let filled = |text: &str| {
            known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
        };
        let place = format!("{} {}", example.method, example.path);
        let mut request =
            api.http.request(example.method.parse().unwrap(), format!("{}{}", api.base, filled(&example.path)));
        for (name, value) in &example.headers {
            request = request.header(name, filled(value));
        }
        let response = request.body(filled(&example.body)).send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        assert_eq!(status, example.status, "{place}: {text}");
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        for (name, pointer) in example.kept {
            let value = match pointer.strip_prefix("header:") {
                Some(header) => headers[header].to_str().unwrap().to_owned(),
                None => {
                    let value = json.pointer(&pointer).unwrap_or_else(|| panic!("{place} has no {pointer}: {text}"));
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                }
            };
            known.push((name, value));
        }
    }
}
