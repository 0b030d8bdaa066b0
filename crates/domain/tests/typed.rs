//! What people type: phones, addresses, names and slugs, as phones, office programs and other keyboards send them.

use domain::form::Reader;
use domain::{Email, Form, Guest, Handle, Moment, NewOffering, Slug, id, moment, text};
use proptest::prelude::*;
use serde_json::{Value, json};

fn sent(body: Value) -> Form {
    Form::from_json(body).unwrap()
}

fn guest(field: &str, value: &str) -> Result<Guest, Vec<String>> {
    let mut body = json!({ "name": "Grace", "email": "grace@example.com" });
    body[field] = json!(value);
    Guest::parse(sent(body)).map_err(|faults| faults.iter().map(|f| format!("{} {}", f.field, f.code)).collect())
}

#[test]
fn a_phone_number_is_taken_as_phones_paste_it() {
    for (typed, kept) in [
        ("\u{202d}+1 (555) 010-0100\u{202c}", "+1 (555) 010-0100"),
        ("\u{200e}79022222222", "79022222222"),
        ("+1\u{fe0d}-555-123-4567", "+1-555-123-4567"),
        ("\u{feff}+44\u{a0}20\u{202f}7946\u{2009}0958\u{200b}", "+44 20 7946 0958"),
        ("+49\u{2011}30\u{2013}901820", "+49\u{2011}30\u{2013}901820"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "٠٥٠ ١٢٣ ٤٥٦٧"),
        ("０３－１２３４－５６７８", "０３－１２３４－５６７８"),
        ("555 0100 ext. 12", "555 0100 ext. 12"),
        ("555 0100 доб. 12", "555 0100 доб. 12"),
        ("1-800-FLOWERS", "1-800-FLOWERS"),
        ("*67,555;0100#", "*67,555;0100#"),
        ("tel:+1-555-0100", "tel:+1-555-0100"),
        ("555\t0100\r\n", "555 0100"),
        ("112", "112"),
    ] {
        assert_eq!(guest("phone", typed).unwrap().phone.as_deref(), Some(kept), "{typed:?}");
    }
    for nothing in ["", " ", "\u{202d}\u{202c}", "\u{a0}\u{200b}\t"] {
        assert_eq!(guest("phone", nothing).unwrap().phone, None, "{nothing:?}");
    }
}

#[test]
fn a_phone_number_has_a_digit_and_forty_characters_that_can_be_seen() {
    assert_eq!(guest("phone", "call me"), Err(vec!["phone invalid".into()]));
    assert_eq!(guest("phone", "555\u{0}0100"), Err(vec!["phone invalid".into()]));
    assert_eq!(guest("phone", &"1".repeat(41)), Err(vec!["phone too_long".into()]));
    let padded = format!("\u{202d}{}\u{202c}  ", "1".repeat(40));
    assert_eq!(guest("phone", &padded).unwrap().phone, Some("1".repeat(40)));
}

/// Hosts need tables of all scripts, which the browser does not have.
#[cfg(feature = "normal-forms")]
mod hosts {
    use super::*;

    fn email(text: &str) -> Option<Email> {
        text.parse().ok()
    }

