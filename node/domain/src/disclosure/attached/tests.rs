use super::{super::tests::*, *};
use crate::{
    attachment::{ContentKey, Media, Sealed},
    personal::Personal,
};

fn file(media: Media) -> Attachment {
    Attachment {
        suite: Suite::P256Sha256,
        media,
        pixels: None,
        whole: Sealed {
            digest: [7; 32],
            bytes: 9,
        },
        thumb: None,
        key: ContentKey([1; 32]),
        held_by: "330825002222".parse().unwrap(),
    }
}

fn new(name: &str, media: Media, personal: u32) -> NewAttached {
    NewAttached {
        name: name.to_owned(),
        file: file(media),
        sha256: digest_of(name.as_bytes()),
        personal,
    }
}

#[test]
fn files_are_added_to_drafts_alone_and_their_numbers_are_never_given_again() {
    let mut one = begun(right());
    let by = || (who(4), NOW);
    assert_eq!(
        one.attach(new(" 合同\u{200b} ", Media::Pdf, 0), by()),
        Ok(1)
    );
    assert_eq!(&*one.work.as_ref().unwrap().attached[0].name, "合同");
    for (name, refused) in [
        ("", BadDisclosure::FileName),
        ("合同", BadDisclosure::FileName),
        (&*"长".repeat(61), BadDisclosure::FileName),
        ("13857012345", BadDisclosure::Told(Personal::Mobile)),
    ] {
        assert_eq!(one.attach(new(name, Media::Pdf, 0), by()), Err(refused));
    }
    one.detach(1, by()).unwrap();
    assert_eq!(one.detach(1, by()), Err(BadDisclosure::NoFile(1)));
    assert_eq!(one.attach(new("合同", Media::Pdf, 0), by()), Ok(2));
    for n in 1..MOST_ATTACHED {
        one.attach(new(&format!("{n}"), Media::Text, 0), by())
            .unwrap();
    }
    let many = one.attach(new("多", Media::Text, 0), by());
    assert_eq!(many, Err(BadDisclosure::ManyFiles));
    let mut worn = one.clone();
    worn.work.as_mut().unwrap().attached.clear();
    worn.attached = MOST_EVER;
    let ever = worn.attach(new("多", Media::Text, 0), by());
    assert_eq!(ever, Err(BadDisclosure::ManyFiles));

    one.submit((who(1), NOW)).unwrap();
    let late = one.clone().attach(new("晚", Media::Pdf, 0), by());
    assert!(matches!(late, Err(BadDisclosure::Stage(..))));
    let late = one.clone().detach(2, by());
    assert!(matches!(late, Err(BadDisclosure::Stage(..))));
    assert_eq!(
        one.agree("", (who(4), NOW)),
        Err(BadDisclosure::OwnWork),
        "whoever added a file wrote it"
    );
}

#[test]
fn a_text_with_personal_data_is_not_sent_on_and_what_cannot_be_searched_is_looked_through() {
    let mut one = begun(right());
    one.attach(new("名单", Media::Text, 2), (who(1), NOW))
        .unwrap();
    assert_eq!(one.submit((who(1), NOW)), Err(BadDisclosure::Personal(2)));
    one.write(right(), Some("公告要求列明"), (who(1), NOW))
        .unwrap();
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (who(2), NOW)).unwrap();
    one.review(("", false), (who(3), NOW)).unwrap();

    let mut one = begun(right());
    one.attach(new("现场", Media::Jpeg, 0), (who(1), NOW))
        .unwrap();
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (who(2), NOW)).unwrap();
    let unlooked = one.clone().review(("", false), (who(3), NOW));
    assert_eq!(unlooked, Err(BadDisclosure::Unlooked));
    one.review(("", true), (who(3), NOW)).unwrap();
    let published = one.publish((who(1), NOW)).unwrap();
    assert_eq!(published.attached.len(), 1);
}

#[test]
fn every_line_of_a_text_that_looks_personal_counts() {
    let text = "户主,电话\n甲,13857012345\n乙,无\n丙,330825199001011237\n";
    assert_eq!(personal_lines(text), 2);
    assert_eq!(personal_lines(""), 0);
}
