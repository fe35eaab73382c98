//! The place of a matter.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

#[cfg(doc)]
use topology::Outline;

use super::Datum;

/// A point on the ground in WGS 84, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Degrees north of the equator times a million: -90,000,000 to 90,000,000.
    pub latitude: i32,
    /// Degrees east of Greenwich times a million: -180,000,000 to 180,000,000.
    pub longitude: i32,
}

/// The error for degrees north and east that are not a point on the ground.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{}, {} is not a place; {}", .0, .1, self.hint())]
pub struct BadPlace(pub f64, pub f64);

impl BadPlace {
    fn hint(&self) -> String {
        match Place::from_degrees(self.1, self.0) {
            Ok(_) => format!(
                "north and east seem to be swapped, write {}, {}",
                self.1, self.0
            ),
            Err(_) => "give degrees north (-90 to 90) and east (-180 to 180)".to_owned(),
        }
    }
}

/// The error for a place outside the division that takes the report. The message contains no
/// coordinates, because refusals may be logged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the place lies {} outside {name} ({code}); {hint}", distance(*metres))]
pub struct Elsewhere {
    /// The division whose outline does not contain the place: the division itself, or the nearest
    /// above it with an outline.
    pub code: DivisionCode,
    /// Short name of that division; empty if the tree does not have it.
    pub name: String,
    /// Distance from the outline in metres.
    pub metres: f64,
    /// The likely mistake.
    pub hint: Whither,
}

/// The likely mistake behind a place outside the division.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Whither {
    /// The place is inside if its two numbers are swapped.
    #[error("north and east seem to be swapped, the other way round it lies there")]
    Swapped,
    /// The place is inside if its numbers are of another coordinate system.
    #[error("it lies there if it is given in {0}, as Chinese maps and phones do: say so")]
    Datum(Datum),
    /// The place is in another division: its code and short name.
    #[error("it is in {1} ({0}): report it there, or say in words where it is")]
    In(DivisionCode, String),
    /// The place is in no division that has an outline.
    #[error("give degrees north and east in WGS 84, or say in words where it is")]
    Nowhere,
}

fn distance(metres: f64) -> String {
    match metres / 1_000.0 {
        near if near < 10.0 => format!("{near:.1} km"),
        far if far < 500.0 => format!("{far:.0} km"),
        _ => "far".to_owned(),
    }
}

impl Place {
    /// Builds a place from degrees in WGS 84.
    ///
    /// # Errors
    /// [`BadPlace`] if a number is out of range or not a number.
    pub fn from_degrees(north: f64, east: f64) -> Result<Self, BadPlace> {
        let fits = (-90.0..=90.0).contains(&north) && (-180.0..=180.0).contains(&east);
        match fits {
            true => Ok(Self {
                latitude: (north * 1e6).round() as i32,
                longitude: (east * 1e6).round() as i32,
            }),
            false => Err(BadPlace(north, east)),
        }
    }

    /// Builds a place from degrees in the coordinate system given.
    ///
    /// # Errors
    /// [`BadPlace`] if a number is out of range or not a number.
    pub fn in_system(datum: Datum, north: f64, east: f64) -> Result<Self, BadPlace> {
        Self::from_degrees(north, east)?;
        let (north, east) = datum.to_wgs84(north, east);
        Self::from_degrees(north, east)
    }

    /// Returns another coordinate system in which these numbers lie inside the division's outline.
    /// `None` if they lie inside as given. This is only a suspicion, because near a border both
    /// readings can be right.
    pub fn may_be_of(self, division: DivisionCode, tree: &Tree) -> Option<Datum> {
        let (_, outline) = tree.outlines().of(division)?;
        let (north, east) = self.degrees();
        if outline.surrounds(north, east) {
            return None;
        }
        [Datum::Gcj02, Datum::Bd09].into_iter().find(|datum| {
            let (north, east) = datum.to_wgs84(north, east);
            outline.surrounds(north, east)
        })
    }

    /// Returns degrees north and east.
    pub fn degrees(self) -> (f64, f64) {
        (
            f64::from(self.latitude) / 1e6,
            f64::from(self.longitude) / 1e6,
        )
    }

