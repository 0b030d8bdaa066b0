//! Forms: every fault at once, named by field, and the same for people and programs.

use domain::form::parse_reason;
use domain::provider::{Credentials, NewProvider, ProviderChanges};
use domain::recurrence::RecurrenceEnd;
use domain::{Approval, Effect, FieldError, Form, NewAvailability, NewBooking, NewOffering, Pattern, TimeZone};
use serde_json::{Value, json};

/// The faults as `field code`, in the order of field names.
fn faults<T>(result: Result<T, Vec<FieldError>>) -> Vec<String> {
    let errors = result.err().expect("this should not parse");
    assert!(errors.iter().all(|error| error.message.ends_with(['.', '!'])), "a sentence each: {errors:?}");
    let mut faults: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.code)).collect();
    faults.sort();
    faults
}

fn sent(body: Value) -> Form {
    Form::from_json(body).unwrap()
}

fn home() -> TimeZone {
    "UTC".parse().unwrap()
}

fn availability(body: Value) -> Result<NewAvailability, Vec<FieldError>> {
    NewAvailability::parse(sent(body), &home())
}

fn series(change: impl FnOnce(&mut Value)) -> Value {
    let mut pattern = json!({
        "kind": "recurring", "start_time": "09:00", "end_time": "12:00", "starts_on": "2026-11-23",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO,WE",
    });
    change(&mut pattern);
    json!({ "effect": "open", "pattern": pattern })
}

#[test]
fn a_body_that_is_no_object_is_one_fault() {
    for body in [json!([]), json!("x"), json!(null), json!(3)] {
        assert_eq!(faults(Form::from_json(body)), [" wrong_type"]);
    }
}

#[test]
fn an_empty_booking_names_every_missing_field() {
    assert_eq!(
        faults(NewBooking::parse(Form::default())),
        ["duration_minutes required", "guest required", "provider required", "start required"]
    );
}

#[test]
fn all_faults_of_a_booking_come_at_once_and_none_twice() {
    let body = json!({
        "provider": 7, "offering_id": "no", "start": "2026-11-23T09:00:30Z", "duration_minutes": "30",
        "guest": { "name": "  ", "email": "ann", "phone": "call me", "time_zone": "", "age": 3 },
        "hold": true,
    });
    assert_eq!(
        faults(NewBooking::parse(sent(body))),
        [
            "duration_minutes wrong_type",
            "guest.age unknown_field",
            "guest.email invalid",
            "guest.name required",
            "guest.phone invalid",
            "hold unknown_field",
            "offering_id invalid",
            "provider wrong_type",
            "start invalid",
        ]
    );
}

#[test]
fn what_a_person_enters_and_what_a_program_sends_mean_the_same() {
    let entered = Form::entered([
        ("provider", "ann"),
        ("offering_id", ""),
        ("start", "2026-11-23T10:00:00+01:00"),
        ("duration_minutes", " 30 "),
        ("guest.name", " Bea "),
        ("guest.email", " Bea@Example.org "),
        ("guest.phone", ""),
    ]);
    let sent = sent(json!({
        "provider": "ann", "start": "2026-11-23T09:00:00Z", "duration_minutes": 30,
        "guest": { "name": "Bea", "email": "bea@example.org", "phone": null },
    }));
    let booking = NewBooking::parse(entered).unwrap();
    assert_eq!(booking, NewBooking::parse(sent).unwrap());
    assert_eq!(booking.guest.email, "bea@example.org");
}

#[test]
fn a_number_in_a_text_is_wrong_from_a_program_and_right_from_a_person() {
    let body = json!({ "title": "Visit", "durations_minutes": "30, 60" });
    assert_eq!(faults(NewOffering::parse(sent(body))), ["durations_minutes wrong_type"]);
    let entered = Form::entered([("title", "Visit"), ("durations_minutes", "60, 30 30")]);
    assert_eq!(NewOffering::parse(entered).unwrap().durations_minutes, [30, 60]);
}

#[test]
fn an_offering_is_what_a_new_provider_starts_with_where_nothing_else_is_said() {
    let body = json!({ "title": "Erster Termin (neu)", "durations_minutes": [45] });
    let offering = NewOffering::parse(sent(body)).unwrap();
    let first = NewOffering::first();
    assert_eq!(
        offering,
        NewOffering {
            slug: "erster-termin-neu".parse().unwrap(),
            title: "Erster Termin (neu)".into(),
            durations_minutes: vec![45],
            ..first
        }
    );
}

