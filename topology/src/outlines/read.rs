//! Reads GeoJSON one feature at a time, so that a province's worth of parsed numbers is never in
//! memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{FeatureFault, OutlineErrors};
use crate::{DivisionCode, Outline, outline::Corner};

const LARGEST: usize = 32 << 20;

/// Calls `visit` with every feature of a collection and its index, from 0.
pub(super) fn each(
    geojson: &str,
    mut visit: impl FnMut(usize, Result<(DivisionCode, Outline), FeatureFault>),
) -> Result<(), OutlineErrors> {
    if geojson.len() > LARGEST {
        return Err(OutlineErrors::TooLarge);
    }
    let text = geojson.strip_prefix('\u{feff}').unwrap_or(geojson);
    let mut json = serde_json::Deserializer::from_str(text);
    let mut collection = Collection(|index, value| visit(index, feature(&value)));
    let read = (&mut json).deserialize_map(&mut collection);
    read.and_then(|()| json.end())
        .map_err(|error| OutlineErrors::Json(error.to_string()))
}

fn feature(feature: &Value) -> Result<(DivisionCode, Outline), FeatureFault> {
    let code = match &feature["properties"]["code"] {
        Value::String(text) => text.parse(),
        Value::Number(number) => number.to_string().parse(),
        _ => return Err(FeatureFault::NoCode),
    };
    let code = code.map_err(FeatureFault::Code)?;
    let geometry = &feature["geometry"];
    let coordinates = &geometry["coordinates"];
    let single = std::slice::from_ref(coordinates);
    let polygons = match (geometry["type"].as_str(), coordinates.as_array()) {
        (Some("Polygon"), Some(_)) => single,
        (Some("MultiPolygon"), Some(polygons)) => polygons,
        (kind, _) => return Err(FeatureFault::NoArea(shown(kind))),
    };
    let mut count = 0;
    let mut rings = |polygon: &Value| -> Result<Vec<Vec<Corner>>, FeatureFault> {
        let rings = polygon.as_array().filter(|rings| !rings.is_empty());
        let rings = rings.ok_or(FeatureFault::Ring(count + 1))?;
        let rings = rings.iter().map(|positions| {
            count += 1;
            ring(positions, count)
        });
        rings.collect()
    };
    let polygons: Vec<_> = polygons.iter().map(&mut rings).collect::<Result<_, _>>()?;
    match polygons.is_empty() {
        true => Err(FeatureFault::NoArea("empty".to_owned())),
        false => Ok((code, Outline::of(&polygons))),
    }
}

fn shown(kind: Option<&str>) -> String {
    let kind = kind.map(|kind| kind.chars().take(24).collect());
    kind.unwrap_or_else(|| "missing".to_owned())
}

fn ring(positions: &Value, number: usize) -> Result<Vec<Corner>, FeatureFault> {
    let positions = positions.as_array().ok_or(FeatureFault::Ring(number))?;
    let corners = positions.iter().map(|position| {
        let degrees = |index: usize, most: f64| {
            let degrees = position[index].as_f64();
            degrees.filter(|degrees| degrees.abs() <= most)
        };
        let (east, north) = (degrees(0, 180.0)?, degrees(1, 90.0)?);
        Some(Corner {
            north: (north * 1e6).round() as i32,
            east: (east * 1e6).round() as i32,
        })
    });
    let corners: Option<Vec<Corner>> = corners.collect();
    let corners = corners.ok_or(FeatureFault::Position(number))?;
    match corners.len() >= 4 && corners.first() == corners.last() {
        true => Ok(corners),
        false => Err(FeatureFault::Ring(number)),
    }
}

/// A FeatureCollection whose features are passed on as they are read.
struct Collection<F>(F);

impl<'de, F: FnMut(usize, Value)> Visitor<'de> for &mut Collection<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = false;
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "type" => {
                    let kind: String = map.next_value()?;
                    if kind != "FeatureCollection" {
                        return Err(A::Error::custom("its type is not FeatureCollection"));
                    }
                }
                "features" => {
                    map.next_value_seed(Features(&mut self.0))?;
                    seen = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match seen {
            true => Ok(()),
            false => Err(A::Error::missing_field("features")),
        }
    }
}

struct Features<'a, F>(&'a mut F);

impl<'de, F: FnMut(usize, Value)> DeserializeSeed<'de> for Features<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(usize, Value)> Visitor<'de> for Features<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(feature) = list.next_element()? {
            (self.0)(index, feature);
            index += 1;
        }
        Ok(())
    }
}
