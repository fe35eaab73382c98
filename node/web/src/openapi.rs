//! The OpenAPI document, built from the code: handlers describe their input and output, and the
//! gate adds what all operations have in common.

use std::collections::BTreeMap;

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

pub(super) mod village;

use super::{
    credentials::{COOKIE, CSRF, REPORTER_TOKEN},
    idempotency::IDEMPOTENCY_KEY,
};

/// A node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct NodeParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
}

/// A matter at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct MatterParams {
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
pub(super) struct FileParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the matter.
    #[param(example = "330825002222-1f3a9c04-17")]
    id: String,
    /// Position of the file: `0` is the first of the report, `4.0` the first of step 4.
    #[param(example = "0")]
    no: String,
}

/// An upload at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct UploadParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Id of the upload.
    upload: String,
}

/// A photo of a draft at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct DraftPhotoPath {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Id of the photo.
    upload: String,
}

/// An account at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct AccountParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number or login name of the account.
    account: String,
}

/// A session of the caller.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct SessionParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the session.
    session: String,
}

/// A saved list of the caller.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct SavedListParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the list.
    name: String,
}

/// A text for frequent replies at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct ReplyTextParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the text.
    name: String,
}

/// A grid at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct GridParams {
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
pub(super) struct KeyParams {
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
pub(super) struct HookParams {
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
pub(super) struct AlarmParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Kind of alarm.
    #[param(example = "store-went-back")]
    kind: String,
}

/// Another system, at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct SourceParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the other system.
    #[param(example = "longyou-12345")]
    source: String,
}

/// A public log of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct LogParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Life of the store: 32 hexadecimal digits.
    epoch: String,
}

/// The public log of a division below, at a node that countersigns it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct ChildLogParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Division of the log.
    #[param(value_type = Code)]
    division: DivisionCode,
}

/// A neighbour of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct CourierParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Division of the neighbour.
    #[param(value_type = Code)]
    division: DivisionCode,
}

/// A tile of a public log of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct TileParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Life of the store: 32 hexadecimal digits.
    epoch: String,
    /// Level and index of the tile; the slashes in it are sent as they are.
    #[param(example = "0/000.p/8")]
    tile: String,
}

/// A disclosure at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct DisclosureParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the disclosure: 16 hexadecimal digits.
    number: String,
}

/// A file of a disclosure at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct DisclosureFileParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the disclosure: 16 hexadecimal digits.
    number: String,
    /// Number of the file in it, from 1.
    file: u32,
}

/// What villagers ask a node for.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct PleaParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the plea, from 1.
    plea: u32,
}

/// A template at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(super) struct TemplateParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Division that issued it.
    #[param(value_type = Code)]
    issuer: DivisionCode,
    /// Kind of template.
    kind: String,
    /// Name of the template.
    name: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "五级通 Wujitong",
        description = "API of a node for people and programs. Times are milliseconds since 1970; \
                       divisions are twelve digits and may be shortened. Apps of other cities can use \
                       Open311 GeoReport v2 at /open311/v2; they send photos with a report as \
                       multipart/form-data in the field `media`. Pages of other sites may use Open311, and \
                       read what needs neither token nor cookie here, if the operator lists the site in \
                       `http.origins`."
    ),
    components(schemas(Problem, Code)),
    tags(
        (name = "matters", description = "Matters (事项) and the work on them"),
        (name = "files", description = "Photos and documents of matters"),
        (name = "drafts", description = "Reports that somebody is still writing"),
        (name = "disclosures", description = "Disclosures (公开): what is made public, what has to be, and the work on it"),
        (name = "boards", description = "Boards (公告栏): posts, answers, and their moderation"),
        (name = "points", description = "Points and honours (积分、红黑榜): rules, lists, households, ratings"),
        (name = "templates", description = "Templates and their adoption"),
        (name = "figures", description = "Figures of a subtree"),
        (name = "log", description = "The public log: what nobody can take back unseen"),
        (name = "courier", description = "Courier files (信使): what is carried to neighbours without a link"),
        (name = "changes", description = "Notification of changes: event streams, webhooks"),
        (name = "session", description = "Logging in and out"),
        (name = "people", description = "Accounts, grids, keys, the audit trail"),
        (name = "about", description = "The process, its clock and alarms, and this document")
    )
)]
struct Document;

