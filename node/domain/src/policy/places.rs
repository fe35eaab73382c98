//! Places that people of a division know by name: its groups, hamlets and landmarks. A report names one
//! of them, free words, or both.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use topology::DivisionCode;

use super::{
    At, BadPolicy, Policy, PolicyFault, Ruled, Sheet,
    read::{Lines, Read, shown},
};

/// The most `[[places]]` entries of one text.
const MOST_ENTRIES: usize = 2_000;
/// The most places of one division: a list that is longer helps nobody to find one.
pub const MOST_PLACES: usize = 60;

topology::vocabulary! {
    /// Kind of a place that people know by name.
    #[derive(utoipa::ToSchema)]
    pub enum PlaceKind: "kind of a named place" {
        /// 村民小组
        Group = 1, "group", "村民小组", "villagers' group";
        /// 自然村
        Hamlet = 2, "hamlet", "自然村", "hamlet";
        /// 地标
        Landmark = 3, "landmark", "地标", "landmark";
    }
}

/// A place that people know by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Its kind.
    pub kind: PlaceKind,
    /// Its name, 1 to 40 characters.
    pub name: Box<str>,
}

/// One `[[places]]` entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPlaces {
    division: Spanned<String>,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    #[serde(default)]
    hamlets: Vec<Spanned<String>>,
    #[serde(default)]
    landmarks: Vec<Spanned<String>>,
}

/// The places of a text, each with its line, in the order of the text.
pub(super) type Places = BTreeMap<DivisionCode, Vec<At<NamedPlace>>>;

impl Lines<'_> {
    /// Reads the places of a text.
    pub(super) fn places(&self, raw: Vec<Spanned<RawPlaces>>) -> Read<Places> {
        let mut all = Places::new();
        for spanned in raw {
            if all.len() == MOST_ENTRIES {
                return self.fault(&spanned, PolicyFault::TooMany(MOST_ENTRIES));
            }
            let line = self.at(&spanned);
            let raw = spanned.into_inner();
            let text = raw.division.get_ref();
            let Ok(division) = text.parse::<DivisionCode>() else {
                return self.fault(&raw.division, PolicyFault::Origin(shown(text)));
            };
            if all.contains_key(&division) {
                return self.fault(&raw.division, PolicyFault::PlacesTwice(division));
            }
            let kinds = [
                (PlaceKind::Group, raw.groups),
                (PlaceKind::Hamlet, raw.hamlets),
                (PlaceKind::Landmark, raw.landmarks),
            ];
            let places = self.places_of(kinds)?;
            if places.is_empty() {
                let fault = PolicyFault::NoPlaces;
                return Err(BadPolicy { line, fault });
            }
            all.insert(division, places);
        }
        Ok(all)
    }

    fn places_of(
        &self,
        kinds: [(PlaceKind, Vec<Spanned<String>>); 3],
    ) -> Read<Vec<At<NamedPlace>>> {
        let mut places: Vec<At<NamedPlace>> = vec![];
        for (kind, names) in kinds {
            for raw in names {
                let name = self.name(&raw)?;
                if name.trim() != &*name {
                    return self.fault(&raw, PolicyFault::Name);
                }
                if places.iter().any(|known| known.value.name == name) {
                    return self.fault(&raw, PolicyFault::PlaceTwice(name));
                }
                if places.len() == MOST_PLACES {
                    return self.fault(&raw, PolicyFault::TooMany(MOST_PLACES));
                }
                let line = self.at(&raw);
                let value = NamedPlace { kind, name };
                places.push(At { value, line });
            }
        }
        Ok(places)
    }
}

impl Sheet {
    /// Returns the first division with places for which this does not hold, with its line.
    pub(super) fn places_outside(
        &self,
        is_inside: impl Fn(DivisionCode) -> bool,
    ) -> Option<(u32, DivisionCode)> {
        let mut entries = self.places.iter();
        let (division, places) = entries.find(|(division, _)| !is_inside(**division))?;
        Some((places.first().map_or(0, |place| place.line), *division))
    }
}

impl Policy {
    /// Returns the places of a division: those of all texts together, the highest issuer's first, each
    /// name once. Groups come before hamlets and these before landmarks.
    pub fn places(&self, division: DivisionCode) -> Vec<Ruled<NamedPlace>> {
        let mut all: Vec<Ruled<NamedPlace>> = vec![];
        for sheet in &self.sheets {
            for place in sheet.places.get(&division).into_iter().flatten() {
                if all.iter().all(|known| known.value.name != place.value.name) {
                    all.push(sheet.at(place));
                }
            }
        }
        all.sort_by_key(|place| place.value.kind.number());
        all
    }
}
