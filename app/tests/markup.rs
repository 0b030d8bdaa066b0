//! What leptos writes as it is must be written by one component each, which escapes it: see `TextArea`, `SiteTitle`.

use std::fs;
use std::path::{Path, PathBuf};

/// What no page may write, and the only file that may.
const KEPT: [(&str, &str); 10] = [
    ("<textarea", "components/text_area.rs"),
    ("textarea()", ""),
    ("formatter=", "components/site_title.rs"),
    ("<title", ""),
    ("<script", ""),
    ("<style", ""),
    ("<Script", ""),
    ("<Style", ""),
    // A literal of our own, for the button of browsers without scripts.
    ("inner_html", "pages/guest/picker.rs"),
    ("<noscript", "pages/guest/picker.rs"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn what_is_not_escaped_by_leptos_is_written_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 40, "the sources are elsewhere");
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let code = fs::read_to_string(&file).unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            for (what, allowed) in KEPT {
                assert!(!line.contains(what) || name == allowed, "{what} in {name}: {line}");
            }
        }
    }
}

#[test]
fn the_markup_that_is_written_as_it_is_is_a_literal() {
    let picker = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages/guest/picker.rs")).unwrap();
    assert_eq!(picker.matches("inner_html=").count(), 1);
    assert!(picker.contains("inner_html=SHOW_TIMES") && picker.contains("const SHOW_TIMES: &str = r#\""));
}