    /// Returns whether both numbers are in range.
    pub const fn is_on_earth(self) -> bool {
        self.latitude.unsigned_abs() <= 90_000_000 && self.longitude.unsigned_abs() <= 180_000_000
    }

    /// Checks that the place lies in one of the divisions, or near one. At most
    /// [`Outline::TOLERANCE_M`] outside is allowed. A division without an outline uses that of the
    /// nearest division above it; if no outline is known, every place passes.
    ///
    /// # Errors
    /// [`Elsewhere`], about the first of the divisions.
    pub fn check_within(self, divisions: &[DivisionCode], tree: &Tree) -> Result<(), Elsewhere> {
        let (north, east) = self.degrees();
        let mut first = None;
        for division in divisions {
            let Some((code, outline)) = tree.outlines().of(*division) else {
                return Ok(());
            };
            if outline.holds(north, east) {
                return Ok(());
            }
            first.get_or_insert((code, outline));
        }
        let Some((code, outline)) = first else {
            return Ok(());
        };
        let name = |code| {
            let known = tree.get(code);
            known.map_or_else(String::new, |division| division.short_name().into_owned())
        };
        let datum = self.may_be_of(code, tree);
        let hint = match (tree.outlines().around(north, east), datum) {
            _ if outline.holds(east, north) => Whither::Swapped,
            (_, Some(datum)) => Whither::Datum(datum),
            (Some(code), _) if tree.get(code).is_some() => Whither::In(code, name(code)),
            // The list of divisions may have fewer than the map shows.
            _ => Whither::Nowhere,
        };
        Err(Elsewhere {
            code,
            name: name(code),
            metres: outline.metres_outside(north, east),
            hint,
        })
    }

