//! Which permission each act and each request needs.

use api::{Audience, Channel, MatterAction, Plea, Priority, Publicity, ReportRequest};
use domain::people::Permission;

/// Whether a report is one that somebody takes for another: by telephone or on paper, or more urgent
/// than a reporter says by themselves.
pub(super) fn is_for_another(request: &ReportRequest) -> bool {
    matches!(request.channel, Channel::Hotline | Channel::Paper)
        || request.priority != Priority::Normal
}

/// What the holder does.
pub(super) const fn to_act(action: &MatterAction) -> Permission {
    match action {
        MatterAction::Accept => Permission::Accept,
        MatterAction::Reject { .. } => Permission::Reject,
        MatterAction::Dispatch { .. } => Permission::Dispatch,
        MatterAction::Handle => Permission::Handle,
        MatterAction::Feedback => Permission::Feedback,
        MatterAction::Verify { .. } => Permission::Verify,
        MatterAction::Close { .. } => Permission::Close,
        MatterAction::Escalate { .. } => Permission::Escalate,
        MatterAction::Assign { .. } => Permission::Assign,
        MatterAction::Return => Permission::Return,
        MatterAction::Object { .. } => Permission::Object,
        MatterAction::Arbitrate { .. } => Permission::Arbitrate,
        MatterAction::Remark { audience } => to_remark(*audience),
        MatterAction::Reply {
            publicity: Publicity::Private,
        } => Permission::CommentToReporter,
        MatterAction::Reply {
            publicity: Publicity::Public,
        } => Permission::PublishMatter,
        MatterAction::Recategorise { .. } | MatterAction::Prioritise { .. } => Permission::Triage,
        MatterAction::Pause { .. } | MatterAction::Resume => Permission::Pause,
        MatterAction::Extend { .. } => Permission::Extend,
        MatterAction::Merge { .. } => Permission::Merge,
    }
}

/// What is asked of the holder.
pub(super) const fn to_ask(plea: Plea) -> Permission {
    match plea {
        Plea::Recall => Permission::Recall,
        Plea::Contest | Plea::Review => Permission::Contest,
        Plea::Withdraw => Permission::Withdraw,
        Plea::Supervise => Permission::Supervise,
        Plea::Rate { .. } => Permission::Rate,
        Plea::Remark { audience } => to_remark(audience),
        Plea::Merge { .. } => Permission::Merge,
    }
}

const fn to_remark(audience: Audience) -> Permission {
    match audience {
        Audience::Offices => Permission::CommentInside,
        Audience::Reporter => Permission::CommentToReporter,
    }
}