#[test]
fn every_number_of_an_offering_has_its_bounds() {
    let body = json!({
        "title": "x".repeat(81), "durations_minutes": [4], "step_minutes": 0, "buffer_before_minutes": -1,
        "buffer_after_minutes": 1441, "min_notice_minutes": 525_601, "horizon_days": 367, "daily_limit": 0,
        "capacity": 1001, "approval": "maybe", "active": "yes", "slug": "Über",
    });
    assert_eq!(
        faults(NewOffering::parse(sent(body))),
        [
            "active wrong_type",
            "approval invalid",
            "buffer_after_minutes out_of_range",
            "buffer_before_minutes out_of_range",
            "capacity out_of_range",
            "daily_limit out_of_range",
            "durations_minutes out_of_range",
            "horizon_days out_of_range",
            "min_notice_minutes out_of_range",
            "slug invalid",
            "step_minutes out_of_range",
            "title too_long",
        ]
    );
    let good = json!({ "title": "x", "durations_minutes": [5, 1440], "approval": "manual", "daily_limit": 3 });
    let good = NewOffering::parse(sent(good)).unwrap();
    assert_eq!((good.approval, good.daily_limit), (Approval::Manual, Some(3)));
    let too_many = json!({ "title": "x", "durations_minutes": (1..=11).map(|n| n * 5).collect::<Vec<_>>() });
    assert_eq!(faults(NewOffering::parse(sent(too_many))), ["durations_minutes invalid"]);
}

#[test]
fn a_series_takes_the_providers_zone_and_the_weekday_of_its_first_date() {
    let body = series(|pattern| pattern["recurrence"] = json!("FREQ=WEEKLY;COUNT=3"));
    let entry = availability(body).unwrap();
    let Pattern::Recurring(series) = entry.pattern else { panic!("a series was sent") };
    assert_eq!((entry.effect, series.time_zone), (Effect::Open, home()));
    assert_eq!(series.recurrence.weekdays, [chrono::Weekday::Mon]);
    assert_eq!(series.recurrence.end, RecurrenceEnd::Count(3));
}

#[test]
fn all_faults_of_a_series_come_at_once() {
    let body = series(|pattern| {
        pattern["start_time"] = json!("24:00");
        pattern["end_time"] = json!("9:00");
        pattern["starts_on"] = json!("2026-02-30");
        pattern["recurrence"] = json!("FREQ=DAILY");
        pattern["exceptions"] = json!([{ "date": "2026-11-30" }, { "date": "x", "why": 1 }, 5]);
        pattern["until"] = json!("2027-01-01");
    });
    assert_eq!(
        faults(availability(body)),
        [
            "pattern.end_time invalid",
            "pattern.exceptions.1.date invalid",
            "pattern.exceptions.1.why unknown_field",
            "pattern.exceptions.2 wrong_type",
            "pattern.recurrence invalid",
            "pattern.start_time out_of_range",
            "pattern.starts_on invalid",
            "pattern.until unknown_field",
        ]
    );
}

#[test]
fn a_stretch_must_end_after_it_starts_and_within_a_year() {
    let one_off = |start: &str, end: &str| {
        availability(json!({ "effect": "closed", "pattern": { "kind": "one_off", "start": start, "end": end } }))
    };
    assert!(one_off("2026-01-01T00:00:00Z", "2027-01-02T00:00:00Z").is_ok());
    for (end, fault) in [
        ("2026-01-01T00:00:00Z", "pattern.end invalid"),
        ("2025-01-01T00:00:00Z", "pattern.end invalid"),
        ("2027-01-02T00:01:00Z", "pattern.end out_of_range"),
        ("2200-01-01T00:00:00Z", "pattern.end out_of_range"),
        ("2026-01-01", "pattern.end invalid"),
    ] {
        assert_eq!(faults(one_off("2026-01-01T00:00:00Z", end)), [fault], "{end}");
    }
}

