//! Connections to other systems: webhooks and the sign-in provider.

pub mod http_client;
pub mod oidc;
pub mod webhooks;
