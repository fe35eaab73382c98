//! Which right each act and each request needs.

use api::{Audience, Channel, Deed, Plea, Priority, Publicity, ReportRequest};
use domain::people::Deed as Right;

/// Whether a report is one that somebody takes for another: by telephone or on paper, or more urgent
/// than a reporter says by themselves.
pub(super) fn is_for_another(request: &ReportRequest) -> bool {
    matches!(request.channel, Channel::Hotline | Channel::Paper)
        || request.priority != Priority::Normal
}

/// What the holder does.
pub(super) const fn to_act(deed: &Deed) -> Right {
    match deed {
        Deed::Accept => Right::Accept,
        Deed::Reject { .. } => Right::Reject,
        Deed::Dispatch { .. } => Right::Dispatch,
        Deed::Handle => Right::Handle,
        Deed::Feedback => Right::Feedback,
        Deed::Verify { .. } => Right::Verify,
        Deed::Close { .. } => Right::Close,
        Deed::Escalate { .. } => Right::Escalate,
        Deed::Assign { .. } => Right::Assign,
        Deed::Return => Right::Return,
        Deed::Object { .. } => Right::Object,
        Deed::Arbitrate { .. } => Right::Arbitrate,
        Deed::Remark { audience } => to_remark(*audience),
        Deed::Reply {
            publicity: Publicity::Private,
        } => Right::CommentToReporter,
        Deed::Reply {
            publicity: Publicity::Public,
        } => Right::PublishMatter,
        Deed::Recategorise { .. } | Deed::Prioritise { .. } => Right::Triage,
        Deed::Pause { .. } | Deed::Resume => Right::Pause,
        Deed::Extend { .. } => Right::Extend,
        Deed::Merge { .. } => Right::Merge,
    }
}

/// What is asked of the holder.
pub(super) const fn to_ask(plea: Plea) -> Right {
    match plea {
        Plea::Recall => Right::Recall,
        Plea::Contest | Plea::Review => Right::Contest,
        Plea::Withdraw => Right::Withdraw,
        Plea::Supervise => Right::Supervise,
        Plea::Rate { .. } => Right::Rate,
        Plea::Remark { audience } => to_remark(audience),
        Plea::Merge { .. } => Right::Merge,
    }
}

const fn to_remark(audience: Audience) -> Right {
    match audience {
        Audience::Offices => Right::CommentInside,
        Audience::Reporter => Right::CommentToReporter,
    }
}
