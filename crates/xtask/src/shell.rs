//! Running other programs, with their output in view.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use crate::Outcome;

/// Says what is being done, and afterwards how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("\x1b[1m→ {what}\x1b[0m");
    let begun = Instant::now();
    let outcome = work();
    let seconds = begun.elapsed().as_secs_f32();
    match &outcome {
        Ok(_) => println!("  {what}: {seconds:.1} s"),
        Err(_) => println!("  {what}: failed after {seconds:.1} s"),
    }
    outcome
}

/// Runs to the end; anything but success is an error that names the program.
pub fn run(command: &mut Command) -> Outcome {
    let name = display(command);
    let status = command.status().map_err(|error| format!("cannot run {name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}

/// What a program prints, if it can be run and succeeds.
pub fn ask(command: &mut Command) -> Option<String> {
    let answer = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Runs and shows every line, of both streams in their order, also to `each`. Whether it succeeded.
pub fn watch(command: &mut Command, mut each: impl FnMut(&str)) -> Outcome<bool> {
    let name = display(command);
    let broken = |error: std::io::Error| format!("cannot run {name}: {error}");
    let (reader, writer) = std::io::pipe().map_err(broken)?;
    command.stdout(writer.try_clone().map_err(broken)?).stderr(writer);
    let mut child = command.spawn().map_err(broken)?;
    // The command holds the pipe's other end: without this, the lines would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).map_err(broken)? > 0 {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
        each(String::from_utf8_lossy(&line).trim());
        line.clear();
    }
    Ok(child.wait().map_err(broken)?.success())
}

/// The first of these programs that is on the PATH.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

pub fn is_root() -> bool {
    ask(Command::new("id").arg("-u")).is_some_and(|uid| uid == "0")
}

fn display(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned()];
    words.extend(command.get_args().take(4).map(|word| word.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}
