//! What lines of policy decide.

topology::vocabulary! {
    /// What a line of policy decides.
    #[derive(utoipa::ToSchema)]
    pub enum PolicySubject: "subject of policy" {
        Platform = 1, "platform", "归口平台", "platform";
        Department = 2, "department", "承办部门", "department";
        Tier = 3, "tier", "承办层级", "tier that handles it";
        Time = 4, "time", "时限", "time";
        Extension = 5, "extension", "最长延期", "longest extension";
        OverdueGoesUp = 6, "overdue-goes-up", "超期自动上报", "goes up when it is overdue";
        AtOnce = 7, "at-once", "不等受理即转承办层级", "goes to its tier at once";
        Calendar = 8, "calendar", "节假日公布到", "holidays announced through";
        Pauses = 9, "pauses", "最多暂停次数", "most pauses of a clock";
        PauseDays = 10, "pause-days", "最长暂停", "longest pause of a clock";
        ContestDays = 11, "contest-days", "办结后多久内可不认可", "time to contest after closing";
        Contests = 12, "contests", "最多不认可次数", "times that a reporter may contest";
        VerifyFirst = 13, "verify-first", "结案前须核查", "verified before it is closed";
        VerifyByAnother = 14, "verify-by-another", "须由他人核查的层级", "tiers where another person verifies";
        Returns = 15, "returns", "退回多少次后由共同上级裁定", "returns before the common parent decides";
        WarnPercent = 16, "warn-percent", "剩余多少时预警", "share of the time left at which it is due soon";
        Anonymous = 17, "anonymous", "接受匿名反映", "takes reports without a name";
        FileBytes = 18, "file-bytes", "单个附件最大", "largest attachment";
        Files = 19, "files", "一件最多附件数", "most attachments of a matter";
        FileTypes = 20, "file-types", "可收的附件类型", "types of attachments";
        FileDays = 21, "file-days", "办结后附件保存", "time attachments are kept after closing";
        ReportLength = 22, "report-length", "反映最长", "longest report";
        NoteLength = 23, "note-length", "附言最长", "longest remark";
        AnswerLength = 24, "answer-length", "答复最长", "longest answer";
        Issuers = 25, "issuers", "谁可以制发", "who issues templates";
        ListDays = 26, "list-days", "现行模板清单有效期", "time a list of current versions is valid";
    }
}
