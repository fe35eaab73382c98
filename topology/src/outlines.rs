//! The outlines of many divisions: those that come with the program, or an operator's own.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

mod fault;
mod read;

pub use fault::{FeatureError, FeatureFault, OutlineErrors};

use crate::{DivisionCode, Outline, Tree};

/// The outlines of divisions, as far as they are known.
#[derive(Default)]
pub struct Outlines(Source);

#[derive(Default)]
enum Source {
    #[default]
    Unknown,
    Sketch(Sketch),
    Own(Drawn),
}

type Drawn = BTreeMap<DivisionCode, Arc<Outline>>;

/// The sketch map in the program. It stays text, and only the outlines somebody asked for are kept
/// parsed: a node needs one of the 102, and most processes never ask.
#[derive(Default)]
struct Sketch {
    kept: Mutex<Drawn>,
}

static SKETCH: &str = include_str!("../data/zhejiang-boundaries.geojson");

static DRAWN: LazyLock<Box<[DivisionCode]>> = LazyLock::new(|| {
    let mut drawn = vec![];
    visit_sketch(|code, _| drawn.push(code));
    drawn.sort_unstable();
    drawn.into()
});

impl Outlines {
    /// Returns the sketch map of Zhejiang (示意图): the province, its cities and counties.
    pub fn zhejiang() -> Self {
        Self(Source::Sketch(Sketch::default()))
    }

    /// Reads an operator's own outlines: GeoJSON (RFC 7946) of at most 32 MiB, a collection of
    /// features with the property `code` and one or several polygons in WGS 84. All are kept in
    /// memory, eight bytes a corner.
    ///
    /// # Errors
    /// Every bad feature with its place in the file, counted from 1; then nothing is loaded.
    pub fn load(geojson: &str, tree: &Tree) -> Result<Self, OutlineErrors> {
        let mut own = BTreeMap::new();
        let mut faults = vec![];
        read::each(geojson, |index, feature| {
            let fault = match feature {
                Err(fault) => fault,
                Ok((code, _)) if tree.get(code).is_none() => FeatureFault::NoDivision(code),
                Ok((code, _)) if own.contains_key(&code) => FeatureFault::Twice(code),
                Ok((code, outline)) => {
                    own.insert(code, Arc::new(outline));
                    return;
                }
            };
            faults.push(FeatureError {
                feature: index + 1,
                reason: fault,
            });
        })?;
        if own.is_empty() && faults.is_empty() {
            return Err(OutlineErrors::Empty);
        }
        match faults.is_empty() {
            true => Ok(Self(Source::Own(own))),
            false => Err(OutlineErrors::Features(faults)),
        }
    }

    /// Returns the outline of a division, or of the nearest above it that has one; `None` if none
    /// has.
    pub fn of(&self, code: DivisionCode) -> Option<(DivisionCode, Arc<Outline>)> {
        let mut upward = std::iter::once(code).chain(code.enclosing());
        match &self.0 {
            Source::Unknown => None,
            Source::Own(own) => upward.find_map(|code| Some((code, Arc::clone(own.get(&code)?)))),
            Source::Sketch(sketch) => {
                let code = upward.find(|code| DRAWN.binary_search(code).is_ok())?;
                Some((code, sketch.outline(code)))
            }
        }
    }

    /// Returns the lowest division whose outline contains a position in degrees. On the sketch map,
    /// this parses and keeps all of it, some 130 kB.
    pub fn around(&self, north: f64, east: f64) -> Option<DivisionCode> {
        let lowest = |outlines: &Drawn| {
            let around = outlines.iter().filter(|(_, o)| o.surrounds(north, east));
            around.map(|(code, _)| *code).max_by_key(|code| code.tier())
        };
        match &self.0 {
            Source::Unknown => None,
            Source::Own(own) => lowest(own),
            Source::Sketch(sketch) => lowest(&sketch.all()),
        }
    }

    /// Returns how many divisions have an outline of their own.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::Unknown => 0,
            Source::Own(own) => own.len(),
            Source::Sketch(_) => DRAWN.len(),
        }
    }

    /// Returns whether no division has an outline.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes that the outlines parsed so far take in memory.
    pub fn memory(&self) -> usize {
        let all = |outlines: &Drawn| outlines.values().map(|outline| outline.memory()).sum();
        match &self.0 {
            Source::Unknown => 0,
            Source::Own(own) => all(own),
            Source::Sketch(sketch) => all(&sketch.kept()),
        }
    }
}

impl Sketch {
    fn kept(&self) -> MutexGuard<'_, Drawn> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the outline of a division that the map draws, and parses it if needed.
    fn outline(&self, code: DivisionCode) -> Arc<Outline> {
        let mut kept = self.kept();
        let outline = kept.entry(code).or_insert_with(|| {
            let mut found = None;
            visit_sketch(|drawn, outline| {
                if drawn == code {
                    found = Some(outline);
                }
            });
            Arc::new(found.expect("it is one of those drawn"))
        });
        Arc::clone(outline)
    }

    fn all(&self) -> MutexGuard<'_, Drawn> {
        let mut kept = self.kept();
        if kept.len() < DRAWN.len() {
            visit_sketch(|code, outline| {
                kept.entry(code).or_insert_with(|| Arc::new(outline));
            });
        }
        kept
    }
}

fn visit_sketch(mut each: impl FnMut(DivisionCode, Outline)) {
    let read = read::each(SKETCH, |_, feature| {
        let (code, outline) = feature.expect("the embedded map is loaded by this crate's tests");
        each(code, outline);
    });
    read.expect("the embedded map is loaded by this crate's tests");
}

impl fmt::Debug for Outlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match &self.0 {
            Source::Unknown => "none",
            Source::Sketch(_) => "the sketch map of Zhejiang",
            Source::Own(_) => "an operator's own",
        };
        f.debug_tuple("Outlines").field(&known).finish()
    }
}