#[test]
fn a_pattern_of_no_known_kind_has_that_one_fault() {
    for (pattern, fault) in [
        (json!({ "kind": "daily", "start": 1 }), "pattern.kind invalid"),
        (json!({}), "pattern.kind required"),
        (json!([]), "pattern wrong_type"),
        (json!(null), "pattern required"),
    ] {
        assert_eq!(faults(availability(json!({ "effect": "open", "pattern": pattern }))), [fault]);
    }
}

#[test]
fn left_out_dates_can_be_typed_one_a_line() {
    let entered = Form::entered([
        ("effect", "open"),
        ("pattern.kind", "recurring"),
        ("pattern.start_time", "09:00"),
        ("pattern.end_time", "24:00"),
        ("pattern.starts_on", "2026-11-23"),
        ("pattern.recurrence", "FREQ=WEEKLY"),
        ("pattern.exceptions", "2026-11-30\r\n\r\n2026-12-07, 2026-12-14\r\n"),
    ]);
    let Ok(NewAvailability { pattern: Pattern::Recurring(series), .. }) = NewAvailability::parse(entered, &home())
    else {
        panic!("this is a series")
    };
    let dates: Vec<String> = series.exceptions.iter().map(|exception| exception.date.to_string()).collect();
    assert_eq!(dates, ["2026-11-30", "2026-12-07", "2026-12-14"]);
}

#[test]
fn dates_have_four_two_and_two_digits() {
    for bad in ["2026-1-5", "+2026-01-05", "26-01-05", "2026-01-05T00:00", "1969-12-31", "2200-01-01"] {
        let faults = faults(availability(series(|pattern| pattern["starts_on"] = json!(bad))));
        assert_eq!(faults.len(), 1, "{bad}");
        assert!(faults[0].starts_with("pattern.starts_on"), "{bad}: {faults:?}");
    }
}

#[test]
fn all_faults_of_a_sign_up_come_at_once() {
    let body = json!({ "handle": "api", "display_name": "", "email": "a@b", "password": "short", "time_zone": "a b" });
    assert_eq!(
        faults(NewProvider::parse(sent(body))),
        ["display_name required", "email invalid", "handle reserved", "password too_short", "time_zone invalid",]
    );
}

#[test]
fn a_password_keeps_its_blanks_and_never_shows() {
    let body = json!({
        "handle": "ann", "display_name": "Ann", "email": "ANN@example.org", "password": " 12345678 ",
        "time_zone": "UTC",
    });
    let form = sent(body);
    assert!(!format!("{form:?}").contains("12345678"));
    let provider = NewProvider::parse(form).unwrap();
    assert_eq!(provider.password.0, " 12345678 ");
    assert_eq!(provider.email, "ann@example.org");
    assert!(!format!("{provider:?}").contains("12345678"));
}

#[test]
fn signing_in_says_nothing_of_what_a_password_must_be() {
    let body = json!({ "email": "x", "password": "y" });
    assert!(Credentials::parse(sent(body)).is_ok());
}

#[test]
fn changes_leave_alone_what_they_do_not_name() {
    let changes = ProviderChanges::parse(sent(json!({ "bio": "" }))).unwrap();
    assert_eq!(changes.bio.as_deref(), Some(""), "a bio can be emptied");
    assert_eq!((changes.handle, changes.display_name, changes.time_zone), (None, None, None));
    let changes = ProviderChanges::parse(sent(json!({ "handle": null, "display_name": null }))).unwrap();
    assert_eq!((changes.handle, changes.display_name), (None, None), "null leaves it as it is");
    assert_eq!(
        faults(ProviderChanges::parse(sent(json!({ "handle": "", "display_name": " ", "time_zone": "" })))),
        ["display_name required", "handle required", "time_zone required"],
        "nothing else can"
    );
}

#[test]
fn a_program_cannot_send_a_nested_field_by_a_dotted_name() {
    let guest = json!({ "name": "Grace", "email": "grace@example.com" });
    let mut body =
        json!({ "provider": "ada", "start": "2026-11-23T09:00:00Z", "duration_minutes": 30, "guest": guest });
    assert!(NewBooking::parse(sent(body.clone())).is_ok());
    body["guest.bogus"] = json!(1);
    assert_eq!(faults(NewBooking::parse(sent(body))), ["guest.bogus unknown_field"]);
}

