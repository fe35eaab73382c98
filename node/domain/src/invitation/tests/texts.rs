//! Tests of the text that people type.

use super::*;

fn text() -> InvitationText {
    InvitationText {
        network: NETWORK,
        division: code(TOWNSHIP),
        parent: code(COUNTY),
        suite: Suite::Ed25519Blake3,
        serial: 1,
        pin: [3; 16],
        secret: [4; 16],
        expires_at: Timestamp(1_780_000_020_000),
        addresses: vec!["gw.longyou.example:7450".to_owned()],
    }
}

#[test]
fn a_text_reads_back_however_it_was_typed() {
    let text = text();
    let written = text.written();
    assert!(
        written.starts_with("WJT1") && written.len() < 170,
        "{written}"
    );
    let typed = [
        written.clone(),
        text.in_groups(),
        written.to_lowercase(),
        format!("\n  {}\r\n", text.in_groups().replace(' ', "\n")),
        text.in_groups().replace(' ', "\u{3000}"),
    ];
    for typed in typed {
        assert_eq!(InvitationText::read(&typed).as_ref(), Ok(&text), "{typed}");
    }
}

#[test]
fn the_text_of_an_invitation_stays_as_it_is() {
    let expected = InvitationText::read(&text().written()).unwrap();
    assert_eq!(expected, text());
    let digest = Suite::P256Sha256.digest(&[text().written().as_bytes()]);
    let hex = data_encoding::HEXLOWER.encode(&digest[..8]);
    assert_eq!(hex, "57d4c18b91c63788");
}

#[test]
fn other_texts_are_told_from_mistyped_ones() {
    for other in [
        "",
        "https://example.org",
        "wjt",
        "WJT2ABC",
        &"W".repeat(3_000),
    ] {
        let read = InvitationText::read(other);
        assert_eq!(read, Err(BadInvitation::NotOne), "{other}");
    }
    let written = text().written();
    let short = InvitationText::read(&written[..written.len() - 1]);
    assert_eq!(short, Err(BadInvitation::Mistyped));
    let long = InvitationText::read(&format!("{written}Q"));
    assert_eq!(long, Err(BadInvitation::Mistyped));
    let said = BadInvitation::Mistyped.to_string();
    assert!(said.contains("mistyped") && said.contains("; compare"));
}

#[test]
fn every_wrong_character_and_every_two_that_changed_places_are_noticed() {
    let written = text().written();
    for at in 4..written.len() {
        let mut wrong = written.clone().into_bytes();
        wrong[at] = match wrong[at] {
            b'Q' => b'P',
            _ => b'Q',
        };
        let wrong = String::from_utf8(wrong).unwrap();
        assert_eq!(
            InvitationText::read(&wrong),
            Err(BadInvitation::Mistyped),
            "{at}"
        );
        let mut swapped = written.clone().into_bytes();
        swapped.swap(at, at - 1);
        let swapped = String::from_utf8(swapped).unwrap();
        if at > 4 && swapped != written {
            assert!(InvitationText::read(&swapped).is_err(), "{at}");
        }
    }
}

#[test]
fn a_text_of_the_older_checksum_is_refused() {
    let hrp = bech32::Hrp::parse("wjt").unwrap();
    let older = bech32::encode_upper::<bech32::Bech32>(hrp, &[1; 80]).unwrap();
    let read = InvitationText::read(&older);
    assert_eq!(read, Err(BadInvitation::Mistyped));
}

#[test]
fn what_no_invitation_says_is_refused_although_its_checksum_holds() {
    let hrp = bech32::Hrp::parse("wjt").unwrap();
    let said = |bytes: &[u8]| {
        let text = bech32::encode_upper::<bech32::Bech32m>(hrp, bytes).unwrap();
        InvitationText::read(&text).unwrap_err()
    };
    let checked = bech32::decode(&text().written().to_lowercase()).unwrap().1;
    for end in 0..checked.len() {
        assert!(matches!(said(&checked[..end]), BadInvitation::Content(_)));
    }
    let with = |at: usize, value: u8| {
        let mut changed = checked.clone();
        changed[at] = value;
        said(&changed)
    };
    assert_eq!(with(0, 2), BadInvitation::Form(2));
    for (at, value) in [
        (1, 9),
        (2, 0),
        (19, 0xff),
        (65, 0),
        (65, 5),
        (66, 0),
        (67, b'/'),
    ] {
        assert!(
            matches!(with(at, value), BadInvitation::Content(_)),
            "{at} {value}"
        );
    }
    let longer = [&checked[..], &[0]].concat();
    assert!(matches!(said(&longer), BadInvitation::Content(_)));
}

#[test]
fn addresses_are_checked_before_an_invitation_names_them() {
    let some = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|one| (*one).to_owned()).collect();
        check_addresses(&all)
    };
    let four = [
        "10.8.25.1:7450",
        "gw.longyou.example:1",
        "[2001:db8::1]:65535",
        "a:9",
    ];
    assert_eq!(some(&four), Ok(()));
    assert_eq!(some(&[]), Err(BadAddresses::None));
    assert_eq!(some(&[four[0]; 5]), Err(BadAddresses::TooMany(5)));
    for bad in [
        "",
        "host",
        ":7450",
        "host:",
        "host:0",
        "host:65536",
        "a b:7",
        "http://h:7",
        "h\u{a0}:7",
    ] {
        assert_eq!(some(&[bad]), Err(BadAddresses::NotOne(bad.to_owned())));
    }
    let long = format!("{}:7450", "h".repeat(MOST_ADDRESS_BYTES));
    assert!(some(&[&long]).is_err());
}

#[test]
fn the_longest_invitation_can_be_written() {
    let longest = InvitationText {
        addresses: vec![format!("{}:65535", "h".repeat(MOST_ADDRESS_BYTES - 6)); MOST_ADDRESSES],
        ..text()
    };
    assert_eq!(InvitationText::read(&longest.in_groups()), Ok(longest));
}

#[test]
fn the_secret_is_not_in_what_a_log_would_show() {
    let shown = format!("{:?}", text());
    assert_eq!(shown, "InvitationText(330825002000 under 330825000000)");
}

proptest! {
    #[test]
    fn every_invitation_reads_back(
        network: [u8; 16],
        pin: [u8; 16],
        secret: [u8; 16],
        serial in 1..=64_u8,
        minutes: u32,
        addresses in proptest::collection::vec("[a-z0-9.-]{1,60}:[1-9][0-9]{0,3}", 1..=MOST_ADDRESSES),
    ) {
        let one = InvitationText {
            network: NetworkId(network),
            pin,
            secret,
            serial,
            expires_at: Timestamp(i64::from(minutes) * 60_000),
            addresses,
            ..text()
        };
        prop_assert_eq!(InvitationText::read(&one.in_groups()), Ok(one));
    }

    #[test]
    fn no_text_makes_the_reader_fail_otherwise_than_by_saying_so(text in "(?s).{0,300}") {
        let _read = InvitationText::read(&text);
        let _read = InvitationText::read(&format!("wjt1{text}"));
    }
}
