//! The questions of a report and of a letter, in order.

use api::Channel;

topology::vocabulary! {
    /// What is written.
    pub(crate) enum Flow: "what is written" {
        Report = 1, "report", "我要反映", "Report a problem";
        Letter = 2, "letter", "写信", "Write a letter";
        Application = 3, "application", "申请办事", "Apply for a service";
    }
}

topology::vocabulary! {
    /// A page of a report.
    pub(crate) enum Step: "page of a report" {
        Photo = 1, "photo", "有照片吗？", "Do you have photos?";
        Where = 2, "where", "在哪里？", "Where is it?";
        What = 3, "what", "是什么事？", "What is the problem?";
        Alike = 4, "alike", "是不是已经有人反映过？", "Has it been reported already?";
        Contact = 5, "contact", "怎么联系您？", "How can we reach you?";
        Data = 7, "data", "请补充几项", "A few details";
        Check = 6, "check", "请核对", "Check what you wrote";
    }
}

impl Flow {
    /// The pages in order.
    pub(super) const fn steps(self) -> &'static [Step] {
        match self {
            Self::Report => &[
                Step::Photo,
                Step::Where,
                Step::What,
                Step::Data,
                Step::Alike,
                Step::Contact,
                Step::Check,
            ],
            Self::Letter | Self::Application => {
                &[Step::What, Step::Data, Step::Contact, Step::Check]
            }
        }
    }

    /// The questions of the one page that has all. Which data are asked for is known once the kind is chosen.
    pub(super) fn questions(self) -> Vec<Step> {
        let asks = |step: &&Step| !matches!(step, Step::Data | Step::Alike | Step::Check);
        self.steps().iter().filter(asks).copied().collect()
    }

    /// Where its first page is.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Report => "/report",
            Self::Letter => "/mailbox/write",
            Self::Application => "/services/apply",
        }
    }

    pub(super) const fn channel(self) -> Channel {
        match self {
            Self::Report => Channel::Snapshot,
            Self::Letter => Channel::Mailbox,
            Self::Application => Channel::Service,
        }
    }
}

impl Step {
    /// The fields that its page asks for, beside those of the data. What is not sent was cleared.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Where => &["place", "where", "latitude", "longitude"],
            Self::What => &["text", "kind", "calm"],
            Self::Contact => &["name", "phone", "public"],
            Self::Photo | Self::Data | Self::Alike | Self::Check => &[],
        }
    }
}
