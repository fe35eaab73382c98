//! What all operations have in common: how the caller shows who it is, headers, and the answers of the gate.

use api::problem::Problem;
use domain::people::Permission;
use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, HttpMethod, Ref, RefOr, ResponseBuilder,
    extensions::ExtensionsBuilder,
    header::HeaderBuilder,
    path::{Operation, ParameterBuilder, ParameterIn, Paths},
    schema::{ObjectBuilder, Type},
    security::SecurityRequirement,
};

use crate::{credentials::CSRF, idempotency::IDEMPOTENCY_KEY};

/// Adds what all operations with this permission have in common.
pub(crate) fn complete(paths: &mut Paths, permission: Permission) {
    for (path, item) in &mut paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(operation, path));
            describe(operation);
            let about = About::of(permission, path, method);
            name_permission(operation, permission);
            name_credentials(operation, permission, about);
            name_headers(operation, about);
            if about.matter {
                name_version(operation, about);
            }
            name_failures(operation, about);
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

/// What decides how an operation is asked and how it fails.
#[derive(Clone, Copy)]
struct About {
    matter: bool,
    files: bool,
    /// Whether it needs no credentials.
    open: bool,
    /// Whether it is a `POST`.
    post: bool,
    /// Whether it only reads.
    safe: bool,
}

impl About {
    fn of(permission: Permission, path: &str, method: HttpMethod) -> Self {
        Self {
            matter: path.contains("/matters/{id}"),
            files: path.contains("/attachments") || path.contains("/uploads"),
            open: matches!(permission, Permission::Enter | Permission::Draft),
            post: method == HttpMethod::Post,
            safe: method == HttpMethod::Get,
        }
    }
}

fn name_permission(operation: &mut Operation, permission: Permission) {
    let extensions = ExtensionsBuilder::new()
        .add("x-permission", json!(permission.code()))
        .build();
    operation
        .extensions
        .get_or_insert_default()
        .merge(extensions);
}

fn name_credentials(operation: &mut Operation, permission: Permission, about: About) {
    if about.open {
        return;
    }
    let mut ways = vec!["bearer", "cookie"];
    if matches!(permission, Permission::ViewMatter | Permission::Contest) {
        ways.push("slip");
    }
    let ways = ways
        .into_iter()
        .map(|way| SecurityRequirement::new(way, [""; 0]));
    operation.security = Some(ways.collect());
}

fn name_headers(operation: &mut Operation, about: About) {
    let headers = [
        (
            about.post && !about.open,
            IDEMPOTENCY_KEY,
            "1 to 255 visible characters, new for each request. If the same body comes again within a \
             day, the request is not done twice; another body is refused (422).",
        ),
        (
            about.matter && !about.safe,
            "if-match",
            "ETag of the matter as you saw it; 412 if it has changed since.",
        ),
        (
            about.matter && about.safe,
            "if-none-match",
            "ETag of the matter as you saw it; 304 if it has not changed.",
        ),
        (
            !about.safe && !about.open,
            CSRF,
            "Required with the cookie: the value `csrf` from the login. Origin is required as well.",
        ),
    ];
    for (_, name, text) in headers.into_iter().filter(|(taken, ..)| *taken) {
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
    }
}

/// Adds the version of the matter that an answer shows, and the answer if it has not changed.
fn name_version(operation: &mut Operation, about: About) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(shown)) = responses.get_mut("200") {
        let tag = HeaderBuilder::new()
            .description(Some("Version of the matter"))
            .build();
        shown.headers.insert("etag".to_owned(), tag.into());
    }
    if about.safe {
        let unchanged =
            ResponseBuilder::new().description("The matter has not changed since If-None-Match");
        responses
            .entry("304".to_owned())
            .or_insert_with(|| unchanged.build().into());
    }
}

/// Ways in which operations fail, each with its status. Of two with one status the first is told.
type Failures = &'static [(u16, &'static str)];

const ALWAYS: Failures = &[
    (421, "This node does not serve the requested host"),
    (429, "Too many requests"),
    (
        500,
        "Internal error; the node's log has details under `log_id`",
    ),
    (503, "The store is not available"),
    (507, "The disk is full"),
];
const OF_BODIES: Failures = &[
    (413, "The body is too long"),
    (415, "The body has the wrong type, or no Content-Type"),
];
const OF_FILES: Failures = &[
    (409, "In another state, of another person, or not here yet"),
    (410, "The retention period is over"),
    (416, "The file has no bytes in this range"),
    (502, "Another node sent bytes that are not the file"),
    (
        504,
        "The file is at another node that cannot be reached now",
    ),
];
const OF_CREDENTIALS: Failures = &[(401, "Not logged in"), (403, "Not allowed")];
const OF_REQUESTS: Failures = &[
    (404, "It does not exist, or you may not see it"),
    (422, "The request is not valid"),
];
const OF_CHANGES: Failures = &[(
    409,
    "Refused by the rules, or a first request is still running",
)];
const OF_VERSIONS: Failures = &[(412, "The matter has changed")];

fn name_failures(operation: &mut Operation, about: About) {
    let failures = [
        (true, ALWAYS),
        (operation.request_body.is_some(), OF_BODIES),
        (about.files, OF_FILES),
        (!about.open, OF_CREDENTIALS),
        (true, OF_REQUESTS),
        (!about.safe, OF_CHANGES),
        (about.matter && !about.safe, OF_VERSIONS),
    ];
    let failures = failures.into_iter().filter(|(happen, _)| *happen);
    for (status, text) in failures.flat_map(|(_, failures)| failures) {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description(*text)
            .content(Problem::MEDIA_TYPE, content)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert(response.into());
    }
}
