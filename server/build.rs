//! Release binaries hold the browser's files: cargo must look at them again when they were rebuilt.

fn main() {
    // There from the start: what is embedded refuses a folder that came after it was compiled.
    let _ = std::fs::create_dir_all("../target/site");
    println!("cargo:rerun-if-changed=../target/site");
}
