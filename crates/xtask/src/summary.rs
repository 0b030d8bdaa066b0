//! Counting what passed and what failed, by layer, from what the test programs print.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// The layers in the order in which they ran.
#[derive(Default)]
pub struct Summary(Vec<(String, Count)>);

impl Summary {
    pub fn add(&mut self, layer: &str, count: Count) {
        match self.0.iter_mut().find(|(name, _)| name == layer) {
            Some((_, sum)) => {
                sum.passed += count.passed;
                sum.failed += count.failed;
            }
            None => self.0.push((layer.into(), count)),
        }
    }

    /// One thing that holds or does not.
    pub fn check(&mut self, layer: &str, holds: bool) {
        self.add(layer, Count { passed: u64::from(holds), failed: u64::from(!holds) });
    }

    pub fn total(&self) -> Count {
        self.0.iter().fold(Count::default(), |sum, (_, count)| Count {
            passed: sum.passed + count.passed,
            failed: sum.failed + count.failed,
        })
    }

    /// The table; its last line is the sum.
    pub fn print(&self) {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(5);
        println!("\n{:width$}  passed  failed", "layer");
        for (name, count) in &self.0 {
            println!("{name:width$}  {:>6}  {:>6}", count.passed, count.failed);
        }
        let total = self.total();
        println!("\n{} passed, {} failed", total.passed, total.failed);
    }
}

/// Reads the lines of `cargo test` and knows which layer a result belongs to.
pub struct CargoTest {
    /// From a test target's name to the packages that have one so called.
    packages: BTreeMap<String, Vec<String>>,
    package: String,
    layer: String,
}

impl CargoTest {
    /// `metadata` is what `cargo metadata --no-deps` prints.
    pub fn new(metadata: &serde_json::Value) -> Self {
        let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        for package in list(&metadata["packages"]) {
            let name = package["name"].as_str().unwrap_or_default().to_owned();
            for target in list(&package["targets"]) {
                let target = target["name"].as_str().unwrap_or_default().replace('-', "_");
                packages.entry(target).or_default().push(name.clone());
            }
        }
        Self { packages, package: String::new(), layer: "other".into() }
    }

    /// The layer and count of a result line.
    pub fn line(&mut self, line: &str) -> Option<(String, Count)> {
        let line = without_colours(line);
        let line = line.trim();
        if let Some(running) = line.strip_prefix("Running ") {
            self.enter(running);
        } else if let Some(package) = line.strip_prefix("Doc-tests ") {
            self.layer = package.into();
        } else if let Some(result) = line.strip_prefix("test result: ") {
            return Some((self.layer.clone(), parse_result(result)?));
        }
        None
    }

    /// `unittests src/lib.rs (target/debug/deps/domain-0f3a)` or `tests/rest/main.rs (target/debug/deps/rest-0f3a)`.
    fn enter(&mut self, running: &str) {
        let program = running.rsplit(['/', '(']).next().unwrap_or_default();
        let target = program.rsplit_once('-').map_or(program, |(name, _)| name);
        let owners = self.packages.get(target).map(Vec::as_slice).unwrap_or_default();
        // Cargo runs one package's tests after the other: of several owners it is the one at hand.
        if !owners.contains(&self.package) {
            self.package = owners.first().cloned().unwrap_or_else(|| target.into());
        }
        let is_door = self.package == "server" && running.starts_with("tests/");
        self.layer = if is_door { format!("server: {target}") } else { self.package.clone() };
    }
}

/// `ok. 12 passed; 0 failed; 0 ignored; …`
fn parse_result(result: &str) -> Option<Count> {
    let number =
        |word: &str| result.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

fn without_colours(line: &str) -> String {
    let mut kept = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            kept.push(letter);
        }
    }
    kept
}

/// Playwright's JSON report. What passes only when tried again counts as failed.
pub fn parse_playwright(report: &serde_json::Value) -> Option<Count> {
    let stats = &report["stats"];
    let number = |name: &str| stats[name].as_u64();
    Some(Count { passed: number("expected")?, failed: number("unexpected")? + number("flaky")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> CargoTest {
        CargoTest::new(&serde_json::json!({ "packages": [
            { "name": "domain", "targets": [{ "name": "domain" }, { "name": "forms" }] },
            { "name": "server", "targets": [{ "name": "server" }, { "name": "eventide" }, { "name": "rest" }, { "name": "forms" }] },
        ]}))
    }

    #[test]
    fn results_are_counted_for_the_layer_that_ran() {
        let mut reader = reader();
        let mut summary = Summary::default();
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/domain-0f3a)",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "\u{1b}[1m\u{1b}[32m     Running\u{1b}[0m tests/forms.rs (target/debug/deps/forms-9a)",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "     Running unittests src/main.rs (/elsewhere/debug/deps/eventide-77)",
            "     Running tests/rest/main.rs (/elsewhere/debug/deps/rest-77)",
            "test result: \u{1b}[32mok\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "   Doc-tests domain",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            if let Some((layer, count)) = reader.line(line) {
                summary.add(&layer, count);
            }
        }
        assert_eq!(
            summary.0,
            [
                ("domain".into(), Count { passed: 16, failed: 2 }),
                ("server: rest".into(), Count { passed: 7, failed: 0 }),
            ]
        );
        assert_eq!(summary.total(), Count { passed: 23, failed: 2 });
    }

    #[test]
    fn a_browser_test_that_passes_only_sometimes_has_failed() {
        let report = serde_json::json!({ "stats": { "expected": 9, "unexpected": 1, "flaky": 1, "skipped": 0 } });
        assert_eq!(parse_playwright(&report), Some(Count { passed: 9, failed: 2 }));
        assert_eq!(parse_playwright(&serde_json::json!({})), None);
    }
}
