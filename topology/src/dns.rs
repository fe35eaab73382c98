//! DNS names of divisions: `330825002222` in the zone `zj.example` is
//! `222.002.25.08.33.zj.example`.
//!
//! There is one label for each part of the code, lowest first. A skipped tier keeps its label, of
//! zeros, if a lower part follows: `441900003000` is `003.00.19.44.…`. The number of labels
//! therefore tells the tier.

use crate::{CodeError, DivisionCode};

/// The reason why a DNS name is not the name of a division in a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The name does not end with the zone.
    #[error("`{name}` is not in the zone `{zone}`")]
    Zone {
        /// The name that was read.
        name: String,
        /// The zone it must be in.
        zone: String,
    },
    /// The labels before the zone are not the parts of a code.
    #[error(
        "`{0}` does not spell a division: one to five labels of 3, 3, 2, 2 and 2 digits are expected, \
         lowest part first"
    )]
    Labels(String),
    /// The labels spell a code that names no division.
    #[error("`{0}` does not spell a division: {1}")]
    Code(String, #[source] CodeError),
}

const WIDTHS: [usize; 5] = [2, 2, 2, 3, 3];

/// Returns the DNS name of a division in a zone, in lower case, without a final dot. With an empty
/// zone it is the division's own labels. The name is at most 17 characters longer than the zone.
pub fn name(code: DivisionCode, zone: &str) -> String {
    let digits = code.short();
    let mut rest = digits.as_str();
    let mut labels = Vec::with_capacity(WIDTHS.len() + 1);
    for width in WIDTHS {
        if rest.is_empty() {
            break;
        }
        let (label, lower) = rest.split_at(width);
        labels.push(label);
        rest = lower;
    }
    labels.reverse();
    let zone = without_final_dot(zone).to_ascii_lowercase();
    if !zone.is_empty() {
        labels.push(&zone);
    }
    labels.join(".")
}

/// Returns the division that a DNS name spells; the exact inverse of [`name`]. The zone is compared
/// without regard to case; both may end with a dot.
///
/// # Errors
///
/// [`DnsError`] for anything that [`name`] would not have made: another zone, other labels, or
/// zeros where no part follows. Whether the division exists is not checked here; the tree knows.
pub fn code(name: &str, zone: &str) -> Result<DivisionCode, DnsError> {
    let name = without_final_dot(name);
    let zone = without_final_dot(zone);
    let spelled = labels_before(name, zone).ok_or_else(|| DnsError::Zone {
        name: shown(name),
        zone: zone.to_owned(),
    })?;
    let labels: Vec<&str> = spelled.rsplit('.').collect();
    let well_formed = labels.len() <= WIDTHS.len()
        && labels.iter().zip(WIDTHS).all(|(label, width)| {
            label.len() == width && label.bytes().all(|byte| byte.is_ascii_digit())
        })
        && labels
            .last()
            .is_some_and(|lowest| lowest.bytes().any(|byte| byte != b'0'));
    if !well_formed {
        return Err(DnsError::Labels(shown(name)));
    }
    labels
        .concat()
        .parse()
        .map_err(|error| DnsError::Code(shown(name), error))
}

fn labels_before<'a>(name: &'a str, zone: &str) -> Option<&'a str> {
    if zone.is_empty() {
        return Some(name);
    }
    let (before, end) = name.split_at_checked(name.len().checked_sub(zone.len())?)?;
    if end.eq_ignore_ascii_case(zone) {
        before.strip_suffix('.')
    } else {
        None
    }
}

fn without_final_dot(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

/// Returns a name from outside, cut to the 253 characters that DNS allows.
fn shown(name: &str) -> String {
    name.chars().take(253).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONE: &str = "zj.example";

    fn division(text: &str) -> DivisionCode {
        text.parse().expect("a code")
    }

    #[test]
    fn a_division_is_spelled_lowest_part_first() {
        for (text, spelled) in [
            ("33", "33.zj.example"),
            ("3308", "08.33.zj.example"),
            ("330825", "25.08.33.zj.example"),
            ("330825002", "002.25.08.33.zj.example"),
            ("330825002222", "222.002.25.08.33.zj.example"),
            ("441900003000", "003.00.19.44.zj.example"),
            ("330001000000", "01.00.33.zj.example"),
            ("330000001002", "002.001.00.00.33.zj.example"),
        ] {
            assert_eq!(name(division(text), ZONE), spelled);
            assert_eq!(code(spelled, ZONE), Ok(division(text)));
        }
    }

    #[test]
    fn the_case_of_the_zone_and_a_final_dot_do_not_matter() {
        let county = Ok(division("330825"));
        assert_eq!(code("25.08.33.ZJ.Example.", ZONE), county);
        assert_eq!(code("25.08.33.zj.example", "ZJ.EXAMPLE."), county);
        assert_eq!(
            name(division("330825"), "ZJ.example."),
            "25.08.33.zj.example"
        );
        assert_eq!(code("25.08.33", ""), county);
    }

    #[test]
    fn everything_else_is_refused() {
        let outside = [
            "25.08.33.zj.example.org",
            "25.08.33",
            "",
            "zj.example",
            "33zj.example",
            "村",
        ];
        for text in outside {
            let error = code(text, ZONE).expect_err(text);
            assert!(matches!(error, DnsError::Zone { .. }), "{text}: {error}");
        }
        let misspelled = [
            ".zj.example",
            "..zj.example",
            ".33.zj.example",
            "33..zj.example",
            "*.33.zj.example",
            "8.33.zj.example",
            "008.33.zj.example",
            "00.33.zj.example",
            "000.25.08.33.zj.example",
            "000.002.25.08.33.zj.example",
            "2.002.25.08.33.zj.example",
            "0.222.002.25.08.33.zj.example",
            "001.222.002.25.08.33.zj.example",
            "-8.33.zj.example",
            "+8.33.zj.example",
            " 08.33.zj.example",
            "８.33.zj.example",
            "www.25.08.33.zj.example",
        ];
        for text in misspelled {
            assert_eq!(code(text, ZONE), Err(DnsError::Labels(text.to_owned())));
        }
        for text in ["10.zj.example", "222.000.25.08.33.zj.example"] {
            let error = code(text, ZONE).expect_err(text);
            assert!(matches!(error, DnsError::Code(..)), "{text}: {error}");
        }
        assert!(code("25.08.33.zj.example..", ZONE).is_err());
    }

    proptest! {
        #[test]
        fn every_division_is_read_back_from_its_name(
            parts in (11u64..100, 0u64..100, 0u64..100, 0u64..1_000, 0u64..1_000),
            zone in "[a-z0-9]{1,9}(\\.[a-zA-Z0-9]{1,9}){0,3}",
        ) {
            let number =
                (((parts.0 * 100 + parts.1) * 100 + parts.2) * 1_000 + parts.3) * 1_000 + parts.4;
            if let Some(division) = DivisionCode::from_u64(number) {
                let spelled = name(division, &zone);
                prop_assert!(spelled.len() <= zone.len() + 17);
                prop_assert_eq!(code(&spelled, &zone), Ok(division));
                prop_assert_eq!(code(&spelled.to_ascii_uppercase(), &zone), Ok(division));
            }
        }

        #[test]
        fn what_is_read_is_spelled_the_same(text in "[0-9]{1,3}(\\.[0-9]{2,3}){0,5}") {
            let full = format!("{text}.{ZONE}");
            if let Ok(division) = code(&full, ZONE) {
                prop_assert_eq!(name(division, ZONE), full);
            }
        }
    }
}
