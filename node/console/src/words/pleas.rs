//! Words of what villagers ask to be made public (要求公开).

super::words! {
    plea_title: "村民要求公开的事项", "What villagers ask to be made public";
    plea_intro: "该公开而没有公开的，村民可以在这里要求公开。十分之一以上的村民支持，村里就要在 10 天内公开，逾期会上报。", "Ask here for what should be public and is not. Once one in ten residents support it, it has to be published within 10 days, and what is overdue is told above.";
    plea_residents(count, source, at, needed): "本单位有 {count} 人（{source}，{at}填报），需要 {needed} 人支持。", "There are {count} residents ({source}, said on {at}), so {needed} have to support it.";
    plea_no_residents: "村里还没有填报人数，支持的人会先记下来。", "Nobody said yet how many residents there are; support is counted meanwhile.";
    plea_none: "还没有人提出要求。", "Nobody asked for anything yet.";
    plea_support_of(have, needed): "{have} 人支持，需要 {needed} 人", "supported by {have} of {needed} that are needed";
    plea_support(have): "{have} 人支持", "supported by {have}";
    plea_erased: "（内容已删除）", "(erased)";
    plea_number(number): "第 {number} 号", "No. {number}";
    plea_ask: "提出要求", "Ask for something";
    plea_about: "是目录里逾期未公开的吗", "Is it something of the catalogue that is overdue?";
    plea_own: "不是，我写在下面", "No, it is what I write below";
    plea_what: "要求公开什么", "What should be made public";
    plea_why: "为什么", "Why";
    plea_why_hint: "大家都看得到，不要写姓名、电话和身份证号。", "Everybody reads it; leave out names, telephones and identity numbers.";
    plea_who: "您是哪一户", "Your household";
    plea_who_hint: "每户支持一次。谁支持了不会显示，达到人数后也不再留存。", "Each household supports once. Nobody is shown who did, and it is not kept once enough have.";
    plea_signed_in: "用您登录的村民账号。一人或一户只算一次，谁支持了不会显示。", "With the resident's account that you are signed in with. Each person or household counts once, and nobody is shown who.";
    plea_send: "提出要求", "Ask for it";
    plea_do_support: "支持", "Support it";
    plea_until(until): "{until}前征集支持。", "Support is gathered until {until}.";
    plea_secret: "谁支持了不会显示。", "Nobody is shown who supports it.";
    plea_owed: "支持的人已达十分之一，村里正在办理公开。", "One in ten support it; it has to be published.";
    plea_published: "看公开的内容", "Read what was published";
    plea_declined(ground): "依法不予公开。理由：{ground}", "A law forbids to publish it. Ground: {ground}";
    plea_decline: "依法不予公开", "Decline on a lawful ground";
    plea_ground: "法律依据", "The law";
    plea_ground_hint: "只有法律禁止公开时才可以；理由人人可见，要求的内容会删除。", "Only where a law forbids it. Everybody reads the ground, and what was asked for is erased.";
    plea_count: "填报人数", "Say how many residents there are";
    plea_count_number: "村（居）民人数", "Number of residents";
    plea_count_source: "数字来源", "Where the number comes from";
    plea_count_send: "填报", "Say so";
}
