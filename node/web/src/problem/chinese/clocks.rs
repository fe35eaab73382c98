//! Clocks and lengths of time.

use domain::{calendar::BadAllowance, clock::ClockRefusal};
use office::ClockDoubted;

use crate::problem::told::{chinese, chinese_of};

chinese! { ClockRefusal {
    Runs(stage) => "“{}”时限已在计时，不能重新起算；请先结束它" (stage.chinese()),
    NotRunning(stage) => "事项没有“{}”时限在计时；请看事项的时限" (stage.chinese()),
    None => "事项现在没有可以暂停或恢复的时限；请看事项的时限",
    NeverPaused(stage) => "“{}”时限不能暂停；只有办理时限可以" (stage.chinese()),
    Paused(stage) => "“{}”时限已暂停；请先恢复计时" (stage.chinese()),
    NotPaused(stage) => "“{}”时限没有暂停；请先暂停" (stage.chinese()),
    PausesUsed(stage, times) => "“{}”时限已暂停 {times} 次，到了制度允许的次数；请继续办理" (stage.chinese()),
    PauseTimeUsed(stage, days) => "“{}”时限已暂停 {days} 天，到了制度允许的天数；请继续办理" (stage.chinese()),
    Overdue(stage) => "“{}”时限已经超期，超期不能消除；请尽快办完" (stage.chinese()),
    NeverExtended(stage) => "“{}”时限不能延期；只有办理时限可以" (stage.chinese()),
    NoExtension(stage) => "现行制度不允许“{}”延期；请按时办完" (stage.chinese()),
    ExtendedBefore(stage) => "“{}”时限已经延期过，只能延一次；请按时办完" (stage.chinese()),
    ExtensionTooLong(stage, most) => "现行制度规定“{}”最多延期 {most}；请写短些" (stage.chinese()),
    OtherTime(stage, set) => "“{}”时限原定 {set}；请用同一种时间延期" (stage.chinese()),
    ImpossibleExtension => "延期要大于零、不超过一年；请改写",
} }

chinese! { BadAllowance {
    Form(text) => "“{text}”不是时间长度；请写成 5wd（工作日）、2wh（工作小时）、30d（天）或 24h（小时）",
    Zero(text) => "“{text}”没有时间；请至少写 1",
    TooLong(text) => "“{text}”超过一年；最多 366d、8784h、261wd 或 2091wh",
} }

chinese_of! {
    ClockDoubted: it => "本机的时钟有疑问；请先校正或确认时钟，再办",
}
