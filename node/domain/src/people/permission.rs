//! What a person may be allowed to do at a node.

topology::vocabulary! {
    /// Something a person may be allowed to do at a node.
    #[derive(utoipa::ToSchema)]
    #[schema(as = Right)]
    pub enum Permission: "permission" {
        Report = 1, "report", "上报", "hands in a matter of their own";
        ReportForAnother = 2, "report-for-another", "代报", "hands in a matter for somebody at the window or on the telephone";
        ViewList = 3, "view-list", "查看事项列表", "sees which matters there are, without what people wrote";
        ViewMatter = 4, "view-matter", "查看事项", "sees one matter with its steps";
        OpenContact = 5, "open-contact", "查看联系方式", "unseals who reported a matter and how to reach them";
        Accept = 6, "accept", "受理", "takes a matter on";
        Reject = 7, "reject", "不予受理", "does not take a matter on";
        Triage = 8, "triage", "分类定级", "puts a matter into another category, or says how urgent it is";
        Dispatch = 9, "dispatch", "派遣", "gives a matter to a platform, an office or a person";
        Handle = 10, "handle", "处置", "records a piece of work";
        Feedback = 11, "feedback", "反馈", "says what came of the work";
        Verify = 12, "verify", "核查", "looks whether the work is done";
        Close = 13, "close", "结案", "ends the work on a matter";
        CallBack = 14, "call-back", "回访", "records what the reporter thinks of the outcome";
        Withdraw = 15, "withdraw", "撤回", "takes an own report back";
        Contest = 16, "contest", "不认可办结", "says that an own matter is not solved";
        Rate = 17, "rate", "评价", "says how content the reporter is";
        Reopen = 18, "reopen", "重开", "takes a closed matter up again";
        Supervise = 19, "supervise", "督办", "notes that a division above wants a matter done";
        Escalate = 20, "escalate", "上报上级", "hands a matter to a tier above";
        Assign = 21, "assign", "交办", "hands a matter to a division below";
        Return = 22, "return", "退回", "hands a matter back to whoever sent it";
        Recall = 23, "recall", "召回", "asks for a matter that was sent away";
        Object = 24, "object", "职责异议", "says that a matter is not this unit's";
        Arbitrate = 25, "arbitrate", "裁定", "decides between two units whose a matter is";
        Merge = 26, "merge", "并案", "makes a duplicate part of another matter";
        Pause = 27, "pause", "暂停计时", "stops a clock for a reason";
        Extend = 28, "extend", "延期", "gives a clock more time";
        CommentInside = 29, "comment-inside", "内部意见", "remarks for the office";
        CommentToReporter = 30, "comment-to-reporter", "告知报送人", "writes to the reporter";
        PublishMatter = 31, "publish-matter", "公开事项", "makes a matter or its answer public";
        Attach = 32, "attach", "添加附件", "adds a photo or document to a matter";
        ViewTemplates = 33, "view-templates", "查看模板", "sees templates and how far they have come";
        PublishTemplate = 34, "publish-template", "下达模板", "issues a template";
        ReadRollups = 35, "read-rollups", "查看统计", "sees figures";
        Import = 36, "import", "导入", "takes in matters of other systems";
        Watch = 37, "watch", "订阅变更", "is told of changes as they happen";
        ManageHooks = 38, "manage-hooks", "管理推送", "names other systems that are told of changes";
        ManageGrids = 39, "manage-grids", "管理网格", "draws grids and names who looks after them";
        ViewGrids = 40, "view-grids", "查看网格", "sees grids";
        ViewAccounts = 41, "view-accounts", "查看账号", "sees who has an account, with which roles";
        ManageAccounts = 42, "manage-accounts", "管理账号", "opens and closes accounts and sets lost passwords anew";
        GrantRoles = 43, "grant-roles", "授予角色", "says which roles an account has";
        ManageKeys = 44, "manage-keys", "管理接口密钥", "makes and takes back API keys";
        ReadAudit = 45, "read-audit", "查看审计日志", "reads and checks the audit trail";
        Erase = 46, "erase", "删除", "erases personal data on request";
        ViewStatus = 47, "view-status", "查看运行状态", "sees how the node is doing";
        CloseAlarm = 48, "close-alarm", "关闭警报", "closes an alarm that was looked into";
        Revoke = 49, "revoke", "吊销密钥", "declares a key of this node or below it void";
        OwnAccount = 50, "own-account", "本人账号", "sees what the own account has: lists, reported matters, sessions";
        Enter = 51, "enter", "登录", "logs in, and reads what everybody may";
        Draft = 52, "draft", "起草", "writes a report that is not handed in yet";
        Answer = 53, "answer", "答复", "answers the reporter";
        OwnPassword = 54, "own-password", "本人密码", "sees who is signed in, sets the own password, signs out";
        ViewDisclosures = 55, "view-disclosures", "查看公开工作", "sees the work on disclosures";
        WriteDisclosure = 56, "write-disclosure", "起草公开", "writes disclosures and sends them on";
        AgreeDisclosure = 57, "agree-disclosure", "审核公开", "agrees to disclosures for the committee";
        ReviewDisclosure = 58, "review-disclosure", "监督公开", "agrees to disclosures for the supervision committee";
        PublishDisclosure = 59, "publish-disclosure", "发布公开", "publishes disclosures that both committees agreed to";
        WithdrawDisclosure = 60, "withdraw-disclosure", "撤下公开", "takes disclosures down on a lawful ground";
        ManageReplyTexts = 61, "manage-reply-texts", "管理常用答复", "writes the texts for frequent replies of a division";
        PostOnBoard = 70, "post-on-board", "发帖", "writes on those boards whose rules name one of their roles, and takes own posts back";
        AnswerOnBoard = 71, "answer-on-board", "回帖", "answers posts on boards that take answers";
        ModerateBoard = 72, "moderate-board", "管理公告栏", "pins posts, and removes posts and answers with a ground";
        RateHousehold = 73, "rate-household", "评分", "rates households by the items of the rules";
        ViewHouseholds = 74, "view-households", "查看住户", "sees households with their names and ratings";
        ManageHouseholds = 75, "manage-households", "管理住户", "lists households, and draws the slips that open their records";
        CorrectRating = 76, "correct-rating", "更正评分", "corrects or cancels ratings of households";
        Courier = 80, "courier", "信使传递", "makes and reads files for neighbours that no link reaches";
        ExchangePoints = 77, "exchange-points", "积分兑换", "books what households give points for, and takes it back by a counter-entry";
        ManageRewards = 78, "manage-rewards", "管理兑换清单", "keeps the list of what points are given for";
        Enrol = 81, "enrol", "邀请入网", "invites divisions below into the network, and admits them";
        BackUp = 84, "back-up", "备份", "reads everything that the process keeps, to back it up; only whoever owns its directory";
    }
}

impl Permission {
    /// Returns whether a program with an API key may ever do it. Administration, audit, other
    /// people's contacts and decisions over others stay with people.
    pub const fn is_for_programs(self) -> bool {
        matches!(
            self,
            Self::Report
                | Self::ReportForAnother
                | Self::ViewList
                | Self::ViewMatter
                | Self::Accept
                | Self::Handle
                | Self::Feedback
                | Self::Close
                | Self::CommentToReporter
                | Self::Answer
                | Self::Attach
                | Self::ViewTemplates
                | Self::ReadRollups
                | Self::Import
                | Self::Watch
                | Self::ViewGrids
        )
    }
}
