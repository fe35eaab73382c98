//! Schemas as code generators read them.

use std::collections::BTreeMap;

use utoipa::openapi::{
    RefOr,
    schema::{AllOf, OneOf, Schema},
};

/// Rewrites schemas for code generators, many of which refuse `allOf` over `oneOf`: a schema with
/// several variants and further members becomes variants that each have those members.
pub(super) fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    // The star means that a parameter may have slashes, for which the document has no word.
    let paths = std::mem::take(&mut document.paths.paths).into_iter();
    document.paths.paths = paths
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    let components = document.components.get_or_insert_default();
    let known = components.schemas.clone();
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::AllOf(all)) = schema
            && let Some(one_of) = spread(all, &known)
        {
            *schema = RefOr::T(Schema::OneOf(one_of));
        }
    }
    document
}

/// Returns the variants of the one part that has several, each with the members of all other parts.
fn spread(all: &AllOf, known: &BTreeMap<String, RefOr<Schema>>) -> Option<OneOf> {
    let found = |part: &RefOr<Schema>| match part {
        RefOr::T(schema) => Some(schema.clone()),
        RefOr::Ref(named) => {
            let name = named.ref_location.rsplit('/').next()?;
            match known.get(name)? {
                RefOr::T(schema) => Some(schema.clone()),
                RefOr::Ref(_) => None,
            }
        }
    };
    let (mut shapes, mut beside) = (None, vec![]);
    for part in &all.items {
        match found(part)? {
            Schema::OneOf(one_of) if shapes.is_none() => shapes = Some(one_of),
            Schema::Object(object) => beside.push(object),
            _ => return None,
        }
    }
    let mut shapes = shapes?;
    for shape in &mut shapes.items {
        let RefOr::T(Schema::Object(shape)) = shape else {
            return None;
        };
        for object in &beside {
            let members = object.properties.iter();
            let members = members.map(|(name, schema)| (name.clone(), schema.clone()));
            shape.properties.extend(members);
            shape.required.extend(object.required.iter().cloned());
        }
    }
    shapes.description.clone_from(&all.description);
    Some(shapes)
}
