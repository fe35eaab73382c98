//! Passwords that people type, and tokens kept between commands.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use topology::DivisionCode;

use super::Failure;

/// The longest password or token read from standard input, in bytes.
const MOST_BYTES: u64 = 4 * 1024;

/// Reads a password: at a terminal without showing it, twice if it is new; otherwise the next line
/// of standard input. It is never an argument, because every user of the machine can see arguments.
pub(super) async fn password(what: &str, new: bool) -> Result<String, Failure> {
    let what = what.to_owned();
    let typed = tokio::task::spawn_blocking(move || typed(&what, new));
    tokio::select! {
        typed = typed => typed.map_err(|error| Failure::Failed(error.to_string()))?,
        _ = tokio::signal::ctrl_c() => {
            echo(true);
            Err(Failure::Failed("no password was typed, so nothing was changed".to_owned()))
        }
    }
}

fn typed(what: &str, new: bool) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let first = hidden(&format!("{what}: "))?;
    if new && hidden(&format!("{what}, again: "))? != first {
        return Err(Failure::Usage(
            "the two passwords are not the same; type them again".to_owned(),
        ));
    }
    Ok(first)
}

fn hidden(prompt: &str) -> Result<String, Failure> {
    let mut told = io::stderr();
    if !echo(false) {
        let _nobody_reads = write!(told, "(your typing will be visible) ");
    }
    let _nobody_reads = write!(told, "{prompt}").and_then(|()| told.flush());
    let read = line();
    echo(true);
    let _nobody_reads = writeln!(told);
    read
}

/// Shows or hides typed text at the terminal.
fn echo(on: bool) -> bool {
    let mut stty = Command::new("stty");
    stty.arg(if on { "echo" } else { "-echo" })
        .stdin(Stdio::inherit())
        .stderr(Stdio::null());
    stty.status().is_ok_and(|status| status.success())
}

fn line() -> Result<String, Failure> {
    let failed = |error| Failure::File("standard input".into(), error);
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_line(&mut text)
        .map_err(failed)?;
    let password = text.trim_end_matches(['\n', '\r']).to_owned();
    if password.is_empty() {
        return Err(Failure::Usage(
            "no password was given; type it, or write it as one line to standard input".to_owned(),
        ));
    }
    Ok(password)
}

/// Returns the file that keeps the session at a node: one for each node of each data directory, in
/// the state directory of the user.
fn file(socket: &Path, node: DivisionCode) -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let state = variable("XDG_STATE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .ok_or_else(|| {
            Failure::Usage("there is no place to keep the session; set HOME".to_owned())
        })?;
    let place = fs::canonicalize(socket).unwrap_or_else(|_| socket.to_owned());
    let place = blake3::hash(place.as_os_str().as_encoded_bytes()).to_hex();
    Ok(state
        .join("wujitong")
        .join(format!("session-{node}-{}", &place[..16])))
}

/// Keeps the token of a session in a file that only this user can read.
pub(super) fn keep(socket: &Path, node: DivisionCode, token: &str) -> Result<PathBuf, Failure> {
    let path = file(socket, node)?;
    let failed = |error| Failure::File(path.clone(), error);
    if let Some(dir) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed)?;
    }
    // Creates a new file, so that nobody who has an older one open can read it.
    forget(socket, node)?;
    let opened = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    let mut opened = opened.map_err(failed)?;
    opened.write_all(token.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Deletes the token.
pub(super) fn forget(socket: &Path, node: DivisionCode) -> Result<(), Failure> {
    let path = file(socket, node)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::File(path, error)),
        _ => Ok(()),
    }
}

/// Returns the token to use: the one in the environment, the one in the file that the environment names, else the one kept
/// for this node.
///
/// # Errors
/// [`Failure::File`] if that file cannot be read.
pub(super) fn token(socket: &Path, node: DivisionCode) -> Result<Option<String>, Failure> {
    if let Ok(token) = std::env::var("WUJITONG_TOKEN") {
        return Ok(Some(token).filter(|token| !token.is_empty()));
    }
    if let Some(path) = std::env::var_os("WUJITONG_TOKEN_FILE").map(PathBuf::from) {
        let token = fs::read_to_string(&path).map_err(|error| Failure::File(path, error))?;
        return Ok(Some(token.trim().to_owned()).filter(|token| !token.is_empty()));
    }
    Ok(kept(socket, node))
}

fn kept(socket: &Path, node: DivisionCode) -> Option<String> {
    let kept = fs::read_to_string(file(socket, node).ok()?).ok()?;
    Some(kept.trim().to_owned()).filter(|token| !token.is_empty())
}