    #[test]
    fn hosts_may_be_of_any_script() {
        for (typed, kept) in [
            ("राम@मोहन.ईन्फो", "राम@मोहन.ईन्फो"),
            ("अजय@डाटा.भारत", "अजय@डाटा.भारत"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("квіточка@пошта.укр", "квіточка@пошта.укр"),
            ("θσερ@εχαμπλε.ψομ", "θσερ@εχαμπλε.ψομ"),
            ("Dörte@Sörensen.example.com", "dörte@sörensen.example.com"),
            ("ali@نامه\u{200c}ای.ir", "ali@نامه\u{200c}ای.ir"),
            ("ana@straße.example", "ana@straße.example"),
            ("philip@👍👍.ws", "philip@👍👍.ws"),
            ("ada@r3---sn.example", "ada@r3---sn.example"),
            ("ada＠例え。ｊｐ", "ada@例え.jp"),
        ] {
            assert_eq!(email(typed).as_deref(), Some(kept), "{typed}");
        }
    }

    #[test]
    fn one_host_is_one_address_however_it_is_spelled() {
        for spellings in [
            &[
                "ada@münchen.example",
                "ada@mu\u{308}nchen.example",
                "ada@MÜNCHEN.example",
                "ada@xn--mnchen-3ya.example",
                "ADA@XN--MNCHEN-3YA.EXAMPLE",
            ][..],
            &["ram@मोहन.ईन्फो", "ram@xn--l2bl7a9d.xn--o1b8dj2ki"],
            &["ju\u{308}rgen@example.com", "j\u{fc}rgen@example.com"],
            &["ada@example.com", "Ada@EXAMPLE.com", "ada@ｅｘａｍｐｌｅ.com"],
        ] {
            let first = email(spellings[0]).unwrap();
            for spelling in spellings {
                assert_eq!(email(spelling).as_ref(), Some(&first), "{spelling}");
            }
        }
        assert_ne!(email("ada@straße.example"), email("ada@strasse.example"));
    }

    #[test]
    fn what_no_mail_can_go_to_is_refused() {
        let long = "x".repeat(64);
        for bad in [
            &format!("ada@{long}.example"),
            &format!("ada@{}.example", "ü".repeat(60)),
            "ada@xn--zzzzzzzzz.example",
            "ada@xn--.example",
            "ada@exa mple.com",
            "ada@example.com.",
            "ada@.example",
            "ada@example",
            "ada@ex\u{200b}ample",
            "ada@exa\u{200d}mple.com",
            "ad\u{200b}a@example.com",
            "\u{202e}ada@example.com",
            "ada@\u{301}x.example",
            "ada@ex_ample.com",
            "ada@@example.com",
            "ada＠@example.com",
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
            assert_eq!(guest("email", bad), Err(vec!["email invalid".into()]), "{bad:?}");
        }
    }

    #[test]
    fn what_was_pasted_around_an_address_goes_where_a_person_typed_it() {
        let typed = Form::entered([("name", "Grace"), ("email", "\u{200b} \u{a0}grace@example.com\u{202c}\u{feff}\n")]);
        assert_eq!(Guest::parse(typed).unwrap().email, "grace@example.com");
    }

    #[test]
    fn rows_from_before_are_found_by_both_spellings() {
        let email = email("ada@münchen.example").unwrap();
        assert_eq!(email.spellings(), ["ada@münchen.example", "ada@xn--mnchen-3ya.example"]);
        assert_eq!(Email::known_by("ada@example.com").spellings(), ["ada@example.com"]);
        let accented = Email::known_by("jose\u{301}@example.com").spellings();
        assert_eq!(
            accented,
            ["jos\u{e9}@example.com", "jose\u{301}@example.com"],
            "composed, and as it was kept before"
        );
        assert_eq!(Email::known_by(" No Address ").spellings(), ["no address"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn an_address_reads_as_it_is_written(typed in "[a-zà-ÿA-Z0-9.+-]{1,12}@([a-zà-ÿA-Z0-9一-三а-я-]{1,9}[.。]){1,3}[a-zа-я]{2,5}") {
            if let Some(email) = email(&typed) {
                prop_assert_eq!(email.to_string().parse(), Ok(email.clone()));
                prop_assert_eq!(Email::known_by(&typed), email.clone());
                for spelling in email.spellings() {
                    prop_assert_eq!(spelling.parse(), Ok(email.clone()), "{}", spelling);
                }
                prop_assert_eq!(typed.to_uppercase().parse::<Email>().map(|email| email.to_lowercase()).ok().is_some(), true);
            }
        }

        #[test]
        fn no_text_makes_the_reader_of_addresses_panic(typed in "\\PC{0,20}@\\PC{0,20}|.{0,40}") {
            if let Some(email) = email(&typed) {
                prop_assert!(!email.chars().any(|c| c.is_whitespace() || c.is_control()));
                prop_assert_eq!(email.to_string().parse(), Ok(email));
            }
        }
    }
}

#[test]
fn a_name_that_cannot_be_seen_is_missing() {
    for nothing in [
        "\u{200b}\u{200b}",
        "\u{200d}",
        "\u{3164}",
        "\u{2800}",
        "\u{115f}\u{1160}",
        "\u{ffa0}",
        "\u{feff}",
        "\u{ad}",
        "\u{202a}\u{202c}",
        "\u{2066}\u{2069}",
        "\u{e0041}",
        "\u{fe0f}",
        "\u{34f}",
        "\u{180e}",
        "\u{2028}\u{2029}",
        "\u{3000}\u{a0}",
    ] {
        assert_eq!(guest("name", nothing), Err(vec!["name required".into()]), "{nothing:?}");
        let offering = json!({ "title": nothing, "durations_minutes": [30] });
        assert!(NewOffering::parse(sent(offering)).is_err(), "{nothing:?}");
        assert_eq!(guest("notes", nothing).unwrap().notes, None, "{nothing:?}");
    }
    // What turns a line around or joins letters is a part of many names, and stays as it was typed.
    for name in [
        "\u{202e}live",
        "علی\u{200c}رضا",
        "👩\u{200d}🔬 Ada",
        "❤\u{fe0f}",
        "ㅤAda",
        "Zoe\u{308}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}",
    ] {
        assert_eq!(guest("name", name).unwrap().name, name, "{name:?}");
    }
}

#[test]
fn lengths_are_counted_after_trimming_and_a_line_break_is_one() {
    let name = "é".repeat(120);
    assert_eq!(
        guest("name", &format!("  {name}\u{a0}\t ")),
        Err(vec!["name invalid".into()]),
        "a tab is no blank of a line"
    );
    assert_eq!(guest("name", &format!("  {name}\u{a0} ")).unwrap().name, name);
    assert_eq!(guest("name", &format!("{name}x")), Err(vec!["name too_long".into()]));
    // A browser counts 2,000 in a text area, and sends a thousand more.
    let notes = format!("{}xx", "x\r\n".repeat(999));
    assert!(guest("notes", &format!("\r\n\r\n{notes}\r\n")).is_ok());
    assert_eq!(guest("notes", &format!("{notes}y")), Err(vec!["notes too_long".into()]));
    assert_eq!(text::length("a\r\nb\rc\nd"), 7);
}

#[test]
fn a_handle_in_an_address_may_have_capitals_and_a_new_one_not() {
    assert_eq!(Handle::in_address("Ada").as_deref(), Some("ada"));
    for bad in ["ad", "a b", "ädä", "ada/", "", "\u{212a}ate", &"a".repeat(31)] {
        assert_eq!(Handle::in_address(bad), None, "{bad}");
    }
    for bad in ["Ada", "ad", "a_b"] {
        assert!(bad.parse::<Handle>().is_err(), "{bad}");
        assert!(serde_json::from_value::<Handle>(json!(bad)).is_err(), "{bad}");
    }
    let ada: Handle = "ada".parse().unwrap();
    assert_eq!((ada.is_reserved(), "sign-in".parse::<Handle>().unwrap().is_reserved()), (false, true));
}

#[test]
fn a_slug_of_a_title_is_numbered_where_others_have_it() {
    let beside = |title: &str, taken: &[&str]| Slug::of_title(title).beside(taken).to_string();
    assert_eq!(beside("Терапия", &[]), "offering");
    assert_eq!(beside("Терапия", &["offering"]), "offering-2");
    assert_eq!(beside("Терапия", &["offering-2", "offering", "offering-3"]), "offering-4");
    assert_eq!(beside("Первый визит 1", &["1"]), "1-2");
    let long = "a".repeat(60);
    assert_eq!(beside(&long, &[&long]), format!("{}-2", "a".repeat(58)));
    let chosen: Slug = "class".parse().unwrap();
    assert_eq!(chosen.beside(&["class"]), "class", "one that somebody chose is theirs to change");
}

#[test]
fn a_slug_is_not_taken_for_an_id() {
    let hex = "0193570e8a2b7c3d9e4f5a6b7c8d9e0f";
    let uuid = "0193570e-8a2b-7c3d-9e4f-5a6b7c8d9e0f";
    assert_eq!((id::read(hex), id::read(uuid).is_some()), (None, true));
    for other in [&format!("{{{uuid}}}"), &format!("urn:uuid:{uuid}"), ""] {
        assert_eq!(id::read(other), None, "{other}");
    }
    let slug = |slug: &str| NewOffering::parse(sent(json!({"title": "A", "durations_minutes": [30], "slug": slug})));
    assert_eq!(slug(hex).unwrap().slug, hex);
    assert_eq!(slug(uuid).unwrap_err()[0].field, "slug");
    assert_eq!(Slug::of_title(uuid), "offering");
}

#[test]
fn a_date_has_one_way_to_be_written() {
    assert_eq!(moment::date("2026-01-05").map(|date| date.to_string()).as_deref(), Some("2026-01-05"));
    for bad in [
        "2026-1-5",
        "+2026-01-05",
        " 2026-1-5",
        "2026-01- 5",
        "2026- 1-05",
        "26-01-05",
        "2026-01-05Z",
        "20260105",
        "2026-13-01",
        "2026-02-29",
        "２０２６-01-05",
        "2026/01/05",
        "2026-W01-1",
        "-026-01-05",
    ] {
        assert_eq!(moment::date(bad), None, "{bad:?}");
        assert_eq!(Moment::read(bad), None, "{bad:?}");
        let mut reader = Reader::new(sent(json!({ "date": bad })));
        assert_eq!(reader.date("date"), None, "{bad:?}");
    }
    assert!(matches!(Moment::read("2026-01-05T09:00:00+01:00"), Some(Moment::Instant(_))));
    for far in ["1969-12-31", "2200-01-01", "0000-01-01"] {
        assert!(Moment::read(far).is_some_and(|moment| !moment.is_near()), "{far}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn trimming_twice_is_trimming_once(typed in "[ \u{a0}\u{200b}\u{202d}\u{feff}\t\na-cäß०-९]{0,12}") {
        let bare = text::bare(&typed);
        prop_assert_eq!(text::bare(bare), bare);
        prop_assert_eq!(bare.is_empty(), text::is_blank(&typed));
        if let Some(name) = guest("name", &typed).ok().map(|guest| guest.name) {
            prop_assert_eq!(&guest("name", &name).unwrap().name, &name);
        }
        if let Ok(Guest { phone: Some(phone), .. }) = guest("phone", &typed) {
            prop_assert_eq!(guest("phone", &phone).unwrap().phone, Some(phone));
        }
    }

    #[test]
    fn handles_and_slugs_read_as_they_are_written(title in "\\PC{0,80}", others in prop::collection::vec("offering(-[2-9])?", 0..9)) {
        let taken: Vec<&str> = others.iter().map(String::as_str).collect();
        for slug in [Slug::of_title(&title), Slug::of_title(&title).beside(&taken), Slug::of_title("…").beside(&taken)] {
            prop_assert_eq!(slug.to_string().parse(), Ok(slug.clone()));
            prop_assert!(!id::is_id(&slug));
        }
        prop_assert!(!taken.contains(&&*Slug::of_title("…").beside(&taken)));
        if let Ok(handle) = title.parse::<Handle>() {
            prop_assert_eq!(Handle::in_address(&handle), Some(handle));
        }
    }

    #[test]
    fn dates_read_as_they_are_written(days in 0i32..84_000) {
        let date = chrono::NaiveDate::from_epoch_days(days).unwrap();
        prop_assert_eq!(moment::date(&date.to_string()), Some(date));
        prop_assert_eq!(Moment::read(&date.to_string()), Some(Moment::Date(date)));
    }
}
