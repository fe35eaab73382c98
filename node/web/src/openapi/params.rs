//! What the paths of the API name: the node, and the thing at it.

use api::Code;
use topology::DivisionCode;
use utoipa::IntoParams;

/// A node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct NodeParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
}

/// A child of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct ChildParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// The child.
    #[param(value_type = Code)]
    child: DivisionCode,
}

/// A proposed template at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct ProposalParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the proposal.
    number: u32,
}

/// A matter at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct MatterParams {
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
pub(crate) struct FileParams {
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
pub(crate) struct UploadParams {
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
pub(crate) struct DraftPhotoPath {
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
pub(crate) struct AccountParams {
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
pub(crate) struct SessionParams {
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
pub(crate) struct SavedListParams {
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
pub(crate) struct ReplyTextParams {
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
pub(crate) struct GridParams {
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
pub(crate) struct KeyParams {
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
pub(crate) struct HookParams {
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
pub(crate) struct AlarmParams {
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
pub(crate) struct SourceParams {
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
pub(crate) struct LogParams {
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
pub(crate) struct ChildLogParams {
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
pub(crate) struct CourierParams {
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
pub(crate) struct TileParams {
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
pub(crate) struct DisclosureParams {
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
pub(crate) struct DisclosureFileParams {
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
pub(crate) struct PleaParams {
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
pub(crate) struct TemplateParams {
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
