//! Parameters of paths about the life of a village: boards, households, ratings.

use api::Code;
use topology::DivisionCode;
use utoipa::IntoParams;

/// A board of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct BoardParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the board in addresses.
    #[param(example = "news")]
    board: String,
}

/// A post on a board.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct PostParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the board in addresses.
    #[param(example = "news")]
    board: String,
    /// Number of the post: 16 hexadecimal digits.
    post: String,
}

/// A photo of a post.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct PhotoParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Name of the board in addresses.
    #[param(example = "news")]
    board: String,
    /// Number of the post: 16 hexadecimal digits.
    post: String,
    /// Place of the photo, from 0.
    photo: u8,
}

/// A reward of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct RewardParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the reward.
    #[param(example = 3)]
    reward: u32,
}

/// An entry in the ledger of a household.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct ExchangeParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the exchange: 16 hexadecimal digits.
    #[param(example = "1f3a9c0411223344")]
    exchange: String,
}

/// A household of a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct HouseholdParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the household.
    household: u32,
}

/// A rating at a node.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct RatingParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the rating: 16 hexadecimal digits.
    rating: String,
}

/// A photo of a rating.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it stands for parameters in the document")]
pub(crate) struct RatingPhotoParams {
    /// Division of the node.
    #[param(value_type = Code)]
    code: DivisionCode,
    /// Number of the rating: 16 hexadecimal digits.
    rating: String,
    /// Place of the photo, from 0.
    photo: u8,
}
