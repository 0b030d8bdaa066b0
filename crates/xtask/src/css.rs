//! One CSS file from several: `@import "x.css" layer(name);` is replaced by the file it names.

use std::path::Path;

use crate::{Outcome, workspace::read};

/// The file with its imports in place, without comments and indentation.
pub fn bundle(file: &Path) -> Outcome<String> {
    let mut bundle = String::new();
    for line in without_comments(&read(file)?).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(import) = line.strip_prefix("@import ") else {
            bundle.push_str(line);
            bundle.push('\n');
            continue;
        };
        let (name, layer) = parse_import(import)
            .ok_or_else(|| format!("{}: `{line}` is not `@import \"file.css\" layer(name);`", file.display()))?;
        let text = self::bundle(&file.with_file_name(name))?;
        match layer {
            Some(layer) => bundle.push_str(&format!("@layer {layer} {{\n{text}}}\n")),
            None => bundle.push_str(&text),
        }
    }
    Ok(bundle)
}

/// `"x.css" layer(name);` or `"x.css";`
fn parse_import(import: &str) -> Option<(&str, Option<&str>)> {
    let (name, rest) = import.trim().strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim().strip_suffix(';')?.trim();
    if rest.is_empty() {
        return Some((name, None));
    }
    Some((name, Some(rest.strip_prefix("layer(")?.strip_suffix(')')?)))
}

/// Comments go, unless they only look like one inside a string.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    while let Some(letter) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, after)| after);
            continue;
        }
        if letter == '\\' {
            // An escaped quote does not end a string.
            let end = rest.char_indices().nth(2).map_or(rest.len(), |(index, _)| index);
            kept.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if matches!(letter, '"' | '\'') && quote.is_none_or(|open| open == letter) {
            quote = if quote.is_some() { None } else { Some(letter) };
        }
        kept.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_land_in_their_layers() {
        let folder = std::env::temp_dir().join(format!("xtask-css-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("a.css"), "/* about a */\na {\n  color: red;\n}\n").expect("a file");
        std::fs::write(folder.join("b.css"), "b { top: 0 }\n").expect("a file");
        let main = folder.join("main.css");
        std::fs::write(&main, "@layer a;\n@import \"a.css\" layer(a);\n@import \"b.css\";\n").expect("a file");
        let bundled = bundle(&main);
        std::fs::remove_dir_all(&folder).expect("the folder");
        assert_eq!(bundled.expect("a bundle"), "@layer a;\n@layer a {\na {\ncolor: red;\n}\n}\nb { top: 0 }\n");
    }

    #[test]
    fn what_looks_like_a_comment_in_a_string_stays() {
        assert_eq!(
            without_comments(r#"a::before { content: "\"/* no */"; } /* yes */"#),
            r#"a::before { content: "\"/* no */"; } "#
        );
    }

    #[test]
    fn an_import_of_another_form_is_refused() {
        assert_eq!(parse_import("url(x.css);"), None);
        assert_eq!(parse_import("\"x.css\" layer(a);"), Some(("x.css", Some("a"))));
        assert_eq!(parse_import("\"x.css\";"), Some(("x.css", None)));
    }
}
