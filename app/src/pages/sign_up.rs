//! Signing up.

use domain::provider::NewProvider;
use domain::{Handle, Problem};
use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use server_fn::ServerFn;

use crate::components::{Field, Kind, ZoneSelect};
use crate::error::ApiError;
use crate::form_flash::Flash;
use crate::server_functions::sessions::{SignUp as Door, kept_flash};

#[component]
pub fn SignUp() -> impl IntoView {
    let flash = Resource::new(|| (), |()| kept_flash());
    view! {
        <Title text="Sign up"/>
        <section class="sheet">
            <h1>"Open your page"</h1>
            <p class="lead">"Say when you can be booked; guests see it at once."</p>
            <Suspense fallback=|| view! { <div class="sheet-form skeleton"></div> }>
                {move || Suspend::new(async move { view! { <Form flash=flash.await.unwrap_or_default()/> } })}
            </Suspense>
            <p class="aside">"Already have one? " <a href="/sign-in">"Sign in"</a></p>
        </section>
    }
}

const FIELDS: [&str; 5] = ["display_name", "handle", "email", "password", "time_zone"];

#[component]
fn Form(flash: Flash) -> AnyView {
    let error = RwSignal::new(flash.error());
    let zone = RwSignal::new(match flash.get("time_zone") {
        zone if zone.is_empty() => "UTC".to_owned(),
        zone => zone,
    });
    #[cfg(feature = "hydrate")]
    if flash.get("time_zone").is_empty() {
        Effect::new(move |_| {
            if let Some(own) = crate::zone_tables::own_zone() {
                leptos::task::spawn_local(async move {
                    if let Some(own) = crate::zone_tables::todays_name(own).await {
                        zone.try_set(own);
                    }
                });
            }
        });
    }

    let handle = NodeRef::<html::Input>::new();
    let suggested = StoredValue::new(flash.get("handle"));
    let suggest = move |ev: leptos::ev::Event| {
        let Some(handle) = handle.get() else { return };
        // One that was typed by hand stays.
        if handle.value() == suggested.get_value() {
            let name = handle_of(&event_target_value(&ev));
            handle.set_value(&name);
            suggested.set_value(name);
        }
    };
    // The same words as the server's, before anything is sent; the server decides.
    let check = move |ev: leptos::ev::SubmitEvent| {
        let Ok(Door { display_name, handle, email, password, time_zone }) = Door::from_event(&ev) else { return };
        let typed = [display_name, handle, email, password, time_zone];
        if let Err(errors) = NewProvider::parse(domain::Form::entered(FIELDS.into_iter().zip(typed))) {
            ev.prevent_default();
            error.set(Some(ApiError(Problem::Invalid { errors })));
            request_animation_frame(|| super::guest::focus("[aria-invalid=true]"));
        }
    };
    let general = move || {
        let error = error.get()?;
        FIELDS.iter().all(|name| error.field(name).is_none()).then(|| error.summary())
    };
    view! {
        <form class="sheet-form" method="post" action=Door::url() novalidate on:submit=check>
            <div role="alert">{move || general().map(|words| view! { <p class="notice bad">{words}</p> })}</div>
            <div on:input=suggest>
                <Field id="display_name" name="display_name" label="Your name" fault="display_name" error=error
                    kind=Kind::input("text", "name", 80) value=flash.get("display_name")
                    hint="As guests know you, or your practice or studio."/>
            </div>
            <Field id="handle" name="handle" label="Address of your page" fault="handle" error=error node_ref=handle
                kind=Kind::input("text", "off", *Handle::LENGTH.end() as u32) value=flash.get("handle")
                hint="The last part of the link you share: a to z, digits and hyphens."/>
            <Field id="email" name="email" label="E-mail" fault="email" error=error
                kind=Kind::input("email", "username", 254) value=flash.get("email")/>
            <Field id="password" name="password" label="Password" fault="password" error=error
                kind=Kind::input("password", "new-password", 200)
                hint="At least 10 characters. A few words in a row are easy to remember."/>
            <ZoneSelect id="time_zone" name="time_zone" label="Your time zone" chosen=zone
                hint="Your weekly hours are by this clock, summer and winter."/>
            <button class="button primary wide">"Sign up"</button>
        </form>
    }
    .into_any()
}

/// `Dr. Éva Noël` becomes `dr-eva-noel`.
fn handle_of(name: &str) -> String {
    let mut handle = String::new();
    for letter in name.to_lowercase().chars() {
        let plain = match letter {
            'a'..='z' | '0'..='9' => letter,
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'ç' | 'č' | 'ć' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ě' | 'ę' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' | 'ń' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
            'š' | 'ś' => 's',
            'ù' | 'ú' | 'û' | 'ü' | 'ů' => 'u',
            'ý' => 'y',
            'ž' | 'ż' | 'ź' => 'z',
            'ł' => 'l',
            // The accent of a letter that was sent in two.
            '\u{300}'..='\u{36f}' => continue,
            _ => '-',
        };
        if plain != '-' {
            handle.push(plain);
        } else if !handle.is_empty() && !handle.ends_with('-') {
            handle.push('-');
        }
    }
    handle.truncate(*Handle::LENGTH.end());
    handle.trim_end_matches('-').to_owned()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::handle_of;

    #[test]
    fn a_handle_is_made_of_a_name() {
        assert_eq!(handle_of("Dr. Éva  Noël!"), "dr-eva-noel");
        assert_eq!(handle_of("E\u{301}va Noe\u{308}l"), "eva-noel");
        assert_eq!(handle_of("名前"), "");
        assert_eq!(handle_of(&"a".repeat(40)).len(), 30);
    }
}
