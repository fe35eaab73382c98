//! The faults a file of outlines can have, and their messages.

use std::fmt;

use crate::{CodeError, DivisionCode};

/// Most faults that an error message lists.
const LISTED: usize = 20;

/// The reason why a file of outlines cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutlineErrors {
    /// The file is larger than any map that is needed: more than 32 MiB.
    #[error("the file is larger than 32 MiB; simplify its lines, some metres are enough")]
    TooLarge,
    /// The text is not JSON, or not a collection of features.
    #[error("not readable as GeoJSON: {0}; it is one FeatureCollection (RFC 7946)")]
    Json(String),
    /// The file has no features.
    #[error("the file outlines no division; leave the setting out if there is no map")]
    Empty,
    /// Every bad feature, in the order of the file; never empty.
    #[error("{}", Listed(.0))]
    Features(Vec<FeatureError>),
}

/// The fault of one feature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("feature {feature}: {reason}")]
pub struct FeatureError {
    /// Position of the feature; the first is 1.
    pub feature: usize,
    /// The fault.
    pub reason: FeatureFault,
}

/// The faults a feature can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeatureFault {
    /// The feature does not state its division.
    #[error("it has no property `code`; write the division's code there")]
    NoCode,
    /// The code is not a division code.
    #[error("{0}")]
    Code(CodeError),
    /// The list of divisions does not have this division.
    #[error("the list of divisions has no {0}; remove it, or take the list of the same year")]
    NoDivision(DivisionCode),
    /// An earlier feature has the same code.
    #[error("{0} is outlined twice; join the two in one MultiPolygon")]
    Twice(DivisionCode),
    /// The geometry is a point, a line, or missing.
    #[error("its geometry is {0}; an outline is a Polygon or a MultiPolygon")]
    NoArea(String),
    /// A ring does not end where it began, or has fewer than four positions. Counted from 1 over
    /// the whole feature.
    #[error(
        "ring {0} is not closed or has fewer than four positions; repeat its first position at its end"
    )]
    Ring(usize),
    /// A position is not two numbers, or they are not degrees. Holds the number of the ring, as
    /// [`FeatureFault::Ring`] does.
    #[error(
        "ring {0} has a position that is not a pair of degrees; write degrees east, then north, in WGS 84, \
         not metres"
    )]
    Position(usize),
}

struct Listed<'a>(&'a [FeatureError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let faults = if count == 1 {
            "1 fault"
        } else {
            &format!("{count} faults")
        };
        write!(f, "{faults} in the outlines, nothing was loaded")?;
        for fault in self.0.iter().take(LISTED) {
            write!(f, "\n  {fault}")?;
        }
        match count.saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}
