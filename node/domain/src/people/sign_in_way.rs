//! How a person signed in.

topology::vocabulary! {
    /// How a session began.
    #[derive(utoipa::ToSchema)]
    pub enum SignInWay: "way of signing in" {
        Password = 1, "password", "密码", "with a password of one's own";
        FirstPassword = 2, "first-password", "首次密码", "with a password that somebody else set";
        Provider = 3, "provider", "统一身份认证", "at a provider (OpenID Connect)";
    }
}

impl SignInWay {
    /// Returns whether the person must set a password of their own before anything else, because somebody
    /// else knows the one with which they signed in.
    pub const fn must_set_password(self) -> bool {
        matches!(self, Self::FirstPassword)
    }
}
