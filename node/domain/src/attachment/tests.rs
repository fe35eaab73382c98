use super::*;

const DAY_MS: i64 = 86_400_000;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

pub(crate) fn attachment() -> Attachment {
    Attachment {
        suite: Suite::Ed25519Blake3,
        media: Media::Jpeg,
        pixels: Some(Pixels {
            width: 4,
            height: 3,
        }),
        whole: Sealed {
            digest: [1; 32],
            bytes: 70_000,
        },
        thumb: Some(Sealed {
            digest: [2; 32],
            bytes: 900,
        }),
        key: ContentKey([3; 32]),
        held_by: code("330825002222"),
    }
}

#[test]
fn a_type_is_read_back_from_its_name_whatever_the_case() {
    for media in Media::ALL {
        assert_eq!(Media::of_type(&media.code().to_uppercase()), Ok(media));
        let json = serde_json::to_value(media).unwrap();
        assert_eq!(json, media.code());
    }
    let error = Media::of_type("text/html").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "send one of image/jpeg, image/png, image/webp, application/pdf, text/plain"
        )
    );
}

#[test]
fn what_is_too_long_empty_too_many_or_of_another_type_is_named() {
    let limits = Limits {
        bytes: 10,
        count: 2,
        media: vec![Media::Jpeg],
        ..Limits::default()
    };
    assert_eq!(limits.check(Media::Jpeg, 10), Ok(()));
    assert_eq!(
        limits.check(Media::Jpeg, 11),
        Err(NotTaken::TooLong(11, 10))
    );
    assert_eq!(limits.check(Media::Jpeg, 0), Err(NotTaken::Empty));
    assert!(matches!(
        limits.check(Media::Pdf, 1),
        Err(NotTaken::Media(Media::Pdf, _))
    ));
    assert_eq!(limits.check_count(2), Ok(()));
    assert_eq!(limits.check_count(3), Err(NotTaken::TooMany(3, 2)));
}

#[test]
fn each_chunk_adds_its_tag() {
    let sealed = |bytes| Sealed {
        digest: [0; 32],
        bytes,
    };
    assert_eq!(sealed(1).sealed_bytes(), 17);
    assert_eq!(sealed(CHUNK_BYTES).sealed_bytes(), CHUNK_BYTES + 16);
    assert_eq!(sealed(CHUNK_BYTES + 1).sealed_bytes(), CHUNK_BYTES + 33);
    assert_eq!(sealed(u64::MAX).sealed_bytes(), u64::MAX);
}

#[test]
fn the_key_is_in_no_debug_text() {
    assert!(!format!("{:?}", attachment()).contains("3, 3"));
}

#[test]
fn canonical_bytes_differ_wherever_attachments_differ() {
    let one = attachment();
    let mut others = vec![];
    let mut change = |change: fn(&mut Attachment)| {
        let mut other = attachment();
        change(&mut other);
        others.push(other);
    };
    change(|a| a.suite = Suite::P256Sha256);
    change(|a| a.media = Media::Png);
    change(|a| a.pixels = None);
    change(|a| a.whole.bytes += 1);
    change(|a| a.whole.digest[31] = 0);
    change(|a| a.thumb = None);
    change(|a| a.key.0[0] = 0);
    change(|a| a.held_by = code("330825002"));
    for other in others {
        assert_ne!(one.canonical_bytes(), other.canonical_bytes(), "{other:?}");
    }
    assert_eq!(one.canonical_bytes(), attachment().canonical_bytes());
}

#[test]
fn files_of_an_open_matter_are_kept_and_those_of_a_closed_one_until_the_last_day_is_over() {
    let limits = Limits {
        retention_days: 10,
        ..Limits::default()
    };
    assert!(!limits.is_over(None, Timestamp(1_000 * DAY_MS)));
    // The day in Shanghai ends at 16:00 UTC.
    let closed = Some(Timestamp(5));
    let last = Timestamp(10 * DAY_MS + 16 * 3_600_000 - 1);
    assert!(!limits.is_over(closed, last));
    assert!(limits.is_over(closed, Timestamp(last.0 + 1)));
}

#[test]
fn names_are_read_back_from_their_texts_and_from_no_others() {
    let no = |step, index| FileNo { step, index };
    for (text, no) in [("0", no(0, 0)), ("12", no(0, 12)), ("4.0", no(4, 0))] {
        assert_eq!(text.parse(), Ok(no));
        assert_eq!(no.to_string(), text);
    }
    for bad in [
        "", "-1", "+1", "00", "0.1", "1.", ".1", "1.2.3", "65536", "1.65536",
    ] {
        assert!(bad.parse::<FileNo>().is_err(), "{bad}");
    }
    assert!(no(0, 9).to_bytes() < no(1, 0).to_bytes());
    let id = UploadId([0x0a; 16]);
    assert_eq!(id.to_string().parse(), Ok(id));
    for bad in [
        "",
        "0a",
        "+a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        &"0A".repeat(16),
        &"é".repeat(16),
    ] {
        assert!(bad.parse::<UploadId>().is_err(), "{bad}");
    }
}

#[test]
fn what_a_policy_says_of_files_is_taken_over_as_far_as_a_node_can() {
    let shipped = Limits::default().under(&policy::Policy::of([]).limits());
    assert_eq!((shipped.bytes, shipped.count), (20 << 20, 9));
    assert_eq!(shipped.retention_days, 1_095);
    assert!(shipped.media.contains(&Media::Jpeg) && shipped.media.contains(&Media::Pdf));
    let mut stated = policy::Policy::of([]).limits();
    stated.max_bytes.value = 100 << 20;
    stated.max_count.value = 100;
    stated.retention_days.value = 7;
    stated.types.value = vec!["image/png".into(), "video/mp4".into()];
    let limits = Limits::default().under(&stated);
    assert_eq!((limits.bytes, limits.count), (MOST_BYTES, MOST_LISTED));
    assert_eq!((limits.media, limits.retention_days), (vec![Media::Png], 7));
}
