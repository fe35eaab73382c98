//! The area of a division.

/// Metres in a degree of latitude, on a sphere of 6,371 km.
const DEGREE_M: f64 = 6_371_000.0 * std::f64::consts::PI / 180.0;

/// A position in millionths of a degree, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corner {
    pub(crate) north: i32,
    pub(crate) east: i32,
}

/// The area of a division: separate polygons, such as a mainland and its islands, each with the
/// holes that belong to other divisions. A corner takes eight bytes.
///
/// Lines are straight in degrees, as GeoJSON has it (RFC 7946, 3.1.1). An outline does not cross
/// the meridian of 180 degrees, and contains no pole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    corners: Box<[Corner]>,
    /// The end of each ring in `corners`.
    ring_ends: Box<[u32]>,
    /// The end of each polygon in `ring_ends`; its first ring is its border, the others are holes.
    polygon_ends: Box<[u32]>,
}

impl Outline {
    /// Metres that a place may lie outside an outline and still count as inside. The lines of the
    /// sketch map are simplified by some hundred metres, and a position taken from a map in the
    /// national coordinate system (GCJ-02) instead of WGS 84 is off by some hundred more.
    pub const TOLERANCE_M: f64 = 2_000.0;

    /// Builds an outline of polygons, each of closed rings of at least four corners.
    pub(crate) fn of(polygons: &[Vec<Vec<Corner>>]) -> Self {
        let narrow = |length: usize| u32::try_from(length).expect("a file of 32 MiB has fewer");
        let (mut corners, mut ring_ends, mut polygon_ends) = (vec![], vec![], vec![]);
        for polygon in polygons {
            for ring in polygon {
                corners.extend_from_slice(ring);
                ring_ends.push(narrow(corners.len()));
            }
            polygon_ends.push(narrow(ring_ends.len()));
        }
        Self {
            corners: corners.into(),
            ring_ends: ring_ends.into(),
            polygon_ends: polygon_ends.into(),
        }
    }

    /// Returns whether a position in degrees lies inside, or at most
    /// [`TOLERANCE_M`](Self::TOLERANCE_M) outside.
    pub fn holds(&self, north: f64, east: f64) -> bool {
        self.metres_outside(north, east) <= Self::TOLERANCE_M
    }

    /// Returns how many metres outside a position in degrees lies; 0 inside and on the line, NaN if
    /// a number is not finite. The distance is measured on the plane that touches the earth there,
    /// so it is accurate to one percent up to about 100 km, and less beyond.
    pub fn metres_outside(&self, north: f64, east: f64) -> f64 {
        if !(north.is_finite() && east.is_finite()) {
            return f64::NAN;
        }
        if self.surrounds(north, east) {
            return 0.0;
        }
        let squeeze = north.to_radians().cos();
        let flat = |corner: &Corner| {
            let (corner_north, corner_east) = corner.degrees();
            let across = (corner_east - east) * squeeze;
            (across * DEGREE_M, (corner_north - north) * DEGREE_M)
        };
        let lines = self.rings().flat_map(|ring| ring.windows(2));
        lines
            .map(|ends| from_origin(flat(&ends[0]), flat(&ends[1])))
            .fold(f64::INFINITY, f64::min)
    }

    /// Returns whether a position in degrees lies inside.
    pub fn surrounds(&self, north: f64, east: f64) -> bool {
        let mut start = 0;
        self.polygon_ends.iter().any(|&end| {
            let rings = start..end as usize;
            start = end as usize;
            // The position is inside if a line from it to the east crosses the border and the holes
            // an odd number of times.
            rings.fold(false, |odd, ring| {
                odd ^ crosses_oddly(self.ring(ring), north, east)
            })
        })
    }

    /// Returns the number of corners in all rings; the first of each is counted again as its last.
    pub fn corners(&self) -> usize {
        self.corners.len()
    }

    /// Returns the bytes it takes in memory.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.corners)
            + size_of_val(&*self.ring_ends)
            + size_of_val(&*self.polygon_ends)
    }

    /// Returns degrees north and east of every corner.
    pub fn positions(&self) -> impl Iterator<Item = (f64, f64)> {
        self.corners.iter().map(|corner| corner.degrees())
    }

    fn rings(&self) -> impl Iterator<Item = &[Corner]> {
        (0..self.ring_ends.len()).map(|index| self.ring(index))
    }

    fn ring(&self, index: usize) -> &[Corner] {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.ring_ends[before]);
        &self.corners[start as usize..self.ring_ends[index] as usize]
    }
}

impl Corner {
    fn degrees(self) -> (f64, f64) {
        (f64::from(self.north) / 1e6, f64::from(self.east) / 1e6)
    }
}

fn crosses_oddly(ring: &[Corner], north: f64, east: f64) -> bool {
    ring.windows(2).fold(false, |odd, ends| {
        let ((from_north, from_east), (to_north, to_east)) = (ends[0].degrees(), ends[1].degrees());
        // A line that ends at this latitude counts on one side only, so that a corner is crossed
        // once.
        if (from_north > north) == (to_north > north) {
            return odd;
        }
        let along = (north - from_north) / (to_north - from_north);
        odd ^ (from_east + along * (to_east - from_east) > east)
    })
}

/// Returns the distance from the origin to the nearest point of the line between two points.
fn from_origin((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> f64 {
    let (along_x, along_y) = (to_x - x, to_y - y);
    let length = along_x * along_x + along_y * along_y;
    let along = match length > 0.0 {
        true => (-(x * along_x + y * along_y) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (x + along * along_x).hypot(y + along * along_y)
}

#[cfg(test)]
mod tests;