    /// Returns the distance between two places in metres, accurate to half a percent. The earth is
    /// a sphere of 6,371 km.
    pub fn metres_to(self, other: Self) -> f64 {
        let radians = |millionths: i32| (f64::from(millionths) / 1e6).to_radians();
        let (north, other_north) = (radians(self.latitude), radians(other.latitude));
        let across = radians(other.longitude) - radians(self.longitude);
        let up = other_north - north;
        let half_chord = (up / 2.0).sin().powi(2)
            + north.cos() * other_north.cos() * (across / 2.0).sin().powi(2);
        2.0 * 6_371_000.0 * half_chord.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn at(north: f64, east: f64) -> Place {
        Place::from_degrees(north, east).unwrap()
    }

    #[test]
    fn distances_are_metres() {
        let longyou = Place::from_degrees(29.0285, 119.1722).unwrap();
        let quzhou = Place::from_degrees(28.9358, 118.8743).unwrap();
        let metres = longyou.metres_to(quzhou);
        assert!((30_000.0..32_000.0).contains(&metres), "{metres}");
        assert!(Place::from_degrees(91.0, 0.0).is_err());
        assert!(Place::from_degrees(f64::NAN, 0.0).is_err());
    }

    #[test]
    fn numbers_that_are_no_place_are_refused_and_a_swap_is_seen() {
        let said = |north, east| Place::from_degrees(north, east).unwrap_err().to_string();
        assert!(said(119.17, 29.03).ends_with("swapped, write 29.03, 119.17"));
        assert!(said(200.0, 29.0).contains("give degrees north"));
    }

    #[test]
    fn a_place_in_the_county_or_close_to_its_border_is_taken() {
        let tree = Tree::zhejiang();
        for (division, north, east) in [
            ("330825002222", 29.0285, 119.1722),
            ("330825", 29.0285, 119.1722),
            ("3308", 28.9702, 118.8594),
            ("33", 30.2387, 120.1450),
        ] {
            assert_eq!(
                at(north, east).check_within(&[code(division)], &tree),
                Ok(())
            );
        }
        let (_, outline) = tree.outlines().of(code("330825")).unwrap();
        for (north, east) in outline.positions() {
            let place = at(north + 0.01, east - 0.01);
            assert_eq!(place.check_within(&[code("330825")], &tree), Ok(()));
        }
    }

    #[test]
    fn a_place_outside_is_refused_with_what_may_be_wrong() {
        let tree = Tree::zhejiang();
        let village = code("330825002222");
        let refused = |north, east| {
            let refusal = at(north, east).check_within(&[village], &tree).unwrap_err();
            assert_eq!(refusal.code, code("330825"));
            refusal.to_string()
        };
        assert_eq!(
            refused(30.2387, 120.1450),
            "the place lies 137 km outside 龙游县 (330825000000); it is in 西湖区 (330106000000): \
             report it there, or say in words where it is"
        );
        // 上海, and the middle of the Atlantic.
        assert!(refused(31.2304, 121.4737).ends_with("WGS 84, or say in words where it is"));
        assert!(refused(0.0, 0.0).contains("lies far outside"));
        // A division that is not in the list is never suggested.
        let branch = Tree::load("code,name\n33,浙江省\n3308,衢州市\n330825,龙游县\n").unwrap();
        let branch = branch.with_outlines(topology::Outlines::zhejiang());
        let refusal = at(30.2387, 120.1450).check_within(&[code("330825")], &branch);
        assert_eq!(refusal.unwrap_err().hint, Whither::Nowhere);
    }

    #[test]
    fn a_place_with_its_numbers_swapped_is_seen_where_both_ways_are_on_earth() {
        let list = "code,name\n65,新疆维吾尔自治区\n6501,乌鲁木齐市\n";
        let tree = Tree::load(list).unwrap();
        let map = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
            "properties":{"code":"6501"},"geometry":{"type":"Polygon","coordinates":
            [[[86.5,42.8],[89.0,42.8],[89.0,44.2],[86.5,44.2],[86.5,42.8]]]}}]}"#;
        let outlines = topology::Outlines::load(map, &tree).unwrap();
        let tree = tree.with_outlines(outlines);
        let urumqi = [code("6501")];
        assert_eq!(at(43.8, 87.6).check_within(&urumqi, &tree), Ok(()));
        let refusal = at(87.6, 43.8).check_within(&urumqi, &tree).unwrap_err();
        assert_eq!(refusal.hint, Whither::Swapped);
        assert_eq!(
            at(1.0, 1.0).check_within(&[code("65")], &tree),
            Ok(()),
            "no outline"
        );
    }

    #[test]
    fn a_place_that_fits_in_the_system_of_chinese_maps_is_told_so() {
        let tree = Tree::zhejiang();
        let county = code("330825");
        let (_, outline) = tree.outlines().of(county).unwrap();
        let (mut tolerated, mut refused) = (0, 0);
        for (north, east) in outline.positions() {
            for step in 0..60 {
                let place = at(north, east + 0.0005 * f64::from(step));
                let Some(datum) = place.may_be_of(county, &tree) else {
                    continue;
                };
                let (north, east) = place.degrees();
                let (north, east) = datum.to_wgs84(north, east);
                assert!(outline.surrounds(north, east));
                match place.check_within(&[county], &tree) {
                    Ok(()) => tolerated += 1,
                    Err(refusal) => {
                        assert_eq!(refusal.hint, Whither::Datum(datum));
                        refused += 1;
                    }
                }
            }
        }
        assert!(tolerated > 0, "{tolerated} {refused}");
        let inside = at(29.0285, 119.1722);
        assert_eq!(inside.may_be_of(county, &tree), None);
        let moved = Place::in_system(Datum::Gcj02, 29.0285, 119.1722).unwrap();
        assert!((300.0..700.0).contains(&moved.metres_to(inside)));
        assert!(Place::in_system(Datum::Bd09, 91.0, 0.0).is_err());
    }

    #[test]
    fn of_several_divisions_one_is_enough() {
        let tree = Tree::zhejiang();
        let both = [code("330825"), code("330106")];
        assert_eq!(at(30.2387, 120.1450).check_within(&both, &tree), Ok(()));
        let refusal = at(28.0, 120.6).check_within(&both, &tree).unwrap_err();
        assert_eq!(refusal.name, "龙游县");
    }
}
