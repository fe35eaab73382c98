//! Estimates how likely two matters are the same, from their text, place and time. A person
//! decides; the estimate only suggests which matters to check first.

use std::collections::BTreeSet;

use super::{matter::Place, time::Timestamp};

/// The properties of a matter that are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traits<'a> {
    /// The text of the report.
    pub text: &'a str,
    /// The place, if known.
    pub place: Option<Place>,
    /// Time of the report.
    pub at: Timestamp,
    /// Whether both matters are in one category; counts only if it is set in both.
    pub same_category: bool,
}

/// Distance in metres from which the place adds nothing to the score.
const FAR: f64 = 500.0;

/// Interval in milliseconds (30 days) from which the time adds nothing to the score.
const LONG: f64 = 30.0 * 24.0 * 3_600_000.0;

/// Scores the likeness of two matters from 0 (nothing in common) to 100. A score of 100 means the
/// same words, place and time. The words make up half of it, place and time a fifth each, and the
/// category a tenth. If a place is unknown, the place counts half.
pub fn likeness(one: Traits<'_>, other: Traits<'_>) -> u8 {
    let words = overlap(&pairs(one.text), &pairs(other.text));
    let near = match (one.place, other.place) {
        (Some(here), Some(there)) => (1.0 - here.metres_to(there) / FAR).max(0.0),
        _ => 0.5,
    };
    let apart = one.at.since(other.at).max(other.at.since(one.at)) as f64;
    let recent = (1.0 - apart / LONG).max(0.0);
    let category = if one.same_category && other.same_category {
        1.0
    } else {
        0.0
    };
    (50.0 * words + 20.0 * near + 20.0 * recent + 10.0 * category).round() as u8
}

/// Returns the pairs of neighbouring letters and digits in a text, in lower case. Only the first
/// 2,000 count. In Chinese text such a pair is nearly a word.
fn pairs(text: &str) -> BTreeSet<(char, char)> {
    let letters: Vec<char> = text
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(2_000)
        .collect();
    letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Returns Dice's coefficient: twice the size of the intersection over the sum of both sizes; 0 if
/// both are empty.
fn overlap(one: &BTreeSet<(char, char)>, other: &BTreeSet<(char, char)>) -> f64 {
    let all = one.len() + other.len();
    if all == 0 {
        return 0.0;
    }
    2.0 * one.intersection(other).count() as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn traits(text: &str) -> Traits<'_> {
        Traits {
            text,
            place: None,
            at: Timestamp(1_780_000_000_000),
            same_category: true,
        }
    }

    #[test]
    fn the_same_words_are_more_alike_than_others_about_the_same_thing() {
        let same = likeness(traits("村口的路灯坏了"), traits("村口的路灯坏了！"));
        let like = likeness(traits("村口的路灯坏了"), traits("张王村村口路灯不亮了"));
        let unlike = likeness(traits("村口的路灯坏了"), traits("河边有人倒垃圾"));
        assert!(same > like && like > unlike, "{same} {like} {unlike}");
        assert_eq!(same, 90, "the place is not known");
    }

    #[test]
    fn a_place_beyond_half_a_kilometre_and_a_month_later_count_for_nothing() {
        let at = |north| Some(Place::from_degrees(north, 119.17).unwrap());
        let here = Traits {
            place: at(29.03),
            ..traits("路灯")
        };
        let score = |place, days: i64| {
            let at = Timestamp(here.at.0 + days * 24 * 3_600_000);
            likeness(here, Traits { place, at, ..here })
        };
        assert_eq!(score(here.place, 0), 100);
        assert_eq!(score(at(29.04), 0), 80);
        assert_eq!(score(at(29.04), 31), 60);
    }

    proptest! {
        #[test]
        fn likeness_does_not_depend_on_the_order(one in ".{0,60}", other in ".{0,60}", later in 0i64..5_000_000_000) {
            let other = Traits { at: Timestamp(1_780_000_000_000 + later), ..traits(&other) };
            prop_assert_eq!(likeness(traits(&one), other), likeness(other, traits(&one)));
            prop_assert!(likeness(traits(&one), other) <= 100);
        }
    }
}
