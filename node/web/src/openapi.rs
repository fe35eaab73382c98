//! The OpenAPI document, made from the code: each handler says what it takes and gives, its gate adds
//! what is common to all.

use std::{collections::BTreeMap, sync::OnceLock};

use api::{Code, problem::Problem};
use axum::{Extension, response::IntoResponse};
use bytes::Bytes;
use domain::people::Permission;
use http::header::CONTENT_TYPE;
use serde_json::json;
use topology::DivisionCode;
use utoipa::{
    IntoParams, OpenApi,
    openapi::{
        ContentBuilder, HttpMethod, Ref, RefOr, ResponseBuilder,
        extensions::ExtensionsBuilder,
        header::HeaderBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, Paths},
        schema::{AllOf, ObjectBuilder, OneOf, Schema, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{
    credentials::{COOKIE, CSRF, SLIP},
    gate::IDEMPOTENCY_KEY,
};

/// A node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct NodePath {
    /// Its division.
    #[param(value_type = Code)]
    code: DivisionCode,
}

/// A matter at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct MatterPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the matter.
    #[param(example = "330825002222-1f3a9c04-17")]
    id: String,
}

/// An attachment of a matter at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct FilePath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the matter.
    #[param(example = "330825002222-1f3a9c04-17")]
    id: String,
    /// Its place: 0 is the report's first, 4.0 the first of step 4.
    #[param(example = "0")]
    no: String,
}

/// An upload at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct UploadPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the upload.
    upload: String,
}

/// An account at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct AccountPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Id or login of the account.
    account: String,
}

/// A grid at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct GridPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the grid.
    grid: u32,
}

/// An API key at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct KeyPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Id of the key.
    key: String,
}

/// A webhook of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct HookPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Id of the webhook.
    hook: String,
}

/// An alarm at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct AlarmPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// What it is about.
    #[param(example = "store-went-back")]
    kind: String,
}

/// Another system, at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct SourcePath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the other system.
    #[param(example = "longyou-12345")]
    source: String,
}

/// A template at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct TemplatePath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Division that issued it.
    #[param(value_type = Code)]
    issuer: DivisionCode,
    /// What it is for.
    kind: String,
    /// Its name.
    name: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "五级通 Wujitong",
        description = "What people and programs ask of a node. Moments are milliseconds since 1970; \
                       divisions are twelve digits, and may be given short. Apps made for other towns ask \
                       over Open311 GeoReport v2, at /open311/v2, and send photos with a report as \
                       multipart/form-data in the field media. A page of another site may ask there, and may \
                       read here what needs neither token nor cookie, if the operator names the site in \
                       http.origins."
    ),
    components(schemas(Problem, Code)),
    tags(
        (name = "matters", description = "Matters (事项) and their life"),
        (name = "files", description = "Photos and documents beside matters"),
        (name = "templates", description = "Templates and how far they have come"),
        (name = "figures", description = "Figures of a subtree"),
        (name = "changes", description = "Being told of changes: streams of events, webhooks"),
        (name = "session", description = "Logging in and out"),
        (name = "people", description = "Accounts, grids, keys, the audit trail"),
        (name = "about", description = "The process and this document")
    )
)]
struct Document;

/// The document before any route is in it.
pub(super) fn begin() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let slip = ApiKey::Header(ApiKeyValue::new(SLIP));
    components.add_security_scheme("slip", SecurityScheme::ApiKey(slip));
    document
}

/// Adds to operations what is common to all that need this permission.
pub(super) fn complete(paths: &mut Paths, deed: Permission) {
    for (path, item) in &mut paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(operation, path));
            describe(operation);
            one(operation, deed, path, method);
        }
    }
}

fn operations(
    item: &mut utoipa::openapi::PathItem,
) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What stands for an operation, in no other place: its handler and what it is about, `list_matters`.
fn id(operation: &Operation, path: &str) -> String {
    let handler = operation.operation_id.as_deref().unwrap_or_default();
    let mut words = path.split('/').filter(|word| !word.starts_with('{'));
    let about = words.next_back().unwrap_or_default();
    let about = about.replace('-', "_").replace(".json", "");
    match handler == about {
        true => about,
        false => format!("{handler}_{about}"),
    }
}

/// Says of every answer what it is, where the handler says only its shape.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if response.description.is_empty() {
            let text = match status.as_str() {
                "201" => "Made",
                "202" => "Asked; the answer comes later",
                "204" => "Done",
                _ => "As it is now",
            };
            text.clone_into(&mut response.description);
        }
    }
}

