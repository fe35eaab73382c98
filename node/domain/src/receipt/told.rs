//! What the checks of a receipt found, in both languages.

use super::history::Broken;
use crate::saying::Saying;

crate::sayings! {
    pub(super) fn steps(steps, held): "{steps} 步，经 {held} 次承办", "{steps} steps under {held} custodies";
    pub(super) fn no_words():
        "文件里没有签名的陈述，不能证明什么",
        "the file holds no signed word, so it proves nothing";
    pub(super) fn other_network(network):
        "它是在另一个网络 {network} 中说的",
        "it was said in network {network}, another one";
    pub(super) fn other_matter(matter): "它说的是另一件事项 {matter}", "it speaks of {matter}, another matter";
    pub(super) fn matter(matter): "它说的是 {matter}", "it speaks of {matter}";
    pub(super) fn same_content(): "它承诺的内容相同", "it commits to the same content";
    pub(super) fn other_content():
        "它承诺的内容不同，或写的首接单位不同",
        "it commits to other content, or names another first receiver";
    pub(super) fn never_had():
        "陈述的单位从未承办过，无权陈述",
        "the author never had the matter, so it has no word in it";
    pub(super) fn held(): "陈述时由该单位承办", "the author held the matter when it said so";
    pub(super) fn had_before():
        "该单位承办过，并出具了这份文件",
        "the author had the matter before, and made this file";
    pub(super) fn not_its_own(holder):
        "当时由 {holder} 承办，不该由该单位陈述",
        "{holder} held the matter then, so it was not the author's to tell";
    pub(super) fn continues(earlier):
        "它包含 {earlier} 说过的每一步",
        "it repeats every step that {earlier} had told";
    pub(super) fn contradicts(earlier):
        "它与 {earlier} 说过的矛盾：此前的步骤不同",
        "it contradicts what {earlier} had told: the steps before are others";
    pub(super) fn silent(who, witness):
        "文件里没有 {who} 签名的陈述；它承办过，由 {witness} 证明",
        "no signed word of {who} is in the file; that it had the matter is attested by {witness}";
    pub(super) fn later(by, at):
        "{by} 到 {at} 为止还不知道的步骤；请索取新的回执",
        "steps that {by} had not heard of by {at}; ask for a newer receipt";
    pub(super) fn revocations():
        "密钥有没有被吊销；请问网络中的节点",
        "whether a key was revoked; ask a node of the network";
    pub(super) fn later_than_paper(division):
        "{division} 此后又办了什么，或者更正、撤下了没有：纸上只有放得下的部分；请打开它的网页查看",
        "what {division} did since, or whether it corrected it or took it down: paper holds what fits; open the division's page";
    pub(super) fn later_editions(by, at):
        "{by} 在 {at} 以后有没有更正或依法撤下；请打开该单位的公开页面",
        "whether {by} corrected it or took it down after {at}; open the division's page";
    pub(super) fn clock_of(by): "{by} 的时钟准不准", "whether the clock of {by} was right";
    pub(super) fn clocks(): "各单位的时钟准不准", "whether the clock of each division was right";
    pub(super) fn text():
        "本人写了什么：文件里只有对原文的承诺",
        "what the person wrote: the file holds only the commitment to it";
    pub(super) fn opening_of_another(matter):
        "原文凭据是另一件事项 {matter} 的",
        "the opening is of {matter}, another matter";
    pub(super) fn other_algorithms(): "原文凭据写的算法不同", "the opening names other algorithms";
    pub(super) fn opening_differs():
        "原文凭据与交来的不同：正文、随机数、位置或附件不一致",
        "the opening is not what was handed in: its text, salt, place or files differ";
    pub(super) fn opened(characters, files):
        "原文凭据与交来的一致：正文 {characters} 字，附件 {files} 个",
        "the opening is what was handed in: a text of {characters} characters and {files} files";
    pub(super) fn opened_with_place(characters, files):
        "原文凭据与交来的一致：正文 {characters} 字，有位置，附件 {files} 个",
        "the opening is what was handed in: a text of {characters} characters, a place and {files} files";
}

impl Broken {
    /// Returns the reason in both languages.
    pub(super) fn said(&self) -> Saying {
        let chinese = match self {
            Self::Beginning => "第一步不是编号所写单位的上报".to_owned(),
            Self::Version(step) => format!("第 {step} 步的版本与前一步不衔接"),
            Self::NotItsTurn(step, by) => format!("第 {step} 步由 {by} 所做，当时不由它承办"),
            Self::OutOfPlace(step) => format!("第 {step} 步不能跟在前一步之后"),
            Self::NoWay(step, to) => format!("第 {step} 步交给 {to}，从那里到不了"),
            Self::State => "状态与各步的结果不符".to_owned(),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}
