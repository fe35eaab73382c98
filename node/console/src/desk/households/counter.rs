//! The counter: what a household gives points for is booked on its page, and taken back there.

use api::{ExchangePoints, Rewards, TakeBackExchange, problem::Problem};
use http::Method;
use web::{calls::Reply, problem::Rejection};

use crate::{
    desk::Choice,
    form::odd,
    points::{RewardRow, own::plain},
    visit::Visit,
};

/// Returns what is given for points, as choices; nothing for whoever books none.
pub(super) async fn rewards(visit: &Visit, may_exchange: bool) -> Result<Vec<Choice>, Problem> {
    if !may_exchange {
        return Ok(vec![]);
    }
    let found: Rewards = visit.calls.get(&visit.api("rewards")?).await?;
    let chosen = visit.form.typed("reward");
    let choice = |one: &api::RewardView| {
        let row = RewardRow::of(visit.w, one);
        let value = row.number.to_string();
        Choice {
            chosen: value == chosen,
            label: format!("{} {} {}", row.name, row.cost, row.left),
            value,
        }
    };
    Ok(found.rewards.iter().map(choice).collect())
}

/// Books an exchange of the household at this path.
pub(super) async fn exchange(visit: &Visit, path: &str) -> Result<Reply, Problem> {
    let form = &visit.form;
    let numbers = (
        form.typed("reward").parse(),
        form.typed("count").trim().parse(),
    );
    let (Ok(reward), Ok(count)) = numbers else {
        let told = (
            "choose a reward, and write how many as a number",
            "请选一项，数量写数字",
        );
        return Err(Rejection::unfit(told).0.in_language(visit.view.language));
    };
    let request = ExchangePoints {
        reward,
        count,
        slip: form.get("slip").map(plain),
        signed_by: form.get("signed_by").map(str::to_owned),
    };
    let path = format!("{path}/exchanges");
    visit.calls.ask(Method::POST, &path, &request).await
}

/// Takes an exchange back.
pub(super) async fn take_back(visit: &Visit) -> Result<Reply, Problem> {
    let number = odd(visit.form.typed("rating"));
    let path = visit.api(&format!("exchanges/{number}/take-back"))?;
    let request = TakeBackExchange {
        reason: visit.form.typed("reason").to_owned(),
    };
    visit.calls.ask(Method::POST, &path, &request).await
}
