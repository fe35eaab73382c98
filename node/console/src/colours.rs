//! R-A11: the colours of `assets/console.css` can be told apart (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../assets/console.css");

type Tokens = BTreeMap<String, String>;

/// The tokens of the block that begins with this selector.
fn tokens(selector: &str) -> Tokens {
    let (_, block) = STYLE.split_once(selector).unwrap();
    let block = block.split('}').next().unwrap();
    let pairs = block
        .split([';', '{'])
        .filter_map(|one| one.trim().split_once(':'));
    let named = pairs.filter_map(|(name, value)| Some((name.strip_prefix("--")?, value)));
    named
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Relative luminance of a colour such as `#1B222B`.
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let part = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
        let part = f64::from(part) / 255.0;
        match part <= 0.040_45 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_of_text_and_controls_stands_out_from_every_ground() {
    for selector in [
        ":root{",
        ":root[data-theme=light]{",
        ":root[data-theme=dark]{",
    ] {
        let tokens = tokens(selector);
        let grounds = [
            "ground",
            "rest",
            "info",
            "warn-ground",
            "danger-ground",
            "good-ground",
        ];
        for ground in grounds {
            for text in [
                "text", "second", "link", "hover", "visited", "danger", "warn", "good",
            ] {
                let found = contrast(&tokens[text], &tokens[ground]);
                assert!(found >= 4.5, "{selector} {text} on {ground}: {found:.2}");
            }
            let found = contrast(&tokens["control"], &tokens[ground]);
            assert!(found >= 3.0, "{selector} control on {ground}: {found:.2}");
        }
        for own in ["link", "hover", "danger"] {
            let found = contrast(&tokens["on-link"], &tokens[own]);
            assert!(
                found >= 4.5,
                "{selector} text on a button of {own}: {found:.2}"
            );
        }
        let ring = contrast(&tokens["ring"], &tokens["ring-out"]);
        assert!(ring >= 3.0, "{selector} ring: {ring:.2}");
    }
}

#[test]
fn dark_is_the_same_by_choice_and_by_device() {
    let by_device = tokens("@media (prefers-color-scheme:dark){:root{");
    assert_eq!(by_device, tokens(":root[data-theme=dark]{"));
}
