//! As much of Postgres' protocol as it takes to ask a simple question over a trusted socket.
//!
//! The npm package of Postgres has no psql, and a client library would be a large guest for `create database`.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use crate::Error;

/// Rows of columns in text form; `None` is null.
pub type Rows = Vec<Vec<Option<String>>>;

/// Runs `sql`, which may be several statements (then in one transaction), and returns the rows of all of them.
pub(crate) fn query(socket: &Path, user: &str, database: &str, sql: &str) -> Result<Rows, Error> {
    let stream = UnixStream::connect(socket).map_err(Error::io("connect to", socket))?;
    converse(stream, user, database, sql).map_err(Error::io("talk to Postgres at", socket))?.map_err(Error::Query)
}

fn converse(mut stream: UnixStream, user: &str, database: &str, sql: &str) -> io::Result<Result<Rows, String>> {
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let mut startup = 196_608_u32.to_be_bytes().to_vec(); // protocol 3.0
    for word in ["user", user, "database", database, ""] {
        startup.extend_from_slice(word.as_bytes());
        startup.push(0);
    }
    stream.write_all(&length_of(&startup))?;
    stream.write_all(&startup)?;

    let mut rows = Rows::new();
    let mut failure = None;
    let mut asked = false;
    loop {
        let (kind, body) = read_message(&mut stream)?;
        match kind {
            b'R' if body.get(..4) != Some(&[0; 4]) => return Ok(Err("it wants a password".into())),
            b'E' => {
                let said = error_text(&body);
                // Before the first question an error is the end of the conversation.
                if !asked {
                    return Ok(Err(said));
                }
                failure.get_or_insert(said);
            }
            b'D' => rows.push(columns(&body).ok_or_else(garbled)?),
            b'Z' if !asked => {
                asked = true;
                send(&mut stream, b'Q', sql)?;
            }
            b'Z' => {
                let _ = stream.write_all(&[b'X', 0, 0, 0, 4]); // goodbye
                return Ok(failure.map_or(Ok(rows), Err));
            }
            _ => {}
        }
    }
}

fn send(stream: &mut UnixStream, kind: u8, text: &str) -> io::Result<()> {
    let body = [text.as_bytes(), &[0]].concat();
    stream.write_all(&[kind])?;
    stream.write_all(&length_of(&body))?;
    stream.write_all(&body)
}

/// A message's length counts itself.
fn length_of(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes()
}

fn read_message(stream: &mut UnixStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut body = vec![0; length.checked_sub(4).ok_or_else(garbled)? as usize];
    stream.read_exact(&mut body)?;
    Ok((head[0], body))
}

fn columns(mut body: &[u8]) -> Option<Vec<Option<String>>> {
    let count = u16::from_be_bytes(take(&mut body)?);
    (0..count)
        .map(|_| {
            let length = i32::from_be_bytes(take(&mut body)?);
            let Ok(length) = usize::try_from(length) else { return Some(None) };
            let (value, rest) = body.split_at_checked(length)?;
            body = rest;
            Some(Some(String::from_utf8_lossy(value).into_owned()))
        })
        .collect()
}

fn take<const N: usize>(body: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = body.split_first_chunk()?;
    *body = rest;
    Some(*head)
}

/// The field `M`, the message for people.
fn error_text(body: &[u8]) -> String {
    let message = body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(message.unwrap_or(b"an error without a message")).into_owned()
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an answer that makes no sense")
}
