//! Other systems that a node asks or tells: webhooks, and the provider by whose word people sign in.

mod envoy;
pub mod oidc;
pub mod post;
pub mod webhooks;