/// Returns the document without routes.
pub(super) fn begin() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let slip = ApiKey::Header(ApiKeyValue::new(REPORTER_TOKEN));
    components.add_security_scheme("slip", SecurityScheme::ApiKey(slip));
    document
}

/// Adds what all operations with this permission have in common.
pub(super) fn complete(paths: &mut Paths, permission: Permission) {
    for (path, item) in &mut paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(operation, path));
            describe(operation);
            one(operation, permission, path, method);
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

/// Returns the id of an operation: its handler and its subject, such as `list_matters`.
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

/// Adds a description to every answer for which the handler gives only a type.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if response.description.is_empty() {
            let text = match status.as_str() {
                "201" => "Created",
                "202" => "Accepted; the holder answers later",
                "204" => "Done",
                _ => "The present state",
            };
            text.clone_into(&mut response.description);
        }
    }
}

fn one(operation: &mut Operation, permission: Permission, path: &str, method: HttpMethod) {
    let about_matter = path.contains("/matters/{id}");
    let about_files = path.contains("/attachments") || path.contains("/uploads");
    let extensions = ExtensionsBuilder::new()
        .add("x-deed", json!(permission.code()))
        .build();
    operation
        .extensions
        .get_or_insert_default()
        .merge(extensions);
    let open = matches!(permission, Permission::Enter | Permission::Draft);
    if !open {
        let mut ways = vec!["bearer", "cookie"];
        if matches!(permission, Permission::ViewMatter | Permission::Contest) {
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
            "1 to 255 visible characters, new for each request. If the same body comes again within a \
             day, the request is not done twice; another body is refused (422).",
        );
    }
    if about_matter && !safe {
        header(
            "if-match",
            "ETag of the matter as you saw it; 412 if it has changed since.",
        );
    }
    if about_matter && safe {
        header(
            "if-none-match",
            "ETag of the matter as you saw it; 304 if it has not changed.",
        );
    }
    if !safe && !open {
        header(
            CSRF,
            "Required with the cookie: the value `csrf` from the login. Origin is required as well.",
        );
    }
    if about_matter && let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") {
        let tag = HeaderBuilder::new()
            .description(Some("Version of the matter"))
            .build();
        shown.headers.insert("etag".to_owned(), tag.into());
    }
    let mut fails = vec![
        (421, "This node does not serve the requested host"),
        (429, "Too many requests"),
        (
            500,
            "Internal error; the node's log has details under `log_id`",
        ),
        (503, "The store is not available"),
        (507, "The disk is full"),
    ];
    if operation.request_body.is_some() {
        fails.extend([
            (413, "The body is too long"),
            (415, "The body has the wrong type, or no Content-Type"),
        ]);
    }
    if about_files {
        fails.extend([
            (409, "In another state, of another person, or not here yet"),
            (410, "The retention period is over"),
            (416, "The file has no bytes in this range"),
            (502, "Another node sent bytes that are not the file"),
            (
                504,
                "The file is at another node that cannot be reached now",
            ),
        ]);
    }
    if !open {
        fails.extend([(401, "Not logged in"), (403, "Not allowed")]);
    }
    fails.extend([
        (404, "It does not exist, or you may not see it"),
        (422, "The request is not valid"),
    ]);
    if !safe {
        fails.push((
            409,
            "Refused by the rules, or a first request is still running",
        ));
    }
    if about_matter && !safe {
        fails.push((412, "The matter has changed"));
    }
    if about_matter && safe {
        let unchanged =
            ResponseBuilder::new().description("The matter has not changed since If-None-Match");
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

/// Rewrites schemas for code generators, many of which refuse `allOf` over `oneOf`: a schema with
/// several variants and further members becomes variants that each have those members.
fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
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

/// Writes the document as JSON.
pub(super) fn write(document: utoipa::openapi::OpenApi) -> Bytes {
    let json = serde_json::to_vec(&finish(document));
    json.expect("a document has only names and texts").into()
}

/// Returns the written document.
#[derive(Clone, Copy)]
pub(super) struct Served(pub(super) fn() -> Bytes);

/// Get this document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn document(Extension(Served(document)): Extension<Served>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document())
}
