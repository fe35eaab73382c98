use proptest::prelude::*;

use super::*;

const MILLION: f64 = 1e6;

fn ring(positions: &[(f64, f64)]) -> Vec<Corner> {
    let corner = |(north, east): &(f64, f64)| Corner {
        north: (north * MILLION).round() as i32,
        east: (east * MILLION).round() as i32,
    };
    let mut corners: Vec<Corner> = positions.iter().map(corner).collect();
    corners.push(corners[0]);
    corners
}

fn square(north: f64, east: f64, half: f64) -> Vec<Corner> {
    let (south, west) = (north - half, east - half);
    let (north, east) = (north + half, east + half);
    ring(&[(south, west), (south, east), (north, east), (north, west)])
}

/// Builds a border with a hole in the middle, an island in the hole and one to the east.
fn lake() -> Outline {
    let mainland = vec![square(29.0, 119.0, 0.5), square(29.0, 119.0, 0.25)];
    Outline::of(&[
        mainland,
        vec![square(29.0, 119.0, 0.05)],
        vec![square(29.0, 120.0, 0.1)],
    ])
}

#[test]
fn a_hole_is_outside_and_an_island_inside() {
    let outline = lake();
    for (north, east, inside) in [
        (29.3, 119.0, true),
        (29.2, 119.0, false),
        (29.04, 119.0, true),
        (29.0, 120.05, true),
        (29.0, 119.7, false),
        (28.4, 119.0, false),
    ] {
        assert_eq!(outline.surrounds(north, east), inside, "{north}, {east}");
        assert_eq!(outline.metres_outside(north, east) == 0.0, inside);
    }
}

#[test]
fn the_distance_is_to_the_nearest_line_of_border_hole_or_island() {
    let outline = lake();
    let degree = 111_195.0;
    for (north, east, degrees) in [
        // Above the border; in the lake nearer to its shore, and nearer to its island; off the
        // coast.
        (29.6, 119.0, 0.1),
        (29.2, 119.0, 0.05),
        (29.1, 119.0, 0.05),
        (29.0, 119.52, 0.02 * 29f64.to_radians().cos()),
    ] {
        let metres = outline.metres_outside(north, east);
        let expected = degrees * degree;
        assert!((metres - expected).abs() < expected / 100.0, "{metres}");
    }
    assert!(outline.holds(29.51, 119.0));
    assert!(!outline.holds(29.52, 119.0));
    assert!(!outline.holds(f64::NAN, 119.0));
    assert!(!outline.holds(29.0, f64::INFINITY));
}

#[test]
fn a_corner_at_the_same_latitude_is_crossed_once() {
    let diamond = Outline::of(&[vec![ring(&[
        (29.0, 118.0),
        (28.0, 119.0),
        (29.0, 120.0),
        (30.0, 119.0),
    ])]]);
    assert!(diamond.surrounds(29.0, 119.0));
    assert!(!diamond.surrounds(29.0, 117.0));
    assert!(!diamond.surrounds(30.0, 118.0));
}

/// Returns how often the ring goes round a position, by adding up the angles under which its lines
/// are seen.
fn rounds(ring: &[Corner], north: f64, east: f64) -> i32 {
    let turn: f64 = ring
        .windows(2)
        .map(|ends| {
            let (from, to) = (ends[0].degrees(), ends[1].degrees());
            let (x, y) = (from.1 - east, from.0 - north);
            let (to_x, to_y) = (to.1 - east, to.0 - north);
            (x * to_y - y * to_x).atan2(x * to_x + y * to_y)
        })
        .sum();
    (turn / std::f64::consts::TAU).round() as i32
}

/// Returns the distance on the sphere to the nearest of many points that are close together on
/// every line.
fn slow_distance(outline: &Outline, north: f64, east: f64) -> f64 {
    let metres = |to_north: f64, to_east: f64| {
        let (a, b) = (north.to_radians(), to_north.to_radians());
        let half = ((b - a) / 2.0).sin().powi(2)
            + a.cos() * b.cos() * ((to_east - east).to_radians() / 2.0).sin().powi(2);
        2.0 * 6_371_000.0 * half.sqrt().asin()
    };
    let mut least = f64::INFINITY;
    for ends in outline.rings().flat_map(|ring| ring.windows(2)) {
        let (from, to) = (ends[0].degrees(), ends[1].degrees());
        for step in 0..=400 {
            let along = f64::from(step) / 400.0;
            let between = |from: f64, to: f64| from + along * (to - from);
            least = least.min(metres(between(from.0, to.0), between(from.1, to.1)));
        }
    }
    least
}

/// Returns a star round a centre, with a hole of half its size, and an island beside it. No line
/// crosses another.
fn stars() -> impl Strategy<Value = Outline> {
    let radii = prop::collection::vec(0.2..0.6f64, 3..12);
    (radii, 25.0..40.0f64, 100.0..122.0f64).prop_map(|(radii, north, east)| {
        let star = |east: f64, size: f64| {
            let corners = radii.iter().enumerate().map(|(index, radius)| {
                let angle = std::f64::consts::TAU * index as f64 / radii.len() as f64;
                let radius = radius * size;
                (north + radius * angle.sin(), east + radius * angle.cos())
            });
            ring(&corners.collect::<Vec<_>>())
        };
        Outline::of(&[
            vec![star(east, 1.0), star(east, 0.5)],
            vec![star(east + 1.5, 0.8)],
        ])
    })
}

proptest! {
    #[test]
    fn inside_and_distance_are_those_of_the_slow_obvious_way(
        outline in stars(), up in -1.0..1.0f64, across in -1.0..2.5f64,
    ) {
        let (north, east) = outline.corners[0].degrees();
        let (north, east) = (north + up, east + across);
        let distance = slow_distance(&outline, north, east);
        // Skip positions too near to a line to be told apart.
        prop_assume!(distance > 200.0);
        let counts: Vec<i32> = outline.rings().map(|ring| rounds(ring, north, east)).collect();
        let inside = counts[0] != 0 && counts[1] == 0 || counts[2] != 0;
        prop_assert_eq!(outline.surrounds(north, east), inside);
        let metres = outline.metres_outside(north, east);
        if inside {
            prop_assert_eq!(metres, 0.0);
        } else {
            // The tolerance covers the plane, and the gaps between the points.
            prop_assert!((metres - distance).abs() < distance / 50.0 + 300.0, "{metres} {distance}");
        }
        prop_assert_eq!(outline.holds(north, east), inside || metres <= Outline::TOLERANCE_M);
    }
}
