//! What a provider sends about themselves.

use super::{FieldError, Form, Reader};
use crate::handle::NotAHandle;
use crate::provider::{Credentials, NewProvider, Password, PasswordChange, ProviderChanges, SHORTEST_PASSWORD};
use crate::{Email, Handle};

impl NewProvider {
    /// Fields: `handle`, `display_name`, `email`, `password`, `time_zone`.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let handle = reader.required("handle", handle);
        let display_name = reader.required("display_name", |r| r.text("display_name", 80));
        let email = reader.required("email", |r| r.email("email"));
        let password = new_password(&mut reader, "password");
        let time_zone = reader.required("time_zone", |r| r.zone("time_zone"));
        reader.finish(|| {
            Some(Self {
                handle: handle?,
                display_name: display_name?,
                email: email?,
                password: password?,
                time_zone: time_zone?,
            })
        })
    }
}

impl Credentials {
    /// Fields: `email`, `password`, and `name` for a token.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let email = reader.required("email", |r| r.word("email", 254)).map(|email| Email::known_by(&email));
        let password = reader.required("password", |r| r.secret("password", 200)).map(Password);
        let name = reader.text("name", 80);
        reader.finish(|| Some(Self { email: email?, password: password?, name }))
    }
}

impl PasswordChange {
    /// Fields: `password`, `new_password`.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new(form);
        let password = reader.required("password", |r| r.secret("password", 200)).map(Password);
        let new_password = new_password(&mut reader, "new_password");
        reader.finish(|| Some(Self { password: password?, new_password: new_password? }))
    }
}

impl ProviderChanges {
    /// Fields, all optional: `handle`, `display_name`, `bio`, `time_zone`. Only `bio` may be emptied.
    pub fn parse(form: Form) -> Result<Self, Vec<FieldError>> {
        let bio_given = form.0.contains_key("bio");
        let mut reader = Reader::new(form);
        let handle = reader.unless_blank("handle", handle);
        let display_name = reader.unless_blank("display_name", |r| r.text("display_name", 80));
        let bio = reader.paragraphs("bio", 1000).or_else(|| bio_given.then(String::new));
        let time_zone = reader.unless_blank("time_zone", |r| r.zone("time_zone"));
        reader.finish(|| Some(Self { handle, display_name, bio, time_zone }))
    }
}

/// How long it is; whether it is easily guessed the server says, which has the lists for that.
fn new_password(reader: &mut Reader, name: &str) -> Option<Password> {
    let password = reader.required(name, |r| r.secret(name, 200))?;
    if password.chars().count() < SHORTEST_PASSWORD {
        reader.fault(name, "too_short", format!("At least {SHORTEST_PASSWORD} characters."));
    }
    Some(Password(password))
}

fn handle(reader: &mut Reader) -> Option<Handle> {
    let (code, message) = match reader.word("handle", 200)?.parse::<Handle>() {
        Ok(handle) if !handle.is_reserved() => return Some(handle),
        Ok(_) => ("reserved", "This name is kept for Eventide itself. Choose another."),
        Err(NotAHandle::Length) => ("invalid", "From 3 to 30 characters."),
        Err(NotAHandle::Letters) => ("invalid", "Only the letters a to z, digits and hyphens."),
    };
    reader.fault("handle", code, message);
    None
}