#[test]
fn control_characters_are_refused() {
    assert_eq!(faults(parse_reason(sent(json!({ "reason": "a\u{0}b" })))), ["reason invalid"]);
    assert_eq!(faults(parse_reason(sent(json!({ "reason": "a\u{1b}[1mb" })))), ["reason invalid"]);
    assert_eq!(parse_reason(sent(json!({ "reason": "two\nlines" }))), Ok(Some("two\nlines".into())));
}

#[test]
fn addresses_have_one_at_sign_and_a_dot_behind_it() {
    let guest = |email: &str| domain::Guest::parse(sent(json!({ "name": "x", "email": email })));
    for good in ["a@b.co", "a.b+c@d-e.example", "ü@münchen.example"] {
        assert!(guest(good).is_ok(), "{good}");
    }
    for bad in ["a@b", "@b.co", "a@", "a@@b.co", "a b@c.de", "a@b..co", "a@-b.co", "a@b.co\nbcc: x@y.zz", "<a@b.co>"] {
        assert_eq!(faults(guest(bad)), ["email invalid"], "{bad}");
    }
}

#[test]
fn a_slug_is_left_out_and_not_sent_empty() {
    let of = |slug: Value| Form::from_json(json!({"title": "A", "durations_minutes": [30], "slug": slug})).unwrap();
    for (slug, fault) in [("", "slug required"), (" ", "slug invalid"), (" a", "slug invalid"), ("a\n", "slug invalid")]
    {
        assert_eq!(faults(NewOffering::parse(of(json!(slug)))), [fault], "{slug:?}");
    }
    assert_eq!(NewOffering::parse(of(Value::Null)).unwrap().slug, "a");
    let typed = [("title", "A"), ("durations_minutes", "30"), ("slug", "")];
    assert_eq!(NewOffering::parse(Form::entered(typed)).unwrap().slug, "a");
}

#[test]
fn a_list_of_ten_thousand_lengths_is_one_fault() {
    let long = json!({"title": "A", "durations_minutes": vec![-1; 10_000]});
    assert_eq!(faults(NewOffering::parse(Form::from_json(long).unwrap())), ["durations_minutes invalid"]);
    let typed = [("title", "A".to_owned()), ("durations_minutes", "7 ".repeat(10_000))];
    assert_eq!(faults(NewOffering::parse(Form::entered(typed))), ["durations_minutes invalid"]);
}

#[test]
fn a_form_of_nonsense_is_answered_with_a_bounded_number_of_faults() {
    let nonsense: serde_json::Map<String, Value> = (0..10_000).map(|n| (n.to_string(), json!(n))).collect();
    assert_eq!(faults(NewOffering::parse(Form::from_json(Value::Object(nonsense)).unwrap())).len(), 100);
}

#[test]
fn a_whole_number_may_be_written_as_a_fraction() {
    let of = |minutes: Value| Form::from_json(json!({"title": "A", "durations_minutes": [minutes], "capacity": 2.0}));
    assert_eq!(NewOffering::parse(of(json!(30.0)).unwrap()).unwrap().durations_minutes, [30]);
    assert_eq!(faults(NewOffering::parse(of(json!(30.5)).unwrap())), ["durations_minutes wrong_type"]);
}

#[test]
fn an_id_is_written_in_one_way() {
    let id = "0193570e-8a2b-7c3d-9e4f-5a6b7c8d9e0f";
    for (written, is_one) in [(id.to_owned(), true), (id.replace('-', ""), false), (format!("{{{id}}}"), false)] {
        let mut reader = domain::form::Reader::new(Form::from_json(json!({"id": written})).unwrap());
        assert_eq!(reader.uuid("id").is_some(), is_one, "{written}");
    }
}

#[test]
fn an_offering_kept_before_it_had_a_version_can_be_read() {
    let offering = domain::Offering { offering_id: uuid::Uuid::nil(), version: 3, details: NewOffering::first() };
    let mut kept = serde_json::to_value(&offering).unwrap();
    kept.as_object_mut().unwrap().remove("version");
    let read: domain::Offering = serde_json::from_value(kept).unwrap();
    assert_eq!((read.version, read.details), (1, offering.details));
}