fn one(operation: &mut Operation, deed: Permission, path: &str, method: HttpMethod) {
    let about_matter = path.contains("/matters/{id}");
    let about_files = path.contains("/attachments") || path.contains("/uploads");
    let extensions = ExtensionsBuilder::new()
        .add("x-deed", json!(deed.name()))
        .build();
    operation
        .extensions
        .get_or_insert_default()
        .merge(extensions);
    let open = deed == Permission::Enter;
    if !open {
        let mut ways = vec!["bearer", "cookie"];
        if matches!(deed, Permission::ViewMatter | Permission::Contest) {
            ways.push("slip");
        }
        let ways = ways
            .into_iter()
            .map(|way| SecurityRequirement::new(way, [""; 0]));
        operation.security = Some(ways.collect());
    }
    let safe = method == HttpMethod::Get;
    let mut header = |name: &str, text: &str| {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .description(Some(text))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        operation
            .parameters
            .get_or_insert_default()
            .push(parameter.into());
    };
    if method == HttpMethod::Post && !open {
        header(
            IDEMPOTENCY_KEY,
            "1 to 255 visible characters, new for each request. Repeated with the same body within a \
             day, the request is not done again; with another body it is refused (422).",
        );
    }
    if about_matter && !safe {
        header(
            "if-match",
            "ETag of the matter as it was seen; 412 if it has moved on.",
        );
    }
    if about_matter && safe {
        header(
            "if-none-match",
            "ETag of the matter as it was seen; 304 if it is still so.",
        );
    }
    if !safe && !open {
        header(
            CSRF,
            "Needed with the cookie: what the login gave as `csrf`. Origin is needed as well.",
        );
    }
    if about_matter && let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") {
        let tag = HeaderBuilder::new()
            .description(Some("Version of the matter"))
            .build();
        shown.headers.insert("etag".to_owned(), tag.into());
    }
    let mut fails = vec![
        (
            421,
            "This node does not answer for the host that was asked for",
        ),
        (429, "Too many requests"),
        (
            500,
            "Something that must not happen; the node's log says more under `log_id`",
        ),
        (503, "The store does not answer"),
        (507, "The disk is full"),
    ];
    if operation.request_body.is_some() {
        fails.extend([
            (413, "The body is longer than is taken"),
            (
                415,
                "The body is not of the type that is taken, or not said to be",
            ),
        ]);
    }
    if about_files {
        fails.extend([
            (409, "At another place, in another hand, or not here yet"),
            (410, "The retention period is over"),
            (416, "The file has no bytes there"),
            (502, "What another node sent is not the file"),
            (
                504,
                "The file lies at another node that cannot be reached now",
            ),
        ]);
    }
    if !open {
        fails.extend([(401, "Not logged in"), (403, "Not allowed")]);
    }
    fails.extend([
        (404, "Not there, or not for you"),
        (422, "The request does not fit"),
    ]);
    if !safe {
        fails.push((409, "Refused by the rules, or still in hand"));
    }
    if about_matter && !safe {
        fails.push((412, "The matter has moved on"));
    }
    if about_matter && safe {
        let unchanged = ResponseBuilder::new().description("It is still as If-None-Match says");
        let responses = &mut operation.responses.responses;
        responses
            .entry("304".to_owned())
            .or_insert_with(|| unchanged.build().into());
    }
    for (status, text) in fails {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description(text)
            .content(Problem::MEDIA_TYPE, content)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert(response.into());
    }
}

/// Makes the document one that program generators understand: what is one of several shapes and has members
/// beside is written as several shapes that each have those members, for many generators refuse `allOf` over
/// `oneOf`.
fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
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

/// The shapes of the one part that has several, each with the members of all other parts.
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

/// The document as it is answered.
#[derive(Clone)]
pub(super) struct Served(Bytes);

/// Writes the document. Every listener of a process serves the same, so it is written once; as an object
/// it takes some 5 MiB.
pub(super) fn serve(document: utoipa::openapi::OpenApi) -> Served {
    static WRITTEN: OnceLock<Bytes> = OnceLock::new();
    let written = WRITTEN.get_or_init(|| {
        let json = serde_json::to_vec(&finish(document));
        json.expect("a document has only names and texts").into()
    });
    Served(written.clone())
}

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn document(Extension(Served(document)): Extension<Served>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document)
}
