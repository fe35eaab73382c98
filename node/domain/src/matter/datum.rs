//! Coordinate systems. By law, maps of China use GCJ-02, and Baidu's use BD-09. Both differ by some
//! hundred metres from WGS 84, which everything else here uses.

topology::vocabulary! {
    /// The system that degrees are given in.
    #[derive(Default, utoipa::ToSchema)]
    #[schema(as = Coordinates)]
    pub enum Datum: "system of coordinates" {
        #[default]
        Wgs84 = 1, "wgs-84", "WGS 84", "satellite receivers, and everything that says nothing else";
        Gcj02 = 2, "gcj-02", "火星坐标", "Chinese maps, and positions given by Chinese phones and apps";
        Bd09 = 3, "bd-09", "百度坐标", "Baidu's maps";
    }
}

impl Datum {
    /// Converts a point from degrees north and east to WGS 84, accurate to some centimetres.
    /// Outside China GCJ-02 is the same as WGS 84, and BD-09 differs only by its own shift.
    pub fn to_wgs84(self, north: f64, east: f64) -> (f64, f64) {
        match self {
            Self::Wgs84 => (north, east),
            Self::Gcj02 => from_gcj02(north, east),
            Self::Bd09 => {
                let (north, east) = from_bd09(north, east);
                from_gcj02(north, east)
            }
        }
    }
}

/// Rectangle around China, in degrees, in which the GCJ-02 shift applies.
const NORTH: std::ops::RangeInclusive<f64> = 0.8293..=55.8271;
const EAST: std::ops::RangeInclusive<f64> = 72.004..=137.8347;

/// Semi-major axis in metres and squared eccentricity of the Krasovsky 1940 ellipsoid.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

/// Converts a point from WGS 84 to GCJ-02 with the publicly known formula.
fn to_gcj02(north: f64, east: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    if !(NORTH.contains(&north) && EAST.contains(&east)) {
        return (north, east);
    }
    let (x, y) = (east - 105.0, north - 35.0);
    let waves = |parts: [(f64, f64); 2]| -> f64 {
        let sum: f64 = parts
            .iter()
            .map(|(height, angle)| height * (angle * PI).sin())
            .sum();
        sum * 2.0 / 3.0
    };
    let both = waves([(20.0, 6.0 * x), (20.0, 2.0 * x)]);
    let root = x.abs().sqrt();
    let up = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + both
        + waves([(20.0, y), (40.0, y / 3.0)])
        + waves([(160.0, y / 12.0), (320.0, y / 30.0)]);
    let across = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + both
        + waves([(20.0, x), (40.0, x / 3.0)])
        + waves([(150.0, x / 12.0), (300.0, x / 30.0)]);
    let radians = north.to_radians();
    let magic = ECCENTRICITY.mul_add(-radians.sin().powi(2), 1.0);
    let meridian = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let parallel = AXIS / magic.sqrt() * radians.cos();
    (
        north + (up / meridian).to_degrees(),
        east + (across / parallel).to_degrees(),
    )
}

/// Finds the point that [`to_gcj02`] moves to this one. The shift hardly changes over its own
/// length, so each round is a hundred times more accurate.
fn from_gcj02(north: f64, east: f64) -> (f64, f64) {
    let mut guess = (north, east);
    for _ in 0..6 {
        let (moved_north, moved_east) = to_gcj02(guess.0, guess.1);
        guess = (guess.0 + north - moved_north, guess.1 + east - moved_east);
    }
    guess
}

fn from_bd09(north: f64, east: f64) -> (f64, f64) {
    const TURN: f64 = std::f64::consts::PI * 3_000.0 / 180.0;
    let (x, y) = (east - 0.0065, north - 0.006);
    let length = 0.000_02_f64.mul_add(-(y * TURN).sin(), x.hypot(y));
    let angle = 0.000_003_f64.mul_add(-(x * TURN).cos(), y.atan2(x));
    (length * angle.sin(), length * angle.cos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matter::Place;

    fn metres((north, east): (f64, f64), (other_north, other_east): (f64, f64)) -> f64 {
        let place = |north, east| Place::from_degrees(north, east).unwrap();
        place(north, east).metres_to(place(other_north, other_east))
    }

    #[test]
    fn a_point_of_a_chinese_map_is_found_in_wgs_84() {
        // The formula moves 天安门 by some 550 m; the published pairs agree to a metre.
        let wgs = (39.907_375, 116.391_349);
        let gcj = to_gcj02(wgs.0, wgs.1);
        assert!(metres(gcj, (39.908_777, 116.397_592)) < 3.0, "{gcj:?}");
        assert!(metres(Datum::Gcj02.to_wgs84(gcj.0, gcj.1), wgs) < 0.2);
        // The same in BD-09.
        let bd = (39.915_119, 116.403_963);
        assert!(metres(Datum::Bd09.to_wgs84(bd.0, bd.1), wgs) < 5.0);
        assert_eq!(Datum::Gcj02.to_wgs84(51.5, -0.12), (51.5, -0.12), "London");
        assert!("gcj02".parse::<Datum>().is_err());
        for datum in Datum::ALL {
            assert_eq!(datum.code().parse(), Ok(datum));
        }
    }

    proptest! {
        #[test]
        fn what_the_formula_moves_is_moved_back(north in 18.0..53.0, east in 74.0..135.0) {
            let (moved_north, moved_east) = to_gcj02(north, east);
            let shift = metres((north, east), (moved_north, moved_east));
            prop_assert!((20.0..1_500.0).contains(&shift), "{}", shift);
            let back = Datum::Gcj02.to_wgs84(moved_north, moved_east);
            prop_assert!(metres(back, (north, east)) < 0.2);
        }
    }
}
