//! `.br` and `.gz` beside every file that compresses, so that the server never has to.

use std::{fs, io::Write, path::Path};

use crate::{Outcome, frontend::files_below, shell::step, workspace::write_changed};

const KINDS: [&str; 5] = ["js", "wasm", "css", "svg", "txt"];

/// Compresses what is newer than its compressed copies.
pub fn all(site: &Path) -> Outcome {
    let stale: Vec<_> = files_below(site)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)))
        .filter(|file| !is_fresh(file))
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    step("frontend: compress", || {
        for file in &stale {
            let content = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let failed = |error: std::io::Error| format!("cannot compress {}: {error}", file.display());
            write_anew(&suffixed(file, "br"), &brotli(&content).map_err(failed)?)?;
            write_anew(&suffixed(file, "gz"), &gzip(&content).map_err(failed)?)?;
        }
        Ok(())
    })
}

/// `eventide.js` and `br` give `eventide.js.br`.
pub fn suffixed(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn is_fresh(file: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let copies = [suffixed(file, "br"), suffixed(file, "gz")];
    copies.iter().all(|copy| modified(copy).is_some_and(|time| modified(file).is_some_and(|original| original <= time)))
}

/// The time of writing is what freshness is told by, so the same bytes are written again.
fn write_anew(path: &Path, content: &[u8]) -> Outcome {
    let _ = fs::remove_file(path);
    write_changed(path, content).map(|_| ())
}

fn brotli(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 1 << 16, 11, 22);
    writer.write_all(content)?;
    drop(writer);
    Ok(packed)
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content)?;
    writer.finish()
}
