//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// Address or password is wrong; which of them is not said.
    pub const WRONG_CREDENTIALS: Reason = Reason::new(
        Code::Unauthenticated,
        "wrong_credentials",
        "The e-mail address or the password is not right.",
    );
    /// The mailed code is wrong.
    pub const WRONG_CODE: Reason = Reason::new(
        Code::FailedPrecondition,
        "wrong_code",
        "The code is not the one that was mailed; look again.",
    );
    /// Too many wrong codes.
    pub const TOO_MANY_ATTEMPTS: Reason = Reason::new(
        Code::FailedPrecondition,
        "too_many_attempts",
        "The code was entered wrongly five times; ask for a new one.",
    );
    /// The registration or reset is used, too old, or was never made.
    pub const EXPIRED: Reason = Reason::new(
        Code::FailedPrecondition,
        "code_expired",
        "What this code is for was done already or has expired; ask again.",
    );
    /// Someone with the code registered the address meanwhile.
    pub const ALREADY_REGISTERED: Reason =
        Reason::new(Code::AlreadyExists, "already_registered", "This address has an account; sign in.");

    /// There is no such refresh token, or its session has ended.
    pub const REFRESH_INVALID: Reason = Reason::new(
        Code::Unauthenticated,
        "refresh_token_invalid",
        "The refresh token is not one of this API's, or its session has ended; sign in again.",
    );
    /// A refresh token was used twice.
    pub const REFRESH_REUSED: Reason = Reason::new(
        Code::Unauthenticated,
        "refresh_token_reused",
        "The refresh token was used before, so somebody else may have it: the session has ended. Sign in again.",
    )
    .watched("RefusedTokens");
    /// The session is too old for what cannot be undone.
    pub const SIGN_IN_AGAIN: Reason = Reason::new(
        Code::PermissionDenied,
        "sign_in_again",
        "Erasing an account needs a sign-in of the last ten minutes; sign in again and repeat the request.",
    );
    /// Other members would be left without an owner.
    pub const LAST_OWNER: Reason = Reason::new(
        Code::FailedPrecondition,
        "owner_of_others_workspaces",
        "You are the only owner of workspaces with other members; transfer those in workspaceIds first.",
    );

    /// The token of another issuer is not taken.
    pub const EXTERNAL_TOKEN: Reason = Reason::new(
        Code::Unauthenticated,
        "external_token_invalid",
        "The token is not one that this installation takes: of a configured issuer and party, for a person whose session is \
         active, and valid now.",
    )
    .watched("RefusedTokens");
    /// The other issuer does not answer.
    pub const PROVIDER_UNAVAILABLE: Reason = Reason::new(
        Code::Unavailable,
        "identity_provider_unavailable",
        "The identity provider does not answer as it should; begin again as Retry-After says.",
    );
    /// The provider does not take the code.
    pub const CODE_REFUSED: Reason = Reason::new(
        Code::FailedPrecondition,
        "authorization_code_refused",
        "The identity provider does not take this code any more: it is good once and for a few minutes. Begin again.",
    );
    /// The state is used, too old, or another browser's.
    pub const OAUTH_STATE: Reason = Reason::new(
        Code::FailedPrecondition,
        "oauth_state_invalid",
        "This sign-in was not begun by this browser, was used already or took more than ten minutes; begin again.",
    )
    .watched("RefusedTokens");
    /// The browser would be led to a place that is not configured.
    pub const REDIRECT_URI: Reason = Reason::new(
        Code::FailedPrecondition,
        "redirect_uri_not_allowed",
        "This redirectUri is not one of those configured for the provider.",
    );
}
