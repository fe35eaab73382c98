//! Bytes and digits of proofs on paper. What they prove is tested with real nodes.

use proptest::{collection::vec, prelude::*};

use super::*;

fn division() -> impl Strategy<Value = DivisionCode> {
    prop::sample::select(vec!["33", "3308", "330825", "330825002", "330825002222"])
        .prop_map(|code| code.parse().unwrap())
}

fn subject() -> impl Strategy<Value = Subject> {
    let step = vec(any::<u8>(), 0..120).prop_map(Bytes::from);
    let matter = (
        division(),
        any::<u32>(),
        any::<u64>(),
        1..=2_u32,
        vec(step, 0..8),
    );
    let matter = matter.prop_map(|(origin, epoch, number, suite, steps)| Subject::Matter {
        id: MatterId {
            origin,
            epoch,
            number,
        },
        suite: Suite::from_id(suite).unwrap(),
        steps,
    });
    let disclosure = (any::<[u8; 8]>(), 1..=u32::MAX, any::<Hash>());
    let disclosure = disclosure.prop_map(|(number, edition, document)| Subject::Disclosure {
        number: DisclosureId(number),
        edition,
        document,
    });
    prop_oneof![matter, disclosure]
}

fn signature() -> impl Strategy<Value = [u8; 64]> {
    vec(any::<u8>(), 64).prop_map(|bytes| bytes.try_into().unwrap())
}

fn proof() -> impl Strategy<Value = PrintedProof> {
    let signed = (division(), any::<[u8; 4]>(), any::<u64>(), signature());
    let signed = signed.prop_map(|(by, key, time, signature)| Countersigned {
        by,
        key,
        cosignature: Cosignature { time, signature },
    });
    let entry = (
        any::<[u8; 16]>(),
        any::<[u64; 2]>(),
        vec(any::<Hash>(), 1..30),
    );
    let log = (any::<[u8; 4]>(), signature(), vec(signed, 0..4));
    (division(), subject(), entry, log).prop_map(|(division, subject, entry, log)| {
        let (salt, [index, size], mut path) = entry;
        let root = path.pop().unwrap();
        let (key, signature, countersigned) = log;
        PrintedProof {
            division,
            subject,
            salt,
            index,
            size,
            root,
            path,
            key,
            signature,
            countersigned,
        }
    })
}

proptest! {
    #[test]
    fn digits_are_read_as_they_were_written(proof in proof()) {
        let digits = proof.digits();
        prop_assert!(digits.bytes().all(|one| one.is_ascii_digit()));
        prop_assert_eq!(PrintedProof::read(&digits), Ok(proof.clone()));
        let address = format!(" https://222.002.25.08.33.zj.example/v#{digits}\n");
        prop_assert_eq!(PrintedProof::read(&address), Ok(proof.clone()));
        let groups: Vec<_> = digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        prop_assert_eq!(PrintedProof::read(&groups.join(" ")), Ok(proof));
    }

    /// R-P31: a slip of the finger is told, and no forgery: the check finds it.
    #[test]
    fn one_wrong_digit_is_told(proof in proof(), at: prop::sample::Index, by in 1..10_u8) {
        let mut digits = proof.digits().into_bytes();
        let at = at.index(digits.len());
        digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
        let typed = String::from_utf8(digits).unwrap();
        prop_assert_eq!(PrintedProof::read(&typed), Err(PrintedUnreadable::Mistyped));
    }

    #[test]
    fn an_end_that_was_cut_off_is_told(proof in proof(), at: prop::sample::Index) {
        let digits = proof.digits();
        let cut = &digits[..1 + at.index(digits.len() - 1)];
        prop_assert_eq!(PrintedProof::read(cut), Err(PrintedUnreadable::Mistyped));
    }

    /// Bytes that somebody changed, with a check that holds, are read as what they say or told by their form.
    #[test]
    fn other_bytes_are_read_as_they_are_or_told(
        proof in proof(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = proof.to_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        match PrintedProof::read(&digits::write(&bytes)) {
            Ok(read) => prop_assert_eq!(read.to_bytes(), bytes),
            Err(told) => prop_assert_eq!(told, PrintedUnreadable::Form),
        }
    }

    #[test]
    fn any_text_is_read_or_told(text in ".{0,200}") {
        drop(PrintedProof::read(&text));
    }
}

#[test]
fn what_is_no_row_of_digits_is_told() {
    for text in [
        "",
        "  ",
        "https://a.example/v#",
        "12a4",
        "{\"format\":4}",
        "１２３",
    ] {
        assert_eq!(
            PrintedProof::read(text),
            Err(PrintedUnreadable::Digits),
            "{text}"
        );
    }
    let long = "1".repeat(8_001);
    assert_eq!(PrintedProof::read(&long), Err(PrintedUnreadable::TooLong));
    // Of a later form, with a check that holds.
    let later = digits::write(&[2; 300]);
    assert_eq!(PrintedProof::read(&later), Err(PrintedUnreadable::Form));
}

/// The bytes are fixed: what is on paper stays readable.
#[test]
fn the_digits_of_a_known_proof() {
    let proof = PrintedProof {
        division: "330825002222".parse().unwrap(),
        subject: Subject::Disclosure {
            number: DisclosureId([1; 8]),
            edition: 2,
            document: [3; 32],
        },
        salt: [4; 16],
        index: 5,
        size: 6,
        root: [7; 32],
        path: vec![[8; 32]],
        key: [9; 4],
        signature: [10; 64],
        countersigned: vec![],
    };
    let bytes = proof.to_bytes();
    assert_eq!(bytes.len(), 1 + 8 + 1 + 44 + 16 + 16 + 32 + 33 + 4 + 64 + 1);
    let digits = proof.digits();
    assert_eq!(digits.len(), (bytes.len() + 4) / 8 * 20);
    assert_eq!(&digits[..40], KNOWN_DIGITS);
}

/// The first sixteen bytes, computed by hand: the form, the division, the subject and six bytes of the number.
const KNOWN_DIGITS: &str = "0007205759533021310017150271434803708161";
