//! The stages that clocks measure, and the codes for pausing and extending them.

topology::vocabulary! {
    /// A stage of work that is to be done in time.
    #[derive(utoipa::ToSchema)]
    pub enum Stage: "stage with a clock" {
        Route = 1, "route", "转办", "sending it to whoever must handle it";
        Object = 2, "object", "异议", "objecting, with reasons, that it is somebody else's";
        Respond = 3, "respond", "响应", "the first answer, by acceptance or by somebody on the spot";
        Handle = 4, "handle", "处置", "the work itself";
        Finish = 5, "finish", "办结", "all of it, until closing";
        Arbitrate = 6, "arbitrate", "裁定", "deciding on a disputed assignment, by the common parent";
        CallBack = 7, "call-back", "回访", "calling the reporter back after closing";
        ReviewAsk = 8, "review-ask", "申请复查", "the reporter's time to ask for a review";
        ReviewAnswer = 9, "review-answer", "复查", "the answer to that, one tier up";
        RereviewAsk = 10, "rereview-ask", "申请复核", "the reporter's time to ask for a re-review";
        RereviewAnswer = 11, "rereview-answer", "复核", "the answer to that, one tier higher";
    }
}

topology::vocabulary! {
    /// The reason for a pause. Free text goes into a body.
    #[derive(utoipa::ToSchema)]
    pub enum PauseReason: "reason for a pause" {
        Reporter = 1, "reporter", "待补正", "the reporter must bring something";
        Expert = 2, "expert", "鉴定检测", "an expert or a laboratory is asked";
        Court = 3, "court", "诉讼仲裁", "a court or tribunal is asked";
        ForceMajeure = 4, "force-majeure", "不可抗力", "weather, epidemic, disaster";
        Superior = 5, "superior", "待上级答复", "a tier above was asked";
    }
}

topology::vocabulary! {
    /// The reason for an extension. Free text goes into a body.
    #[derive(utoipa::ToSchema)]
    pub enum ExtensionReason: "reason for an extension" {
        Complex = 1, "complex", "情况复杂", "the case is complex";
        ManyOffices = 2, "many-offices", "涉及多部门", "several offices are involved";
        Works = 3, "works", "工程施工", "construction works";
        Legacy = 4, "legacy", "历史遗留", "a legacy of the past";
    }
}

impl Stage {
    /// Returns whether the clock may be paused: only work that waits for somebody outside may.
    pub const fn may_pause(self) -> bool {
        matches!(
            self,
            Self::Handle | Self::Finish | Self::ReviewAnswer | Self::RereviewAnswer
        )
    }

    /// Returns whether the clock may be extended: the law allows extensions of the work only.
    pub const fn may_extend(self) -> bool {
        matches!(self, Self::Handle | Self::Finish)
    }

    /// Returns whether the work goes one tier up when the clock is overdue and policy says so.
    pub const fn may_escalate(self) -> bool {
        matches!(self, Self::Respond | Self::Handle | Self::Finish)
    }
}
